"""All methods by their names, and the pilot run that chooses one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from maskwright.errors import InvalidOption, NoContinuation
from maskwright.sampling import Method, MethodOptions, RandomKey, Target, choose, exact, run
from maskwright.sampling.asap import asap
from maskwright.sampling.auto import AutoOptions
from maskwright.sampling.cars import CARSOptions, cars
from maskwright.sampling.proposal import masked_proposal
from maskwright.sampling.twisted_smc import twisted_smc
from maskwright.sampling.weighted_texts import WeightedTexts, pooled
from tests.sampling.toys import ListedLanguage, toy

METHODS = [method for method in Method if method is not Method.BEAM]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_comes_near_the_target(method: Method) -> None:
    """Weighted shares of 4,000 texts (MCMC: of 400 chains of 120 steps) are within 0.18 of the target.

    Masked decoding without weights is at 0.81; importance weights of relative variance 31 leave about 0.1.
    """
    truth = exact(toy())
    n = 400 if method is Method.MCMC else 4000
    options = MethodOptions(n_particles=500, n_steps=120, proposal=masked_proposal, batch=16)
    heard: list[int] = []
    sample = run(method, RandomKey.from_seed(3), toy(), n, options, heard.append)
    assert len(sample.texts) >= n
    assert heard == sorted(heard)
    assert heard[-1] >= n
    assert truth.total_variation(sample.probabilities()) < 0.18
    if sample.log_evidence is not None:
        assert math.exp(sample.log_evidence - truth.log_z) == pytest.approx(1, abs=0.35)
    assert sample.is_exact is (method is Method.CARS)


def test_beam_gives_the_best_texts_and_says_that_they_are_no_sample() -> None:
    truth = exact(toy())
    sample = run(Method.BEAM, RandomKey.from_seed(0), toy(), 5)
    best = sorted(truth.log_probabilities.tolist(), reverse=True)[:5]
    assert [text.log_probability for text in sample.texts] == pytest.approx(best)
    assert sample.declared[0] == "the most probable texts that a beam finds, and no sample"
    assert sample.log_evidence is None


def test_what_cannot_be_run_is_refused() -> None:
    with pytest.raises(InvalidOption):
        run(Method.CARS, RandomKey.from_seed(0), toy(), 0)
    with pytest.raises(InvalidOption, match="CheckedProposal"):
        run(Method.AWRS, RandomKey.from_seed(0), toy(), 3)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: MethodOptions(n_particles=0),
        lambda: MethodOptions(batch=0),
        lambda: MethodOptions(max_attempts=0),
        lambda: MethodOptions(n_steps=0),
        lambda: CARSOptions(batch=0),
        lambda: CARSOptions(goes_on_after=-1),
        lambda: AutoOptions(n_pilot=0),
        lambda: AutoOptions(worst_acceptance=20),
        lambda: cars(RandomKey.from_seed(0), toy(), 0),
        lambda: asap(RandomKey.from_seed(0), toy(), 0),
        lambda: asap(RandomKey.from_seed(0), toy(), 1, batch=0),
        lambda: twisted_smc(RandomKey.from_seed(0), toy(), 0),
    ],
)
def test_options_that_mean_nothing_are_refused_before_they_loop(wrong: Callable[[], object]) -> None:
    with pytest.raises(InvalidOption, match="must be"):
        wrong()


def test_the_pilot_run_chooses_by_what_it_sees() -> None:
    key = RandomKey.from_seed(1)
    assert choose(key, toy(), 1).method is Method.MASKED
    assert choose(key, toy(), 50, has_checker=True).method is Method.AWRS
    learnt = choose(key, toy(), 50)
    assert learnt.method is Method.CARS
    assert learnt.pilot is not None
    assert len(learnt.trie) > 1
    assert "exact draws take about" in learnt.reason
    hopeless = choose(key, toy(), 50, options=AutoOptions(n_pilot=2, batch=2, worst_acceptance=0.9999))
    assert hopeless.method is Method.SMC
    assert "exact draws would take about" in hopeless.reason


def test_a_language_out_of_reach_is_reported_by_the_pilot_run() -> None:
    eos = frozenset({4})
    language = ListedLanguage(frozenset({(1, 2)}), eos)
    target = Target(lambda prefixes: np.zeros((len(prefixes), 5)), (), language, 2, eos)
    choice = choose(RandomKey.from_seed(0), target, 9)
    assert choice.method is Method.SMC
    assert choice.reason == (
        "none of 32 texts of a pilot run was completed ("
        "all that may follow is known to be dead, no end fits into the budget)"
    )
    sample = run(choice.method, RandomKey.from_seed(1), target, 9)
    assert sample.log_evidence == -math.inf
    assert sample.alive == ()


def test_pooled_samples_are_one() -> None:
    parts = [run(Method.CARS, RandomKey.from_seed(seed), toy(), 20) for seed in range(3)]
    whole = pooled(parts)
    assert whole.is_exact
    assert len(whole.texts) == 60
    assert len({text.log_weight for text in whole.texts}) == 1
    assert whole.effort.n_rows == sum(part.effort.n_rows for part in parts)
    assert whole.log_evidence == pytest.approx(np.logaddexp.reduce([p.log_evidence for p in parts]) - math.log(3))
    weighted = [run(Method.MASKED, RandomKey.from_seed(seed), toy(), 20) for seed in range(3)]
    assert pooled(weighted).log_evidence == pytest.approx(
        np.logaddexp.reduce([p.log_evidence for p in weighted]) - math.log(3)
    )
    with pytest.raises(InvalidOption, match="must be at least one, not"):
        pooled([])


def test_a_sample_whose_texts_are_all_dead_has_no_choice() -> None:
    dead = WeightedTexts(toy(), (), -math.inf)
    with pytest.raises(NoContinuation, match="all 0 texts are dead"):
        dead.choose(RandomKey.from_seed(0))


def test_the_pilot_run_draws_by_numbers_that_no_method_uses() -> None:
    """With equal numbers what the trie knows would depend on what is drawn by it next."""
    key = RandomKey.from_seed(1)
    pilot = choose(key, toy(), 50).pilot
    assert pilot is not None
    assert pilot.texts != asap(key, toy(), 32, 8).texts


def test_a_beam_that_finds_nothing_claims_no_mass_only_if_it_looked_everywhere() -> None:
    """Behind all but the least probable of the 31 first tokens the model wants nothing that is allowed."""
    eos = frozenset({31})
    language = ListedLanguage(frozenset((first, 0) for first in range(31)), eos)

    def model(prefixes: list[tuple[int, ...]]) -> np.ndarray:
        rows = np.tile(np.linspace(1.0, 0.0, 32), (len(prefixes), 1))
        rows[[len(prefix) == 1 and prefix[0] != 30 for prefix in prefixes], 0] = -np.inf
        return rows

    target = Target(model, (), language, 6, eos)
    assert exact(target).texts == ((30, 0),)
    lost = run(Method.BEAM, RandomKey.from_seed(0), target, 1)
    assert (lost.texts, lost.log_evidence) == ((), None)
    found = run(Method.BEAM, RandomKey.from_seed(0), target, 10)
    assert [text.token_ids for text in found.texts] == [(30, 0, 31)]
