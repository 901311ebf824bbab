"""Soft targets: exact draws from p(y) v(y), for every operation of the algebra."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.errors import EnvelopeExceeded, InvalidOption
from maskwright.sampling.asap import asap
from maskwright.sampling.cars import CARSOptions, Learning, cars
from maskwright.sampling.enumeration import exact
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.soft_targets import (
    SoftTarget,
    geometric_mean,
    maximum,
    minimum,
    mixture,
    output_only,
    power,
    prefix_scorer,
    product,
)
from tests.sampling.statistics import chi_squared, chi_squared_limit
from tests.sampling.toys import remembered, toy

THREES = prefix_scorer(lambda text: -0.7 * text.count(3))
SHORT = output_only(lambda text: -0.4 * len(text))
NO_ONE = prefix_scorer(lambda text: -math.inf if text[:1] == (1,) else 0.0)
TARGETS = {
    "prefix": THREES,
    "output": SHORT,
    "hard": NO_ONE,
    "product": product(THREES, SHORT, NO_ONE),
    "power": power(THREES, 2.5),
    "mean": geometric_mean(THREES, SHORT),
    "minimum": minimum(THREES, SHORT),
    "maximum": maximum(THREES, SHORT),
    "mixture": mixture([THREES, SHORT, NO_ONE], [0.5, 0.25, 0.25]),
}


def truth_of(seed: int, soft: SoftTarget) -> tuple[dict[tuple[int, ...], float], float]:
    """π with the soft target, and the log of its mass."""
    hard = exact(toy(seed))
    values = np.array([soft.log_value(text) for text in hard.texts]) + hard.log_probabilities
    log_mass = float(np.logaddexp.reduce(values))
    return dict(zip(hard.texts, np.exp(values - log_mass).tolist(), strict=True)), log_mass


@pytest.mark.parametrize("text", [(2, 3, 0), (3, 3), (1, 3, 1), ()])
def test_values_are_those_of_the_algebra(text: tuple[int, ...]) -> None:
    """In linear space, from the definitions; the tests of draws take the values as they come."""
    threes, short = math.exp(-0.7 * text.count(3)), math.exp(-0.4 * len(text))
    no_one = 0.0 if text[:1] == (1,) else 1.0
    values = {
        "prefix": threes,
        "output": short,
        "hard": no_one,
        "product": threes * short * no_one,
        "power": threes**2.5,
        "mean": math.sqrt(threes * short),
        "minimum": min(threes, short),
        "maximum": max(threes, short),
        "mixture": 0.5 * threes + 0.25 * short + 0.25 * no_one,
    }
    assert {name: math.exp(soft.log_value(text)) for name, soft in TARGETS.items()} == pytest.approx(values)


@pytest.mark.parametrize("name", TARGETS)
def test_draws_follow_model_times_value(name: str) -> None:
    """Chi-squared, false alarm one in 1,000 each."""
    soft, target = TARGETS[name], toy(seed=5)
    probabilities, log_mass = truth_of(5, soft)
    sample = cars(RandomKey.from_seed(8), target, 2000, CARSOptions(10**7, 8), soft=soft)
    statistic, degrees = chi_squared([target.without_end(text.token_ids) for text in sample.texts], probabilities)
    assert statistic < chi_squared_limit(degrees)
    assert math.exp(sample.log_evidence - log_mass) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("name", ["product", "mixture"])
def test_weighted_draws_have_the_mass_as_their_mean_weight(name: str) -> None:
    """|z| <= 4 over 600 runs, false alarm one in 15,000."""
    _, log_mass = truth_of(5, TARGETS[name])
    estimates = [
        math.exp(asap(RandomKey.from_seed(seed), toy(5), 6, 3, soft=TARGETS[name]).log_evidence - log_mass)
        for seed in range(600)
    ]
    z = (np.mean(estimates) - 1) / (np.std(estimates) / math.sqrt(len(estimates)))
    assert abs(z) <= 4


@pytest.mark.parametrize(
    ("learning", "name"),
    [(Learning.FAILURES, "product"), (Learning.FIRST_TOKEN, "output"), (Learning.NOTHING, "output")],
)
def test_a_soft_target_serves_the_ablations_too(learning: Learning, name: str) -> None:
    """Chi-squared, false alarm one in 1,000 each. Where nothing is learnt every token is decided by coins."""
    probabilities, _ = truth_of(17, TARGETS[name])
    target = remembered(toy(seed=17))
    options = CARSOptions(10**7, 64, learning, goes_on_after=None)
    sample = cars(RandomKey.from_seed(8), target, 800, options, soft=TARGETS[name])
    statistic, degrees = chi_squared([target.without_end(text.token_ids) for text in sample.texts], probabilities)
    assert statistic < chi_squared_limit(degrees)


def test_an_envelope_that_rises_is_an_error() -> None:
    rising = prefix_scorer(lambda text: -1.0 / (1 + len(text)))
    with pytest.raises(EnvelopeExceeded) as caught:
        cars(RandomKey.from_seed(0), toy(), 5, soft=rising)
    assert str(caught.value) == (
        "A soft target has the log value -0.333333 after 2 tokens, above its bound -0.5 before: its envelope has to "
        "fall along every text."
    )
    with pytest.raises(EnvelopeExceeded, match=r"has the log value 0\.1 after 1 tokens, above its bound 0 before"):
        cars(RandomKey.from_seed(0), toy(), 5, soft=prefix_scorer(lambda _: 0.1))


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("is_value", [True, False])
def test_what_is_no_number_is_an_error(length: int, is_value: bool) -> None:
    """NaN once passed as a factor of 1 when it was the bound: a score that is not the same each time."""
    asked = []

    def score(text: tuple[int, ...]) -> float:
        asked.append(text)
        repeated = asked.count(text) > 1
        return math.nan if len(text) == length and (is_value or repeated) else -0.1 * len(text)

    with pytest.raises(EnvelopeExceeded):
        cars(RandomKey.from_seed(0), toy(), 5, CARSOptions(500), soft=prefix_scorer(score))


def test_an_envelope_that_rises_by_more_than_rounding_is_an_error() -> None:
    with pytest.raises(EnvelopeExceeded):
        prefix_scorer(lambda text: 1e-5 * len(text) - 1).log_factor((1,), 2)
    assert prefix_scorer(lambda text: 1e-7 * len(text) - 1).log_factor((1,), 2) == 0.0


def test_a_value_that_all_texts_have_counts_in_the_evidence() -> None:
    """The bound of the empty text is 1, whatever its score is."""
    log_z = exact(toy(5)).log_z
    sample = cars(RandomKey.from_seed(1), toy(5), 2000, CARSOptions(10**7, 8), soft=prefix_scorer(lambda _: -1.0))
    assert sample.log_evidence == pytest.approx(log_z - 1, abs=0.15)


def test_shares_and_exponents_are_checked() -> None:
    with pytest.raises(InvalidOption, match="must be 2 numbers that add up to 1"):
        mixture([THREES, SHORT], [0.5, 0.6])
    with pytest.raises(InvalidOption, match="must be above 0, not 0"):
        power(THREES, 0)
