"""What holds for every scheduler, on canvases by enumeration whose scores are drawn anew in every step."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.matching.infilling.slots import BLANK, OPEN
from maskwright.sampling.infilling.schedulers import (
    CCD,
    SCHEDULERS,
    AdaBlock,
    ConfidenceThreshold,
    Delimiters,
    EntropyBounded,
    Learn2PD,
    LocalLeap,
    Prophet,
    Scheduler,
    StepView,
)
from tests.sampling.infilling.schedulers.toys import N_TOKENS, NaiveCanvas, Word, frozen, languages, run

CASES: dict[str, Scheduler] = {
    **{name: make() for name, make in SCHEDULERS.items()},
    "low threshold": ConfidenceThreshold(0.3),
    "eager leap": LocalLeap(0.6, 0.3, 1),
    "delimited blocks": AdaBlock(Delimiters(frozenset({0, 2}), {1: 1, 2: -1}), block_length=2, window_share=0.6),
    "narrow blocks": AdaBlock(block_length=1),
    "short history": CCD(2, 0.4),
    "no history": CCD(1, 0.0),
    "information": EntropyBounded(0.5, "information"),
    "renoising": EntropyBounded(0.8, renoise=True),
    "renoising much": EntropyBounded(2.0, "information", renoise=True),
    "early prophet": Prophet(((1.0, 1.0),), base=ConfidenceThreshold(0.5)),
    "learnt": Learn2PD((0.1, 0.5, -0.7, 0.2, 0.3, 0.4), 0.5, eos_ids=(2, 0)),
}

every_scheduler = pytest.mark.parametrize("scheduler", CASES.values(), ids=CASES.keys())
seeds = st.integers(0, 2**32 - 1)

#: Each law is checked for each case, so there are many examples in all.
few_examples = settings(max_examples=max(10, settings.default.max_examples // 3))


def check_proposal(seen: StepView, proposal) -> None:
    blank = seen.log_marginals.shape[1] - 1
    assert len(proposal.slots) > 0
    assert len(set(proposal.slots.tolist())) == len(proposal.slots)
    assert (seen.tokens[proposal.slots] == OPEN).all()
    columns = np.where(proposal.tokens == BLANK, blank, proposal.tokens)
    assert (columns >= 0).all()
    assert (seen.log_marginals[proposal.slots, columns] > -np.inf).all()
    assert (np.diff(proposal.confidence) <= 0).all()
    assert (proposal.confidence > 0).all()
    assert (proposal.confidence <= 1 + 1e-6).all()
    assert (seen.tokens[proposal.reopen] != OPEN).all()
    assert len(proposal.reopen) < len(proposal.slots)


@every_scheduler
@few_examples
@given(words=languages(), seed=seeds, commits_forced=st.booleans(), heeds_finish=st.booleans())
def test_every_step_proposes_open_slots_with_possible_tokens_and_the_canvas_ends_within_n_steps_in_a_word(
    scheduler: Scheduler, words: list[Word], seed: int, commits_forced: bool, heeds_finish: bool
) -> None:
    canvas = NaiveCanvas.of(words, N_TOKENS)
    taken = list(run(scheduler, canvas, np.random.default_rng(seed), 3, commits_forced, heeds_finish))
    for step in taken:
        check_proposal(step.view, step.proposal)
    # Renoising gives back at most what the joint commit grants, so it alone may take longer.
    if not getattr(scheduler, "renoise", False):
        assert len(taken) <= len(words[0])
    assert tuple(canvas.tokens.tolist()) in words


def tables(draw: st.DrawFn, n: int) -> np.ndarray:
    """float32[n, 4]: log marginals on a coarse grid, so that ties are common; every row has a choice."""
    weights = draw(
        st.lists(
            st.lists(st.sampled_from([0, 0, 1, 1, 2, 8, 60]), min_size=4, max_size=4).filter(any),
            min_size=n,
            max_size=n,
        )
    )
    with np.errstate(divide="ignore"):
        return np.log(np.array(weights) / np.sum(weights, axis=1, keepdims=True)).astype(np.float32)


@every_scheduler
@few_examples
@given(data=st.data())
def test_unrelated_tables_from_step_to_step_end_within_n_steps_too(scheduler: Scheduler, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 7))
    grants_one = data.draw(st.booleans())
    tokens, state = np.full(n, OPEN), scheduler.init(n)
    for step in range(n):
        rows = data.draw(st.composite(tables)(n))
        seen = frozen(StepView(step, 4, tokens.copy(), rows, np.zeros(n, dtype=np.bool_)))
        proposal, state = scheduler.step(seen, state)
        check_proposal(seen, proposal)
        granted = slice(1) if grants_one else slice(None)
        if not grants_one:
            tokens[proposal.reopen] = OPEN
        tokens[proposal.slots[granted]] = proposal.tokens[granted]
        if not (tokens == OPEN).any():
            break
    assert not (tokens == OPEN).any()


@every_scheduler
@few_examples
@given(words=languages(), seed=seeds)
def test_the_same_view_and_state_give_the_same_proposal(scheduler: Scheduler, words: list[Word], seed: int) -> None:
    state = scheduler.init(len(words[0]))
    for step in run(scheduler, NaiveCanvas.of(words, N_TOKENS), np.random.default_rng(seed)):
        again = dataclasses.replace(step.view)
        proposal, after = scheduler.step(again, state)
        for name in ("slots", "tokens", "confidence", "reopen", "finish"):
            assert np.array_equal(getattr(proposal, name), getattr(step.proposal, name))
        state = after


@every_scheduler
def test_with_nothing_open_nothing_is_proposed(scheduler: Scheduler) -> None:
    rows = np.full((2, 4), -np.inf, dtype=np.float32)
    rows[:, 1] = 0
    seen = frozen(StepView(3, 4, np.array([1, 1]), rows, np.zeros(2, dtype=np.bool_)))
    proposal, _ = scheduler.step(seen, scheduler.init(2))
    assert len(proposal.slots) == len(proposal.reopen) == 0
    assert not proposal.finish


@every_scheduler
def test_a_canvas_of_no_slots_is_no_special_case(scheduler: Scheduler) -> None:
    seen = StepView(0, 4, np.empty(0, np.int64), np.empty((0, 4), np.float32), np.empty(0, np.bool_))
    proposal, _ = scheduler.step(seen, scheduler.init(0))
    assert len(proposal.slots) == 0
