"""llguidance, by its `LLMatcher`. The mask is written in place, through the pointer that its own numpy module uses.

A matcher cannot be started twice, so each sequence is a deep copy of the compiled one, as in MaskBench.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any

import llguidance
import llguidance.hf
import numpy as np

from bench.tokenizer import Tokenizer


class LLGuidance:
    """Default limits and slices; whitespace flexible, which is the default. `limits` None are the default ones."""

    version = importlib.metadata.version("llguidance")
    settings = "default options: whitespace_flexible=True"
    limits: Any = None

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = llguidance.hf.from_tokenizer(
            tokenizer.huggingface, n_vocab=tokenizer.size, eos_token=tokenizer.eos_token_id
        )
        self.row = np.zeros((tokenizer.size + 31) // 32, dtype=np.int32)

    def compile(self, schema: str) -> Any:
        return self.matcher(llguidance.LLMatcher.grammar_from_json_schema(schema))

    def matcher(self, grammar: str) -> Any:
        """A matcher at the start of a grammar in llguidance's own form, which is copied for each sequence."""
        matcher = llguidance.LLMatcher(self.tokenizer, grammar, log_level=0, limits=self.limits)
        if matcher.is_error():
            raise ValueError(_first_words(matcher))
        return matcher

    def start(self, compiled: Any) -> Session:
        return Session(compiled.deep_copy(), self.row)

    def sizes(self, compiled: Any) -> tuple[int, int]:  # noqa: ARG002 - it does not tell
        return 0, 0


class Session:
    """One sequence."""

    __slots__ = ("accept", "matcher", "n_bytes", "pointer", "write")

    def __init__(self, matcher: Any, row: np.ndarray) -> None:
        self.matcher = matcher
        self.accept = matcher.consume_token
        self.write = matcher.unsafe_compute_mask_ptr
        self.pointer = row.ctypes.data
        self.n_bytes = row.nbytes

    def fill(self) -> None:
        self.write(self.pointer, self.n_bytes)

    def failure(self) -> str:
        return _first_words(self.matcher) if self.matcher.is_error() else ""


def _first_words(matcher: Any) -> str:
    """The error without the dump of the parser's state that may follow."""
    return str(matcher.get_error()).split("<state>", maxsplit=1)[0].strip()


def create(tokenizer: Tokenizer) -> LLGuidance:
    """The engine for this tokenizer."""
    return LLGuidance(tokenizer)
