"""The denoising loop: always a member, never more calls than asked for, and free where all texts fit."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import BadLogits, InvalidOption
from maskwright.matching.infilling.slots import BLANK, MASK, OPEN, Gap, Soft
from maskwright.sampling.infilling.denoising import Plan, denoise, denoise_as_planned, denoise_batch, init, step
from maskwright.sampling.infilling.free_canvas import denoise_freely
from maskwright.sampling.infilling.schedulers import SCHEDULERS, EntropyBounded, Prophet, Proposal, StepView, TopK
from maskwright.sampling.random_key import RandomKey
from tests.sampling.infilling.toys import (
    END,
    NEVER,
    TOKENS,
    FixedModel,
    RandomModel,
    everything,
    is_list,
    lists,
    regular,
    text_of,
)

SLOTS = [MASK] * 9 + [Gap.at_most(3)] + [MASK]
KEY = RandomKey.from_seed(5)


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("temperature", [0.0, 1.0, 0.3])
def test_whatever_the_model_says_the_text_is_a_member(name: str, temperature: float) -> None:
    for seed in range(6):
        model = RandomModel(seed)
        done = denoise(lists().canvas(SLOTS, [END]), model, SCHEDULERS[name](), 5, KEY, temperature)
        assert done.canvas.is_complete
        assert len(done.tokens) == 13
        assert is_list(text_of(done.tokens)), text_of(done.tokens)
        assert model.n_calls == len(done.steps) <= 5
        assert (done.trajectory[-1] == done.tokens).all()
        assert temperature == 0 or done.n_rejected == 0


class Everything:
    """A scheduler that proposes the best choice of every open slot."""

    def init(self, n_slots: int) -> None:
        return None

    def step(self, view: StepView, state: None) -> tuple[Proposal, None]:
        slots = np.flatnonzero(view.open)
        return Proposal(slots, view.best[slots], view.confidence[slots]), None


def test_proposals_that_contradict_each_other_are_met_and_refused() -> None:
    refused = 0
    for seed in range(20):
        done = denoise(lists().canvas([MASK] * 16), RandomModel(seed, spread=0.5), Everything(), 6)
        assert is_list(text_of(done.tokens))
        for record in done.steps[:-1]:
            assert record.committed
        refused += done.n_rejected
    assert refused > 20


def test_records_tell_who_decided_each_slot() -> None:
    done = denoise(lists().canvas([0, MASK, MASK, Soft(3), MASK, MASK]), RandomModel(1), TopK(), 3)
    assert done.given.tolist() == [0, OPEN, OPEN, OPEN, OPEN, OPEN]
    decided = [set(done.forced_at_start)]
    for number, record in enumerate(done.steps):
        assert record.step == number
        assert not record.reopened
        assert set(record.committed) == set(record.confidence)
        assert all(0 < p <= 1 + 1e-6 for p in record.confidence.values())
        assert not set(record.rejected) & set(record.committed)
        decided += [set(record.committed), set(record.forced)]
    assert set().union(*decided) == {1, 2, 3, 4, 5}
    assert sum(map(len, decided)) == 5
    assert done.steps[-1].finished or len(done.steps) < 3
    assert all(record.seconds_model >= 0 and record.seconds_constraint > 0 for record in done.steps)


def test_a_canvas_with_one_text_never_asks_the_model() -> None:
    model = RandomModel(0)
    done = denoise(regular().canvas([0, MASK, 1]), model, TopK(), 4)
    assert text_of(done.tokens) == "[1]"
    assert (model.n_calls, done.steps, done.n_forced) == (0, (), 1)


def test_the_canvas_that_is_given_stays_as_it_is() -> None:
    canvas = lists().canvas(SLOTS, [END])
    before = canvas.tokens
    denoise(canvas, RandomModel(3), TopK(), 4)
    assert (canvas.tokens == before).all()


def test_one_step_is_the_most_probable_text() -> None:
    rows = RandomModel(8, spread=2.0).logits(np.zeros(5))
    done = denoise(regular().canvas([MASK] * 5), FixedModel(rows), TopK(), 1)
    texts = [w for w in itertools.product(range(NEVER), repeat=5) if re.fullmatch(r'\[("a?b*"|1)(,1)*\]', spelt(w))]
    best = max(texts, key=lambda word: rows[range(5), list(word)].sum())
    assert len(texts) > 3
    assert tuple(done.tokens.tolist()) == best
    assert done.steps[0].finished


def spelt(word: tuple[int, ...]) -> str:
    return b"".join(TOKENS[token] for token in word).decode()


def test_at_temperature_one_a_single_step_draws_by_the_posterior() -> None:
    rows = RandomModel(2, spread=1.0).logits(np.zeros(5))
    weights: dict[str, float] = {}
    for word in itertools.product(range(NEVER), repeat=5):
        if re.fullmatch(r'\[("a?b*"|1)(,1)*\]', spelt(word)):
            key = ",".join(map(str, word))
            weights[key] = float(np.exp(rows[range(5), list(word)].astype(float).sum()))
    total = sum(weights.values())
    counts = dict.fromkeys(weights, 0)
    canvas, n = regular().canvas([MASK] * 5), 3000
    for seed in range(n):
        done = denoise(canvas, FixedModel(rows), TopK(), 1, RandomKey.from_seed(seed), 1.0)
        counts[",".join(map(str, done.tokens.tolist()))] += 1
    distance = sum(abs(counts[key] / n - weights[key] / total) for key in weights) / 2
    assert len(weights) > 3
    # The mean of this distance is below sqrt(k / (2 pi n)) for k texts; by McDiarmid it exceeds that by 0.04 with
    # probability below exp(-2 n 0.04**2) < 1e-4.
    assert distance < np.sqrt(len(weights) / (2 * np.pi * n)) + 0.04


def test_equal_keys_give_equal_texts_and_batches_change_nothing() -> None:
    canvases = [lists().canvas([MASK] * n, [END]) for n in (3, 5, 8)]
    model = FixedBatch(RandomModel(4, spread=1.0).logits(np.zeros(8)))
    plan = Plan(TopK(), 3, temperature=1.0)
    together = denoise_batch(canvases, model, plan, KEY)
    again = denoise_batch(canvases, model, plan, KEY)
    assert [done.tokens.tolist() for done in together] == [done.tokens.tolist() for done in again]
    first = denoise_batch(canvases[:1], model, plan, KEY)[0]
    assert first.tokens.tolist() == together[0].tokens.tolist()
    others = {tuple(denoise_batch(canvases, model, plan, RandomKey.from_seed(s))[2].tokens.tolist()) for s in range(9)}
    assert len(others) > 1


class FixedBatch:
    """The first rows of one table for each canvas."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows

    def batch_logits(self, canvases: list[np.ndarray]) -> list[np.ndarray]:
        return [self.rows[: len(tokens)] for tokens in canvases]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(sorted(SCHEDULERS)), st.integers(1, 12), st.integers(1, 6))
