"""What the denoising loop asks of a canvas and of its posterior."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from maskwright.sampling.infilling.masked_model import Rows, Tokens


class DenoisingPosterior(Protocol):
    """What a step reads of `Canvas.posterior`."""

    @property
    def log_marginals(self) -> npt.NDArray[np.float32]:
        """float32[n, V + 1], the last column for "no token"."""

    @property
    def log_z(self) -> float:
        """log p(the prediction fits); NaN if that is not known."""

    @property
    def best(self) -> Tokens:
        """int64[n], the most probable completion."""

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.int64]:
        """int64[size, n], completions."""


class DenoisingCanvas(Protocol):
    """What the loop asks of a canvas: `matching.infilling.Canvas`, or `FreeCanvas`, into which every text fits."""

    @property
    def n_slots(self) -> int:
        """How many slots it has."""

    @property
    def vocabulary_size(self) -> int:
        """The width of the model's logits."""

    @property
    def tokens(self) -> Tokens:
        """int64[n]."""

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """bool[n], soft slots included."""

    @property
    def is_complete(self) -> bool:
        """Is every slot decided?"""

    def fork(self) -> Self:
        """A copy that goes its own way."""

    def forced(self) -> dict[int, int]:
        """Open slots with a single choice."""

    def commit(self, choices: Mapping[int, int], confidence: Mapping[int, float] | None = None) -> dict[int, int]:
        """Decide what stands together; returns it."""

    def unset(self, slots: Iterable[int]) -> None:
        """Open slots again."""

    def posterior(self, scores: Rows) -> DenoisingPosterior:
        """The prediction, conditioned on the grammar."""
