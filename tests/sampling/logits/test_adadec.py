"""AdaDec: when it looks ahead, what it then does, and the threshold that is learnt."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import BadLogits
from maskwright.sampling.logits import AdaDec, learned_threshold
from maskwright.sampling.logits.adadec import best_threshold
from maskwright.sampling.logits.distributions import Floats, entropy_nats, log_probabilities
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import changed, noise_model, noise_row, rows

texts = st.lists(st.integers(0, 5), max_size=3)


@given(texts, rows, st.integers(1, 5), st.integers(0, 4))
def test_the_best_score_becomes_the_most_probable(
    text: Sequence[int], row: Floats, candidates: int, lookahead: int
) -> None:
    transform = AdaDec(0.0, (0, 5), candidates, lookahead)
    after = changed(transform, row, text)
    best = sorted((token for token in range(row.size) if row[token] > -np.inf), key=lambda token: -row[token])
    best = best[:candidates]
    log_p = log_probabilities(row)
    score = {token: naive.lookahead_score(noise_row, [*text, token], log_p[token], lookahead, {0, 5}) for token in best}
    by_score = sorted(best, key=lambda token: -score[token])
    assert [row[token] for token in best] == [after[token] for token in by_score]
    others = np.setdiff1d(np.arange(row.size), best)
    np.testing.assert_array_equal(after[others], row[others])


@given(texts, rows, st.floats(0, 2.5))
def test_below_the_threshold_nothing_changes_and_no_model_is_asked(
    text: Sequence[int], row: Floats, threshold: float
) -> None:
    asked = []

    def model(prefixes):
        asked.append(prefixes)
        return noise_model(prefixes)

    entropy = entropy_nats(log_probabilities(row))
    after = changed(AdaDec(threshold, ()), row, text, model)
    assert bool(asked) == (entropy >= threshold)
    if entropy < threshold:
        np.testing.assert_array_equal(after, row)
    assert entropy_nats(log_probabilities(after)) == pytest.approx(entropy, abs=1e-12)


def test_a_trap_that_greedy_choice_walks_into_is_avoided() -> None:
    """Token 1 looks best, but what follows it is a guess among many; token 2 leads to certainty."""

    def model(prefixes):
        return np.array([[9.0, 0.0, 0.0] if 2 in prefix else [0.0, 0.1, 0.0] for prefix in prefixes])

    row = np.log([0.2, 0.41, 0.39])
    assert changed(AdaDec(0.5, (), candidates=2, lookahead=3), row, (), model).argmax() == 2
    assert changed(AdaDec(0.5, (), candidates=1, lookahead=3), row, (), model).argmax() == 1
    assert changed(AdaDec(5.0, (), candidates=2, lookahead=3), row, (), model).argmax() == 1


def test_all_candidates_are_continued_in_one_call_per_step_and_ended_ones_no_more() -> None:
    calls = []

    def model(prefixes):
        calls.append([list(prefix) for prefix in prefixes])
        return np.array([[0.0, 1.0, 0.0, 0.0] for _ in prefixes])  # greedily always 1

    changed(AdaDec(0.0, (0,), candidates=3, lookahead=2), np.array([3.0, 2.0, 1.0, 0.0]), (9,), model)
    assert calls == [[[9, 1], [9, 2]], [[9, 1, 1], [9, 2, 1]]]


def test_bad_logits_of_the_lookahead_name_their_place() -> None:
    with pytest.raises(BadLogits) as caught:
        changed(AdaDec(0.0, ()), np.zeros(3), (1, 2), lambda prefixes: np.full((len(prefixes), 3), np.nan))
    assert caught.value == BadLogits("that of token 0 is nan", 3)


@given(st.lists(st.tuples(st.integers(0, 6).map(lambda n: n / 2), st.booleans()), max_size=12))
def test_the_learnt_threshold_is_the_greatest_of_the_best(pairs: list[tuple[float, bool]]) -> None:
    entropies, is_right = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = best_threshold(np.array(entropies), np.array(is_right, dtype=bool))
    assert found == naive.best_threshold(entropies, is_right)


def test_the_threshold_is_learnt_from_what_the_model_would_have_written() -> None:
    """A model that is sure and right after token 1, and unsure and wrong after token 2."""

    def model(prefixes):
        return np.array([[5.0, 0.0, 0.0] if prefix[-1] == 1 else [0.1, 0.0, 0.0] for prefix in prefixes])

    sure, unsure = (entropy_nats(log_probabilities(row)) for row in model([[1], [2]]))
    assert learned_threshold(model, [[1, 0], [2, 1, 0], [2, 2]]) == pytest.approx((sure + unsure) / 2)
    assert learned_threshold(model, [[1, 0]]) == math.inf
    assert learned_threshold(model, [[2, 2]]) == 0.0
    assert learned_threshold(model, []) == math.inf
