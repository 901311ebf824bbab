"""Mirostat 2.0: truncation with feedback, so that the text has a chosen surprise per token on average.

Source: Basu et al., "Mirostat: A Neural Text Decoding Algorithm That Directly Controls Perplexity", ICLR 2021
(arXiv 2007.14966), the second algorithm: with surprise S(t) = −log₂ p(t), cut what has S(t) > μ, draw t among the rest,
then μ ← μ − η (S(t) − τ), beginning with μ = 2τ. The most probable token always stays, and its equals with it.

What holds: adding up the updates, the mean surprise of n tokens is τ + (2τ − μₙ)/(η n). It goes to τ as fast as 1/n
wherever μ stays bounded, which needs a source that can be so surprising: τ below the entropy of the rows.

S is measured by the model's own row, as in the paper's definition of perplexity. llama.cpp measures it after the cut
and the new normalisation. A mask between this row and the draw changes neither p nor the rule; given a masked row, S is
the surprise within the mask.

Which token was drawn is read from the text of the next call. Tokens that a grammar forces beyond the first, and one
that the row excluded, were not drawn from the row and teach nothing. Cost: two passes, and one row kept in the state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidOption
from maskwright.sampling.logits.distributions import Floats, checked_row, log_probabilities
from maskwright.sampling.logits.transform import Context


@dataclass(frozen=True, slots=True, eq=False)
class MirostatState:
    """μ in bits, and what is still to be learnt from: the last row's surprises in bits and how long the text was."""

    mu_bits: float
    surprise_bits: Floats
    length: int


@dataclass(frozen=True, slots=True)
class Mirostat:
    """Holds the mean surprise per token near `tau_bits`, with learning rate `eta`."""

    tau_bits: float
    eta: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.tau_bits < math.inf:
            raise InvalidOption("the surprise tau", self.tau_bits, "above 0 and finite")
        if not 0 < self.eta < math.inf:
            raise InvalidOption("the learning rate eta", self.eta, "above 0 and finite")

    def init(self) -> MirostatState:
        """μ = 2τ, and nothing drawn yet."""
        return MirostatState(2 * self.tau_bits, np.empty(0), -1)

    def __call__(
        self, state: MirostatState, context: Context, logits: npt.NDArray[np.floating], /
    ) -> tuple[MirostatState, Floats]:
        """See `LogitsTransform`."""
        row = checked_row(logits, len(context.token_ids))
        mu = self._learnt(state, context)
        surprise = log_probabilities(row) / -math.log(2)
        after = MirostatState(mu, surprise, len(context.token_ids))
        return after, np.where(surprise <= max(mu, surprise.min()), row, -np.inf)

    def _learnt(self, state: MirostatState, context: Context) -> float:
        if not 0 <= state.length < len(context.token_ids):
            return state.mu_bits
        drawn = float(state.surprise_bits[context.token_ids[state.length]])
        return state.mu_bits - self.eta * (drawn - self.tau_bits) if drawn < math.inf else state.mu_bits
