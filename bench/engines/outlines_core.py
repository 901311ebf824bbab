"""outlines-core: the schema becomes a regular expression, and that an index of all its states before the first token.

Its index wants the bytes of every token; they come from maskwright's `Vocabulary`. Whitespace is outlines-core's
default: at most one blank, which is how the instances are printed.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any

import numpy as np
import outlines_core
from outlines_core.json_schema import build_regex_from_schema

from bench.tokenizer import Tokenizer
from maskwright.matching.vocabulary import Vocabulary


class OutlinesCore:
    """Default settings."""

    version = importlib.metadata.version("outlines-core")
    settings = "default whitespace: at most one blank"

    def __init__(self, tokenizer: Tokenizer) -> None:
        ids_of: dict[bytes, list[int]] = {}
        for token, text in enumerate(Vocabulary.from_huggingface(tokenizer.huggingface).token_bytes):
            if text and token != tokenizer.eos_token_id:
                ids_of.setdefault(text, []).append(token)
        self.vocabulary = outlines_core.Vocabulary(tokenizer.eos_token_id, ids_of)
        self.row = np.zeros((tokenizer.size + 31) // 32, dtype=np.int32)

    def compile(self, schema: str) -> Any:
        return outlines_core.Index(build_regex_from_schema(schema), self.vocabulary)

    def start(self, compiled: Any) -> Session:
        return Session(outlines_core.Guide(compiled), self.row)

    def sizes(self, compiled: Any) -> tuple[int, int]:  # noqa: ARG002 - it does not tell
        return 0, 0


class Session:
    """One sequence."""

    __slots__ = ("n_words", "pointer", "step", "write")

    def __init__(self, guide: Any, row: np.ndarray) -> None:
        self.write = guide.write_mask_into
        self.step = guide.advance
        self.pointer = row.ctypes.data
        self.n_words = row.size

    def fill(self) -> None:
        self.write(self.pointer, self.n_words, 4)

    def accept(self, token: int) -> bool:
        try:
            self.step(token, False)
        except ValueError:
            return False
        return True

    def failure(self) -> str:
        return ""


def create(tokenizer: Tokenizer) -> OutlinesCore:
    """The engine for this tokenizer."""
    return OutlinesCore(tokenizer)
