"""A text that arrives in pieces, for readers that are written as if all of it were there.

    if (yield from source.begins_with("</tool_call>")): ...

A reader is a generator. Where it needs more text than there is, it yields, and goes on at the same place when there is
more. What it decides, it decides on the text alone, never on how it was cut, so whoever reads piece by piece reads the
same. Cost: each method looks at each character a bounded number of times, but for pieces of a mark at the end, which
are looked at again.

Rejected: a table of states for each format, in which what is read where would be spread over many small functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from typing import Final, TypeVar

Found = TypeVar("Found")
Waiting = Generator[None, None, Found]
"""A reader in progress: it yields whenever it needs more text, and returns what it has found."""

BLANKS: Final = re.compile(r"[ \t\r\n]*")


class Expected(Exception):
    """The text does not go on as it should; what should stand at the source's place. It never reaches a caller."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Source:
    """The text so far and the place in it (mutable)."""

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.is_complete = False

    @property
    def is_at_end(self) -> bool:
        """Has all text that is there been read?"""
        return self.at == len(self.text)

    def some(self) -> Waiting[bool]:
        """Wait for a character; False at the end of the text."""
        while self.is_at_end:
            if self.is_complete:
                return False
            yield
        return True

    def blanks(self) -> Waiting[None]:
        """Go on to what is no blank."""
        while True:
            found = BLANKS.match(self.text, self.at)
            assert found is not None
            self.at = found.end()
            if not self.is_at_end or self.is_complete:
                return
            yield

    def begins_with(self, text: str) -> Waiting[bool]:
        """Does the text go on with this one?"""
        while True:
            there = self.text[self.at : self.at + len(text)]
            if len(there) == len(text) or self.is_complete or not text.startswith(there):
                return there == text
            yield

    def takes(self, text: str) -> Waiting[bool]:
        """Go past this text if it stands here."""
        is_there = yield from self.begins_with(text)
        if is_there:
            self.at += len(text)
        return is_there

    def takes_loosely(self, text: str) -> Waiting[bool]:
        """Go past this text, or stay: where it has blanks, or none, there may be any number of them."""
        begin = self.at
        if text[:1].isspace():
            yield from self.blanks()
        for place, part in enumerate(text.split()):
            if place:
                yield from self.blanks()
            if not (yield from self.takes(part)):
                self.at = begin
                return False
        return True

    def needs(self, text: str) -> Waiting[None]:
        """Go past this text, taken loosely, which must stand here."""
        if not (yield from self.takes_loosely(text)):
            raise Expected(repr(text.strip()))

    def run(self, pattern: re.Pattern[str]) -> Waiting[str]:
        """The longest text from here on that a pattern of the form `[...]+` matches; empty if none does."""
        begin = self.at
        while True:
            found = pattern.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if not self.is_at_end or self.is_complete:
                return self.text[begin : self.at]
            yield

    def until(self, marks: Sequence[str], take: Callable[[str], object]) -> Waiting[str]:
        """Go on to the first of the marks and return it, "" at the end; what stands before is given to `take`.

        Whatever cannot be the beginning of a mark is given at once. No mark may occur in another one: then the first
        that is complete is the first to begin, too.
        """
        longest = max(map(len, marks))
        while True:
            found = [(place, mark) for mark in marks if (place := self.text.find(mark, self.at)) >= 0]
            if found:
                place, mark = min(found)
                self._give(place, take)
                return mark
            if self.is_complete:
                self._give(len(self.text), take)
                return ""
            safe = max(self.at, len(self.text) - longest + 1)
            while safe < len(self.text) and not any(mark.startswith(self.text[safe:]) for mark in marks):
                safe += 1
            self._give(safe, take)
            yield

    def _give(self, end: int, take: Callable[[str], object]) -> None:
        if end > self.at:
            take(self.text[self.at : end])
            self.at = end
