"""What schedulers share: slots in order of confidence, slots above a threshold, and the proposal of their best choices.

Ties go to the left slot, so that the same view gives the same proposal everywhere.
"""

from __future__ import annotations

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers.protocol import Flags, Floats, Proposal, Slots, StepView


def ranked(confidence: Floats, among: Flags) -> Slots:
    """The slots of `among`, most confident first.

    `confidence` float64[n], `among` bool[n]: `[.5, .9, .9], all -> [1, 2, 0]`.
    """
    slots = np.flatnonzero(among)
    return slots[np.argsort(-confidence[slots], kind="stable")]


def confident(confidence: Floats, threshold: float | Floats, among: Flags) -> Slots:
    """The slots of `among` at or above a threshold (one, or one for each slot), and the most confident one always."""
    order = ranked(confidence, among)
    keep = (confidence >= threshold)[order]
    keep[:1] = True
    return order[keep]


def even_share(view: StepView) -> int:
    """How many slots each of the steps that are left has to commit: ceil(open slots / steps left)."""
    left = max(1, view.n_steps - view.step)
    return -(-int(view.open.sum()) // left)


def best_at(view: StepView, slots: Slots) -> Proposal:
    """The best choices of `slots` as a proposal."""
    return Proposal(slots, view.best[slots], view.confidence[slots])


def check_probability(name: str, value: float) -> None:
    """Raises `InvalidOption` unless 0 <= value <= 1."""
    if not 0 <= value <= 1:
        raise InvalidOption(name, value, "between 0 and 1")
