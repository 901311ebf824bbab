"""Specifications in, compiled grammars out: what all grammars of one vocabulary share lives here.

The front ends turn a text into a `Grammar` of byte strings that knows nothing of tokens; compiling it for a vocabulary
gives a `CompiledGrammar`. A compiler keeps no grammar that it has made: keep it yourself while it serves requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maskwright.matching.compiled_grammar import DEFAULT_MAX_BYTES, CompiledGrammar
from maskwright.matching.mask_tables import MaskTables
from maskwright.matching.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from referencing import Registry

    from maskwright.grammar.ir import Grammar
    from maskwright.grammar.json_schema import JSONSchemaOptions
    from maskwright.grammar.lark import Indenter, Lexer


class Compiler:
    """Compiles specifications for one vocabulary. Thread-safe.

    `max_bytes` bounds what one compiled grammar may learn (automaton and mask rows together).
    """

    def __init__(self, vocabulary: Vocabulary, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.vocabulary = vocabulary
        self._max_bytes = max_bytes
        self._tables = MaskTables(vocabulary)

    @property
    def table_bytes(self) -> int:
        """Bytes held by what all grammars of this vocabulary share."""
        return self._tables.size_bytes

    def compile_grammar(self, grammar: Grammar) -> CompiledGrammar:
        """Compile a grammar in the intermediate form."""
        return CompiledGrammar(grammar, self._tables, max_bytes=self._max_bytes)

    def compile_json_schema(
        self,
        schema: object,
        *,
        options: JSONSchemaOptions | None = None,
        registry: Registry[Any] | None = None,
    ) -> CompiledGrammar:
        """Compile a JSON Schema: a dict, a bool, its JSON text, or a pydantic model class.

        References to other documents are looked up in `registry`; nothing is fetched, unless that does so by itself.

        Raises UnsupportedSchema (keyword and JSON pointer) for what cannot be enforced exactly, InvalidSchema,
        EmptyLanguage or LimitExceeded.
        """
        from maskwright.grammar.json_schema import json_schema_grammar

        return self.compile_grammar(json_schema_grammar(schema, options, registry))

    def compile_regex(self, pattern: str) -> CompiledGrammar:
        """Compile a regular expression in Python's syntax; the whole text must match it."""
        from maskwright.grammar.regex import regex_grammar

        return self.compile_grammar(regex_grammar(pattern))

    def compile_gbnf(self, text: str, *, start: str = "root") -> CompiledGrammar:
        """Compile a grammar in llama.cpp's GBNF notation."""
        from maskwright.grammar.gbnf import gbnf_grammar

        return self.compile_grammar(gbnf_grammar(text, start))

    def compile_ebnf(self, text: str, *, start: str | None = None) -> CompiledGrammar:
        """Compile a grammar in EBNF as XGrammar or the W3C write it; without a start, `root` or the first rule."""
        from maskwright.grammar.ebnf import ebnf_grammar

        return self.compile_grammar(ebnf_grammar(text, start))

    def compile_lark(
        self,
        text: str,
        *,
        start: str = "start",
        lexer: Lexer | str = "contextual",
        indenter: Indenter | None = None,
        import_paths: Sequence[str | Path] = (),
        grammars: Mapping[str, Grammar] | None = None,
    ) -> CompiledGrammar:
        """Compile a grammar in lark's notation, or in the dialect of it that docs/lark.md describes.

        `lexer` is "contextual" or "basic", as with lark's LALR parser, or "dynamic_complete", as with its Earley
        parser. `import_paths` are folders for `%import` and `%json "file"`, `grammars` are those that `@name` names.
        """
        from maskwright.grammar.lark import lark_grammar

        grammar = lark_grammar(
            text, start, lexer=lexer, indenter=indenter, import_paths=import_paths, grammars=grammars
        )
        return self.compile_grammar(grammar)
