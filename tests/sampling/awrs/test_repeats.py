"""The integral over repeats against adding up over all of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.sampling.awrs.repeats import log_mean_share

NONE = -math.inf


def naive_mean_share(keeps: list[float], repeatables: list[float], n_accepted: int, longest: int = 1500) -> float:
    """Σ over n of E[A; Σ n_j = n] / (m − 1 + n); the law of the sum, and of the accepted among it, by convolution."""
    law, accepted = np.eye(1, longest)[0], np.zeros(longest)
    for keep, alpha in zip(keeps, repeatables, strict=True):
        # One more draw is left out (accepted with α) or not: f(n) = k g(n) + (1 − k) f(n − 1).
        for n in range(longest):
            before, accepted_before = (law[n - 1], accepted[n - 1]) if n else (0.0, 0.0)
            accepted[n] = keep * accepted[n] + (1 - keep) * accepted_before + alpha * before
            law[n] = keep * law[n] + (1 - keep) * before
    return math.fsum((law * n_accepted + accepted) / (len(keeps) - 1 + np.arange(longest)))


@pytest.mark.no_jit
@given(
    st.lists(st.tuples(st.floats(0.05, 1.0), st.floats(0, 1)), min_size=2, max_size=6),
    st.integers(1, 5),
)
def test_the_integral_is_the_sum(draws: list[tuple[float, float]], n_accepted: int) -> None:
    keeps = [keep for keep, _ in draws]
    repeatables = [(1 - keep) * share for keep, share in draws]
    with np.errstate(divide="ignore"):
        found = math.exp(log_mean_share([math.log(keep) for keep in keeps], list(np.log(repeatables)), n_accepted))
    assert found == pytest.approx(naive_mean_share(keeps, repeatables, n_accepted), rel=1e-12)


@pytest.mark.no_jit
def test_nothing_rejected_gives_the_plain_share() -> None:
    assert log_mean_share([0.0, 0.0], [NONE] * 2, 1) == 0
    assert log_mean_share([0.0] * 5, [NONE] * 5, 2) == math.log(2 / 4)


@pytest.mark.parametrize("depth", [1.0, 30.0, 300.0, 700.0, 2000.0, 30_000.0])
def test_shares_of_any_depth(depth: float) -> None:
    """Two draws, before the second e^−depth was left: ∫ ds / (1 + b s) = log(1 + b) / b, and 1 + b = e^depth."""
    wanted = math.log(depth) - depth - math.log1p(-math.exp(-depth))
    assert log_mean_share([0.0, -depth], [NONE] * 2, 1) == pytest.approx(wanted, abs=1e-12)


def test_hundreds_of_draws() -> None:
    """All with the share k: the sum is negative binomial, of which the mean of 1 / (m − 1 + n) is k / (m − 1)."""
    for m in (2, 40, 900):
        for keep in (0.9, 1e-3, 1e-12):
            wanted = math.log(keep / (m - 1))
            assert log_mean_share([math.log(keep)] * m, [NONE] * m, 1) == pytest.approx(wanted, abs=1e-12)


def test_nothing_accepted_is_nothing() -> None:
    assert log_mean_share([0.0, -1.0], [NONE] * 2, 0) == NONE
    assert log_mean_share([0.0, 0.0], [NONE] * 2, 0) == NONE
