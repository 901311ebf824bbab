"""The page about transformers is one program, and runs as it is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")
pytest.importorskip("transformers", reason="the extra `hf` is not installed")

PAGE = Path(__file__).resolve().parents[3] / "docs" / "huggingface.md"


def test_the_program_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    from maskwright.integrations.generation import BUNDLED_MODEL

    schema = {"type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}}, "required": ["city"]}
    schema["additionalProperties"] = False
    reader: dict[str, Any] = {"name": str(BUNDLED_MODEL), "schema": schema, "prompt": "A city as JSON:"}
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), reader)
    assert re.fullmatch(rb'\{\s*"city":\s*"(Oslo|Rome)"\s*\}', reader["texts"][0])
    assert "city" in capsys.readouterr().out
    assert reader["output"].statistics.n_new_tokens > 3
