"""The texts of a segment that are no regular language: JSON, calls of tools, grammars.

Two things are told apart: the *part* of the text's source (which fields and arguments a JSON text has, `json_source`;
of a grammar there is one part, `grammar_source`), and the *label* of its text side (lexical rules, lengths, atoms about
the text, `text_side`). A letter is a pair of both that some text has: the grammar of the part, intersected with the
regular language of the label, is not empty. Exact, or refused by the products.
For budgets nothing is said here (`closing` is None): the automaton of the grammar knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from maskwright.errors import EmptyLanguage, LimitExceeded, SpecError
from maskwright.grammar.behaviour.atoms import Atom, CallAtom, FieldAtom, Hole, Scalar
from maskwright.grammar.behaviour.grounding.body import Allowed, BoundTexts, Domain, Values
from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.grounding.domains import has_endless_texts
from maskwright.grammar.behaviour.grounding.examples import Examples
from maskwright.grammar.behaviour.grounding.grammar_source import GrammarSource
from maskwright.grammar.behaviour.grounding.json_source import JSONSource
from maskwright.grammar.behaviour.grounding.refusal import refusal_of_delimiters, refusal_of_text
from maskwright.grammar.behaviour.grounding.text_languages import is_regular, references_of
from maskwright.grammar.behaviour.grounding.text_side import Label, TextSide
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.specification.spec import AllOf, JSONText, Segment, Text, ToolCall
from maskwright.grammar.characters import CharacterAutomaton, words
from maskwright.grammar.composition import union
from maskwright.grammar.ir import Grammar

REMEMBERED = 256
"""Grammars of one segment that are kept."""

MAX_TRIES = 200
"""Examples that are tried until one is a member: items that must differ may come out equal."""

Part = frozenset[Atom]


class Source(Protocol):
    """Where the texts come from, split into parts."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that have texts."""

    def grammar(self, parts: frozenset[Part], values: Mapping[Hole, Allowed]) -> Grammar | None:
        """The texts of these parts without delimiters; None if there are none."""

    def part_of(self, text: str) -> Part | None:
        """The part of a text; delimiters are not looked for."""

    def why_not(self, text: str) -> str:
        """Why a text has no part."""

    def values(self, text: str) -> dict[Hole, Scalar]:
        """The values at holes."""

    def domain(self, hole: Hole, part: Part | None) -> Domain:
        """The values that can stand at a hole within a text of a part, or of any."""


