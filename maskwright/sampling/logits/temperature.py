"""Temperature: p(t)^(1/T), normalised. Below 1 it sharpens, above 1 it flattens.

Source: Ackley, Hinton and Sejnowski, "A Learning Algorithm for Boltzmann Machines", Cognitive Science 9 (1985).
Cost: one pass. The greatest logit is subtracted first, so that no temperature above 0 overflows: towards 0
the row becomes that of the most probable tokens alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.logits.distributions import Floats
from maskwright.sampling.logits.transform import Context, StatelessTransform


@dataclass(frozen=True, slots=True)
class Temperature(StatelessTransform):
    """Divides the logits by the temperature T > 0; T = 1 changes nothing but an additive constant.

    Raises `InvalidOption`.  `TransformedModel(model, Temperature(0.7))` is a model at T = 0.7
    """

    temperature: float

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise InvalidOption("the temperature", self.temperature, "above 0 and finite (for 0, choose greedily)")

    def change(self, context: Context, row: Floats) -> Floats:  # noqa: ARG002  (see StatelessTransform)
        """See `StatelessTransform`."""
        with np.errstate(over="ignore"):  # far below the top and T near 0: −inf is right
            scaled: Floats = (row - row.max()) / self.temperature
        return scaled
