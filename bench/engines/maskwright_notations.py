"""maskwright for specifications in any notation; a first line names it: `gbnf`, line end, grammar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bench.engines.maskwright import Maskwright
from bench.tokenizer import Tokenizer
from maskwright.grammar.lark import PYTHON_INDENTER

JSON_SCHEMA = "json_schema"


class Notations(Maskwright):
    """Text without such a line is a JSON Schema, as everywhere. `lark-python` is Lark with Python's indenter."""

    def compile(self, schema: str) -> Any:
        notation, line_end, text = schema.partition("\n")
        compilers: dict[str, Callable[[str], Any]] = {
            JSON_SCHEMA: self.compiler.compile_json_schema,
            "gbnf": self.compiler.compile_gbnf,
            "regex": self.compiler.compile_regex,
            "lark": self.compiler.compile_lark,
            "lark-python": partial(self.compiler.compile_lark, indenter=PYTHON_INDENTER),
        }
        compile_text = compilers.get(notation)
        return compile_text(text) if compile_text and line_end else super().compile(schema)


def create(tokenizer: Tokenizer) -> Notations:
    """The engine for this tokenizer."""
    return Notations(tokenizer)
