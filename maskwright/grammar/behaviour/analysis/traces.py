"""A trace as it was written: its segments with their letters, their values, and their places in the text.

Whatever is wrong with a segment by itself is found here, before flow and rules are asked: that nothing begins where it
stands, that its text is none of its segment's, that its closer is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from maskwright.grammar.behaviour.analysis.judge import Judge, Sign
from maskwright.grammar.behaviour.grounding.bodies import json_text
from maskwright.grammar.behaviour.grounding.reading import Piece, Reader
from maskwright.grammar.behaviour.policy.value_rules import Value

Pairs = Sequence[tuple[str, str]]
"""A trace as segments and their texts, without delimiters."""


@dataclass(frozen=True, slots=True)
class WrittenSegment:
    """A piece of a trace. `sign` is None if there is a `fault`, a clause that says what is wrong with it by itself.

    can_become: the letters of which it is a beginning, if it is the last piece and its texts are regular; of others
    that is not known, and an unfinished one is no text of its segment.
    """

    piece: Piece
    sign: Sign | None
    fault: str = ""
    can_become: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """The segment's name, or what to call a piece that is none."""
        return self.piece.segment or "?"


@dataclass(frozen=True, slots=True)
class Place:
    """Where: the number of the segment in the trace from 0, and its place in the text; line and column from 1."""

    segment: int
    position: int
    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class WrittenTrace:
    """A trace in its text, of which the pieces give positions."""

    text: str
    segments: tuple[WrittenSegment, ...]

    @property
    def values(self) -> tuple[Value, ...]:
        """The values in it that rules speak of, each once."""
        return tuple(dict.fromkeys(value for sign in self.signs for _, value in sign.values))

    @property
    def word(self) -> tuple[Sign | None, ...]:
        """The sign of each segment."""
        return tuple(segment.sign for segment in self.segments)

    @property
    def signs(self) -> tuple[Sign, ...]:
        """The signs in it, each once."""
        return tuple(dict.fromkeys(sign for sign in self.word if sign is not None))

    @property
    def readable(self) -> tuple[Sign, ...]:
        """The signs up to the first segment that has none."""
        return tuple(sign for sign in takewhile(lambda sign: sign is not None, self.word) if sign is not None)

    def place(self, segment: int) -> Place:
        """Where a segment begins, the white space at the beginning of its opener aside."""
        piece = self.segments[segment].piece
        opener = self.text[piece.begin : piece.text_begin]
        return self._place(segment, piece.begin + len(opener) - len(opener.lstrip() or opener))

    def place_of_text(self, segment: int) -> Place:
        """Where the text of a segment begins."""
        return self._place(segment, self.segments[segment].piece.text_begin)

    def _place(self, segment: int, position: int) -> Place:
        line = self.text.count("\n", 0, position) + 1
        return Place(segment, position, line, position - self.text.rfind("\n", 0, position))


def read_trace(judge: Judge, trace: str | Pairs) -> WrittenTrace:
    """Take a trace apart, or put one together from segments and texts; anything is read, faults are noted."""
    if isinstance(trace, str):
        return WrittenTrace(trace, _judged(judge, Reader(judge.spec).split(trace)))
    text, pieces = _laid_out(judge, trace)
    return WrittenTrace(text, _judged(judge, pieces))


def _laid_out(judge: Judge, pairs: Pairs) -> tuple[str, list[Piece]]:
    """The text of a trace whose segments are given, and its pieces."""
    known = {segment.name: segment for segment in judge.spec.segments}
    text, pieces = "", []
    for name, content in pairs:
        opener, closer = (known[name].open, known[name].close) if name in known else ("", "")
        begin, text = len(text), text + opener + content + closer
        pieces.append(Piece(name, content, begin, len(text), begin + len(opener), is_closed=True))
    return text, pieces


def _judged(judge: Judge, pieces: Sequence[Piece]) -> tuple[WrittenSegment, ...]:
    """Each piece with its letter, in view of the earlier texts that it may refer to."""
    bound: dict[str, tuple[str, ...]] = {}
    found = []
    for piece in pieces:
        letter = _letter(judge, piece, bound)
        if letter is not None and piece.is_closed:
            found.append(WrittenSegment(piece, _sign(judge, piece, letter)))
        else:
            can_become = _can_become(judge, piece, letter) if piece is pieces[-1] else frozenset()
            fault = _fault(judge, piece, bound) if letter is None else _open_end(judge, piece)
            found.append(WrittenSegment(piece, None, fault, can_become))
        name = next((one.bind for one in judge.spec.segments if one.name == piece.segment), None)
        if name is not None:
            bound[name] = (*bound.get(name, ()), piece.text)
    return tuple(found)


def _letter(judge: Judge, piece: Piece, bound: Mapping[str, tuple[str, ...]]) -> int | None:
    """The letter of a piece, None if it is no text of a segment."""
    if piece.segment is None or piece.segment not in {segment.name for segment in judge.spec.segments}:
        return None
    return judge.bodies.letter_of(piece.segment, piece.text, bound)


def _fault(judge: Judge, piece: Piece, bound: Mapping[str, tuple[str, ...]]) -> str:
    """What is wrong with a piece that has no letter."""
    if piece.segment is None:
        return "no segment begins here"
    if piece.segment not in {segment.name for segment in judge.spec.segments}:
        return f"there is no segment '{piece.segment}'"
    return judge.bodies.why_not(piece.segment, piece.text, bound)


def _open_end(judge: Judge, piece: Piece) -> str:
    """What is missing behind a piece whose text is right."""
    assert piece.segment is not None
    closer = judge.spec.segment(piece.segment).close
    return f"segment '{piece.segment}' has to be ended by {repr(closer) if closer else 'an opener'}"


def _can_become(judge: Judge, piece: Piece, letter: int | None) -> frozenset[int]:
    """The letters of which a piece is a beginning; `letter` is the one that it has as it is."""
    segment = next((one for one in judge.spec.segments if one.name == piece.segment), None)
    if segment is None or (segment.close and piece.is_closed):
        return frozenset()
    closings = {
        one: judge.bodies.closing(segment.name, piece.text, one) for one in judge.bodies.letters_of(segment.name)
    }
    # A text that needs nothing more and yet has no letter refers to a text that there was not.
    return frozenset(one for one, rest in closings.items() if rest is not None and (rest or one == letter))


def _sign(judge: Judge, piece: Piece, letter: int) -> Sign:
    """The letter with the values at its holes."""
    holes = judge.holes.get(letter)
    if not holes:
        return Sign(letter)
    assert piece.segment is not None
    found = judge.bodies.values(piece.segment, piece.text)
    return Sign(letter, tuple((hole, json_text(found[hole])) for hole in holes if hole in found))
