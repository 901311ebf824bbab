"""The texts of a segment as a regular language: what its part `text` and its lexical rules say, put together.

A bound on the length stays beside the automaton (`[^\\n]{1,300}` is `[^\\n]*` of 1 to 300 characters), and so do terms
that must all be mentioned: both multiply states, and who needs them multiplied does it (`whole`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.grounding.term_languages import Term, ordered, searched
from maskwright.grammar.behaviour.specification.spec import (
    AllOf,
    Free,
    GrammarText,
    JSONText,
    Mention,
    OneOf,
    Optional,
    Ordered,
    Parts,
    Reference,
    Regex,
    Text,
    ToolCall,
    Without,
)
from maskwright.grammar.characters import ANY_TEXT, NO_TEXT, CharacterAutomaton, folded, length_between, match_language
from maskwright.grammar.characters import words as language_of_words
from maskwright.grammar.characters.subsets import concatenated
from maskwright.grammar.text_search import text_without

Bound = Mapping[str, CharacterAutomaton]
"""What a `Reference` may stand for, by its name."""


@dataclass(frozen=True, slots=True)
class RegularText:
    """The members of `core` of `minimum` to `maximum` characters (None: no end) in which all of `terms` occur."""

    core: CharacterAutomaton
    minimum: int = 0
    maximum: int | None = None
    terms: tuple[Term, ...] = ()

    def __and__(self, other: RegularText) -> RegularText:
        return RegularText(
            self.core & other.core,
            max(self.minimum, other.minimum),
            min((m for m in (self.maximum, other.maximum) if m is not None), default=None),
            tuple(dict.fromkeys((*self.terms, *other.terms))),
        )

    @property
    def with_terms(self) -> RegularText:
        """The same with the terms multiplied into the core."""
        return replace(
            self, core=reduce(CharacterAutomaton.__and__, [t.contained for t in self.terms], self.core), terms=()
        )

    @property
    def whole(self) -> CharacterAutomaton:
        """All of it as one automaton."""
        core = self.with_terms.core
        if self.minimum == 0 and self.maximum is None:
            return core
        if self.maximum is not None and self.maximum < self.minimum:
            return NO_TEXT
        return core & length_between(self.minimum, self.maximum)


def is_regular(text: Text) -> bool:
    """Is it made of nothing but regular kinds of text?"""
    match text:
        case JSONText() | GrammarText() | ToolCall():
            return False
        case Optional(part):
            return is_regular(part)
        case Parts(parts) | AllOf(parts):
            return all(map(is_regular, parts))
    return True


def references_of(text: Text) -> frozenset[str]:
    """The names that a text refers to."""
    match text:
        case Reference(name):
            return frozenset({name})
        case Optional(part):
            return references_of(part)
        case Parts(parts) | AllOf(parts):
            return frozenset().union(*map(references_of, parts))
    return frozenset()


def required_references(text: Text) -> list[str]:
    """The names of the texts that must be repeated, as often as they must be."""
    match text:
        case Reference(name):
            return [name]
        case Parts(parts) | AllOf(parts):
            return [name for part in parts for name in required_references(part)]
    return []


def regular_text(text: Text, bound: Bound, where: str) -> RegularText:
    """The texts of a regular kind of text; raises SpecError, saying `where`, and whatever patterns raise."""
    match text:
        case Free():
            return RegularText(ANY_TEXT)
        case Regex(pattern):
            return _counted(match_language(pattern))
        case OneOf(texts):
            return RegularText(language_of_words(texts))
        case Reference(name):
            if name not in bound:
                raise SpecError(f"it refers to {name!r}, but no segment is bound to that name", where)
            return RegularText(bound[name])
        case Optional(part):
            return RegularText(regular_text(part, bound, where).whole | language_of_words([""]))
        case Parts(parts):
            return _counted(concatenated(regular_text(part, bound, where).whole for part in parts))
        case AllOf(texts):
            return reduce(
                RegularText.__and__, [regular_text(one, bound, where) for one in texts], RegularText(ANY_TEXT)
            )
        case Mention(texts, any_of, fold, word):
            terms = tuple(Term(one, fold, word) for one in texts)
            if not any_of:
                return RegularText(ANY_TEXT, terms=terms)
            return RegularText(reduce(CharacterAutomaton.__or__, [term.contained for term in terms], NO_TEXT))
        case Ordered(texts, fold, word):
            return RegularText(ordered(Term(one, fold, word) for one in texts))
        case Without(texts, patterns):
            absent = text_without(texts) if texts else ANY_TEXT
            return RegularText(reduce(CharacterAutomaton.__sub__, map(searched, patterns), absent))
    raise AssertionError(text)


def _counted(language: CharacterAutomaton) -> RegularText:
    """With its bound on the length taken out, where it has one that can be."""
    found = folded(language)
    return RegularText(language) if found is None else RegularText(found[0], *found[1])
