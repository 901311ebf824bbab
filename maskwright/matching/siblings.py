"""A text so far, read as JSON, to ask whether a value repeats one of its siblings: see `_json_reader` for the idea.

A `Reading` belongs to one place of a text. Readings of texts that begin alike share a log, which only grows, so going
on from any of them leaves all others as they are; `size_when_new` lets the owner notice a log that is mostly garbage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.matching._json_reader import (
    ESCAPE,
    FIRST_RECORD,
    MODE,
    MOST_HEARD_A_BYTE,
    MOST_WORDS_A_BYTE,
    N_HEARD,
    N_WORDS,
    READER_SIZE,
    STRING,
    STRING_BEGIN,
    SURROGATE,
    begin_reader,
    is_repeated,
    read_json,
    resume,
)


class SiblingLog:
    """The memory of readings of texts that begin alike; `n_words` and `n_heard` are what is in use."""

    __slots__ = ("heard", "n_heard", "n_words", "size_when_new", "words")

    def __init__(self, room: int) -> None:
        self.words = np.zeros(room, dtype=np.int64)
        self.heard = np.zeros(room, dtype=np.uint8)
        self.n_words = FIRST_RECORD
        self.n_heard = 0
        self.size_when_new = room

    def make_room(self, n_bytes: int, header: NDArray[np.int64]) -> None:
        """For `n_bytes` more bytes of text behind a header, whose string in progress may have to be copied."""
        n_copied = int(header[N_HEARD] - header[STRING_BEGIN]) if header[MODE] == STRING else 0
        n_words = self.n_words + MOST_WORDS_A_BYTE * (n_bytes + 1)
        if n_words > len(self.words):
            self.words = np.concatenate([self.words, np.zeros(n_words, dtype=np.int64)])
        n_heard = self.n_heard + MOST_HEARD_A_BYTE * (n_bytes + 1) + n_copied
        if n_heard > len(self.heard):
            self.heard = np.concatenate([self.heard, np.zeros(n_heard, dtype=np.uint8)])


@dataclass(frozen=True, slots=True)
class Reading:
    """A JSON text up to one place: a header and the log that it refers to."""

    log: SiblingLog
    header: NDArray[np.int64]

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

    def resumed(self, n_bytes: int) -> NDArray[np.int64]:
        """A header to go on from, with room for so many bytes."""
        log, header = self.log, self.header
        log.make_room(n_bytes, header)
        if header[N_WORDS] == log.n_words and header[N_HEARD] == log.n_heard:
            return header
        reader = np.empty(READER_SIZE, dtype=np.int64)
        resume(log.heard, header, log.n_words, log.n_heard, reader)
        return reader

    def after(self, text: NDArray[np.uint8], begin: int, end: int) -> Reading:
        """The reading of text[begin:end] more."""
        log = self.log
        log.make_room(end - begin, self.header)
        reader = np.empty(READER_SIZE, dtype=np.int64)
        read_json(log.words, log.heard, self.header, log.n_words, log.n_heard, text, begin, end, reader)
        log.n_words, log.n_heard = int(reader[N_WORDS]), int(reader[N_HEARD])
        return Reading(log, reader)


def start_reading(room: int = 1 << 10) -> Reading:
    """The reading of nothing, in a log of its own."""
    header = np.empty(READER_SIZE, dtype=np.int64)
    begin_reader(header)
    return Reading(SiblingLog(room), header)
