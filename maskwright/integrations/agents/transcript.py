"""Who wrote what in a trace, shown while it grows.

A trace is a list of stretches: what one side wrote without a break. Tokens may end within a character, so bytes are
decoded as they come, and what is shown is always whole characters.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

Watch = Callable[[str], None]
"""Is given each piece of a trace as it is written."""


def look_away(piece: str) -> None:
    """A `Watch` that does nothing."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one side put into the trace. segment: the one that somebody else wrote, "" for what the model wrote."""

    segment: str
    text: str
    n_tokens: int
    seconds: float


@final
class Transcript:
    """A trace in the making: `add_bytes` for what the model writes, `add_answer` for a segment of somebody else."""

    def __init__(self, watch: Watch = look_away) -> None:
        self._watch = watch
        self._stretches: list[Stretch] = []
        self._begin_stretch()

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """All that was written; what the model is writing counts as a stretch from here on."""
        self._end_stretch()
        return tuple(self._stretches)

    @property
    def text(self) -> str:
        """The trace."""
        return "".join(stretch.text for stretch in self.stretches)

    def add_bytes(self, token: bytes) -> None:
        """One more token of the model."""
        self._n_tokens += 1
        self._add(self._decoder.decode(token))

    def add_answer(self, segment: str, text: str, n_tokens: int, seconds: float) -> None:
        """A segment that somebody else wrote, in so many seconds."""
        self._end_stretch()
        self._stretches.append(Stretch(segment, text, n_tokens, seconds))
        self._watch(text)
        self._begin_stretch()

    def _begin_stretch(self) -> None:
        self._began = time.perf_counter()
        self._n_tokens = 0
        self._pieces: list[str] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def _add(self, piece: str) -> None:
        if piece:
            self._pieces.append(piece)
            self._watch(piece)

    def _end_stretch(self) -> None:
        if not self._n_tokens:
            return
        self._add(self._decoder.decode(b"", True))
        seconds = time.perf_counter() - self._began
        self._stretches.append(Stretch("", "".join(self._pieces), self._n_tokens, seconds))
        self._begin_stretch()
