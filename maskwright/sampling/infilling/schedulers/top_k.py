"""The plain baseline: every step commits the same number of slots, the most confident ones.

Source: LLaDA, "Large Language Diffusion Models", arXiv 2502.09992 (low-confidence remasking, linear schedule): n masked
slots over T steps are n // T each, and one more in the first n mod T. That is ceil(open / steps left), step for step.

Changed: confidence is that of the constrained marginals. What the grammar forces on the way is open no more, so the
shares of the steps to come shrink with it; and where a joint commit refuses something, they grow. Blocks are left out
(`ada_block` has them).

Cost: a sort of the open slots.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.sampling.infilling.schedulers.choosing import best_at, even_share, ranked
from maskwright.sampling.infilling.schedulers.protocol import Proposal, StepView


@dataclass(frozen=True, slots=True)
class TopK:
    """ceil(open slots / steps left) slots a step."""

    def init(self, n_slots: int) -> None:
        """Nothing to remember."""

    def step(self, view: StepView, state: None) -> tuple[Proposal, None]:
        """See `Scheduler`."""
        return best_at(view, ranked(view.confidence, view.open)[: even_share(view)]), state
