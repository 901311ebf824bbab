"""A text so far, read as JSON, to ask whether a value repeats one of its siblings: see `_json_reader` for the idea.

A `Reading` belongs to one place of a text. Readings of texts that begin alike share a log, which only grows, so going
on from any of them leaves all others as they are; `size_when_new` lets the owner notice a log that is mostly garbage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright.matching._json_reader import (
    ESCAPE,
    FIRST_RECORD,
    IS_AMBIGUOUS,
    MODE,
    N_HEARD,
    N_WORDS_USED,
    NO_ROOM,
    READER_SIZE,
    STRING,
    STRING_BEGIN,
    SURROGATE,
    begin_reader,
    is_repeated,
    read_json,
)


class SiblingLog:
    """The memory of readings of texts that begin alike: the arrays `words` and `heard` of `_json_reader`."""

    __slots__ = ("heard", "size_when_new", "words")

    def __init__(self, room: int) -> None:
        self.words = np.zeros(room, dtype=np.int64)
        self.heard = np.zeros(room, dtype=np.uint8)
        self.words[N_WORDS_USED] = FIRST_RECORD
        self.size_when_new = room

    def grow(self) -> None:
        """Twice the room, in arrays of the same content."""
        self.words = np.concatenate([self.words, np.zeros_like(self.words)])
        self.heard = np.concatenate([self.heard, np.zeros_like(self.heard)])


class Reading:
    """A JSON text up to one place: a header and the log that it refers to. Never changed.

    `is_new`: does it end inside a string that no sibling begins with? In an escape that is not known, and false.
    """

    __slots__ = ("header", "is_new", "log")

    def __init__(self, log: SiblingLog, header: NDArray[np.int64], is_new: bool) -> None:
        self.log = log
        self.header = header
        self.is_new = is_new

    @property
    def is_in_string(self) -> bool:
        """Does the text end inside a string?"""
        return bool(self.header[MODE] == STRING)

    @property
    def is_in_escape(self) -> bool:
        """Is the next byte part of an escape, or may the character before it go on?"""
        return self.is_in_string and bool(self.header[ESCAPE] or self.header[SURROGATE])

    @property
    def is_repeated(self) -> bool:
        """Does the value that ends here equal an earlier sibling?"""
        return bool(is_repeated(self.log.words, self.header.copy()))

    @property
    def string_so_far(self) -> bytes:
        """What the string in progress, or the one that has just ended, says, where it may have siblings."""
        return self.log.heard[self.header[STRING_BEGIN] : self.header[N_HEARD]].tobytes()

    def after(self, text: NDArray[np.uint8], begin: int, end: int) -> Reading:
        """The reading of text[begin:end] more."""
        log = self.log
        header = np.empty(READER_SIZE, dtype=np.int64)
        while (code := read_json(log.words, log.heard, self.header, text, begin, end, header)) == NO_ROOM:
            log.grow()
        return Reading(log, header, code == 1)


def start_reading(room: int = 1 << 10, *, is_ambiguous: bool = False) -> Reading:
    """The reading of nothing, in a log of its own; `is_ambiguous` as in `_json_reader`."""
    header = np.empty(READER_SIZE, dtype=np.int64)
    begin_reader(header)
    header[IS_AMBIGUOUS] = is_ambiguous
    return Reading(SiblingLog(room), header, False)
