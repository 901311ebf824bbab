"""Resampling: mean weights, exactly, by running the production code through every cell of its randomness."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.resampling import (
    Resampler,
    multinomial,
    residual,
    stratified,
    systematic,
    without_replacement,
)

pytestmark = [pytest.mark.no_jit, pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")]
EQUAL_WEIGHTS = (multinomial, stratified, systematic, residual)
WEIGHTS = st.lists(st.integers(0, 6), min_size=1, max_size=9).filter(any)


class Constant:
    """A key all of whose numbers are the same."""

    def __init__(self, number: float) -> None:
        self.number = number

    def uniform(self) -> float:
        return self.number

    def uniforms(self, n: int) -> np.ndarray:
        return np.full(n, self.number)


def log_of(weights: list[int]) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.array(weights, dtype=float)) - 700.5  # a scale at which exp() alone would underflow


def mean_weights(resample: Resampler, weights: list[int], n: int, n_cells: int) -> np.ndarray:
    """E[Σ of the new weights of each particle].

    What a resampler does with a number changes at multiples of 1 / n_cells only, so the middles of the cells stand for
    them exactly. And a mean is a sum over the numbers, so all of them may be equal.
    """
    means = np.zeros(len(weights))
    for cell in range(n_cells):
        ancestors, after = resample(Constant((cell + 0.5) / n_cells), log_of(weights), n)
        np.add.at(means, ancestors, np.exp(after + 700.5) / n_cells)
    return means


def naive_threshold(weights: list[int], n: int) -> tuple[Fraction, int]:
    """c with Σ min(1, w / c) = n, and the sum of all weights below it, by trying how many are kept."""
    falling = sorted(weights, reverse=True)
    for k in range(n):
        c = Fraction(sum(falling[k:]), n - k)
        if all(w >= c for w in falling[:k]) and all(w <= c for w in falling[k:]):
            return c, sum(falling[k:])
    raise AssertionError


@pytest.mark.parametrize("resample", EQUAL_WEIGHTS)
@given(weights=WEIGHTS, n=st.integers(1, 9))
def test_the_mean_weight_of_the_copies_is_the_weight_before(resample: Resampler, weights: list[int], n: int) -> None:
    assert mean_weights(resample, weights, n, sum(weights)) == pytest.approx(np.array(weights), rel=1e-11, abs=1e-11)


@given(weights=WEIGHTS, n=st.integers(1, 9))
def test_without_replacement_too(weights: list[int], n: int) -> None:
    n_cells = naive_threshold(weights, n)[1] if np.count_nonzero(weights) > n else 1
    means = mean_weights(without_replacement, weights, n, n_cells)
    assert means == pytest.approx(np.array(weights), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("resample", EQUAL_WEIGHTS)
@given(weights=WEIGHTS, n=st.integers(1, 9), seed=st.integers(0, 2**32))
def test_the_dead_have_no_copies_and_the_sum_of_weights_stays(
    resample: Resampler, weights: list[int], n: int, seed: int
) -> None:
    ancestors, after = resample(RandomKey.from_seed(seed), log_of(weights), n)
    assert len(ancestors) == len(after) == n
    assert (np.diff(ancestors) >= 0).all()
    assert np.array(weights)[ancestors].all()
    assert np.exp(after + 700.5).sum() == pytest.approx(sum(weights))
    counts, ideal = np.bincount(ancestors, minlength=len(weights)), n * np.array(weights) / sum(weights)
    if resample is not multinomial:
        # by strata at most two away: one at each end of a particle's part of the interval
        assert (np.abs(counts - ideal) < 2 + 1e-9).all()
    if resample is systematic:
        assert (np.abs(counts - ideal) < 1 + 1e-9).all()
    if resample is residual:
        assert (counts >= np.floor(ideal - 1e-9)).all()


@given(
    weights=st.lists(st.floats(0, 1e3), min_size=1, max_size=12).filter(any), n=st.integers(1, 9), seed=st.integers(0)
)
def test_without_replacement_keeps_the_heavy_as_they_are_and_none_twice(
    weights: list[float], n: int, seed: int
) -> None:
    with np.errstate(divide="ignore"):
        before = np.log(np.array(weights))
    ancestors, after = without_replacement(RandomKey.from_seed(seed), before, n)
    n_alive = int((before > -np.inf).sum())
    assert len(ancestors) == min(n, n_alive)
    assert len(set(ancestors.tolist())) == len(ancestors)
    assert (before[ancestors] > -np.inf).all()
    assert np.logaddexp.reduce(after) == pytest.approx(np.logaddexp.reduce(before), abs=1e-9)
    threshold = after.min() if n_alive > n else -math.inf
    kept = before > threshold + 1e-9
    assert set(np.flatnonzero(kept)) <= set(ancestors.tolist())
    assert (after >= before[ancestors] - 1e-9).all()


@pytest.mark.parametrize("resample", [stratified, systematic, residual])
def test_equal_weights_are_left_alone(resample: Resampler) -> None:
    for n in range(1, 12):
        ancestors, _ = resample(RandomKey.from_seed(n), np.full(n, -3.7), n)
        assert ancestors.tolist() == list(range(n))


def test_independent_draws_follow_the_weights() -> None:
    """Chi-squared with 3 degrees of freedom over 8,000 draws; false alarm once in 10,000, the seed is fixed."""
    counts = np.zeros(4)
    for run in range(400):
        ancestors, _ = multinomial(RandomKey.from_seed(5).child(run), log_of([1, 2, 7, 10]), 20)
        counts += np.bincount(ancestors, minlength=4)
    expected = 8000 * np.array([1, 2, 7, 10]) / 20
    assert ((counts - expected) ** 2 / expected).sum() < 21.1


def test_a_place_at_the_very_end_is_the_last_particle_that_lives() -> None:
    last = Constant(1 - 2**-53)
    for resample in (*EQUAL_WEIGHTS, without_replacement):
        ancestors, _ = resample(last, log_of([3, 1, 1, 0]), 2)
        assert ancestors.max() <= 2
