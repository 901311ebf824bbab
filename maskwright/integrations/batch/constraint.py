"""What the text of a row has to satisfy, as plain data: it travels to other processes and is known by its content.

`key` is a digest of everything that the texts depend on. Under it grammars are kept where they are used, so a schema
that ten thousand rows share is compiled once, whether it came once for all of them or with each. A grammar's own files
(`%import`, `%json`) are found from `folder`, so only the machine that has them compiles it; in the key they are with
their content (`imports`), not their place.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from maskwright.integrations.batch.imports import imported_digest

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.compiler import Compiler


class Kind(StrEnum):
    """The notations of a constraint."""

    JSON = "json"
    REGEX = "regex"
    GBNF = "gbnf"
    EBNF = "ebnf"
    LARK = "lark"


@dataclass(frozen=True)  # without slots, for the sake of the cached key
class Constraint:
    """A JSON Schema (as JSON text), a pattern, or a grammar.

    start: the rule to start from, None for the usual one.  options: of a JSON Schema, as JSON text
    (`JSONSchemaOptions.to_json`), None for those in the schema.  lexer, has_python_blocks, folder: of a Lark grammar.

        Constraint(Kind.REGEX, "yes|no").compiled(compiler)
    """

    kind: Kind
    text: str
    start: str | None = None
    options: str | None = None
    lexer: str = "contextual"
    has_python_blocks: bool = False
    folder: str | None = None

    @cached_property
    def key(self) -> bytes:
        """A digest of the content: equal keys, equal constraints. Raises OSError where a file cannot be read."""
        imported = "" if self.folder is None else imported_digest(self.text, Path(self.folder))
        content = json.dumps([astuple(replace(self, folder=None)), imported])
        return hashlib.blake2b(content.encode(), digest_size=32).digest()

    def compiled(self, compiler: Compiler) -> CompiledGrammar:
        """The grammar for a vocabulary; raises the MaskwrightError of whatever is wrong with it."""
        match self.kind:
            case Kind.REGEX:
                return compiler.compile_regex(self.text)
            case Kind.GBNF:
                return compiler.compile_gbnf(self.text, start=self.start or "root")
            case Kind.EBNF:
                return compiler.compile_ebnf(self.text, start=self.start)
            case Kind.LARK:
                from maskwright.grammar.lark import PYTHON_INDENTER

                return compiler.compile_lark(
                    self.text,
                    start=self.start or "start",
                    lexer=self.lexer,
                    indenter=PYTHON_INDENTER if self.has_python_blocks else None,
                    import_paths=[self.folder] if self.folder else [],
                )
        from maskwright.grammar.json_schema import JSONSchemaOptions

        options = None if self.options is None else JSONSchemaOptions.from_json(json.loads(self.options))
        return compiler.compile_json_schema(self.text, options=options)
