"""maskwright for specifications in any notation; a first line names it: `gbnf`, line end, grammar."""

from __future__ import annotations

from typing import Any

from bench.engines.maskwright import Maskwright
from bench.tokenizer import Tokenizer

JSON_SCHEMA = "json_schema"


class Notations(Maskwright):
    """Text without such a line is a JSON Schema, as everywhere."""

    def compile(self, schema: str) -> Any:
        notation, line_end, text = schema.partition("\n")
        compile_text = {
            JSON_SCHEMA: self.compiler.compile_json_schema,
            "gbnf": self.compiler.compile_gbnf,
            "regex": self.compiler.compile_regex,
        }.get(notation)
        return compile_text(text) if compile_text and line_end else super().compile(schema)


def create(tokenizer: Tokenizer) -> Notations:
    """The engine for this tokenizer."""
    return Notations(tokenizer)
