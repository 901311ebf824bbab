"""A whole trace taken apart into its segments: `Reader(spec).split("[Q] why?\\n[A] so")` -> pieces of q and a.

At each place the opener that stands there begins a segment (one without opener, if nothing else does), and its text
goes on to the first delimiter: its own closer, which belongs to it, or whatever else, which then begins what follows.
`delimiters` proves that this gives back what was written. It reads anything: what belongs to no segment is a piece of
segment None, so that a checker can say where an example goes wrong.
Cost: one regular expression of all delimiters, once through the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from maskwright.grammar.behaviour.grounding.delimiters import Delimiters
from maskwright.grammar.behaviour.specification.spec import Spec


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment of a trace: the characters `begin` to `end`, delimiters and all; its text begins at `text_begin`.

    `segment` is None where nothing begins that the specification knows. `is_closed`: was its text ended as it should
    be, by its closer, or without one by an opener or the end of the trace?
    """

    segment: str | None
    text: str
    begin: int
    end: int
    text_begin: int
    is_closed: bool


class Reader:
    """Reads traces of one specification."""

    def __init__(self, spec: Spec) -> None:
        delimiters = Delimiters.of(spec)
        self._closer = {segment.name: segment.close for segment in spec.segments}
        self._opened_by = {segment.open: segment.name for segment in spec.segments}
        self._is_opener = re.compile(_any_of(text for text in self._opened_by if text))
        self._is_delimiter = re.compile(_any_of(delimiters.texts))

    def split(self, text: str) -> list[Piece]:
        """The pieces of a trace, which together are the whole of it."""
        pieces = []
        place = 0
        while place < len(text):
            piece = self._piece(text, place)
            pieces.append(piece)
            place = piece.end
        return pieces

    def _piece(self, text: str, begin: int) -> Piece:
        opener = self._is_opener.match(text, begin)
        stray = None if opener else self._is_delimiter.match(text, begin)
        if stray:
            return Piece(None, stray[0], begin, stray.end(), begin, False)
        segment = self._opened_by.get(opener[0] if opener else "")
        text_begin = opener.end() if opener else begin
        found = self._is_delimiter.search(text, text_begin)
        text_end = found.start() if found else len(text)
        content = text[text_begin:text_end]
        if segment is None:
            return Piece(None, content, begin, text_end, begin, False)
        closer = self._closer[segment]
        if closer:
            is_closed = found is not None and found[0] == closer
            return Piece(segment, content, begin, text_end + len(closer) * is_closed, text_begin, is_closed)
        is_closed = found is None or found[0] in self._opened_by
        return Piece(segment, content, begin, text_end, text_begin, is_closed)


def _any_of(texts: Iterable[str]) -> str:
    """A pattern of the texts, the longest first; of none, one that matches nowhere."""
    return "|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or "(?!)"
