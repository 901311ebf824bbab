"""The surest slots are accepted while their entropies add up to no more than a bound; the rest may be renoised.

Source: the sampler of DiffusionGemma (bound 0.1, 48 steps; diffusers `EntropyBoundScheduler`), after Ben-Hamu et al.,
"Accelerated Sampling from Masked Diffusion Models via Entropy Bounded Unmasking", arXiv 2505.24857. The total
correlation of the accepted slots, which independent commits ignore, is at most Σ H − max H.

Two budgets: `"sum"` bounds Σ H. `"information"` bounds Σ H − max H, as DiffusionGemma does, and so accepts one slot
more where it accepts any beyond the first. The surest slot is accepted in any case, as in the source.

Changed: entropies are those of the constrained marginals. They are lower than the model's own, often zero, so the same
bound accepts more and the canvas is done sooner: a bound that was tuned without a grammar has to be tuned again, which
is what `calibrated_bound` is for.

Changed, for `renoise`: the source draws every position anew in every step, and measures its entropy anew. Here a
decided slot has a marginal of one token, so it keeps the entropy that it was proposed with, and competes with it: it
is opened again if surer slots have used up the bound. Only slots that this scheduler proposed, and that still hold what
it proposed, are ever opened; in one step fewer than are proposed, or a canvas might never be done.

Cost: the entropies, and a sort of the slots.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import OPEN
from maskwright.sampling.infilling.schedulers.choosing import best_at, ranked
from maskwright.sampling.infilling.schedulers.protocol import Flags, Floats, Proposal, Slots, StepView


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """What was proposed so far: int64[n] tokens, OPEN where nothing was, and float64[n] entropies at that time."""

    tokens: Slots
    entropy: Floats


@dataclass(frozen=True, slots=True)
class EntropyBounded:
    """Lowest entropies first, up to `bound_nats` in all; with `renoise`, its own decided slots are ranked too."""

    bound_nats: float = 0.1
    budget: Literal["sum", "information"] = "sum"
    renoise: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.bound_nats < math.inf:
            raise InvalidOption("the bound", self.bound_nats, "at least 0 and finite")
        if self.budget not in {"sum", "information"}:
            raise InvalidOption("the budget", self.budget, "'sum' or 'information'")

    def init(self, n_slots: int) -> Accepted:
        """Nothing proposed yet."""
        return Accepted(np.full(n_slots, OPEN), np.zeros(n_slots))

    def step(self, view: StepView, state: Accepted) -> tuple[Proposal, Accepted]:
        """See `Scheduler`."""
        ours = (view.tokens == state.tokens) & ~view.open if self.renoise else np.zeros(view.n_slots, dtype=np.bool_)
        entropy = np.where(view.open, view.entropy, state.entropy)
        accepted = self._accepted(entropy, view.open | ours)
        chosen = accepted & view.open
        if not chosen.any():
            chosen[ranked(-entropy, view.open)[:1]] = True
        slots = ranked(view.confidence, chosen)
        reopened = ranked(entropy, ours & ~accepted)[: max(0, len(slots) - 1)]
        return replace(best_at(view, slots), reopen=reopened), _after(state, view, slots)

    def _accepted(self, entropy: Floats, among: Flags) -> Flags:
        rising = ranked(-entropy, among)
        spent = np.cumsum(entropy[rising])
        if self.budget == "information":
            spent -= entropy[rising]  # entropies rise, so the last one is the greatest
        accepted = np.zeros(len(entropy), dtype=np.bool_)
        accepted[rising[spent <= self.bound_nats]] = True
        return accepted


def calibrated_bound(views: Iterable[StepView], n_accepted: int) -> float:
    """The bound (of `"sum"`) with which half of these steps would accept at least `n_accepted` slots.

    views: recorded steps of constrained runs; those with fewer open slots say nothing. Raises `InvalidOption` if no
    step is left.
    """
    if n_accepted < 1:
        raise InvalidOption("the number of accepted slots", n_accepted, "at least 1")
    sums = [
        float(np.sort(view.entropy[view.open])[:n_accepted].sum())
        for view in views
        if int(view.open.sum()) >= n_accepted
    ]
    if not sums:
        raise InvalidOption("the number of accepted slots", n_accepted, "at most the open slots of some recorded step")
    # The upper of the two middle ones, and a hair above it: sums in another order round differently.
    return sorted(sums)[len(sums) // 2] * (1 + 1e-12)


def _after(state: Accepted, view: StepView, slots: Slots) -> Accepted:
    tokens, entropy = state.tokens.copy(), state.entropy.copy()
    tokens[slots], entropy[slots] = view.best[slots], view.entropy[slots]
    return Accepted(tokens, entropy)
