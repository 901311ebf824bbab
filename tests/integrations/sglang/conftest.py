"""The classes of SGLang that the tests run against: the real ones where they can be imported, else a stand-in."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integrations.sglang import standin

IS_REAL = importlib.util.find_spec("sglang") is not None


@pytest.fixture(scope="package")
def host() -> Iterator[Any]:
    """Our modules and SGLang's, by short names."""
    pytest.importorskip("torch", reason="the extra `hf` is not installed")
    if IS_REAL:
        yield _names()
        return
    with standin.installed():
        yield _names()


def _names() -> Any:
    ours = {
        name: importlib.import_module(standin.OURS + name) for name in ("backend", "grammar_object", "masks", "plugin")
    }
    base = importlib.import_module("sglang.srt.constrained.base_grammar_backend")
    return SimpleNamespace(base=base, server_args=importlib.import_module("sglang.srt.server_args"), **ours)


@pytest.fixture(scope="package")
def tokenizer() -> Any:
    transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")
    import maskwright

    folder = f"{maskwright.__path__[0]}/assets/tiny-lm"
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)


@pytest.fixture(scope="package")
def backend(host: Any, tokenizer: Any) -> Any:
    """A backend whose logits are wider than its tokenizer, and no multiple of 32."""
    return host.backend.SGLangBackend(tokenizer, len(tokenizer) + 11, {2})
