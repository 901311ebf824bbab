"""The texts of a grammar (Lark, GBNF, EBNF), or of parts with grammars among them, without delimiters.

A Lark grammar is read character by character (`lexer="dynamic_complete"`), as its texts are cut out of a larger one
and restricted, which a lexer that looks for the longest terminal has no exact form for.
All of it are products with regular languages: what they refuse is refused, saying which segment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce

from maskwright.errors import EmptyLanguage, SpecError, UnsupportedComposition
from maskwright.grammar.behaviour.atoms import Atom, Hole, Scalar
from maskwright.grammar.behaviour.grounding.body import Allowed, Domain
from maskwright.grammar.behaviour.grounding.counted_node import counted_node
from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.grounding.text_languages import is_regular, regular_text
from maskwright.grammar.behaviour.specification.spec import (
    AllOf,
    GrammarText,
    JSONText,
    Optional,
    Parts,
    Segment,
    Text,
    ToolCall,
)
from maskwright.grammar.characters import words
from maskwright.grammar.composition import concatenation
from maskwright.grammar.ir import Grammar
from maskwright.grammar.regular_product import has_text


class GrammarSource:
    """The texts of one segment: there is one part, as nothing but texts is told apart."""

    parts: tuple[frozenset[Atom], ...] = (frozenset(),)

    def __init__(self, segment: Segment, text: Text, delimiters: Delimiters) -> None:
        self._where = f"segment '{segment.name}'"
        self._grammar = grammar_of(text, self._where)
        try:
            self._without = self._grammar & delimiters.language(segment)
        except UnsupportedComposition as error:
            raise SpecError(f"delimiters cannot be kept out of its text: {error}", self._where) from error

    def grammar(self, parts: frozenset[frozenset[Atom]], values: Mapping[Hole, Allowed]) -> Grammar | None:
        """All texts without delimiters."""
        del values
        return self._without if parts else None

    def part_of(self, text: str) -> frozenset[Atom] | None:
        """The only part, if the text is a member."""
        try:
            if not text:
                self._grammar & words([""])
                return frozenset()
            return frozenset() if has_text(self._grammar, text.encode()) else None
        except (EmptyLanguage, UnicodeEncodeError):
            return None

    def why_not(self, text: str) -> str:
        """Why a text is no member, if it is none."""
        del text
        return "the grammar of this segment has no such text"

    def values(self, text: str) -> dict[Hole, Scalar]:
        """There are no fields in it."""
        del text
        return {}

    def domain(self, hole: Hole, part: frozenset[Atom] | None) -> Domain:
        """There are no fields in it, so nothing can stand there."""
        del part
        return Domain(hole, 0)


def grammar_of(text: Text, where: str) -> Grammar:
    """The grammar of any kind of text; raises SpecError, saying `where`, and what grammars raise."""
    if is_regular(text):
        regular = regular_text(text, {}, where).with_terms
        return Grammar("root", {"root": counted_node(regular.core, regular.minimum, regular.maximum)})
    match text:
        case JSONText(schema):
            return Grammar.from_json_schema(schema)
        case ToolCall(functions):
            return Grammar.from_function_signatures(json.loads(functions))
        case GrammarText("lark", source, start):
            return Grammar.from_lark(source, start or "start", lexer="dynamic_complete")
        case GrammarText("gbnf", source, start):
            return Grammar.from_gbnf(source, start or "root")
        case GrammarText("ebnf", source, start):
            return Grammar.from_ebnf(source, **({} if start is None else {"start": start}))
        case GrammarText(notation):
            raise SpecError(f"there is no notation {notation!r}; choose lark, gbnf or ebnf", where)
        case Optional(part):
            return grammar_of(part, where).optional()
        case Parts(parts):
            return concatenation([grammar_of(part, where) for part in parts])
        case AllOf(texts):
            others = [one for one in texts if not is_regular(one)]
            if len(others) > 1:
                raise SpecError("two grammars or schemas cannot be asked of one text; keep one of them", where)
            languages = [regular_text(one, {}, where).whole for one in texts if is_regular(one)]
            return reduce(Grammar.__and__, languages, grammar_of(others[0], where))
    raise AssertionError(text)
