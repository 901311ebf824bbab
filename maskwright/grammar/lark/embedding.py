"""Grammars within a Lark grammar: what each embedded part is, and how its rules come to stand beside the others.

A part is read as if it stood alone, by its own front end, and keeps its rules under names of their own
(`grammar.composition`), so a JSON Schema costs what a text reaches of it, and items that must be unique are compared
within it. What is ignored in the grammar around it may stand before a part, never within it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.composition import ComposedRules, Part, added, joined
from maskwright.grammar.ir import Grammar, Node
from maskwright.grammar.lark.dialect import (
    Embedded,
    EmbeddedFile,
    EmbeddedLark,
    EmbeddedSchema,
    NamedGrammar,
    SpecialTokens,
)
from maskwright.grammar.report import Report


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an embedded part may refer to, and the text that it stands in.

    read_lark: reads the text of an embedded grammar with the options of the one around it.
    """

    text: str
    name: str
    import_paths: tuple[Path, ...]
    grammars: Mapping[str, Grammar]
    read_lark: Callable[[str], Grammar]

    def fault(self, message: str, part: Embedded) -> GrammarSyntaxError:
        """The error to raise for a part."""
        return GrammarSyntaxError(message, self.text, part.begin, self.name)


def grammar_of(part: Embedded, around: Surroundings) -> Grammar:
    """The grammar of an embedded part, read as if it stood alone."""
    from maskwright.grammar.json_schema import json_schema_grammar  # takes 60 ms, and few grammars need it

    match part:
        case EmbeddedSchema(_, schema):
            return json_schema_grammar(schema)
        case EmbeddedFile():
            return json_schema_grammar(_content(part, around))
        case EmbeddedLark(_, text, inner):
            try:
                return around.read_lark(text)
            except GrammarSyntaxError as error:
                if error.source != text:
                    raise
                place = inner + error.position
                raise GrammarSyntaxError(error.message, around.text, place, around.name) from error
        case NamedGrammar(_, name):
            if name in around.grammars:
                return around.grammars[name]
            close = get_close_matches(name, around.grammars, n=1)
            advice = f"did you mean '@{close[0]}'?" if close else "give it in the mapping `grammars`"
            raise around.fault(f"there is no grammar called '{name}' ({advice})", part)
        case SpecialTokens(_, tokens):
            return Grammar("token", {"token": tokens})
    raise AssertionError(part)


def _content(part: EmbeddedFile, around: Surroundings) -> object:
    """The JSON value in a file below one of the import paths."""
    if not around.import_paths:
        raise around.fault(
            f"'{part.file}' is looked for in the folders given as import_paths, and there are none", part
        )
    for folder in around.import_paths:
        file = (folder / part.file).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise around.fault(f"'{part.file}' leads out of the folders given as import_paths", part)
        if file.is_file():
            try:
                return json.loads(file.read_text(encoding="utf-8"))
            except (ValueError, RecursionError) as error:
                raise around.fault(f"'{part.file}' is not JSON: {error}", part) from error
    raise around.fault(f"there is no file '{part.file}' in the folders given as import_paths", part)


def with_parts(written: Grammar, parts: Mapping[str, Grammar], own_report: Report) -> Grammar:
    """The grammar with each call of a name in `parts` leading to that part."""
    found: list[Part] = []
    own: dict[str, Node] = {}
    reports = [own_report] if len(own_report) else []
    for name, part in parts.items():
        own[name] = added(part, found, own)
        if len(part.report) or part.report.nodes:
            reports.append(part.report)
    own.update(written.rules)
    if not found:
        return Grammar(written.start, own, report=joined(reports))
    return Grammar(written.start, ComposedRules(own, found), report=joined(reports))
