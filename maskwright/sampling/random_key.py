"""Randomness as a value: a key gives the same numbers whenever it is asked, and children that are independent of it.

    key = RandomKey.from_seed(7)
    key.uniform()                   # always the same number
    key.child(particle, step)       # another key, for one particle at one step

Idea: numbers come from a counter-based generator (`_random.py`), so what a particle draws depends on its lineage, its
step and what the draw is for, never on how many others are drawn beside it, in what order, or in which thread. Hence
equal seeds give equal texts for every batch size, with and without caches. No function of this package draws twice from
one key for two purposes. Cost: 1 µs a call, nearly all of it the call.

Rejected: `numpy.random.Generator` handed along, which makes a text depend on all draws before it; spawning its seed
sequences, 8 µs each.
"""

from __future__ import annotations

import operator
from typing import final

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidOption
from maskwright.sampling._random import child_key, fill_uniforms


@final
class RandomKey:
    """A key of random numbers; immutable, compared by value."""

    __slots__ = ("_words",)

    def __init__(self, words: npt.NDArray[np.uint64]) -> None:
        self._words = words  # uint64[2]; kernels want it writable, nothing here writes it

    @staticmethod
    def from_seed(seed: int) -> RandomKey:
        """The key of a seed, any integer from 0: `RandomKey.from_seed(7) == RandomKey.from_seed(7)`."""
        return RandomKey(np.random.SeedSequence(operator.index(seed)).generate_state(2, np.uint64).astype(np.uint64))

    def child(self, *numbers: int) -> RandomKey:
        """The key named by a path of numbers from 0 to 2**63 - 1: `key.child(3, 4) == key.child(3).child(4)`.

        Raises `InvalidOption` for a negative one.
        """
        words = self._words
        for number in numbers:
            if number < 0:
                raise InvalidOption("The number of a random key's child", number, "at least 0")
            out = np.empty(4, np.uint64)
            child_key(words, number, out)
            words = out[:2]
        return RandomKey(words)

    def uniforms(self, n: int) -> npt.NDArray[np.float64]:
        """float64[n] in [0, 1), 53 random bits each; the first k of them are the same for every n >= k."""
        out = np.empty(n)
        fill_uniforms(self._words, np.empty(4, np.uint64), out)
        return out

    def uniform(self) -> float:
        """One number in [0, 1): `key.uniforms(1)[0]`."""
        return float(self.uniforms(1)[0])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RandomKey) and bool((self._words == other._words).all())

    def __hash__(self) -> int:
        return hash(self._words.tobytes())

    def __repr__(self) -> str:
        return f"RandomKey({int(self._words[0]):#018x}, {int(self._words[1]):#018x})"
