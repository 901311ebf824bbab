"""Min-p: the tokens that are at least a given fraction as probable as the most probable one.

Source: Nguyen et al., "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs", ICLR 2025
(arXiv 2407.01082), section 3. Cost: one pass; the normaliser cancels, p(t) ≥ f·p_max ⇔ logit(t) ≥ logit_max + log f.
Ties at the cut are kept: a token at exactly the fraction stays (as far as the logarithm is exact).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.logits.distributions import Floats
from maskwright.sampling.logits.transform import Context, StatelessTransform


@dataclass(frozen=True, slots=True)
class MinP(StatelessTransform):
    """Keeps tokens of at least `fraction` times the greatest probability; −inf for the rest."""

    fraction: float

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= 1:
            raise InvalidOption("the fraction", self.fraction, "above 0 and at most 1")

    def change(self, context: Context, row: Floats) -> Floats:  # noqa: ARG002  (see StatelessTransform)
        """See `StatelessTransform`."""
        return np.where(row >= row.max() + math.log(self.fraction), row, -np.inf)
