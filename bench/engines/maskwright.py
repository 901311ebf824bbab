"""maskwright by its public face, with one compiler for the whole run and default options."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import Any

import numpy as np

import maskwright as mw
from bench.tokenizer import Tokenizer


def _version() -> str:
    try:
        return importlib.metadata.version("maskwright")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "(this checkout)"


class Maskwright:
    """The compiler owns what grammars of one vocabulary share."""

    version = _version()
    settings = "default options, but no compile cache; kernels loaded by Compiler.warm_up"

    def __init__(self, tokenizer: Tokenizer) -> None:
        vocabulary = mw.Vocabulary.from_huggingface(tokenizer.huggingface)
        self.compiler = mw.Compiler(vocabulary, cache_bytes=0)  # what is compiled again is to be measured
        self.compiler.warm_up()  # as a server does before its first request
        self.row = mw.allocate_bitmask(1, vocabulary.size)[0]

    def compile(self, schema: str) -> Any:
        return self.compiler.compile_json_schema(schema)

    def start(self, compiled: Any) -> Session:
        return Session(compiled.matcher(), self.row)

    def sizes(self, compiled: Any) -> tuple[int, int]:
        memory, vocabulary = compiled.memory, self.compiler.vocabulary
        trie = vocabulary.trie
        arrays = (vocabulary.token_data, vocabulary.token_start, trie.nodes, trie.tokens)
        texts = sum(map(sys.getsizeof, vocabulary.token_bytes)) + sys.getsizeof(vocabulary.token_bytes)
        shared = self.compiler.table_bytes + sum(array.nbytes for array in arrays) + texts
        return memory.arena_bytes + memory.row_bytes, shared


class Session:
    """One sequence."""

    __slots__ = ("row", "step", "write")

    def __init__(self, matcher: Any, row: np.ndarray) -> None:
        self.write = matcher.fill_bitmask
        self.step = matcher.accept_token
        self.row = row

    def fill(self) -> None:
        self.write(self.row)

    def accept(self, token: int) -> bool:
        try:
            self.step(token)
        except mw.TokenRejected:
            return False
        return True

    def failure(self) -> str:
        return ""


def create(tokenizer: Tokenizer) -> Maskwright:
    """The engine for this tokenizer."""
    return Maskwright(tokenizer)
