"""Top-p (nucleus): the fewest most probable tokens whose probabilities add up to at least p.

Source: Holtzman et al., "The Curious Case of Neural Text Degeneration", ICLR 2020 (arXiv 1904.09751), section 3.1.
Ties at the cut are all kept, so that the result does not depend on how tokens are numbered: a token stays exactly when
those strictly more probable have less than p together. Cost: one sort.

The sum is taken from the least probable upwards and compared with 1 − p: there the small terms are added while the sum
is small, where a sum from above would lose them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.logits.distributions import Floats
from maskwright.sampling.logits.transform import Context, StatelessTransform


@dataclass(frozen=True, slots=True)
class TopP(StatelessTransform):
    """Keeps the nucleus of mass p, always at least the most probable token; −inf for the rest. p = 1 keeps all."""

    p: float

    def __post_init__(self) -> None:
        if not 0 < self.p <= 1:
            raise InvalidOption("p", self.p, "above 0 and at most 1")

    def change(self, context: Context, row: Floats) -> Floats:  # noqa: ARG002  (see StatelessTransform)
        """See `StatelessTransform`."""
        if self.p == 1:
            return row  # no rounding of the sum may cut a token off
        ascending = np.sort(row)
        upwards = np.cumsum(np.exp(ascending - ascending[-1]))
        place = int(np.searchsorted(upwards, (1 - self.p) * upwards[-1], side="right"))
        return np.where(row >= ascending[min(place, row.size - 1)], row, -np.inf)
