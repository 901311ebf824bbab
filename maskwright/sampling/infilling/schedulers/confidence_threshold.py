"""Every slot above a confidence is committed, and the most confident one in any case.

Source: Fast-dLLM, arXiv 2505.22618, section 3.3, threshold 0.9. The paper's argument is that a product of marginals
nearly equal to one picks the same tokens as the joint distribution.

Changed: the threshold is on the constrained marginals, so a slot that the grammar has all but decided is above it
whatever the model says; and what is picked is checked jointly by `canvas.commit`, which the argument does not cover.
The caches of the paper concern the model and are untouched. Its second rule, the factor, is left out.

Cost: a sort of the open slots.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.sampling.infilling.schedulers.choosing import best_at, check_probability, confident
from maskwright.sampling.infilling.schedulers.protocol import Proposal, StepView


@dataclass(frozen=True, slots=True)
class ConfidenceThreshold:
    """All open slots whose confidence is at least `threshold`."""

    threshold: float = 0.9

    def __post_init__(self) -> None:
        check_probability("the threshold", self.threshold)

    def init(self, n_slots: int) -> None:
        """Nothing to remember."""

    def step(self, view: StepView, state: None) -> tuple[Proposal, None]:
        """See `Scheduler`."""
        return best_at(view, confident(view.confidence, self.threshold, view.open)), state
