"""Is this prediction already the final one? A logistic regression over what is seen of a slot.

    records = [FinalityRecord.of(view, final_tokens) for view in views_of_a_slow_run]
    weights = fitted_weights(records)

The features of an open slot, in the order of FEATURES: log odds of its best choice; entropy; gap to the second choice
(both in nats); share of the steps that have been taken; share of its two neighbours that are decided. Places outside
the canvas count as decided: what is there, if anything, is not in question. Log odds and gap are cut at ±LIMIT.

The regression minimises Σ log(1 + exp(−±w·f)) + ridge/2 · |w|², the intercept included, so that the minimum exists and
is unique even for records that a line separates; found by Newton's method with halved steps, in 5 to 20 rounds of
O(m · 6²) for m slots. Nothing is drawn at random: the same records give the same weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers.protocol import Flags, Floats, Slots, StepView

FEATURES: Final = ("log odds", "entropy", "gap", "share of steps", "decided neighbours")

#: e⁻¹² is 6e-6: a filter that has to tell surer slots apart needs none.
LIMIT: Final = 12.0

#: Only the best choice counts, and its confidence is taken at its word: the weights before anything was learnt.
CONFIDENCE_ALONE: Final = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0)

MAX_ROUNDS: Final = 100
TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class FinalityRecord:
    """The open slots of one step: float64[m, 5] features, and bool[m] whether each best choice was what stood there."""

    features: Floats
    is_final: Flags

    @classmethod
    def of(cls, view: StepView, final_tokens: Slots) -> Self:
        """From a recorded step and the tokens (or BLANK) that the same run ended with, int64[n]."""
        slots = np.flatnonzero(view.open)
        return cls(slot_features(view), view.best[slots] == np.asarray(final_tokens)[slots])


def slot_features(view: StepView) -> Floats:
    """float64[m, 5]: a row of FEATURES for each open slot, from left to right."""
    slots = np.flatnonzero(view.open)
    decided = np.concatenate([[True], ~view.open | view.forced, [True]])
    with np.errstate(divide="ignore"):  # log 0 of a certain slot is cut to LIMIT
        log_odds = np.log(view.confidence[slots]) - np.log1p(-np.minimum(view.confidence[slots], 1.0))
    return np.column_stack(
        [
            np.clip(log_odds, -LIMIT, LIMIT),
            view.entropy[slots],
            np.minimum(view.gap[slots], LIMIT),
            np.full(len(slots), view.step / max(1, view.n_steps)),
            (decided[slots].astype(np.float64) + decided[slots + 2]) / 2,
        ]
    )


def finality(features: Floats, weights: tuple[float, ...]) -> Floats:
    """float64[m]: the probability that each prediction is final. weights: the intercept, then one for each feature."""
    return _sigmoid(weights[0] + features @ np.asarray(weights[1:]))


def fitted_weights(records: Iterable[FinalityRecord], ridge: float = 1.0) -> tuple[float, ...]:
    """The intercept and a weight for each feature; raises `InvalidOption` if the records hold no slot."""
    if not ridge > 0:
        raise InvalidOption("the ridge", ridge, "above 0")
    listed = list(records)
    if sum(len(record.is_final) for record in listed) == 0:
        raise InvalidOption("the records", "without a slot", "steps of recorded runs with open slots")
    features = np.concatenate([record.features for record in listed])
    F = np.column_stack([np.ones(len(features)), features])
    y = np.concatenate([record.is_final for record in listed]).astype(np.float64)
    w = np.zeros(F.shape[1])
    for _ in range(MAX_ROUNDS):
        p = _sigmoid(F @ w)
        gradient = F.T @ (p - y) + ridge * w
        if np.abs(gradient).max() <= TOLERANCE * len(y):
            break
        hessian = (F * (p * (1 - p))[:, None]).T @ F + ridge * np.eye(len(w))
        w = _downhill(w, np.linalg.solve(hessian, gradient), F, y, ridge)
    return tuple(w.tolist())


def _downhill(w: Floats, direction: Floats, F: Floats, y: Floats, ridge: float) -> Floats:
    """w less the first of direction, direction/2, ... that does not raise the loss; a convex loss has one."""
    before = _loss(w, F, y, ridge)
    for halvings in range(40):
        after: Floats = w - direction / 2.0**halvings
        if _loss(after, F, y, ridge) <= before:
            return after
    return w


def _loss(w: Floats, F: Floats, y: Floats, ridge: float) -> float:
    return float(np.logaddexp(0, np.where(y > 0, -1, 1) * (F @ w)).sum() + ridge / 2 * (w @ w))


def _sigmoid(x: Floats) -> Floats:
    total: Floats = np.logaddexp(0, -x)
    return np.exp(-total)
