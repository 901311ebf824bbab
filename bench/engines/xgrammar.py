"""XGrammar, by `GrammarCompiler` on one thread and `GrammarMatcher`, masks in a torch tensor as its docs recommend.

`strict_mode=False`: objects without `additionalProperties` are open, as JSON Schema has it. `any_whitespace=True` is
what it takes to accept the instances as they are printed, and both are more work than its fastest settings.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any

import xgrammar

from bench.tokenizer import Tokenizer


class XGrammar:
    """Compiled grammars are cached by the compiler, which is the default; no schema is compiled twice here."""

    version = importlib.metadata.version("xgrammar")
    settings = "any_whitespace=True, strict_mode=False, max_threads=1"

    def __init__(self, tokenizer: Tokenizer) -> None:
        information = xgrammar.TokenizerInfo.from_huggingface(
            tokenizer.huggingface, vocab_size=tokenizer.size, stop_token_ids=[tokenizer.eos_token_id]
        )
        self.compiler = xgrammar.GrammarCompiler(information, max_threads=1)
        self.bitmask = xgrammar.allocate_token_bitmask(1, tokenizer.size)
        self.row = self.bitmask.numpy()[0]

    def compile(self, schema: str) -> Any:
        return self.compiler.compile_json_schema(schema, any_whitespace=True, strict_mode=False)

    def start(self, compiled: Any) -> Session:
        return Session(xgrammar.GrammarMatcher(compiled), self.bitmask)

    def sizes(self, compiled: Any) -> tuple[int, int]:
        return compiled.memory_size_bytes, 0


class Session:
    """One sequence."""

    __slots__ = ("accept", "bitmask", "write")

    def __init__(self, matcher: Any, bitmask: Any) -> None:
        self.accept = matcher.accept_token
        self.write = matcher.fill_next_token_bitmask
        self.bitmask = bitmask

    def fill(self) -> None:
        self.write(self.bitmask)

    def failure(self) -> str:
        return ""


def create(tokenizer: Tokenizer) -> XGrammar:
    """The engine for this tokenizer."""
    return XGrammar(tokenizer)
