"""Every estimator is properly weighted, E[W · g] = Σ p C g to 1e-12 for every unit g: by going through all its choices.

No randomness, so no false alarms. The rows sum to less than 1, as rows under a mask do.
"""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np
import pytest

from maskwright.sampling.awrs.estimate import Estimator
from maskwright.sampling.awrs.geometric import geometric
from maskwright.sampling.awrs.priority import priority
from maskwright.sampling.awrs.recursive import recursive
from maskwright.sampling.awrs.two_pass import two_pass
from tests.sampling.awrs.enumerated import ScriptedDraws, expectation, paths, run

ROWS = {
    "even": [0.15, 0.2, 0.1, 0.25, 0.2],
    "skewed": [0.6, 0.2, 0.1, 0.03, 0.01, 0.01],
    "certain": [0.999, 4e-4, 3e-4, 2e-4],
    "deep": [1 - 6e-8, 3e-8, 2e-8, 1e-14],
    "one": [0.3],
    "seven": [0.3, 0.2, 0.15, 0.1, 0.08, 0.05, 0.02],
}
VALID = {"none": set(), "all": set(range(7)), "odd": {1, 3, 5}, "even": {0, 2, 4, 6}, "last": {3}, "late": {2, 3, 4}}

ESTIMATORS: dict[str, Estimator] = {
    "two-pass": two_pass,
    "recursive": recursive,
    "geometric": geometric,
    "geometric, three accepts": partial(geometric, accepts=3),
    "geometric, at least three": partial(geometric, at_least=3),
    "geometric, at most two": partial(geometric, at_most=2),
    "geometric, two to three": partial(geometric, accepts=3, at_least=2, at_most=3),
    "geometric, three only": partial(geometric, at_least=3, at_most=3),
}


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
@pytest.mark.parametrize("row", ["even", "skewed", "certain", "deep", "one"])
def test_the_mean_of_every_choice_is_the_truth(estimator: Estimator, row: str) -> None:
    for valid in VALID.values():
        p = np.array(ROWS[row])
        truth = np.where(np.isin(np.arange(len(p)), list(valid)), p, 0)
        found, total = expectation(estimator, ROWS[row], valid)
        assert total == pytest.approx(1, abs=1e-12)
        assert np.abs(found - truth).max() <= 1e-12
        assert found == pytest.approx(truth, rel=1e-9, abs=1e-30)  # for masses that are far below 1e-12 themselves


@pytest.mark.parametrize("estimator", [two_pass, recursive, geometric], ids=["two-pass", "recursive", "geometric"])
def test_the_mean_is_the_truth_for_seven_tokens(estimator: Estimator) -> None:
    p = np.array(ROWS["seven"])
    for valid in ({1, 4}, {0, 2, 5, 6}):
        truth = np.where(np.isin(np.arange(7), list(valid)), p, 0)
        found, total = expectation(estimator, ROWS["seven"], valid)
        assert total == pytest.approx(1, abs=1e-12)
        assert np.abs(found - truth).max() <= 1e-12


def test_a_wrong_weight_is_noticed() -> None:
    """The judge itself: rejections counted as n + 2 are off by far more than 1e-12."""

    def biased(draws: ScriptedDraws):
        estimate = yield from two_pass(draws)
        return estimate._replace(log_weight=estimate.log_weight + 1e-9)

    found, _ = expectation(biased, ROWS["even"], {1, 3})
    assert np.abs(found - [0, 0.2, 0, 0.25, 0]).max() > 1e-11


@pytest.mark.parametrize(
    ("estimator", "least", "most"),
    [
        (geometric, 1.0, 1.02),
        (partial(geometric, accepts=3), 0.04, 0.05),
        (recursive, 0.8, 0.9),
        (two_pass, 15.0, 16.0),
    ],
    ids=["geometric", "geometric, three accepts", "recursive", "two-pass"],
)
def test_how_much_a_certain_token_that_is_rejected_shows(estimator: Estimator, least: float, most: float) -> None:
    """The exact relative standard deviation; 2.43 if the repeats of a geometric run with two accepts were drawn."""
    row, valid, z = [0.999, 4e-4, 3e-4, 2e-4, 1e-4], {1, 2, 3, 4}, 1e-3
    square = math.fsum(p * math.exp(2 * estimate.log_weight) for p, estimate, _ in paths(estimator, row, valid))
    assert least <= math.sqrt(square / z**2 - 1) <= most


@pytest.mark.parametrize(
    ("row", "n_top", "n_tail"),
    [
        ("even", 0, 1),
        ("even", 0, 4),
        ("skewed", 0, 2),
        ("skewed", 2, 3),
        ("seven", 3, 2),
        ("certain", 1, 1),
        ("certain", 0, 2),
        ("one", 0, 1),
        ("even", 2, 3),
    ],
)
def test_the_mean_of_the_batched_estimator_is_the_truth(row: str, n_top: int, n_tail: int) -> None:
    """The tokens before the threshold are enumerated as a set, its time is integrated by the trapezoid rule in log τ.

    P(the tokens of S arrive before τ, b at τ, the others later) = Π_S (1 − e^−pτ) · p_b e^(−p_b τ) dτ · Π e^−pτ.
    """
    p = ROWS[row]
    for valid in ({1, 3, 5}, {0, 2, 3}):
        tail = sorted(range(len(p)), key=lambda token: (-p[token], token))[n_top:]
        found = np.zeros(len(p))
        if len(tail) <= n_tail:
            found += means_by_choice(p, n_top, n_tail, tail, math.inf, valid)
        for sample in itertools.combinations(tail, n_tail):
            for threshold in set(tail) - set(sample):
                later = sum(p[token] for token in tail if token not in sample)
                for log_time in np.arange(-40, 16, STEP):
                    time = math.exp(log_time)
                    log_density = math.log(p[threshold]) + log_time - later * time
                    log_density += sum(math.log(-math.expm1(-p[token] * time)) for token in sample)
                    if log_density > -90:
                        share = STEP * math.exp(log_density)
                        found += share * means_by_choice(p, n_top, n_tail, [*sample, threshold], time, valid)
        truth = np.where(np.isin(np.arange(len(p)), list(valid)), p, 0)
        assert np.abs(found - truth).max() <= 1e-12


STEP = 0.25


class TimedDraws(ScriptedDraws):
    """Tokens in a given order; all but the last arrive at once, and the last one at its time."""

    def __init__(self, p: list[float], script: list[int], order: list[int], time: float) -> None:
        super().__init__(p, script)
        self.order, self.time, self.rate = list(order), time, 0.0

    def next(self) -> int | None:
        if not self.order:
            return None
        self.rate = math.exp(self.log_left)
        self.left.remove(token := self.order.pop(0))
        return token

    def exponential(self) -> float:
        return 1e-300 if self.order or self.time == math.inf else self.time * self.rate


def means_by_choice(
    p: list[float], n_top: int, n_tail: int, order: list[int], time: float, valid: set[int]
) -> np.ndarray:
    """E[W g_a] given the order of the tail and its time, over the choice of the token; by the code that runs."""
    means = np.zeros(len(p))
    script: list[int] = []
    while True:
        draws = TimedDraws(p, script, order, time)
        estimate, _ = run(priority(draws, n_top, n_tail), valid.__contains__)
        if estimate.token_id is None:
            return means
        means[estimate.token_id] += math.exp(draws.log_probability_of_path + estimate.log_weight)
        if script[0] == draws.widths[0] - 1:
            return means
        script[0] += 1
