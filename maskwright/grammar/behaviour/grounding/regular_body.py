"""The texts of a segment that are a regular language, told apart by what rules ask of them.

Idea: one automaton of all texts (kind of text, lexical rules, no delimiters), each end labelled with the text atoms
that hold (`labelled_language`). Lengths are cut where a rule asks about them, and each letter is a set of *cells*, a
label and a range of lengths: no automaton counts, but the nodes of the grammar do (`counted_node`).
Whether a letter has a text is decided exactly, on the product of the label's texts and the lengths.
Terms that must all be mentioned are multiplied into that automaton if they are few; if they are many, and there is no
bound on the length, they stay beside it (`mention_grammar`), else LimitExceeded says so.
What each part of the text forbids is kept by itself too, for `why_not`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from maskwright.errors import LimitExceeded, SpecError
from maskwright.grammar.behaviour.atoms import Atom, Hole, LengthAtom, Scalar
from maskwright.grammar.behaviour.grounding.body import Allowed, BoundTexts, Domain, Values
from maskwright.grammar.behaviour.grounding.counted_node import counted_node
from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.grounding.domains import domain_of_language
from maskwright.grammar.behaviour.grounding.labelled_language import Label, LabelledLanguage, labelled
from maskwright.grammar.behaviour.grounding.mention_grammar import mention_grammar
from maskwright.grammar.behaviour.grounding.mention_texts import completion
from maskwright.grammar.behaviour.grounding.refusal import refusal_of_delimiters, refusal_of_text
from maskwright.grammar.behaviour.grounding.sampling_texts import readable, sampled
from maskwright.grammar.behaviour.grounding.term_languages import Term
from maskwright.grammar.behaviour.grounding.text_atoms import language_of
from maskwright.grammar.behaviour.grounding.text_languages import Bound, RegularText, references_of, regular_text
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.specification.spec import Segment
from maskwright.grammar.characters import NO_TEXT, CharacterAutomaton, have_common_member, length_between, words
from maskwright.grammar.ir import NOTHING, Grammar, Node, choice

REMEMBERED = 256
"""Grammars of one segment that are kept: there is one for each set of letters that some state of the rules allows."""

MAX_MULTIPLIED = 6
"""Terms that are multiplied into the automaton: 64 times as many states."""

Range = tuple[int, int | None]
"""Of numbers of characters; None: no end."""


@dataclass(frozen=True, slots=True)
class _Texts:
    """The labelled texts without their bounds and without `terms`, and the cells of each letter."""

    language: LabelledLanguage
    terms: tuple[Term, ...]
    """They must occur as well."""
    cells: dict[Letter, tuple[tuple[Label, Range], ...]]


class RegularBody:
    """The texts of one segment (mutable only in what it remembers)."""

    def __init__(self, segment: Segment, delimiters: Delimiters, atoms: Sequence[Atom], bound: Bound) -> None:
        self.segment = segment
        self._where = f"segment '{segment.name}'"
        self._delimiters = delimiters
        self._atoms = tuple(atom for atom in atoms if not isinstance(atom, LengthAtom))
        self._lengths = tuple(atom for atom in atoms if isinstance(atom, LengthAtom))
        self._properties = [language_of(atom, self._where) for atom in self._atoms]
        self._bound = bound
        self._references = references_of(segment.text)
        self._texts_for = lru_cache(maxsize=REMEMBERED)(self._made)
        self._grammar = lru_cache(maxsize=REMEMBERED)(self._made_grammar)
        self._texts = self._texts_for(None)
        self.letters = tuple(self._texts.cells)
        if not self.letters:
            raise SpecError("it has no text at all: what is asked of it cannot be had together", self._where)

    @property
    def language(self) -> CharacterAutomaton:
        """All texts, as one automaton; raises LimitExceeded where there are too many terms for that."""
        return self._multiplied(self._text(self._bound)).whole

    def grammar(self, letters: frozenset[Letter], values: Values, bound: BoundTexts) -> Grammar | None:
        """The texts of these letters."""
        allowed = values.get(Hole(self.segment.name, None, ()))
        known = frozenset((name, bound.get(name, ())) for name in self._references)
        return self._grammar(letters, allowed, known or None)

    def letter_of(self, text: str, bound: BoundTexts | None) -> Letter | None:
        """The letter of a text."""
        texts = self._texts_of(bound)
        if not all(term.contained.accepts(text) for term in texts.terms):
            return None
        label = texts.language.label(text)
        n = len(text)
        for letter, cells in texts.cells.items():
            if any(label == one and low <= n and (high is None or n <= high) for one, (low, high) in cells):
                return letter
        return None

    def why_not(self, text: str, bound: BoundTexts | None) -> str:
        """Why a text is none of this segment."""
        return (
            refusal_of_delimiters(text, self.segment, self._delimiters)
            or refusal_of_text(text, self.segment, self._bound if bound is None else _languages(bound))
            or "it is a text of this segment"
        )

    def values(self, text: str) -> dict[Hole, Scalar]:
        """The text itself."""
        return {Hole(self.segment.name, None, ()): text}

    def domain(self, hole: Hole, letter: Letter | None) -> Domain:
        """The texts of a letter, or all."""
        if self._references:
            return Domain((hole, letter), 1)  # it depends on earlier texts which there are
        letters = self.letters if letter is None else (letter,)
        language = NO_TEXT
        for label, (low, high) in [cell for one in letters for cell in self._texts.cells[one]]:
            language |= self._texts.language.where([label]) & length_between(low, high)
        return domain_of_language(language)

    def shortest(self, letter: Letter) -> str:
        """The shortest text of a letter; with many terms, a short one."""
        found = self._shortest(letter, 0, "")
        assert found is not None, "every letter has a text"
        return found

    def sample(self, letter: Letter, rng: np.random.Generator) -> str:
        """Some text of a letter, a little longer than it must be."""
        cells = self._texts.cells[letter]
        label, (low, high) = cells[int(rng.integers(len(cells)))]
        language = self._texts.language.where([label])
        text = sampled(language, low, high, rng)
        terms = [self._texts.terms[place] for place in rng.permutation(len(self._texts.terms))]
        more = completion(language, terms, text) if terms else ""
        return self.shortest(letter) if more is None else text + more

    def closing(self, text: str, letter: Letter) -> str | None:
        """The shortest continuation of a beginning to a text of the letter; with many terms, a short one."""
        state = self._texts.language.state_after(text)
        return None if state is None else self._shortest(letter, state, text)

    def _shortest(self, letter: Letter, state: int, begin: str) -> str | None:
        found: list[str] = []
        n_read = len(begin)
        for label, (low, high) in self._texts.cells[letter]:
            if self._texts.terms:
                text = completion(self._texts.language.where([label]), self._texts.terms, begin)
            else:
                rest = self._texts.language.where([label], state)
                text = readable(rest)
                if text is None:
                    continue
                if n_read + len(text) < low:  # of those that are long enough the shortest one tells whether any fits
                    text = readable(rest & length_between(low - n_read, None))
                if text is not None and high is not None and n_read + len(text) > high:
                    continue
            if text is not None:
                found.append(text)
        return min(found, key=len, default=None)

    def _texts_of(self, bound: BoundTexts | None) -> _Texts:
        if bound is None or not self._references:
            return self._texts
        return self._texts_for(frozenset((name, bound.get(name, ())) for name in self._references))

    def _text(self, bound: Bound) -> RegularText:
        """Everything that is asked of the text, but for rules that only ask which letter it is."""
        segment = self.segment
        text = RegularText(self._delimiters.language(segment), segment.min_chars, segment.max_chars)
        for one in (segment.text, *(restriction.text for restriction in segment.restrictions)):
            text = text & regular_text(one, bound, self._where)
        return text

    def _made(self, known: frozenset[tuple[str, tuple[str, ...]]] | None) -> _Texts:
        text = self._text(self._bound if known is None else _languages(dict(known)))
        is_bounded = text.minimum > 0 or text.maximum is not None or bool(self._lengths)
        if is_bounded or len(text.terms) <= MAX_MULTIPLIED:
            text = self._multiplied(text)
        language = labelled(text.core, self._properties, self._where)
        cells: dict[Letter, list[tuple[Label, Range]]] = {}
        for label in language.labels:
            members = None
            if text.terms and self._mentioning(language.where([label]), text.terms) is None:
                continue
            for low, high in self._ranges(text.minimum, text.maximum):
                if low > 0 or high is not None:
                    members = members or language.where([label])
                    if not have_common_member(members, length_between(low, high)):
                        continue
                holding = {self._atoms[number] for number in label}
                holding |= {atom for atom in self._lengths if _contains(atom, low)}
                letter = Letter(self.segment.name, frozenset(holding))
                cells.setdefault(letter, []).append((label, (low, high)))
        return _Texts(language, text.terms, {letter: tuple(found) for letter, found in cells.items()})

    def _ranges(self, minimum: int, maximum: int | None) -> list[Range]:
        """The lengths from `minimum` to `maximum`, cut so that no atom tells two lengths in one range apart."""
        if maximum is not None and maximum < minimum:
            return []
        cuts = {minimum}
        for atom in self._lengths:
            cuts |= {atom.minimum} if atom.maximum is None else {atom.minimum, atom.maximum + 1}
        begins = sorted(cut for cut in cuts if cut >= minimum and (maximum is None or cut <= maximum))
        return [(low, high - 1) for low, high in pairwise(begins)] + [(begins[-1], maximum)]

    def _made_grammar(
        self,
        letters: frozenset[Letter],
        allowed: Allowed | None,
        known: frozenset[tuple[str, tuple[str, ...]]] | None,
    ) -> Grammar | None:
        texts = self._texts_for(known)
        labels: dict[Range, set[Label]] = {}
        for letter in letters:
            for label, lengths in texts.cells.get(letter, ()):
                labels.setdefault(lengths, set()).add(label)
        nodes: list[Node] = []
        for (low, high), together in _joined(labels):
            language = texts.language.where(together)
            if allowed is not None:
                named = words(value for value in allowed.scalars() if isinstance(value, str))
                language = language - named if allowed.is_excluded else language & named
            if texts.terms:
                return self._mentioning(language, texts.terms)
            nodes.append(counted_node(language, low, high))
        node = choice(*nodes)
        return None if node == NOTHING else Grammar("root", {"root": node})

    def _mentioning(self, language: CharacterAutomaton, terms: tuple[Term, ...]) -> Grammar | None:
        """The members in which all terms occur; None if there are none."""
        grammar = mention_grammar(language, terms)
        if grammar is None:
            node = counted_node(self._multiplied(RegularText(language, terms=terms)).core, 0, None)
            grammar = None if node == NOTHING else Grammar("root", {"root": node})
        return grammar

    def _multiplied(self, text: RegularText) -> RegularText:
        try:
            return text.with_terms
        except LimitExceeded as error:
            remedy = "mention fewer terms in it, or give its length no bounds"
            stage = f"Mentioning {len(text.terms)} terms"
            raise LimitExceeded(stage, error.asked, error.allowed, self._where, remedy) from error


def _contains(atom: LengthAtom, length: int) -> bool:
    return atom.minimum <= length and (atom.maximum is None or length <= atom.maximum)


def _joined(labels: dict[Range, set[Label]]) -> list[tuple[Range, set[Label]]]:
    """Ranges with their labels; neighbours with equal labels become one."""
    joined: list[tuple[Range, set[Label]]] = []
    for lengths in sorted(labels, key=lambda one: one[0]):
        if joined and joined[-1][1] == labels[lengths] and joined[-1][0][1] == lengths[0] - 1:
            joined[-1] = ((joined[-1][0][0], lengths[1]), labels[lengths])
        else:
            joined.append((lengths, labels[lengths]))
    return joined


def _languages(bound: BoundTexts) -> dict[str, CharacterAutomaton]:
    return {name: words(texts) for name, texts in bound.items()}
