"""The bundled model on one thread, a compiler for it, and the schemas of `schemas/modes`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import maskwright as mw

if TYPE_CHECKING:
    from maskwright.integrations.generation import LoadedModel

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas" / "modes"


@pytest.fixture(scope="package")
def loaded() -> Iterator[LoadedModel]:
    torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
    pytest.importorskip("transformers", reason="the extra `hf` is not installed")
    from maskwright.integrations.generation import load_model

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two threads on a busy core wait for each other
    yield load_model()
    torch.set_num_threads(threads)


@pytest.fixture(scope="package")
def compiler(loaded: LoadedModel) -> mw.Compiler:
    return mw.Compiler(loaded.vocabulary)


@pytest.fixture(scope="package")
def schemas() -> dict[str, Any]:
    """The twenty schemas that every mode is tried with, by name."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(SCHEMAS.glob("*.json"))}
    assert len(found) == 20
    return found
