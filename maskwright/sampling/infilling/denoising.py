"""The denoising loop: a masked model fills the open slots of a canvas over some steps, and never leaves the grammar.

    done = denoise(grammar.canvas([MASK] * 64, eos_ids), model, TopK(), n_steps=16)
    done.tokens                    # int64[64], a text of the grammar, whatever the model said
    done.steps                     # who decided which slot in which step, and how long it took

One step: the model is asked for all slots at once; `canvas.posterior` makes of it p(x_i | canvas, language), the
model's factorised prediction conditioned on the grammar; a scheduler proposes slots by these marginals;
`canvas.commit` takes of the proposal what stands together, the surest first. Slots that then have a single choice left
are decided without the model. In the last step, or when a scheduler calls for the finish, everything that is open is
decided at once by the most probable completion. So the loop ends in at most `n_steps` calls of the model, and its text
is always a member.

Temperature 0 proposes the most probable choices. Otherwise the logits are divided by the temperature, and one text is
drawn from the posterior: the proposed slots take *its* tokens, which agree with each other, so nothing is refused. The
last step then keeps the text that was drawn; a finish that a scheduler calls for is the most probable completion
always. Conditioning is exact for one step's prediction; over all steps the law of the texts is that of the schedule.

`init` and `step(key, state, logits) -> (state, record)` are pure functions of values, for hosts that own the loop and
for batches; `denoise` and `denoise_batch` are loops around them. What is drawn depends on the key and the number of the
step alone. Cost beside the model: the posterior, one look at its rows, the commit; `StepRecord` has the seconds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import OPEN
from maskwright.sampling.infilling.denoised import Decisions, Denoised, StepRecord
from maskwright.sampling.infilling.denoising_canvas import DenoisingCanvas, DenoisingPosterior
from maskwright.sampling.infilling.masked_model import MaskedBatchModel, MaskedModel, Rows, Tokens, checked_rows
from maskwright.sampling.infilling.schedulers.protocol import Proposal, Scheduler, StepView
from maskwright.sampling.random_key import RandomKey

Clock = Callable[[], float]

IMPROBABLE: Final = np.float32(-80.0)
"""Below a slot's most probable token, in nats: above the least positive float32, and below anything that matters."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to denoise: which slots next, in how many steps, and how boldly.

    n_steps: calls of the model at most.  temperature: 0 takes the most probable choices.  clock: seconds, for records.
    blank_cost_nats: a model says nothing of slots that may stay empty; such a blank weighs exp(-cost), where all tokens
    together weigh 1. More makes gaps longer.
    """

    scheduler: Scheduler[Any]
    n_steps: int
    temperature: float = 0.0
    clock: Clock = time.perf_counter
    blank_cost_nats: float = 0.0

    def __post_init__(self) -> None:
        if self.n_steps < 1:
            raise InvalidOption("the number of steps", self.n_steps, "at least 1")
        if not 0 <= self.temperature < math.inf:
            raise InvalidOption("the temperature", self.temperature, "at least 0 and finite")
        if not math.isfinite(self.blank_cost_nats):
            raise InvalidOption("the cost of a blank", self.blank_cost_nats, "finite")


@dataclass(frozen=True, slots=True, eq=False)
class DenoisingState:
    """A canvas on its way; no step changes it.

    canvas           never written to: steps work on forks
    scheduler_state  the scheduler's own
    step             how many were taken
    forced           what was decided without the model just before, slot -> token
    seconds          spent on the canvas since the last record
    """

    canvas: DenoisingCanvas
    plan: Plan
    scheduler_state: Any
    step: int
    forced: Decisions
    seconds: float

    @property
    def tokens(self) -> Tokens:
        """What the model is asked with: int64[n], OPEN where undecided; soft slots show their present token."""
        return self.canvas.tokens

    @property
    def is_done(self) -> bool:
        """Is every slot decided?"""
        return self.canvas.is_complete


# One step


def init(canvas: DenoisingCanvas, plan: Plan) -> DenoisingState:
    """The state before the first step: a fork of the canvas, with what has a single choice decided."""
    began = plan.clock()
    choices = canvas.forced()  # asked of the given canvas, so that its masks are found once for all runs from it
    own = canvas.fork()
    forced = own.commit(choices)
    return DenoisingState(own, plan, plan.scheduler.init(own.n_slots), 0, forced, plan.clock() - began)


def step(key: RandomKey, state: DenoisingState, logits: Rows) -> tuple[DenoisingState, StepRecord]:
    """Decide some open slots by the model's logits for `state.tokens`, float[n, V].

    Raises `BadLogits`; and `InvalidOption` from a scheduler.
    """
    plan, clock = state.plan, state.plan.clock
    began = clock()
    canvas = state.canvas.fork()
    rows = checked_rows(logits, canvas.n_slots, canvas.vocabulary_size)
    posterior = prediction(canvas, rows, plan.temperature, plan.blank_cost_nats)
    view = _view(state, posterior)
    asked = clock()
    proposal, scheduler_state = plan.scheduler.step(view, state.scheduler_state)
    answered = clock()

    reopened: tuple[int, ...] = ()
    rejected: Decisions = {}
    finishes = proposal.finish or state.step + 1 >= plan.n_steps
    if finishes:
        text = posterior.best if proposal.finish or not plan.temperature else _drawn(key, state, posterior)
        committed = canvas.commit({int(slot): int(text[slot]) for slot in np.flatnonzero(canvas.is_open)})
        assert canvas.is_complete, "a completion fits into its canvas"
    else:
        wanted = _wanted(proposal, _drawn(key, state, posterior) if plan.temperature else None)
        if len(proposal.reopen):
            reopened = tuple(proposal.reopen.tolist())
            canvas.unset(reopened)
        committed = canvas.commit(wanted, dict(zip(wanted, proposal.confidence.tolist(), strict=True)))
        rejected = {slot: token for slot, token in wanted.items() if slot not in committed}
    forced = canvas.commit(canvas.forced())
    confidence = _probabilities(view, committed)
    done = clock()
    record = StepRecord(
        step=state.step,
        committed=committed,
        confidence=confidence,
        forced=forced,
        rejected=rejected,
        reopened=reopened,
        finished=finishes,
        seconds_model=0.0,
        seconds_constraint=state.seconds + (asked - began) + (done - answered),
        seconds_scheduler=answered - asked,
    )
    return DenoisingState(canvas, plan, scheduler_state, state.step + 1, forced, 0.0), record


def prediction(
    canvas: DenoisingCanvas, rows: Rows, temperature: float = 1.0, blank_cost_nats: float = 0.0
) -> DenoisingPosterior:
    """The prediction inside the grammar; where a model gives all texts that fit none, every token has a little."""
    scores = np.asarray(rows, dtype=np.float32)
    if temperature not in {0, 1}:
        scores = scores / np.float32(temperature)
    if blank_cost_nats:
        peak = scores.max(axis=1, keepdims=True)
        all_tokens = peak + np.log(np.exp(scores - peak).sum(axis=1, keepdims=True))
        scores = np.append(scores, all_tokens - np.float32(blank_cost_nats), axis=1)
    posterior = canvas.posterior(scores)
    if posterior.log_z > -np.inf or np.isnan(posterior.log_z):
        return posterior
    floor = scores.max(axis=1, keepdims=True) + IMPROBABLE
    return canvas.posterior(np.maximum(scores, floor))


def _view(state: DenoisingState, posterior: DenoisingPosterior) -> StepView:
    """What the scheduler sees: soft slots are open."""
    tokens = np.where(state.canvas.is_open, OPEN, state.tokens)
    forced = np.zeros(len(tokens), dtype=np.bool_)
    forced[list(state.forced)] = True
    return StepView(state.step, state.plan.n_steps, tokens, posterior.log_marginals, forced)


def _wanted(proposal: Proposal, drawn: Tokens | None) -> dict[int, int]:
    """The proposed slots, most confident first, with the scheduler's tokens or those of the text that was drawn."""
    tokens = proposal.tokens if drawn is None else drawn[proposal.slots]
    return dict(zip(proposal.slots.tolist(), tokens.tolist(), strict=True))


