"""Entropy adaptive decoding: a small model writes, and a large one where the small one is unsure.

Source: Simonds, "Entropy Adaptive Decoding: Dynamic Model Switching for Efficient Inference" (arXiv 2502.06833): the
entropy of each row in bits, before any temperature, averaged over the last w rows (5 there); above a threshold τ the
large model answers, else the small one; and a switch stands for some tokens, against flicker.

The model whose rows are transformed is the small one. Ours: the entropy is always that of the small model, which is
asked at every step anyway, so that the decision does not depend on who answered before; at exactly τ the large one
answers, so that τ = 0 is the large model; `hold` is the number of tokens for which a switch stands (1: none).

The text follows neither model alone, so this is no `StatelessTransform` and no target for exact sampling. Which model
answered is in the state: `by_large[i]` for the i-th row. Cost: one row of the large model where it answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.errors import BadLogits, InvalidOption
from maskwright.sampling.language_model import LanguageModel
from maskwright.sampling.logits.distributions import Floats, checked_row, entropy_nats, log_probabilities, model_row
from maskwright.sampling.logits.transform import Context


@dataclass(frozen=True, slots=True)
class EADState:
    """The last entropies of the small model, in bits, at most a window of them, and who answered each row."""

    entropies_bits: tuple[float, ...] = ()
    by_large: tuple[bool, ...] = ()

    @property
    def share_of_large(self) -> float:
        """How often the large model answered, from 0 to 1; 0 before the first row."""
        return sum(self.by_large) / max(1, len(self.by_large))


@dataclass(frozen=True, slots=True)
class EAD:
    """Gives the row of `large` where the mean entropy of the last `window` rows is at least the threshold."""

    large: LanguageModel
    threshold_bits: float
    window: int = 5
    hold: int = 1

    def __post_init__(self) -> None:
        if not self.threshold_bits >= 0:
            raise InvalidOption("the threshold", self.threshold_bits, "an entropy of at least 0")
        if self.window < 1:
            raise InvalidOption("the window", self.window, "at least 1")
        if self.hold < 1:
            raise InvalidOption("the number of tokens that a switch stands", self.hold, "at least 1")

    def init(self) -> EADState:
        """No row seen yet."""
        return EADState()

    def __call__(
        self, state: EADState, context: Context, logits: npt.NDArray[np.floating], /
    ) -> tuple[EADState, Floats]:
        """See `LogitsTransform`."""
        row = checked_row(logits, len(context.token_ids))
        entropy = entropy_nats(log_probabilities(row)) / math.log(2)
        entropies = (*state.entropies_bits, entropy)[-self.window :]
        wants_large = sum(entropies) / len(entropies) >= self.threshold_bits
        large_answers = state.by_large[-1] if self._must_hold(state.by_large) else wants_large
        after = EADState(entropies, (*state.by_large, large_answers))
        return after, self._large_row(context, row.size) if large_answers else row

    def _must_hold(self, by_large: tuple[bool, ...]) -> bool:
        """Did the last switch happen less than `hold` tokens ago?"""
        recent = by_large[-self.hold :]
        return bool(recent) and (len(recent) < self.hold or any(answer != recent[-1] for answer in recent))

    def _large_row(self, context: Context, size: int) -> Floats:
        row = model_row(self.large, context.token_ids)
        if row.size != size:
            reason = f"{row.size} tokens of the large model, but {size} of the small one"
            raise BadLogits(reason, len(context.token_ids))
        return row
