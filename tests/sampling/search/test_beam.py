"""Beams against enumeration: exact where wide enough, and never claiming to be best where they are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import BadLogits, BudgetTooSmall, EmptyLanguage, InvalidOption, NoContinuation
from maskwright.sampling.enumeration import exact
from maskwright.sampling.search.beam import BeamOptions, beam_search, init, step
from maskwright.sampling.search.diverse_beam import DiverseOptions, diverse_beam_search
from maskwright.sampling.target import Ending, Target
from tests.sampling.search.toys import best_scores, left_out, random_target
from tests.sampling.toys import ListedLanguage, toy


def test_the_mode_of_the_toy_is_found_and_a_wide_beam_proves_it() -> None:
    narrow = beam_search(toy(), BeamOptions(width=4), n=3)
    assert [text.token_ids for text in narrow.texts] == [(2, 3, 4), (2, 0, 2, 1, 4), (0, 4)]
    assert not narrow.is_proved
    assert narrow.n_proved == 0
    assert narrow.gap == narrow.log_bound - narrow.texts[-1].score > 0
    wide = beam_search(toy(), BeamOptions(width=171), n=3)
    assert wide.texts == narrow.texts
    assert wide.is_proved
    assert wide.gap == 0
    assert wide.n_rows < 0.4 * exact(toy()).n_rows  # it stops where nothing can win any more


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 6), st.sampled_from([0.0, 0.6, 1.0, -0.5]))
def test_what_a_beam_calls_proved_is_what_enumeration_finds(seed: int, width: int, n: int, exponent: float) -> None:
    target = random_target(seed)
    options = BeamOptions(width, exponent)
    result = beam_search(target, options, n=n)
    scores = best_scores(exact(target), options.score)
    found = [text.score for text in result.texts]
    assert found == sorted(found, reverse=True)
    assert found[: result.n_proved] == pytest.approx(scores[: result.n_proved])
    assert max(left_out(scores, found), default=-math.inf) <= result.log_bound + 1e-9
    if result.is_proved:
        assert len(found) == min(n, len(scores))
    assert result.gap >= 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([0.0, 0.6, 1.0, -0.5]))
def test_a_beam_as_wide_as_the_language_is_exact(seed: int, n: int, exponent: float) -> None:
    target = random_target(seed)
    truth = exact(target)
    options = BeamOptions(truth.n_rows, exponent)
    result = beam_search(target, options, n=n)
    assert result.is_proved
    assert [text.score for text in result.texts] == pytest.approx(best_scores(truth, options.score)[:n])


def test_scores_are_never_renormalised() -> None:
    # After 0 only 2 is allowed, which the model all but rules out: renormalised, that text would win.
    def model(prefixes: list[tuple[int, ...]]) -> np.ndarray:
        return np.array([[0.0, -1.0, -9.0, 0.0] if prefix else [1.0, 0.0, -9.0, -9.0] for prefix in prefixes])

    eos = frozenset({3})
    target = Target(model, (), ListedLanguage(frozenset({(0, 2), (1,)}), eos), 3, eos)
    result = beam_search(target, BeamOptions(width=1), n=1)
    assert result.texts[0].token_ids == (0, 2, 3)  # width 1 follows the better beginning, and says what it let go
    assert result.log_bound > result.texts[0].score
    assert beam_search(target, BeamOptions(width=2)).texts[0].token_ids == (1, 3)


def test_end_tokens_are_one_event() -> None:
    eos = frozenset({3, 4})
    target = Target(lambda prefixes: np.tile([0.0, 0, 0, 0, 0.1], (len(prefixes), 1)), (), _one(eos), 2, eos)
    (text,) = beam_search(target, n=5).texts
    assert text.token_ids == (1, 4)
    total = 4 + math.exp(0.1)
    assert math.exp(text.log_probability) == pytest.approx(1 / total * (1 + math.exp(0.1)) / total)


def _one(eos: frozenset[int]) -> ListedLanguage:
    return ListedLanguage(frozenset({(1,)}), eos)


def test_a_length_penalty_is_declared_and_changes_the_order() -> None:
    plain = beam_search(toy(), BeamOptions(width=50), n=1)
    long = beam_search(toy(), BeamOptions(width=50, length_exponent=1.0), n=1)
    assert plain.declared == ()
    assert long.declared == ("ranked by log p / n**1 for n tokens",)
    assert len(long.texts[0].token_ids) > len(plain.texts[0].token_ids)


def test_with_a_length_penalty_a_prefix_is_kept_for_what_it_can_become() -> None:
    # (0) scores log(0.3 · 0.74) / 2 = −0.75; (1, 1, 1, 1) gets −2.3 / 5, by way of prefixes below −0.75.
    first, sure, end = np.log([0.3, 0.1, 0.6]), np.log([1e-9, 1.0, 1e-9]), np.log([0.13, 0.13, 0.74])
    last = np.log([1e-9, 1e-9, 1.0])

    def model(prefixes: list[tuple[int, ...]]) -> np.ndarray:
        return np.array([first if not p else end if p[0] == 0 else last if len(p) == 4 else sure for p in prefixes])

    eos = frozenset({2})
    target = Target(model, (), ListedLanguage(frozenset({(0,), (1, 1, 1, 1)}), eos), 5, eos)
    result = beam_search(target, BeamOptions(2, 1.0))
    assert result.best.score == pytest.approx(max(best_scores(exact(target), BeamOptions(2, 1.0).score)))
    assert result.best.token_ids == (1, 1, 1, 1, 2)
    assert beam_search(target, BeamOptions(2)).best.token_ids == (0, 2)


def test_a_step_leaves_the_state_before_it_as_it_was() -> None:
    state = init(toy(), 2)
    options = BeamOptions(3)
    once = step(options, state)
    again = step(options, state)
    assert [draft.token_ids for draft in once.live] == [draft.token_ids for draft in again.live]
    assert state.live[0].token_ids == []


def test_a_dead_end_is_a_result() -> None:
    class Stops(ListedLanguage):
        def allowed(self) -> set[int]:
            return set() if self.taken else {0}

    eos = frozenset({2})
    uniform = lambda prefixes: np.zeros((len(prefixes), 3))  # noqa: E731
    result = beam_search(Target(uniform, (), Stops(frozenset(), eos), 5, eos))
    assert result.texts == ()
    assert result.endings == {Ending.NO_TOKEN}
    assert result.is_proved
    with pytest.raises(EmptyLanguage, match="none has at most 5 tokens and any probability"):
        _ = result.best
    tight = beam_search(Target(uniform, (), ListedLanguage(frozenset({(0, 1)}), eos), 2, eos))
    assert tight.endings == {Ending.BUDGET}
    with pytest.raises(EmptyLanguage, match="no end fits into the budget"):
        _ = tight.best


def test_a_beam_that_lost_all_texts_does_not_call_the_language_empty() -> None:
    eos = frozenset({3})
    language = ListedLanguage(frozenset({(0, 0, 0, 0), (1,)}), eos)
    rows = np.array([1.0, 0.0, 0.0, 0.0])
    result = beam_search(
        Target(lambda prefixes: np.tile(rows, (len(prefixes), 1)), (), language, 3, eos), BeamOptions(1)
    )
    assert result.texts == ()
    assert result.gap == math.inf
    with pytest.raises(NoContinuation, match="no text was found"):
        _ = result.best


def test_bad_input_is_refused() -> None:
    eos = frozenset({4})
    with pytest.raises(BadLogits, match="that of token 1 is nan"):
        beam_search(Target(lambda p: np.tile([0, np.nan, 0, 0, 0], (len(p), 1)), (), _one(eos), 3, eos))
    with pytest.raises(BudgetTooSmall):
        toy(max_tokens=0)
    with pytest.raises(InvalidOption, match="width must be at least 1, not 0"):
        BeamOptions(width=0)
    with pytest.raises(InvalidOption, match="length_exponent must be finite, not nan"):
        BeamOptions(length_exponent=math.nan)
    with pytest.raises(InvalidOption, match="n must be at least 1, not 0"):
        beam_search(toy(), n=0)


# --- groups


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 5))
def test_one_group_or_no_penalty_is_a_beam(seed: int, width: int, n: int) -> None:
    target = random_target(seed)
    options = BeamOptions(width)
    beam = beam_search(target, options, n=n)
    (one,) = diverse_beam_search(target, DiverseOptions(1, 3.0, options), n=n)
    assert one == beam
    for group in diverse_beam_search(target, DiverseOptions(3, 0.0, options), n=n):
        assert group == beam


def test_groups_part_where_the_penalty_says_so() -> None:
    # Four one-token texts of falling probability, width 1: each earlier use costs the penalty.
    eos = frozenset({4})
    first = np.log([0.4, 0.3, 0.2, 0.1, 1e-9])
    last = np.log([1e-9, 1e-9, 1e-9, 1e-9, 1.0])
    target = Target(
        lambda prefixes: np.array([last if prefix else first for prefix in prefixes]),
        (),
        ListedLanguage(frozenset({(0,), (1,), (2,), (3,)}), eos),
        2,
        eos,
    )

    def first_tokens(penalty: float) -> list[int]:
        options = DiverseOptions(4, penalty, BeamOptions(1))
        return [group.texts[0].token_ids[0] for group in diverse_beam_search(target, options)]

    assert first_tokens(0.0) == [0, 0, 0, 0]
    assert first_tokens(math.log(4 / 3) + 0.01) == [0, 1, 0, 1]  # one use makes 0 less than 1, and another the same
    assert first_tokens(math.log(4 / 3) - 0.01) == [0, 0, 1, 0]
    assert first_tokens(9.0) == [0, 1, 2, 3]
    groups = diverse_beam_search(target, DiverseOptions(4, 9.0, BeamOptions(1)))
    assert [math.exp(group.texts[0].log_probability) for group in groups] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert [group.n_proved for group in groups] == [1, 0, 0, 0]


def test_diverse_options_are_checked() -> None:
    with pytest.raises(InvalidOption, match="groups must be at least 1, not 0"):
        DiverseOptions(groups=0)
    with pytest.raises(InvalidOption, match="penalty must be a number of nats, at least 0, not -1"):
        DiverseOptions(penalty=-1)
