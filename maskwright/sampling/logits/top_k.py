"""Top-k: only the k most probable tokens stay.

Source: Fan, Lewis and Dauphin, "Hierarchical Neural Story Generation", ACL 2018 (arXiv 1805.04833), section 5.4.
Ties at the cut are all kept, so that the result does not depend on how tokens are numbered: a token stays exactly when
fewer than k tokens are strictly more probable. Cost: one partition, linear in V.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.logits.distributions import Floats
from maskwright.sampling.logits.transform import Context, StatelessTransform


@dataclass(frozen=True, slots=True)
class TopK(StatelessTransform):
    """Keeps the tokens that fewer than k others exceed; −inf for the rest."""

    k: int

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InvalidOption("k", self.k, "at least 1")

    def change(self, context: Context, row: Floats) -> Floats:  # noqa: ARG002  (see StatelessTransform)
        """See `StatelessTransform`."""
        if self.k >= row.size:
            return row
        return np.where(row >= np.partition(row, -self.k)[-self.k], row, -np.inf)
