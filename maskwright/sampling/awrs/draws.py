"""All that an estimator sees of a step: tokens drawn without replacement, masses, and coins.

Estimators ask for every random choice here and nowhere else. Tests answer with a source of their own that goes through
all choices and adds up their probabilities, so the code that runs is the code whose expectation was computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, final

import numpy as np

from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow

UNIFORMS = 16
HALF_STEP = 2.0**-54
"""Moves a number in [0, 1) with 53 bits to the middle of its interval, so that no logarithm meets a zero."""
LARGEST = 1 - 2.0**-53
"""The middle of the last interval would be rounded to 1."""


class Draws(Protocol):
    """The random choices of one step after one draft; changes as it is used."""

    @property
    def log_left(self) -> float:
        """log of the model's mass of the allowed tokens that were not taken yet; −inf if there are none."""

    def log_probability(self, token_id: int, /) -> float:
        """log p(a) under the model."""

    def next(self) -> int | None:
        """Take one of the tokens that are left, drawn by their probabilities; None if there are none."""

    def top(self, n: int, /) -> list[int]:
        """Take the n most probable tokens that are left, or all if there are fewer; no choice is made."""

    def exponential(self) -> float:
        """A positive number with density exp(−x)."""

    def choose(self, log_weights: Sequence[float], /) -> int:
        """A place, drawn in proportion to the weights, of which one at least is above −inf."""


@final
class RowDraws:
    """The draws of a row by a key, which must serve nothing else."""

    __slots__ = ("_key", "_n_blocks", "_race", "_row", "_uniforms")

    def __init__(self, row: MaskedRow, key: RandomKey) -> None:
        self._row = row
        self._race = row.race()
        self._key = key
        self._n_blocks = 0
        self._uniforms: list[float] = []

    def _uniform(self) -> float:
        if not self._uniforms:
            self._uniforms = self._key.child(self._n_blocks).uniforms(UNIFORMS).tolist()
            self._n_blocks += 1
        return self._uniforms.pop()

    @property
    def log_left(self) -> float:
        """As `Draws.log_left`."""
        return self._race.log_left

    def log_probability(self, token_id: int) -> float:
        """As `Draws.log_probability`."""
        return self._race.log_probability(token_id)

    def next(self) -> int | None:
        """As `Draws.next`."""
        return self._race.next(self._uniform())

    def top(self, n: int) -> list[int]:
        """As `Draws.top`, of a row from which nothing was taken yet; among equals the least ids come first."""
        tokens = self._row.allowed()
        keys = -self._row.logits[tokens]
        if n < len(tokens):
            # Partition finds the n-th value; ties with it are settled by the stable sort of what is not beyond it.
            near = np.flatnonzero(keys <= np.partition(keys, n)[n])
            tokens, keys = tokens[near], keys[near]
        taken: list[int] = tokens[np.argsort(keys, kind="stable")][:n].tolist()
        self._race = self._row.without(taken).race()
        return taken

    def exponential(self) -> float:
        """As `Draws.exponential`."""
        return -math.log1p(-min(self._uniform() + HALF_STEP, LARGEST))

    def choose(self, log_weights: Sequence[float]) -> int:
        """As `Draws.choose`."""
        top = max(log_weights)
        weights = [math.exp(weight - top) for weight in log_weights]
        remaining = self._uniform() * math.fsum(weights)
        last = 0
        for place, weight in enumerate(weights):
            if weight > 0:
                last = place
                if remaining < weight:
                    break
                remaining -= weight
        return last
