"""The draws of a row: the promises that estimators build on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.sampling.awrs.draws import RowDraws
from maskwright.sampling.awrs.geometric import geometric
from maskwright.sampling.awrs.priority import log_inclusion, priority
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow

P = np.array([0.1, 0.3, 0.05, 0.3, 0.05, 0.2])


def draws(seed: int = 0, words: int = 0b111111) -> RowDraws:
    return RowDraws(MaskedRow(np.log(P), np.int32([words])), RandomKey.from_seed(seed))


def test_the_top_comes_in_order_and_ties_by_id() -> None:
    for n in range(8):
        one = draws()
        assert one.top(n) == [1, 3, 5, 0, 2, 4][:n]
        left = P.sum() - P[[1, 3, 5, 0, 2, 4][:n]].sum()
        assert math.exp(one.log_left) == pytest.approx(left, abs=1e-15)
    assert draws(words=0b110101).top(2) == [5, 0]


def test_every_token_is_drawn_once_and_then_none() -> None:
    one = draws(seed=4)
    assert sorted(one.next() for _ in range(6)) == list(range(6))
    assert one.next() is None
    assert one.log_left == -math.inf


def test_choices_follow_their_weights() -> None:
    """Chi-squared with 3 degrees of freedom, false alarm once in 10,000; the seed is fixed."""
    one = draws(seed=1)
    counts = np.bincount([one.choose([-3.0, -math.inf, -2.0, -900.0, -2.5, -4.0]) for _ in range(4000)], minlength=6)
    weights = np.exp([-3.0, -math.inf, -2.0, -900.0, -2.5, -4.0])
    expected = 4000 * weights / weights.sum()
    assert counts[1] == counts[3] == 0
    possible = [0, 2, 4, 5]
    assert ((counts[possible] - expected[possible]) ** 2 / expected[possible]).sum() < 21.1


def test_a_certain_choice_is_always_made() -> None:
    one = draws()
    assert {one.choose([-math.inf, -5000.0, -math.inf]) for _ in range(50)} == {1}


@pytest.mark.parametrize("uniform", [0.0, 2.0**-53, 0.5, 1 - 2.0**-53])
def test_every_uniform_number_gives_a_positive_exponential_one(uniform: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest one was rounded up to 1, whose logarithm is a ValueError: once in 1e16 draws."""
    monkeypatch.setattr(RandomKey, "uniforms", lambda _, n: np.full(n, uniform))
    assert 0 < draws().exponential() < 40


def test_exponential_numbers_have_mean_and_variance_one() -> None:
    """Four standard errors each: false alarm once in 8,000; the seed is fixed."""
    one = draws(seed=2)
    numbers = np.array([one.exponential() for _ in range(10_000)])
    assert numbers.min() > 0
    assert abs(numbers.mean() - 1) < 0.04
    assert abs((numbers**2).mean() - 2) < 0.18


def test_inclusion_keeps_its_digits() -> None:
    assert log_inclusion(math.log(1e-20)) == pytest.approx(math.log(1e-20), abs=1e-12)
    assert log_inclusion(-1000.0) == -1000.0
    assert log_inclusion(0.0) == pytest.approx(math.log(1 - math.exp(-1)))
    assert log_inclusion(5.0) == pytest.approx(-math.exp(-math.exp(5.0)), abs=1e-16)
    assert log_inclusion(800.0) == log_inclusion(math.inf) == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accepts": 1}, "accepts must be at least 2, not 1."),
        ({"at_least": 0}, "at_least must be at least 1, not 0."),
        ({"at_least": 4, "at_most": 3}, "at_most must be None or at least 4, which is at_least, not 3."),
    ],
)
def test_runs_that_cannot_be_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        next(geometric(draws(), **options))
    assert str(caught.value) == message


@pytest.mark.parametrize(("options", "name"), [({"n_top": -1}, "n_top"), ({"n_tail": 0}, "n_tail")])
def test_samples_that_cannot_be_are_refused(options: dict[str, int], name: str) -> None:
    with pytest.raises(InvalidOption, match=f"{name} must be at least"):
        next(priority(draws(), **options))
