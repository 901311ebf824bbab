"""Predictions are averaged over the last steps, and slots are committed that have kept to one choice.

Source: CCD, "Beyond Confidence: Adaptive and Coherent Decoding for Diffusion Language Models", arXiv 2512.02044 (ICML
2026), known here by its abstract and by summaries: a prediction is averaged with those of the d − 1 steps before
(d = 2 or 3), which takes out what a single step saw by chance; and the budget of a step is adaptive, namely however
many slots agree over those steps.

Changed: what is averaged are the constrained marginals, renormalised by the current mask. A distribution from before a
change of the mask answers another question, so the history of a slot begins anew when its mask has changed; hence all
that is averaged has one support, and the average stays inside the mask. Stable is a slot whose best choice was the same
in each of d steps under one mask, or that has a single choice; it is committed if its averaged confidence is at least
`min_confidence` too. That floor is ours: stability alone would commit a slot that is evenly unsure. Where nothing is
stable, the slot of the highest averaged confidence is committed.

The history of a slot refers to rows of earlier views, at most d − 1 of them; nothing is copied.

Cost: for each open slot one comparison of masks, and d exponentials of its row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import BLANK
from maskwright.sampling.infilling.schedulers.choosing import check_probability, ranked
from maskwright.sampling.infilling.schedulers.protocol import Floats, Proposal, Row, StepView

Rows = tuple[Row, ...]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """By slot, the rows of log marginals of the last steps under its present mask, oldest first; none if decided."""

    rows: tuple[Rows, ...]


@dataclass(frozen=True, slots=True)
class CCD:
    """Slots with the same best choice for `depth` steps under one mask, if it has `min_confidence` on average."""

    depth: int = 3
    min_confidence: float = 0.7

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise InvalidOption("the depth", self.depth, "at least 1")
        check_probability("the least confidence", self.min_confidence)

    def init(self, n_slots: int) -> History:
        """No predictions yet."""
        return History(((),) * n_slots)

    def step(self, view: StepView, state: History) -> tuple[Proposal, History]:
        """See `Scheduler`."""
        rows: list[Rows] = [()] * view.n_slots
        best, confidence, stable = view.best.copy(), np.zeros(view.n_slots), np.zeros(view.n_slots, dtype=np.bool_)
        blank = view.log_marginals.shape[1] - 1
        for slot in np.flatnonzero(view.open).tolist():
            rows[slot] = self._with(state.rows[slot], view.log_marginals[slot])
            average = averaged(rows[slot])
            column = int(average.argmax())
            best[slot] = BLANK if column == blank else column
            confidence[slot] = average[column]
            stable[slot] = view.gap[slot] == np.inf or self._is_stable(rows[slot])
        slots = ranked(confidence, stable & (confidence >= self.min_confidence))
        if not len(slots):
            slots = ranked(confidence, view.open)[:1]
        return Proposal(slots, best[slots], confidence[slots]), History(tuple(rows))

    def _with(self, past: Rows, row: Row) -> Rows:
        if past and not np.array_equal(past[-1] > -np.inf, row > -np.inf):
            past = ()
        return (*past, row)[-self.depth :]

    def _is_stable(self, rows: Rows) -> bool:
        return len(rows) == self.depth and len({int(row.argmax()) for row in rows}) == 1


def averaged(rows: Rows) -> Floats:
    """float64[V + 1]: the mean of the distributions, normalised; all rows have the same support."""
    total = np.exp(rows[0]).astype(np.float64)
    for row in rows[1:]:
        total += np.exp(row)
    total /= total.sum()
    return total
