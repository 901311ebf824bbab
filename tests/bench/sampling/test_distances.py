"""Distances, and what exact draws would have.  Seeds are fixed; thresholds are five standard errors, a false alarm in
2 million."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.sampling import distances

PROBABILITIES = np.array([0.5, 0.3, 0.1, 0.06, 0.03, 0.0099, 0.0001])
TARGET = {(i,): float(p) for i, p in enumerate(PROBABILITIES)}


def _impossible(text: tuple[int, ...]) -> float:
    raise AssertionError(f"{text} is a text of the target")


def test_total_variation_counts_texts_of_either_side():
    assert distances.total_variation({(0,): 0.5, (9,): 0.5}, {(0,): 0.25, (1,): 0.75}) == pytest.approx(0.75)
    assert distances.total_variation(TARGET, TARGET) == 0.0


def test_kl_divergence_asks_for_the_probability_of_texts_that_the_target_does_not_list():
    found = {(0,): 0.5, (9,): 0.5}
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 1e-3)
    assert distances.kl_divergence(found, {(0,): 0.25}, lambda _: 1e-3) == pytest.approx(expected)
    assert distances.kl_divergence(found, {(0,): 0.25}, lambda _: 0.0) == math.inf
    assert distances.kl_divergence(TARGET, TARGET, _impossible) == pytest.approx(0.0)


@pytest.mark.parametrize("n", [1, 7, 100, 10_000])
def test_the_floor_of_total_variation_is_the_mean_over_exact_draws(n):
    emp = np.random.default_rng(n).multinomial(n, PROBABILITIES, size=4_000) / n
    simulated = 0.5 * np.abs(emp - PROBABILITIES).sum(axis=1)
    error = simulated.std() / math.sqrt(len(simulated))
    assert abs(distances.total_variation_floor(PROBABILITIES, n) - simulated.mean()) < 5 * error + 1e-12


def test_the_floor_of_kl_falls_with_the_number_of_draws_as_half_a_degree_of_freedom_each():
    uniform = np.full(10, 0.1)
    assert distances.kl_divergence_floor(uniform, 1_000) == pytest.approx(9 / 2_000, rel=0.15)
    assert distances.kl_divergence_floor(uniform, 4_000) == pytest.approx(9 / 8_000, rel=0.15)
