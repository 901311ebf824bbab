"""The examples for hosts that are rarely installed: each writes a document, or says what it needs."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import jsonschema
import pytest

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


@pytest.mark.parametrize("name", ["llama_cpp", "mlx", "onnx_genai", "sglang"])
def test_a_document_or_what_is_needed_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}_json.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.main()
    first, *_ = capsys.readouterr().out.splitlines()
    if first.startswith("This example needs"):
        assert "pip install" in first
    else:
        jsonschema.validate(json.loads(first), example.SCHEMA)