def test_where_all_texts_fit_the_loop_is_the_free_one_bit_for_bit(seed: int, name: str, n: int, n_steps: int) -> None:
    slots = [MASK] * n + [3]
    bound = denoise(everything().canvas(slots), RandomModel(seed), SCHEDULERS[name](), n_steps)
    free = denoise_freely(
        slots, RandomModel(seed), SCHEDULERS[name](), n_steps, vocabulary_size=len(TOKENS), never=[NEVER, END]
    )
    assert bound.tokens.tolist() == free.tokens.tolist()
    assert (bound.trajectory == free.trajectory).all()
    assert bound.n_rejected == bound.n_forced == 0


def test_a_finish_that_is_called_for_decides_everything_at_once() -> None:
    rows = np.full((7, len(TOKENS)), -20.0, dtype=np.float32)
    wanted = [0, 2, 3, 2, 3, 2, 1]  # [1,1,1]
    rows[range(7), wanted] = 20
    done = denoise(lists().canvas([MASK] * 7, [END]), FixedModel(rows), Prophet(), 6)
    assert done.tokens.tolist() == wanted
    assert len(done.steps) == 1
    assert done.steps[0].finished


def test_slots_are_opened_again_and_the_text_is_still_a_member() -> None:
    reopened = 0
    for seed in range(30):
        scheduler = EntropyBounded(bound_nats=0.5, renoise=True)
        done = denoise(lists().canvas(SLOTS, [END]), RandomModel(seed, spread=2.0), scheduler, 9)
        assert is_list(text_of(done.tokens))
        assert (done.trajectory[-1] == done.tokens).all()
        reopened += sum(len(record.reopened) for record in done.steps)
    assert reopened > 0


