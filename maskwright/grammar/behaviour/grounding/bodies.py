"""What each segment may say: letters, grammars of the texts of some letters, and the letter of a text.

    bodies = Bodies.of(spec, spec_atoms(spec))
    bodies.letters                            all letters that some text has, by number
    bodies.grammar("answer", {3, 5})          the texts of segment answer whose letter is 3 or 5, without delimiters
    bodies.letter_of("answer", "forty-two")   3

A letter is a segment and the content atoms that hold of its text; they partition the texts of each segment, and only
those that some text has exist. Each segment has a body of one of two kinds:

    `regular_body`    free text, patterns, choices, parts: one labelled automaton
    `grammar_body`    JSON texts, calls of tools, grammars: schemas split atom by atom (`json_source`), and products

An atom with variables is in a letter as its `skeleton`: which values stand at its holes is asked of the text
(`values`), and a grammar can be restricted to some (`Allowed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from maskwright.errors import LimitExceeded, SpecError, SpecificationError, TextRefused
from maskwright.grammar.behaviour.atoms import (
    Atom,
    CallAtom,
    FieldAtom,
    Hole,
    LengthAtom,
    Proposition,
    Scalar,
    TextAtom,
    holes_of,
    skeleton,
)
from maskwright.grammar.behaviour.grounding.body import Allowed, Body, BoundTexts, Domain, Values, json_text
from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.grounding.grammar_body import GrammarBody
from maskwright.grammar.behaviour.grounding.regular_body import RegularBody
from maskwright.grammar.behaviour.grounding.text_languages import Bound, is_regular, references_of, required_references
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.specification.spec import Escape, Segment, Spec, ToolCall, Writer
from maskwright.grammar.characters import NO_TEXT, CharacterAutomaton
from maskwright.grammar.ir import Grammar

__all__ = ["Allowed", "Bodies", "BoundTexts", "Values", "json_text"]


class Bodies:
    """The bodies of all segments of a specification; make one with `Bodies.of`."""

    def __init__(self, spec: Spec, delimiters: Delimiters, bodies: Mapping[str, Body]) -> None:
        self.spec = spec
        self._delimiters = delimiters
        self._bodies = bodies
        self.letters: tuple[Letter, ...] = tuple(letter for body in bodies.values() for letter in body.letters)
        self._domains: dict[tuple[Hole, int | None], Domain] = {}
        self._number = {letter: number for number, letter in enumerate(self.letters)}

    @classmethod
    def of(cls, spec: Spec, atoms: Iterable[Atom]) -> Bodies:
        """The bodies of a specification whose rules ask about these atoms.

        Raises SpecError, and LimitExceeded, for what cannot be had exactly.
        """
        delimiters = Delimiters.of(spec)
        atoms = tuple(atoms)
        asked = tuple(dict.fromkeys(map(skeleton, atoms)))
        holes = tuple(dict.fromkeys(hole for atom in atoms for hole, _ in holes_of(atom)))
        bound = _bound_languages(spec, delimiters)
        return cls(
            spec,
            delimiters,
            {
                segment.name: _body(
                    segment,
                    delimiters,
                    [atom for atom in asked if _concerns(atom, segment)],
                    [hole for hole in holes if hole.segment == segment.name],
                    bound,
                )
                for segment in spec.segments
            },
        )

    def letters_of(self, segment: str) -> tuple[int, ...]:
        """The numbers of the letters of a segment."""
        return tuple(self._number[letter] for letter in self._bodies[segment].letters)

    def grammar(
        self, segment: str, letters: Iterable[int], *, values: Values | None = None, bound: BoundTexts | None = None
    ) -> Grammar | None:
        """The texts, without delimiters, whose letter is one of these; None if there are none.

        `values` says what may stand at holes, where something stands; `bound` which texts references may repeat (a
        name that is missing has none).
        """
        wanted = frozenset(self.letters[number] for number in letters)
        return self._bodies[segment].grammar(wanted, values or {}, bound or {})

    def letter_of(self, segment: str, text: str, bound: BoundTexts | None = None) -> int | None:
        """The number of the letter of a text, None if it is no text of the segment.

        Without `bound`, references may repeat any text that their segments might have had.
        """
        letter = self._bodies[segment].letter_of(text, bound)
        return None if letter is None else self._number[letter]

    def why_not(self, segment: str, text: str, bound: BoundTexts | None = None) -> str:
        """Why it is no text of the segment: a sentence without its full stop, with the place or the rule."""
        return self._bodies[segment].why_not(text, bound)

    def values(self, segment: str, text: str) -> dict[Hole, Scalar]:
        """The values that stand in a text at the holes of atoms, and the text itself as a whole."""
        return self._bodies[segment].values(text)

    def domain(self, hole: Hole, letter: int | None = None) -> Domain:
        """The values that can stand at a hole, in texts of one letter or of any."""
        known = self._domains.get((hole, letter))
        if known is None:
            found = self._bodies[hole.segment].domain(hole, None if letter is None else self.letters[letter])
            known = self._domains[hole, letter] = found
        return known

    def reference_bytes(self, segment: str) -> int | None:
        """The most bytes that the earlier texts can have which a text of the segment must repeat; None: no limit."""
        names = required_references(self.spec.segment(segment).text)
        bound = _bound_languages(self.spec, self._delimiters) if names else {}
        longest = [bound[name].length_bounds()[1] for name in names]
        return None if None in longest else sum(4 * length for length in longest if length is not None)

    def language(self, segment: str) -> CharacterAutomaton | None:
        """The texts of a segment; None if they are not regular."""
        body = self._bodies[segment]
        return body.language if isinstance(body, RegularBody) else None

    def shortest(self, letter: int) -> str:
        """A text of a letter, the shortest where the texts are regular."""
        return self._bodies[self.letters[letter].segment].shortest(self.letters[letter])

    def sample(self, letter: int, rng: np.random.Generator) -> str:
        """Some text of a letter."""
        return self._bodies[self.letters[letter].segment].sample(self.letters[letter], rng)

    def closing(self, segment: str, text: str, letter: int) -> str | None:
        """What can follow a beginning so that it becomes a text of the letter, as short as can be; None: nothing, or
        it is not known (texts that are not regular)."""
        return self._bodies[segment].closing(text, self.letters[letter])

    def admitted(self, segment: str, text: str | bytes) -> str:
        """A text of the environment or the user as it may stand in the trace.

        Delimiters are broken up, or refused where the segment says so, and it is cut to the greatest length.
        Raises TextRefused if that is then no text of the segment.
        """
        one = self.spec.segment(segment)
        made = self._delimiters.neutralised(text, segment)
        if one.escape is Escape.REJECT:
            decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
            if self._delimiters.find(decoded) or self._delimiters.find_ending(decoded, segment):
                raise TextRefused(segment, self.why_not(segment, decoded))
        if one.max_chars is not None and len(made) > one.max_chars:
            made = self._delimiters.cut(made, segment, one.max_chars)
        if self.letter_of(segment, made) is None:
            raise TextRefused(segment, self.why_not(segment, made))
        return made


def _concerns(atom: Atom, segment: Segment) -> bool:
    """Does an atom ask something of the texts of a segment?"""
    match atom:
        case Proposition():
            return False
        case TextAtom(name) | FieldAtom(name) | LengthAtom(name):
            return name == segment.name or (name == "output" and segment.writer is Writer.MODEL)
        case CallAtom(_, _, name):
            return name == segment.name or (not name and isinstance(segment.text, ToolCall))
    raise AssertionError(atom)


def _body(segment: Segment, delimiters: Delimiters, atoms: list[Atom], holes: list[Hole], bound: Bound) -> Body:
    try:
        if is_regular(segment.text):
            return RegularBody(segment, delimiters, atoms, bound)
        return GrammarBody(segment, delimiters, atoms, holes)
    except (SpecError, LimitExceeded):
        raise
    except SpecificationError as error:
        reason = str(error).rstrip(".")
        raise SpecError(
            f"its text, or what is asked of it, is not supported: {reason}", f"segment '{segment.name}'"
        ) from error


def _bound_languages(spec: Spec, delimiters: Delimiters) -> dict[str, CharacterAutomaton]:
    """For each name that segments are bound to, all texts that they may have."""
    bound: dict[str, CharacterAutomaton] = {}
    for segment in spec.segments:
        if segment.bind is not None:
            where = f"segment '{segment.name}'"
            if not is_regular(segment.text) or references_of(segment.text):
                raise SpecError("only a segment of patterns, choices and free text can be bound to a name", where)
            texts = RegularBody(segment, delimiters, (), {}).language
            bound[segment.bind] = bound.get(segment.bind, NO_TEXT) | texts
    return bound
