"""A small learnt filter says of each open slot whether its prediction is already the final one.

Source: Learn2PD, "Learning to Parallel: Accelerating Diffusion Large Language Models via Learnable Parallel Decoding",
arXiv 2509.25188: a two-layer network reads the confidences of a block; slots that it gives more than 0.96 are
committed, beside the plain schedule; and when an end-of-text token is predicted, what follows it is not decoded.

Changed: the filter is a logistic regression over five features of the slot (`finality`), fitted in numpy by `fit` and
frozen as a tuple of weights; it reads constrained marginals, and what it picks is checked jointly by `canvas.commit`
(filter and joint check). The plain schedule beside it is one slot, the one most likely final. Before anything is learnt
a slot counts as final with the probability of its best choice, so the default is a threshold of 0.96.

End of text: where the filter picks a slot whose best choice is an end token, the slots behind it are proposed too, each
with its most probable end token, up to the first slot that cannot hold one (its mask has none, or something else stands
there). So an end is only ever proposed where the grammar allows it, text after a gap is safe, and a slot in doubt is
decided by the joint check. The source drops everything behind a predicted end, unfiltered predictions included.

Cost: the entropies of the open slots, and six multiplications each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import BLANK
from maskwright.sampling.infilling.schedulers.choosing import check_probability, confident
from maskwright.sampling.infilling.schedulers.finality import (
    CONFIDENCE_ALONE,
    FEATURES,
    FinalityRecord,
    finality,
    fitted_weights,
    slot_features,
)
from maskwright.sampling.infilling.schedulers.protocol import Floats, Proposal, Slots, StepView


@dataclass(frozen=True, slots=True)
class Learn2PD:
    """Slots that the filter gives at least `accept`.

    weights  the intercept, then one weight for each of FEATURES
    eos_ids  end tokens, for the prediction of the end; none leaves it out
    """

    weights: tuple[float, ...] = CONFIDENCE_ALONE
    accept: float = 0.96
    eos_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_probability("the acceptance", self.accept)
        if len(self.weights) != 1 + len(FEATURES) or not np.isfinite(self.weights).all():
            raise InvalidOption("the weights", self.weights, f"{1 + len(FEATURES)} finite numbers")

    @classmethod
    def fit(
        cls,
        records: Iterable[FinalityRecord],
        *,
        accept: float = 0.96,
        eos_ids: tuple[int, ...] = (),
        ridge: float = 1.0,
    ) -> Self:
        """The scheduler whose filter has learnt from recorded runs; raises `InvalidOption` if they hold no slot."""
        return cls(fitted_weights(records, ridge), accept, eos_ids)

    def init(self, n_slots: int) -> None:
        """Nothing to remember."""

    def step(self, view: StepView, state: None) -> tuple[Proposal, None]:
        """See `Scheduler`."""
        score = np.zeros(view.n_slots)
        score[view.open] = finality(slot_features(view), self.weights)
        picked = confident(score, self.accept, view.open)
        tokens, confidence = view.best.copy(), view.confidence.copy()
        ends = picked[np.isin(tokens[picked], self.eos_ids) & (score[picked] >= self.accept)]
        behind = self._end_behind(view, int(ends.min()), tokens, confidence) if len(ends) else picked[:0]
        slots = np.concatenate([picked, np.setdiff1d(behind, picked)])
        slots = slots[np.argsort(-confidence[slots], kind="stable")]
        return Proposal(slots, tokens[slots], confidence[slots]), state

    def _end_behind(self, view: StepView, end: int, tokens: Slots, confidence: Floats) -> Slots:
        """The open slots behind `end` that end tokens go to; these are written into `tokens`, with their confidence."""
        ids = np.asarray(self.eos_ids)
        found = []
        for slot in range(end + 1, view.n_slots):
            if view.tokens[slot] == BLANK:
                continue
            log_ends = view.log_marginals[slot, ids]
            if not log_ends.max() > -np.inf:
                break
            if view.open[slot]:
                tokens[slot] = ids[log_ends.argmax()]
                confidence[slot] = np.exp(float(log_ends.max()))
                found.append(slot)
        return np.asarray(found, dtype=np.int64)
