"""The text that lark gets in place of the one that was written, and which place of the one is which of the other.

Replacements may be longer or shorter than what they stand for, and what is embedded may span lines: so the places of
faults are translated back piece by piece, rather than kept in place by padding.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from maskwright.errors import GrammarSyntaxError


@dataclass(frozen=True, slots=True)
class PlainText:
    """`text` was made of `original`: `starts[i]` is where piece i begins in it, `places[i]` what that is originally.

    lengths[i]: how many characters of the original it stands for. shown: what replacements are to be called.
    """

    text: str
    original: str
    name: str
    starts: tuple[int, ...]
    places: tuple[int, ...]
    lengths: tuple[int, ...]
    shown: dict[str, str]

    def place(self, position: int) -> int:
        """The place of the original that a place of the text comes from."""
        piece = bisect_right(self.starts, position) - 1
        if piece < 0:
            return 0
        inside = min(position - self.starts[piece], max(0, self.lengths[piece] - 1))
        return min(self.places[piece] + inside, len(self.original))

    def translated(self, error: GrammarSyntaxError) -> GrammarSyntaxError:
        """An error about the text as one about the original."""
        if error.source != self.text:
            return error
        message = error.message
        for replacement, written in self.shown.items():
            message = message.replace(replacement, written)
        return GrammarSyntaxError(message, self.original, self.place(error.position), error.source_name)


@dataclass(slots=True)
class Pieces:
    """A text on its way: pieces (text, place in the original, characters of the original that it stands for)."""

    original: str
    name: str
    pieces: list[tuple[str, int, int]] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many pieces there are, which is the number of the next one."""
        return len(self.pieces)

    def keep(self, begin: int, end: int) -> None:
        """A part of the original as it is."""
        self.pieces.append((self.original[begin:end], begin, end - begin))

    def put(self, text: str, place: int) -> None:
        """A text that stands for what is written at a place."""
        self.pieces.append((text, place, 1))

    def put_before(self, number: int, text: str) -> None:
        """A text before an earlier piece."""
        self.pieces.insert(number, (text, self.pieces[number][1], 1))

    def repeat(self, first: int, end: int) -> None:
        """The pieces from one number to before another once more."""
        self.pieces += self.pieces[first:end]

    def plain_text(self) -> PlainText:
        """All of them."""
        starts = []
        length = 0
        for text, _, _ in self.pieces:
            starts.append(length)
            length += len(text)
        return PlainText(
            "".join(text for text, _, _ in self.pieces),
            self.original,
            self.name,
            tuple(starts),
            tuple(place for _, place, _ in self.pieces),
            tuple(n for _, _, n in self.pieces),
            self.shown,
        )
