"""Early commit: once the answer is clear enough on average, everything that is open is decided at once.

Source: Prophet, "Diffusion Language Models Know the Answer Before Decoding", arXiv 2508.19982 (ICLR 2026): the mean gap
between the two highest logits over the answer region is compared with a threshold that falls in phases, 7.5 in the
first third of the steps, then 5.0, then 2.5; above it, all remaining masks are filled with their argmax.

Changed, in three places. The argmax fill is what breaks syntax, for it takes each slot by itself: it is replaced by
`Proposal.finish`, the most probable completion of the whole canvas. The gap is measured inside the mask (a difference
of log marginals), where a runner-up that the grammar forbids does not count. Slots with a single choice count as
decided: they have no gap, and neither make nor spoil the mean. With nothing else open, the answer is clear.

Until then another scheduler chooses, as in the source: the plain `TopK`.

Cost: that of the other scheduler, and two passes over each open row.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers.protocol import Proposal, Scheduler, StepView
from maskwright.sampling.infilling.schedulers.top_k import TopK


@dataclass(frozen=True, slots=True)
class Prophet:
    """Finishes when the mean gap of the open slots of `answer` reaches that of the phase.

    phases  (share of the steps up to which it lasts, gap in nats), ascending; the last one lasts to the end
    answer  first slot and slot behind the last one of the region that is watched; None watches the whole canvas
    base    what chooses until then; its states are those of this scheduler
    """

    phases: tuple[tuple[float, float], ...] = ((0.33, 7.5), (0.67, 5.0), (1.0, 2.5))
    answer: tuple[int, int] | None = None
    base: Scheduler[Any] = field(default_factory=TopK)

    def __post_init__(self) -> None:
        ends = [end for end, _ in self.phases]
        if not ends or any(a >= b for a, b in pairwise(ends)):
            raise InvalidOption("the phases", self.phases, "at least one, their ends ascending")
        if self.answer is not None and not 0 <= self.answer[0] < self.answer[1]:
            raise InvalidOption("the answer", self.answer, "a first slot and a greater one behind the last")

    def init(self, n_slots: int) -> Any:
        """The state of the scheduler that chooses until the answer is clear."""
        return self.base.init(n_slots)

    def step(self, view: StepView, state: Any) -> tuple[Proposal, Any]:
        """See `Scheduler`."""
        proposal, state = self.base.step(view, state)
        is_clear = bool(view.open.any()) and self.mean_gap(view) >= self.gap_asked_for(view)
        return replace(proposal, finish=is_clear), state

    def mean_gap(self, view: StepView) -> float:
        """Of the open slots in the answer that have more than one choice, in nats; +inf if there are none."""
        undecided = view.open & ~view.forced & (view.gap < np.inf)
        first, behind = self.answer or (0, view.n_slots)
        gaps = view.gap[first:behind][undecided[first:behind]]
        return float(gaps.mean()) if len(gaps) else np.inf

    def gap_asked_for(self, view: StepView) -> float:
        """The threshold of the phase that this step, counted from one, belongs to."""
        share = (view.step + 1) / max(1, view.n_steps)
        return next((gap for end, gap in self.phases if share < end), self.phases[-1][1])
