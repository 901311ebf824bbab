"""Random ways to open gaps in a text whose tokens are known, for tests that the true filler is never refused.

A pattern is a list of holes, disjoint and in order. The tokens of a hole are taken out; in their place stands what the
pattern says of their number: single open slots (the true number), or one gap of between `low` and `high` tokens, where
low <= true number <= high. An empty hole with a `high` above 0 is a gap where the text has nothing.

Six kinds come in turn: scattered single slots, one contiguous gap, several gaps; each with the true lengths, or with
ranges around them. Patterns know no canvas: `slots` is told what an open slot and a gap are. Cost: linear in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

KINDS = ("scattered", "gap", "gaps", "scattered ranges", "gap ranges", "gaps ranges")
MAX_GAPS = 4
MAX_SLACK = 3
"""A range begins and ends at most so many tokens from the true number."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hole:
    """The tokens [start:stop] are open, and between `low` and `high` tokens may stand there."""

    start: int
    stop: int
    low: int
    high: int

    def __post_init__(self) -> None:
        if not (0 <= self.start <= self.stop and 0 <= self.low <= self.length <= self.high):
            raise ValueError(f"not a hole: {self}")

    @property
    def length(self) -> int:
        """How many tokens it hides."""
        return self.stop - self.start

    @property
    def is_exact(self) -> bool:
        """Is the true number of tokens told?"""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class GapPattern:
    """Which tokens of a text are open; `kind` is one of KINDS."""

    kind: str
    holes: tuple[Hole, ...]

    def slots(self, token_ids: Sequence[int], open_slot: T, gap: Callable[[int, int], T]) -> list[int | T]:
        """What a canvas is made of: ids, `open_slot` for each token of an exact hole, `gap(low, high)` for other holes.

        `[5, 6, 7, 8] -> [5, open_slot, open_slot, 8]` for the hole (1, 3, 2, 2), `[5, gap(0, 4), 8]` for (1, 3, 0, 4).
        """
        made: list[int | T] = []
        at = 0
        for hole in self.holes:
            made += token_ids[at : hole.start]
            made += [open_slot] * hole.length if hole.is_exact else [gap(hole.low, hole.high)]
            at = hole.stop
        return [*made, *token_ids[at:]]

    def true_tokens(self, token_ids: Sequence[int], blank: int) -> list[int]:
        """What the slots of the canvas hold once the text is back: a gap has `high` slots, and ends with the blanks.

        With the hole (1, 3, 0, 4): `[5, 6, 7, 8] -> [5, 6, 7, blank, blank, 8]`.
        """
        made: list[int] = []
        at = 0
        for hole in self.holes:
            made += token_ids[at : hole.stop]
            made += [blank] * (hole.high - hole.length)
            at = hole.stop
        return [*made, *token_ids[at:]]


def gap_patterns(token_ids: Sequence[int], rng: np.random.Generator, n: int) -> Iterator[GapPattern]:
    """`n` random patterns for a text, its kinds in turn; the same seed gives the same patterns.

    A text without tokens has no holes but empty ones, so its exact patterns are without holes.
    """
    for turn in range(n):
        kind = KINDS[turn % len(KINDS)]
        spans = _spans(kind.split()[0], len(token_ids), rng)
        if kind.endswith("ranges"):
            yield GapPattern(kind, tuple(_with_slack(start, stop, rng) for start, stop in spans))
        else:
            exact = (Hole(start, stop, stop - start, stop - start) for start, stop in spans if start < stop)
            yield GapPattern(kind, tuple(exact))


def _spans(shape: str, n_tokens: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Disjoint spans of a text, in order; some of several gaps may be empty."""
    if shape == "scattered":
        is_open = rng.random(n_tokens) < rng.uniform(0.05, 0.7)
        return [(int(place), int(place) + 1) for place in np.flatnonzero(is_open)]
    if shape == "gap":
        length = min(n_tokens, 1 + int(n_tokens * rng.random() ** 2))  # short gaps more often than long ones
        start = int(rng.integers(0, n_tokens - length + 1))
        return [(start, start + length)]
    n_gaps = int(rng.integers(2, MAX_GAPS + 1))
    cuts = sorted(rng.integers(0, n_tokens + 1, size=2 * n_gaps).tolist())
    return list(zip(cuts[::2], cuts[1::2], strict=True))


def _with_slack(start: int, stop: int, rng: np.random.Generator) -> Hole:
    less, more = rng.integers(0, MAX_SLACK + 1, size=2).tolist()
    return Hole(start, stop, max(0, stop - start - less), stop - start + more)
