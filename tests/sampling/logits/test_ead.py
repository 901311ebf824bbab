"""EAD: which model answers, and what the state reports."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import BadLogits
from maskwright.sampling.logits import EAD, Context
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import noise_model, noise_row


def large(prefixes):
    return noise_model(prefixes) + np.arange(6)


def run(ead: EAD, n: int, text=(0,)):
    """`n` steps of greedy choice: the final state, the rows, and the small model's entropies in bits."""
    state, text, rows, entropies = ead.init(), list(text), [], []
    for _ in range(n):
        small = noise_row(text)
        entropies.append(naive.entropy_nats(small) / math.log(2))
        state, row = ead(state, Context(tuple(text), noise_model), small)
        rows.append((tuple(text), row))
        text.append(int(row.argmax()))
    return state, rows, entropies


@given(st.integers(0, 5), st.integers(1, 4), st.integers(1, 4))
def test_a_threshold_of_zero_is_the_large_model(start: int, window: int, hold: int) -> None:
    state, rows, _ = run(EAD(large, 0.0, window, hold), 12, (start,))
    assert state.by_large == (True,) * 12
    assert state.share_of_large == 1
    for text, row in rows:
        np.testing.assert_array_equal(row, large([text])[0])


def test_a_threshold_of_zero_is_the_large_model_even_where_the_small_one_is_certain() -> None:
    ead = EAD(large, 0.0)
    certain = np.array([0.0, *[-np.inf] * 5])
    assert ead(ead.init(), Context((0,), noise_model), certain)[0].by_large == (True,)


@given(st.integers(0, 5), st.integers(1, 4))
def test_a_threshold_that_no_row_reaches_is_the_small_model(start: int, window: int) -> None:
    def never(prefixes):
        raise AssertionError("the large model must not be asked")

    state, rows, _ = run(EAD(never, math.log2(6) + 0.01, window), 12, (start,))
    assert state.share_of_large == 0
    for text, row in rows:
        np.testing.assert_array_equal(row, noise_row(text))


@given(st.integers(0, 5), st.floats(0.2, 2), st.integers(1, 6))
def test_the_report_says_who_answered_and_the_rolling_mean_says_why(start: int, threshold: float, window: int) -> None:
    state, rows, entropies = run(EAD(large, threshold, window), 20, (start,))
    for i, (text, row) in enumerate(rows):
        recent = entropies[max(0, i + 1 - window) : i + 1]
        assert state.by_large[i] == (sum(recent) / len(recent) >= threshold)
        np.testing.assert_array_equal(row, large([text])[0] if state.by_large[i] else noise_row(text))
    assert state.entropies_bits == pytest.approx(tuple(entropies[-window:]))


@given(st.integers(0, 5), st.floats(0.2, 2), st.integers(2, 5))
def test_a_switch_stands_for_the_tokens_it_must(start: int, threshold: float, hold: int) -> None:
    state, _, entropies = run(EAD(large, threshold, 1, hold), 25, (start,))
    answers = state.by_large
    begins = [i for i in range(25) if i == 0 or answers[i] != answers[i - 1]]
    assert all(following - begin >= hold for begin, following in itertools.pairwise(begins))
    for i in begins:  # a switch happens only where it is wanted
        assert answers[i] == (entropies[i] >= threshold)


def test_there_are_switches_both_ways_in_these_tests() -> None:
    answers = run(EAD(large, 1.0, 1, 2), 25)[0].by_large
    assert 0 < sum(answers) < 25
    assert EAD(large, 1.0).init().share_of_large == 0.0


def test_models_of_two_vocabularies_are_an_error() -> None:
    ead = EAD(lambda prefixes: np.zeros((len(prefixes), 7)), 0.0)
    with pytest.raises(BadLogits, match="7 tokens of the large model, but 6 of the small one"):
        run(ead, 1)