class GrammarBody:
    """The texts of one segment (mutable only in what it remembers)."""

    def __init__(self, segment: Segment, delimiters: Delimiters, atoms: Sequence[Atom], holes: Iterable[Hole]) -> None:
        self.segment = segment
        self._where = f"segment '{segment.name}'"
        if references_of(segment.text):
            raise SpecError("references to earlier texts can only stand among patterns and choices", self._where)
        text, also = _divided(segment.text)
        self._source = _source(segment, text, delimiters, atoms, holes)
        self._side = TextSide(segment, also, atoms)
        self._delimiters = delimiters
        self._language = delimiters.language(segment)
        self._grammar = lru_cache(maxsize=REMEMBERED)(self._made_grammar)
        self._examples = lru_cache(maxsize=REMEMBERED)(self._made_examples)
        self._pairs = {
            Letter(segment.name, part | label): (part, label)
            for part in self._source.parts
            for label in self._side.labels
            if self._restricted(self._source.grammar(frozenset({part}), {}), [label], None) is not None
        }
        self.letters = tuple(self._pairs)
        if not self.letters:
            raise SpecError("it has no text at all: what is asked of it cannot be had together", self._where)

    def grammar(self, letters: frozenset[Letter], values: Values, bound: BoundTexts) -> Grammar | None:
        """The texts of these letters."""
        del bound
        concerned = frozenset((hole, allowed) for hole, allowed in values.items() if hole.segment == self.segment.name)
        return self._grammar(letters, concerned)

    def letter_of(self, text: str, bound: BoundTexts | None) -> Letter | None:
        """The letter of a text."""
        del bound
        label = self._side.label_of(text)
        if label is None or not self._language.accepts(text):
            return None
        part = self._source.part_of(text)
        letter = None if part is None else Letter(self.segment.name, part | label)
        return letter if letter in self._pairs else None

    def why_not(self, text: str, bound: BoundTexts | None) -> str:
        """Why a text is none of this segment."""
        del bound
        reason = refusal_of_delimiters(text, self.segment, self._delimiters) or refusal_of_text(text, self.segment, {})
        return reason or self._source.why_not(text)

    def values(self, text: str) -> dict[Hole, Scalar]:
        """The text itself and what stands in it."""
        return {Hole(self.segment.name, None, ()): text, **self._source.values(text)}

    def domain(self, hole: Hole, letter: Letter | None) -> Domain:
        """The values at a hole; of whole texts, and where atoms ask about texts, it is not known how many there are."""
        if letter is not None and len(self._side.labels) > 1:
            return Domain((hole, letter), 1)
        if hole.path:
            return self._source.domain(hole, None if letter is None else self._pairs[letter][0])
        if letter is not None and len(self.letters) > 1:
            return Domain((hole, letter), 1)
        texts = self.grammar(frozenset(self.letters), {}, {})
        return Domain(hole, None if texts is not None and has_endless_texts(texts) else 1)

    def shortest(self, letter: Letter) -> str:
        """A short text of a letter: the shortest one, unless items that must differ would be equal in it."""
        examples = self._examples(letter)
        text = examples.shortest()
        return text if self.letter_of(text, None) == letter else self._tried(letter, np.random.default_rng(0))

    def sample(self, letter: Letter, rng: np.random.Generator) -> str:
        """Some text of a letter."""
        return self._tried(letter, rng)

    def closing(self, text: str, letter: Letter) -> str | None:
        """Not known here."""
        del text, letter
        return None

    def _tried(self, letter: Letter, rng: np.random.Generator) -> str:
        examples = self._examples(letter)
        for _ in range(MAX_TRIES):
            text = examples.random(rng)
            if self.letter_of(text, None) == letter:
                return text
        raise LimitExceeded("Finding an example of a letter", MAX_TRIES + 1, MAX_TRIES, self._where)

    def _made_examples(self, letter: Letter) -> Examples:
        grammar = self._grammar(frozenset({letter}), frozenset())
        assert grammar is not None, "every letter has a text"
        return Examples(grammar)

    def _made_grammar(self, letters: frozenset[Letter], values: frozenset[tuple[Hole, Allowed]]) -> Grammar | None:
        labels: dict[Part, set[Label]] = {}
        for letter in letters & self._pairs.keys():
            part, label = self._pairs[letter]
            labels.setdefault(part, set()).add(label)
        together: dict[frozenset[Label], set[Part]] = {}
        for part, those in labels.items():
            together.setdefault(frozenset(those), set()).add(part)
        inside = dict(values)
        whole = inside.pop(Hole(self.segment.name, None, ()), None)
        made = [
            self._restricted(self._source.grammar(frozenset(parts), inside), those, whole)
            for those, parts in together.items()
        ]
        found = [grammar for grammar in made if grammar is not None]
        return found[0] if len(found) == 1 else union(found) if found else None

    def _restricted(self, grammar: Grammar | None, labels: Iterable[Label], whole: Allowed | None) -> Grammar | None:
        """The texts with one of these labels, and of these only what `whole` allows."""
        if grammar is None:
            return None
        language = self._side.where([*labels])
        if whole is not None:
            language = _allowed(language, whole)
        try:
            return grammar if language.is_universal else grammar & language
        except EmptyLanguage:
            return None


def _allowed(language: CharacterAutomaton, allowed: Allowed) -> CharacterAutomaton:
    named = words(value for value in allowed.scalars() if isinstance(value, str))
    return language - named if allowed.is_excluded else language & named


def _divided(text: Text) -> tuple[Text, list[Text]]:
    """A text that is no regular one, and the regular ones that it must belong to as well."""
    if not isinstance(text, AllOf):
        return text, []
    others = [one for one in text.texts if not is_regular(one)]
    inner, also = _divided(others[0]) if len(others) == 1 else (AllOf(tuple(others)), [])
    return inner, [*also, *(one for one in text.texts if is_regular(one))]


def _source(
    segment: Segment, text: Text, delimiters: Delimiters, atoms: Sequence[Atom], holes: Iterable[Hole]
) -> Source:
    if isinstance(text, JSONText | ToolCall):
        return JSONSource(segment, text, delimiters, atoms, holes)
    for atom in atoms:
        if isinstance(atom, FieldAtom | CallAtom):
            raise SpecError(
                f"the text of this segment is no JSON, so `{atom}` says nothing about it; use a test of texts",
                f"segment '{segment.name}'",
            )
    return GrammarSource(segment, text, delimiters)
