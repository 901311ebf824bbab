"""Around slots that are certain, a lower confidence is enough.

Source: LocalLeap, "Accelerating Diffusion LLM Inference via Local Determinism Propagation", arXiv 2510.07081: open
slots with confidence at least κ = 0.9 are *anchors*; within W = 4 slots of one, τ = 0.75 is enough, elsewhere κ is
asked for; the most confident slot is committed in any case.

Changed: confidences are those of the constrained marginals. Slots that the grammar forces in this step are anchors too,
free of charge and of confidence one, whether or not they have been committed already; a brace that can be nothing else
says as much about its neighbours as one that the model is sure of. That the slots of a neighbourhood fit together is
checked by `canvas.commit`.

Cost: a sort of the open slots, and W additions over the canvas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers.choosing import best_at, check_probability, confident
from maskwright.sampling.infilling.schedulers.protocol import Flags, Proposal, StepView


@dataclass(frozen=True, slots=True)
class LocalLeap:
    """Slots above `anchor` (κ), and above `relaxed` (τ) within `radius` (W) slots of an anchor."""

    anchor: float = 0.9
    relaxed: float = 0.75
    radius: int = 4

    def __post_init__(self) -> None:
        check_probability("the confidence of an anchor", self.anchor)
        check_probability("the relaxed confidence", self.relaxed)
        if self.relaxed > self.anchor:
            raise InvalidOption("the relaxed confidence", self.relaxed, f"at most that of an anchor, {self.anchor}")
        if self.radius < 0:
            raise InvalidOption("the radius", self.radius, "at least 0")

    def init(self, n_slots: int) -> None:
        """Nothing to remember."""

    def step(self, view: StepView, state: None) -> tuple[Proposal, None]:
        """See `Scheduler`."""
        anchors = view.forced | (view.open & (view.confidence >= self.anchor))
        threshold = np.where(near(anchors, self.radius), self.relaxed, self.anchor)
        return best_at(view, confident(view.confidence, threshold, view.open)), state


def near(anchors: Flags, radius: int) -> Flags:
    """bool[n]: the slots at most `radius` away from an anchor, anchors included.

    `[0, 0, 0, 1, 0], radius 1 -> [0, 0, 1, 1, 1]`
    """
    found = anchors.copy()
    for distance in range(1, min(radius, len(anchors) - 1) + 1):
        found[distance:] |= anchors[:-distance]
        found[:-distance] |= anchors[distance:]
    return found