def _drawn(key: RandomKey, state: DenoisingState, posterior: DenoisingPosterior) -> Tokens:
    """One text from the posterior."""
    seed = int(key.child(state.step).uniform() * 2**53)
    drawn: Tokens = posterior.sample(np.random.default_rng(seed), 1)[0]
    return drawn


def _probabilities(view: StepView, decisions: Decisions) -> dict[int, float]:
    """Slot -> the probability of what was decided, under the marginals of the step."""
    return {
        slot: float(np.exp(view.log_marginals[slot, token if token >= 0 else -1])) for slot, token in decisions.items()
    }


# Loops

NO_KEY: Final = RandomKey.from_seed(0)
"""Where nothing is drawn."""


def denoise(
    canvas: DenoisingCanvas,
    model: MaskedModel,
    scheduler: Scheduler[Any],
    n_steps: int,
    key: RandomKey | None = None,
    temperature: float = 0.0,
) -> Denoised:
    """Fill a canvas, which stays as it is, with at most `n_steps` calls of the model (see above).

    Raises `BadLogits`, and `InvalidOption`, also for a temperature without a key.
    """
    plan = Plan(scheduler, n_steps, temperature)
    return denoise_as_planned(canvas, model, plan, key)


def denoise_as_planned(
    canvas: DenoisingCanvas, model: MaskedModel, plan: Plan, key: RandomKey | None = None
) -> Denoised:
    """`denoise`, for a plan that exists."""
    return denoise_batch([canvas], _OneByOne(model), plan, key)[0]


def denoise_batch(
    canvases: Sequence[DenoisingCanvas], model: MaskedBatchModel, plan: Plan, key: RandomKey | None = None
) -> list[Denoised]:
    """Fill many canvases, of one grammar or of several; the model reads those that are open in one pass a step.

    Canvas i draws with `key.child(i)`, so its text does not depend on the others. The seconds of the model are divided
    among the canvases of a pass.
    """
    if plan.temperature and key is None:
        raise InvalidOption("the key", key, "a RandomKey where the temperature is not 0")
    keys = [(key or NO_KEY).child(i) for i in range(len(canvases))]
    states = [init(canvas, plan) for canvas in canvases]
    starts = [state.forced for state in states]
    records: list[list[StepRecord]] = [[] for _ in canvases]
    while waiting := [i for i, state in enumerate(states) if not state.is_done]:
        began = plan.clock()
        answers = model.batch_logits([states[i].tokens for i in waiting])
        seconds = (plan.clock() - began) / len(waiting)
        for i, logits in zip(waiting, answers, strict=True):
            states[i], record = step(keys[i], states[i], logits)
            records[i].append(replace(record, seconds_model=seconds))
    return [
        Denoised(state.canvas, np.where(canvas.is_open, OPEN, canvas.tokens), start, tuple(taken))
        for state, canvas, start, taken in zip(states, canvases, starts, records, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """A model that is asked for one canvas at a time."""

    model: MaskedModel

    def batch_logits(self, canvases: Sequence[Tokens]) -> list[Rows]:
        return [self.model.logits(tokens) for tokens in canvases]
