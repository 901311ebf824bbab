"""Chains against their transition matrix, which is enumerated, and against the target."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.sampling.enumeration import exact
from maskwright.sampling.mcmc import (
    Cut,
    MCMCOptions,
    MCMCState,
    Written,
    independence_mh,
    init,
    log_acceptance,
    mcmc,
    priority,
    restart,
    step,
    uniform,
)
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Ending, Target
from maskwright.sampling.weighted_texts import SampledText, WeightedTexts
from tests.sampling.statistics import ONE_IN_10_000, chi_squared, chi_squared_limit
from tests.sampling.toys import ListedLanguage, MarkovModel, Text, remembered, toy, valid_texts

CUTS = (uniform, priority, restart)


def as_written(target: Target, text: Text, cut: Cut) -> Written:
    """A text as if masked decoding had written it."""
    draft, steps = target.start(), []
    for token in (*text, 4):
        (row,) = target.rows([draft])
        steps.append((row.log_probability(token), row.log_mass, cut(row, len(draft.token_ids))))
        draft.read(token, steps[-1][0])
    return Written((*text, 4), np.array(steps), Ending.FINISHED)


def transition_matrix(texts: Sequence[Written]) -> np.ndarray:
    """P(y → y'): all cuts that lead there, times the probability of accepting it; what is rejected stays."""
    matrix = np.zeros((len(texts), len(texts)))
    for i, start in enumerate(texts):
        for j, end in enumerate(texts):
            proposed = 0.0
            for cut, rho in enumerate(start.cut_probabilities):
                if start.token_ids[:cut] == end.token_ids[:cut]:
                    proposed += rho * np.exp((end.steps[cut:, 0] - end.steps[cut:, 1]).sum())
            matrix[i, j] = proposed * math.exp(log_acceptance(start, end))
    return matrix + np.diag(1 - matrix.sum(1))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("seed", [3, 8])
def test_every_pair_of_texts_is_in_detailed_balance(cut: Cut, seed: int) -> None:
    target = remembered(toy(seed))
    pi = exact(target).probabilities()
    matrix = transition_matrix([as_written(target, text, cut) for text in pi])
    flow = np.array(list(pi.values()))[:, None] * matrix
    assert np.abs(flow - flow.T).max() < 1e-12
    assert (matrix >= -1e-12).all()
    assert (np.linalg.matrix_power(matrix, 200) > 0).all()


@pytest.mark.parametrize("max_tokens", [4, 6])
@pytest.mark.parametrize("cut", CUTS)
def test_chains_go_as_the_matrix_says(cut: Cut, max_tokens: int) -> None:
    """The law after eight steps, 2,000 chains, chi-squared; a false alarm once in 10,000, the seed is fixed.

    At four tokens most texts die at the budget; a chain that began with one is in the last place of the law.
    """
    target = remembered(toy(max_tokens=max_tokens))
    truth = exact(target)
    texts = [as_written(target, text, cut) for text in truth.texts]
    living = np.array(list(truth.masked_probabilities().values()))
    law = np.array([*living, 1 - living.sum()])
    matrix = np.block([[transition_matrix(texts), np.zeros((len(texts), 1))], [law]])
    law = (law @ np.linalg.matrix_power(matrix, 8)).clip(0)
    options = MCMCOptions(n_chains=2000, n_steps=8, burn_in=7, cut=cut)
    chains = mcmc(RandomKey.from_seed(2), target, options).texts
    drawn = [target.without_end(text.token_ids) if text.log_weight == 0 else None for text in chains.texts]
    statistic, degrees = chi_squared(drawn, dict(zip((*truth.texts, None), law.tolist(), strict=True)))
    assert len(drawn) == 2000
    assert statistic < chi_squared_limit(degrees, ONE_IN_10_000)


@pytest.mark.parametrize("cut", CUTS)
def test_acceptance_does_not_depend_on_the_cut_but_through_the_proposal(cut: Cut) -> None:
    """From a text of middling weight, where acceptance varies; each cut is within 4 sigma, the seed is fixed."""
    target = remembered(toy())
    truth = exact(target)
    texts = [as_written(target, text, cut) for text in truth.texts]
    start = as_written(target, (0, 1, 3, 1, 0), cut)
    state = MCMCState((start,) * 2000)
    _, info = step(RandomKey.from_seed(2), target, state, MCMCOptions(cut=cut))
    cuts, accepted = np.array(info.cuts), np.array(info.accepted)
    for place, rho in enumerate(start.cut_probabilities):
        wanted = rho * sum(
            math.exp((text.steps[place:, 0] - text.steps[place:, 1]).sum() + log_acceptance(start, text))
            for text in texts
            if text.token_ids[:place] == start.token_ids[:place]
        )
        seen = np.mean((cuts == place) & accepted)
        assert abs(seen - wanted) <= 4 * math.sqrt(wanted * max(0.0, 1 - wanted) / 2000) + 1e-12


@pytest.mark.parametrize("cut", CUTS)
def test_long_chains_have_the_law_of_the_target(cut: Cut) -> None:
    """Though the budget kills three proposals in ten. Chi-squared; a false alarm once in 10,000, the seed is fixed.

    The matrix of this toy is within .002 of its limit after 80 steps (T itself: .15, .09 and .09 after 100).
    """
    target = remembered(toy(22, max_tokens=4))
    truth = exact(target)
    chains = mcmc(RandomKey.from_seed(4), target, MCMCOptions(n_chains=600, n_steps=80, burn_in=79, cut=cut))
    drawn = [target.without_end(text.token_ids) for text in chains.texts.alive]
    statistic, degrees = chi_squared(drawn, truth.probabilities())
    assert len(drawn) == 600
    assert statistic < chi_squared_limit(degrees, ONE_IN_10_000)
    assert 0 < chains.acceptance_rate < 1


def test_a_chain_asks_for_the_rows_of_what_it_writes_and_for_no_others() -> None:
    model = MarkovModel()
    target = Target(model, (), ListedLanguage(valid_texts(), frozenset({4})), 6, frozenset({4}))
    options = MCMCOptions(n_chains=3, cut=uniform)
    state = init(RandomKey.from_seed(0), target, options)
    assert model.n_rows == state.n_rows <= sum(len(text.token_ids) for text in state.texts)
    for t in range(10):
        before = model.n_rows
        moved, info = step(RandomKey.from_seed(1).child(t), target, state, options)
        assert model.n_rows - before == moved.n_rows - state.n_rows
        for old, new, cut, is_accepted in zip(state.texts, moved.texts, info.cuts, info.accepted, strict=True):
            assert new.token_ids[:cut] == old.token_ids[:cut]
            assert is_accepted or new is old
            assert new.log_probabilities.sum() == pytest.approx(
                as_written(target, target.without_end(new.token_ids), uniform).log_probabilities.sum()
            )
            model.n_rows = moved.n_rows
        state = moved


@pytest.mark.parametrize("cut", CUTS)
def test_the_seed_decides_and_neither_batches_nor_caches(cut: Cut) -> None:
    key = RandomKey.from_seed(6)
    first = mcmc(key, toy(), MCMCOptions(n_chains=20, n_steps=6, cut=cut))
    for batch in (1, 8, 64):
        other = mcmc(key, toy(), MCMCOptions(n_chains=20, n_steps=6, cut=cut, batch_rows=batch))
        assert other.texts.texts == first.texts.texts
    assert mcmc(key, remembered(toy()), MCMCOptions(n_chains=20, n_steps=6, cut=cut)).texts.texts == first.texts.texts
    alone = mcmc(key, toy(), MCMCOptions(n_chains=1, n_steps=6, cut=cut))
    assert alone.texts.texts == first.texts.texts[::20]


def test_a_language_of_one_text_has_no_choice_and_divides_by_no_zero() -> None:
    eos = frozenset({4})
    target = Target(MarkovModel(), (), ListedLanguage(frozenset({(1, 2)}), eos), 6, eos)
    chains = mcmc(RandomKey.from_seed(0), target, MCMCOptions(n_steps=5, cut=priority))
    assert chains.texts.probabilities() == {(1, 2): 1.0}
    assert chains.acceptance_rate == 1


def test_chains_that_never_live_are_a_result() -> None:
    eos = frozenset({4})
    target = Target(MarkovModel(), (), ListedLanguage(frozenset({(1, 2, 3)}), eos), 2, eos)
    chains = mcmc(RandomKey.from_seed(0), target, MCMCOptions(n_chains=2, n_steps=5))
    assert {text.ending for text in chains.texts.texts} == {Ending.BUDGET}
    assert chains.texts.probabilities() == {}
    assert chains.acceptance_rate == 0


def test_a_chain_that_begins_dead_takes_the_first_living_text() -> None:
    target = remembered(toy())
    dead = Written((1,), np.zeros((1, 3)), Ending.NO_TOKEN)
    state, info = step(RandomKey.from_seed(0), target, MCMCState((dead,)), MCMCOptions())
    assert (info.cuts, info.accepted) == ((0,), (True,))
    assert state.texts[0].is_alive


def test_options_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InvalidOption, match="n_chains must be at least 1, not 0"):
        MCMCOptions(n_chains=0)
    with pytest.raises(InvalidOption, match="burn_in must be from 0 to 19, not 20"):
        MCMCOptions(burn_in=20)


