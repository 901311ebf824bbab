"""At most so many tokens for each text, and a gentle end: what `max_tokens` and `soft_landing` mean to a host.

    budget = TextBudget(max_tokens=200, soft_landing=0.5)
    matcher = budget.begin(grammar)
    scores = landed(scores, [budget.bias(matcher)])     # then the mask

The matcher keeps the guarantee (`completion.budgeted`): a text has ended with its n-th token at the latest. That alone
lets a model talk until nothing but the end fits. So the scores of tokens that make the shortest completion longer are
lowered while slack runs out, before the mask and in the scores' own float type. Scores that need nothing are returned
as they came.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from maskwright import CompiledGrammar, Matcher
from maskwright.errors import InvalidOption
from maskwright.matching.behaviour.session import Session
from maskwright.matching.completion.budgeted import BudgetedMatcher

if TYPE_CHECKING:
    from maskwright.integrations.huggingface.logits_processor import Constraint


@dataclass(frozen=True, slots=True)
class TextBudget:
    """How many tokens a text may have, its end token included (None: any number), and how gently it comes to its end.

    soft_landing: what a token costs, in logits, for each token that it puts the end further away, when no slack is
    left; 0 leaves the scores alone. Raises InvalidOption for less, or where there is no budget.
    """

    max_tokens: int | None = None
    soft_landing: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.soft_landing) or self.soft_landing < 0:
            raise InvalidOption("soft_landing", self.soft_landing, "a finite number that is not negative")
        if self.soft_landing and self.max_tokens is None:
            raise InvalidOption("soft_landing", self.soft_landing, "0 without max_tokens")

    def begin(self, constraint: Constraint) -> Matcher | Session:
        """A text at its start; raises BudgetTooSmall and UnsupportedBudget, InvalidOption for the turn of a session."""
        if self.max_tokens is None:
            return constraint.matcher()
        if not isinstance(constraint, CompiledGrammar):
            reason = "None for the turn of a session, whose specification has its own budget"
            raise InvalidOption("max_tokens", self.max_tokens, reason)
        return constraint.matcher(max_tokens=self.max_tokens)

    def bias(self, matcher: Matcher | Session | None) -> npt.NDArray[np.float32] | None:
        """What to add to the scores of a text's next token, float32[vocabulary size]; None for nothing."""
        if not self.soft_landing or not isinstance(matcher, BudgetedMatcher):
            return None
        return matcher.landing_bias(self.soft_landing)


def landed(scores: torch.Tensor, biases: Sequence[npt.NDArray[np.float32] | None]) -> torch.Tensor:
    """scores: float[rows, V], returned itself if all biases are None, else a copy with bias i added to row i."""
    lowered = scores
    for place, bias in enumerate(biases):
        if bias is not None:
            lowered = scores.clone() if lowered is scores else lowered
            n = min(len(bias), scores.shape[-1])
            lowered[place, :n] += torch.from_numpy(bias[:n]).to(lowered)
    return lowered


__all__ = ["TextBudget", "landed"]
