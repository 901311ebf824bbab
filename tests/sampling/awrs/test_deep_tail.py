"""Rows in which the acceptable tokens have next to no mass: unbiased, and none dead while one of them exists.

1,500 runs and |z| <= 4 for each row: false alarm once in 15,000 for each, if the mean were normal; the seeds are fixed.
At a mass Z of 1e-6 and below nearly all runs reject everything else first and have the same weight, so their deviation
says nothing. What is left for the runs that are never seen is at most Σ b_j Z log(1 / Z) of the mean (see `repeats.py`;
over the 62 rejected tokens, b_j is 62 (1 + 1/2 + … + 1/62) = 292 in all); it may be that much too small.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.sampling.awrs.geometric import geometric
from tests.sampling.awrs.rows import study

UNSEEN = 292


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mass", [1e-1, 1e-4, 1e-6, 1e-9, 1e-12])
def test_a_thin_tail_is_found_with_its_weight(mass: float, dtype: type) -> None:
    """64 tokens, two of which pass: 60 % and 40 % of the mass; all others share the rest."""
    valid = np.zeros(64, np.bool_)
    valid[[17, 40]] = True
    logits = np.full(64, math.log((1 - mass) / 62))
    logits[[17, 40]] = np.log([0.6 * mass, 0.4 * mass])
    figures = study(geometric, logits.astype(dtype), valid, 1500, seed=1)
    assert figures.n_dead == 0
    if mass >= 1e-4:
        assert abs(figures.z) <= 4
    else:
        unseen = UNSEEN * mass * math.log(1 / mass)
        assert abs(figures.weights.mean() - 1) <= 4 * figures.deviation / math.sqrt(1500) + unseen


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_rejected_token_whose_probability_rounds_to_one_hides_nothing(dtype: type) -> None:
    """The top token has 1 − 6e-8 and is rejected. Single precision calls it 1; the others are drawn all the same."""
    valid = np.ones(64, np.bool_)
    valid[0] = False
    logits = np.full(64, math.log(6e-8 / 63))
    logits[0] = math.log1p(-6e-8)
    figures = study(geometric, logits.astype(dtype), valid, 1500, seed=2)
    assert figures.n_dead == 0
    assert np.abs(figures.weights - 1).max() <= 2e-6  # what is left to chance is the square of 6e-8 by its logarithm


def test_masses_below_the_smallest_float_are_weighed() -> None:
    """e^−1000 passes; with a token of e^−500 between, so that both scales count."""
    logits = np.array([0.0, -500.0, -1000.0, -1000.5])
    valid = np.array([False, False, True, True])
    figures = study(geometric, logits, valid, 50, seed=3)
    assert figures.n_dead == 0
    assert np.abs(figures.weights - 1).max() <= 1e-12