def draws_of(log_weights: Sequence[float]) -> WeightedTexts:
    texts = tuple(SampledText((i, 4), Ending.FINISHED, 0.0, w) for i, w in enumerate(log_weights))
    return WeightedTexts(toy(), texts, 0.0)


def test_heavier_draws_are_always_taken_and_lighter_ones_by_their_share() -> None:
    nothing = -math.inf
    chain = independence_mh(RandomKey.from_seed(0), draws_of([nothing, -50.0, -49.0, nothing, -900.0, -49.0]))
    assert [text.token_ids[0] for text in chain.texts] == [0, 1, 2, 2, 2, 5]
    assert chain.log_weights.tolist() == [nothing, 0, 0, 0, 0, 0]
    taken = [
        independence_mh(RandomKey.from_seed(seed), draws_of([0.0, math.log(0.3)])).texts[1].token_ids[0]
        for seed in range(2000)
    ]
    assert abs(sum(taken) - 600) < 4 * math.sqrt(2000 * 0.3 * 0.7)
    assert independence_mh(RandomKey.from_seed(0), draws_of([nothing] * 3)).alive == ()


def test_independence_chains_over_importance_draws_find_the_target() -> None:
    """TV of one chain of 20,000 draws; they depend on each other, so it is held to the floor of a tenth of them."""
    target = remembered(toy(8))
    truth = exact(target)
    draws = smc(RandomKey.from_seed(3), target, SMCOptions(n_particles=20_000, ess_threshold=0))
    chain = independence_mh(RandomKey.from_seed(4), draws)
    assert truth.total_variation(chain.probabilities()) < 1.5 * truth.noise_floor(2_000)
    assert chain.log_evidence == draws.log_evidence