def test_a_soft_slot_may_keep_its_token_or_change_it() -> None:
    rows = np.zeros((3, len(TOKENS)), dtype=np.float32)
    rows[1, 2] = 5  # 1
    for slot in (Soft(5), Soft(2), Soft(5, (2,))):
        assert text_of(denoise(lists().canvas([0, slot, 1]), FixedModel(rows), TopK(), 2).tokens) == "[1]"


def test_a_model_that_holds_every_member_impossible_is_overruled() -> None:
    rows = np.full((5, len(TOKENS)), -np.inf, dtype=np.float32)
    rows[:, 5] = 0  # aaaaa is no list
    for temperature in (0.0, 1.0):
        done = denoise(lists().canvas([MASK] * 5, [END]), FixedModel(rows), TopK(), 2, KEY, temperature)
        assert is_list(text_of(done.tokens))
    far = np.full((3, len(TOKENS)), -1e30, dtype=np.float32)
    far[:, 5] = 1e30
    assert is_list(text_of(denoise(lists().canvas([MASK] * 3), FixedModel(far), TopK(), 3).tokens))


def test_blanks_are_decided_like_tokens() -> None:
    rows = np.zeros((6, len(TOKENS)), dtype=np.float32)
    done = denoise(lists().canvas([0, Gap.at_most(4), 1]), FixedModel(rows), TopK(), 3)
    assert BLANK in done.tokens.tolist()
    assert is_list(text_of(done.tokens))


def test_the_dearer_a_blank_the_longer_the_gap() -> None:
    lengths = []
    for cost in (-50.0, 0.0, 2.5, 2.6):  # each letter costs log 13 = 2.56
        plan = Plan(TopK(), 1, blank_cost_nats=cost)
        done = denoise_as_planned(lists().canvas([4, Gap(1, 9), 4]), FixedModel(np.zeros((11, len(TOKENS)))), plan)
        lengths.append(int((done.tokens != BLANK).sum()) - 2)
    assert lengths == [1, 1, 1, 9]
    with pytest.raises(InvalidOption, match="the cost of a blank must be finite, not nan"):
        Plan(TopK(), 1, blank_cost_nats=float("nan"))


def test_a_host_may_own_the_loop() -> None:
    plan = Plan(TopK(), 4)
    state = init(lists().canvas(SLOTS, [END]), plan)
    model, records = RandomModel(6), []
    while not state.is_done:
        before = state.tokens
        state, record = step(KEY, state, model.logits(before))
        assert (before != state.tokens).any()
        records.append(record)
    done = denoise_as_planned(lists().canvas(SLOTS, [END]), RandomModel(6), plan)
    assert (state.tokens == done.tokens).all()
    assert [r.committed for r in records] == [r.committed for r in done.steps]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.zeros((3, 4)), "3 rows of 13 numbers were asked for, the answer is an array float64[3, 4]"),
        (np.zeros(3), "3 rows of 13 numbers were asked for, the answer is an array float64[3]"),
        ([[0.0], [0.0, 1.0]], "3 rows of 13 numbers were asked for"),
        (np.full((3, 13), np.nan), "a score is not a number"),
    ],
)
def test_an_answer_that_is_no_table_of_rows_is_the_models_fault(answer: object, message: str) -> None:
    class Wrong:
        def logits(self, tokens: np.ndarray) -> object:
            return answer

    with pytest.raises(BadLogits, match=re.escape(message)):
        denoise(lists().canvas([MASK] * 3), Wrong(), TopK(), 2)


def test_options_that_mean_nothing_are_refused() -> None:
    canvas = lists().canvas([MASK] * 3)
    with pytest.raises(InvalidOption, match="the number of steps must be at least 1, not 0"):
        denoise(canvas, RandomModel(0), TopK(), 0)
    with pytest.raises(InvalidOption, match="the temperature must be at least 0 and finite"):
        denoise(canvas, RandomModel(0), TopK(), 1, KEY, -1.0)
    with pytest.raises(InvalidOption, match="the key must be a RandomKey where the temperature is not 0"):
        denoise(canvas, RandomModel(0), TopK(), 1, temperature=1.0)
