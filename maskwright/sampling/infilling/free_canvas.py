"""A canvas that every text fits into: the denoising loop without a grammar, for measuring what the grammar costs.

    done = denoise_freely([MASK] * 64, model, TopK(), n_steps=16, vocabulary_size=4097, never=[mask_token_id])

It runs through the very loop that grammars do (`denoising`), so that the two differ in the canvas alone: no masks,
every slot by itself, its marginals the model's own softmax. `never` are tokens that no slot takes, such as the mask
token.

Cost: one softmax over float[n, V] a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, final

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidCanvas
from maskwright.matching.infilling.slots import OPEN, Masked
from maskwright.sampling.infilling.denoised import Denoised
from maskwright.sampling.infilling.denoising import denoise
from maskwright.sampling.infilling.masked_model import MaskedModel, Rows, Tokens
from maskwright.sampling.infilling.schedulers.protocol import Scheduler
from maskwright.sampling.random_key import RandomKey


@final
class FreeCanvas:
    """Slots that are fixed (token ids) or open (MASK); there are no gaps, for nothing says how long they are."""

    def __init__(self, slots: Iterable[int | Masked], vocabulary_size: int, never: Iterable[int] = ()) -> None:
        self._tokens = np.array([OPEN if isinstance(slot, Masked) else slot for slot in slots], dtype=np.int64)
        wrong = self._tokens[(self._tokens != OPEN) & ((self._tokens < 0) | (self._tokens >= vocabulary_size))]
        if len(wrong):
            raise InvalidCanvas(f"{wrong[0]} is no token id below {vocabulary_size}")
        self.n_slots: Final = len(self._tokens)
        self.vocabulary_size: Final = vocabulary_size
        self._never: Final = sorted(set(never))

    @property
    def tokens(self) -> Tokens:
        """int64[n], OPEN where undecided."""
        return self._tokens.copy()

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """bool[n]."""
        flags: npt.NDArray[np.bool_] = self._tokens == OPEN
        return flags

    @property
    def is_complete(self) -> bool:
        """Is every slot decided?"""
        return not self.is_open.any()

    def fork(self) -> Self:
        """A copy that goes its own way."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, _tokens=self._tokens.copy())
        return copy

    def forced(self) -> dict[int, int]:
        """Nothing is."""
        return {}

    def commit(self, choices: Mapping[int, int], confidence: Mapping[int, float] | None = None) -> dict[int, int]:  # noqa: ARG002  (as for a canvas with a grammar)
        """All of them are taken."""
        self._tokens[list(choices)] = list(choices.values())
        return dict(choices)

    def unset(self, slots: Iterable[int]) -> None:
        """Open slots again."""
        self._tokens[list(slots)] = OPEN

    def posterior(self, scores: Rows) -> FreePosterior:
        """The softmax of every row; a decided slot has its token alone. A column for the blank is not looked at."""
        rows = np.full((self.n_slots, self.vocabulary_size + 1), -np.inf, dtype=np.float32)
        logits = rows[:, :-1]
        is_open = self.is_open
        logits[is_open] = scores[is_open, : self.vocabulary_size]
        logits[:, self._never] = -np.inf
        peaks = logits[is_open].max(axis=1, keepdims=True)
        logits[is_open] -= peaks + np.log(np.exp(logits[is_open] - peaks).sum(axis=1, keepdims=True, dtype=np.float64))
        decided = np.flatnonzero(~is_open)
        logits[decided, self._tokens[decided]] = 0
        return FreePosterior(rows)


@dataclass(frozen=True, slots=True, eq=False)
class FreePosterior:
    """Slots that are independent of each other: float32[n, V + 1], the last column −inf."""

    log_marginals: npt.NDArray[np.float32]

    @property
    def log_z(self) -> float:
        """Everything fits."""
        return 0.0

    @property
    def best(self) -> Tokens:
        """int64[n]: the most probable token of each slot."""
        found: Tokens = self.log_marginals.argmax(axis=1)
        return found

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.int64]:
        """int64[size, n], drawn slot by slot by inversion."""
        sums = np.exp(self.log_marginals.astype(np.float64)).cumsum(axis=1)
        points = rng.random((size, len(sums))) * sums[:, -1]
        found = np.empty((size, len(sums)), dtype=np.int64)
        for slot, row in enumerate(sums):
            found[:, slot] = row.searchsorted(points[:, slot], side="right")
        return found


def denoise_freely(
    slots: Iterable[int | Masked],
    model: MaskedModel,
    scheduler: Scheduler[Any],
    n_steps: int,
    key: RandomKey | None = None,
    temperature: float = 0.0,
    *,
    vocabulary_size: int,
    never: Iterable[int] = (),
) -> Denoised:
    """`denoise` without a grammar."""
    return denoise(FreeCanvas(slots, vocabulary_size, never), model, scheduler, n_steps, key, temperature)
