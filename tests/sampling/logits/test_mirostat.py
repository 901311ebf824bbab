"""Mirostat: the rule against its naive twin, and the convergence that follows from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.sampling.logits import Context, Mirostat
from maskwright.sampling.logits.distributions import Floats
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import noise_model, noise_row, p_of

#: Zipf's law over 1,000 tokens: an entropy of 7.5 bits, and 2.9 bits of surprise at the most probable token.
ZIPF = -np.log(np.arange(1, 1001))


def run(mirostat: Mirostat, row: Floats, n: int, seed: int) -> tuple[Floats, float]:
    """The surprises of `n` tokens of a source that gives `row` every time, in bits, and the last μ."""
    rng = np.random.default_rng(seed)
    surprise = -np.log2(p_of(row))
    state, text = mirostat.init(), [7]
    for _ in range(n):
        state, cut = mirostat(state, Context(text, noise_model), row)
        text.append(int(rng.choice(row.size, p=p_of(cut))))
    state, _ = mirostat(state, Context(text, noise_model), row)
    return surprise[text[1:]], state.mu_bits


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tau", [3.5, 5.0, 7.0])
def test_the_mean_surprise_of_a_repeating_source_goes_to_the_target(tau: float, seed: int) -> None:
    """No false alarms by chance: the mean misses τ by (2τ − μ) / (η n), and the bound says that μ stayed within 20."""
    n = 4_000
    surprises, mu = run(Mirostat(tau), ZIPF, n, seed)
    assert surprises.mean() - tau == pytest.approx((2 * tau - mu) / (0.1 * n), abs=1e-9)
    assert surprises.mean() == pytest.approx(tau, abs=0.05)


def test_a_source_that_cannot_be_so_surprising_keeps_its_own_entropy() -> None:
    even = np.zeros(4)  # two bits, whatever is drawn
    surprises, mu = run(Mirostat(5.0), even, 50, 0)
    assert set(surprises) == {2.0}
    assert mu == pytest.approx(10 + 0.1 * 3 * 50)


def test_mu_follows_the_rule_and_the_cut_follows_mu() -> None:
    mirostat = Mirostat(1.2, 0.4)
    rng = np.random.default_rng(1)
    state, text, surprises, cuts = mirostat.init(), [2], [], 0
    for _ in range(60):
        row = noise_row(text)
        surprise = -np.log2(p_of(row))
        mu = naive.mirostat_mus(surprises, 1.2, 0.4)[-1]
        state, cut = mirostat(state, Context(tuple(text), noise_model), row)
        assert state.mu_bits == pytest.approx(mu)
        np.testing.assert_array_equal(cut > -np.inf, (surprise <= mu) | (row == row.max()))
        np.testing.assert_array_equal(cut[cut > -np.inf], row[cut > -np.inf])
        cuts += int((cut == -np.inf).sum())
        text.append(int(rng.choice(row.size, p=p_of(cut))))
        surprises.append(surprise[text[-1]])
    assert 0 < cuts < 60 * 5


def test_the_most_probable_tokens_stay_however_small_mu_is() -> None:
    _, cut = Mirostat(1e-9)(Mirostat(1e-9).init(), Context((), noise_model), np.log([0.4, 0.2, 0.4]))
    assert (cut > -np.inf).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("more", "surprise"),
    [
        ((), None),  # the same row asked again: nothing was drawn
        ((1,), 2.0),
        ((1, 0, 0), 2.0),  # forced tokens were not drawn from this row
        ((3,), None),  # an excluded token was not drawn either
    ],
)
def test_only_a_token_drawn_from_the_row_is_learnt_from(more: tuple[int, ...], surprise: float | None) -> None:
    mirostat = Mirostat(3.0, 0.5)
    row = np.log([0.5, 0.25, 0.25, 1.0]) + np.array([0, 0, 0, -math.inf])
    state, _ = mirostat(mirostat.init(), Context((9, 9), noise_model), row)
    after, _ = mirostat(state, Context((9, 9, *more), noise_model), row)
    assert after.mu_bits == pytest.approx(6.0 if surprise is None else 6.0 - 0.5 * (surprise - 3.0))
    assert state.mu_bits == 6.0  # the state before is as it was
