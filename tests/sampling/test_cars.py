"""CARS and what it is when it learns less: exact draws, on a toy whose distribution is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from maskwright.errors import BadLogits, InvalidOption
from maskwright.sampling.asap import asap
from maskwright.sampling.cars import CARSOptions, Learning, cars, init, step
from maskwright.sampling.enumeration import exact
from maskwright.sampling.prefix_trie import PrefixTrie
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.soft_targets import prefix_scorer
from maskwright.sampling.target import Ending, Target
from maskwright.sampling.twisted_smc import twisted_smc
from tests.sampling.statistics import chi_squared, chi_squared_limit
from tests.sampling.toys import ListedLanguage, remembered, toy, valid_texts

MANY = 10**7


@pytest.mark.parametrize("batch", [1, 16])
def test_accepted_texts_are_distributed_as_the_target(batch: int) -> None:
    """Total variation of 20,000 draws against 1.5 times that of exact ones, and chi-squared on five seeds.

    False alarm: one in 200 for the five chi-squared tests together; the seeds are fixed.
    """
    truth = exact(toy())
    sample = cars(RandomKey.from_seed(1), toy(), 20_000, CARSOptions(MANY, batch))
    assert sample.is_exact
    assert len(sample.texts) == 20_000
    assert truth.total_variation(sample.probabilities()) <= 1.5 * truth.noise_floor(20_000)
    for seed in range(5):
        target = toy()
        sample = cars(RandomKey.from_seed(100 + seed), target, 3000, CARSOptions(MANY, batch))
        drawn = [target.without_end(text.token_ids) for text in sample.texts]
        statistic, degrees = chi_squared(drawn, truth.probabilities())
        assert statistic < chi_squared_limit(degrees)


@pytest.mark.parametrize("learning", Learning)
def test_every_way_of_learning_is_exact(learning: Learning) -> None:
    """Chi-squared, false alarm one in 1,000 each; on a model under which plain rejection is quick as well."""
    target = toy(seed=17)
    truth = exact(target)
    sample = cars(RandomKey.from_seed(3), target, 1000, CARSOptions(MANY, 8, learning, goes_on_after=None))
    statistic, degrees = chi_squared(
        [target.without_end(text.token_ids) for text in sample.texts], truth.probabilities()
    )
    assert statistic < chi_squared_limit(degrees)
    assert math.exp(sample.log_evidence - truth.log_z) == pytest.approx(1, abs=0.2)
    for text in sample.texts[:20]:
        place = truth.texts.index(target.without_end(text.token_ids))
        assert text.log_probability == pytest.approx(truth.log_probabilities[place])


@pytest.mark.parametrize("n", [500, pytest.param(20_000, marks=pytest.mark.deep)])
def test_plain_rejection_is_distributed_as_the_target(n: int) -> None:
    truth = exact(toy())
    sample = cars(RandomKey.from_seed(4), toy(), n, CARSOptions(MANY, 4096, Learning.NOTHING, None))
    assert truth.total_variation(sample.probabilities()) <= 1.5 * truth.noise_floor(n)


def test_few_rows_are_asked_and_the_bound_falls_to_the_mass_of_the_language() -> None:
    target, trie = toy(), PrefixTrie()
    log_z = exact(toy()).log_z
    sample = cars(RandomKey.from_seed(1), target, 200, CARSOptions(MANY), trie)
    assert sample.effort.n_rows / 200 <= 5
    assert target.model.n_rows == sample.effort.n_rows + 1  # the first mask is learnt beforehand
    state = init(target, CARSOptions(MANY), trie)
    before = trie.log_root
    while state.n_accepted < 2000:
        state, _ = step(RandomKey.from_seed(2), state)
        assert trie.log_root <= before + 1e-12
        assert math.exp(trie.log_root) >= math.exp(log_z) - 1e-9
        before = trie.log_root
    assert math.exp(trie.log_root - log_z) <= 1.01
    assert len(target.model.prefixes) <= 171


def test_what_learns_less_needs_more_rows() -> None:
    rows = {}
    for learning in (Learning.CONES, Learning.FAILURES, Learning.FIRST_TOKEN, Learning.NOTHING):
        options = CARSOptions(MANY, 32, learning, goes_on_after=None)
        rows[learning] = cars(RandomKey.from_seed(5), toy(seed=5), 50, options).effort.n_rows
    assert sorted(rows.values()) == [*rows.values()]
    assert len(set(rows.values())) == len(Learning)


def test_a_text_that_a_coin_has_stopped_costs_no_more_rows() -> None:
    options = CARSOptions(64, 64, Learning.NOTHING, goes_on_after=None)
    _, done = step(RandomKey.from_seed(1), init(toy(), options))
    stopped = [text for text in done.texts if text.is_stopped]
    assert any(text.ending is None and len(text.draft.token_ids) == 1 for text in stopped)


def test_texts_go_on_only_while_fewer_than_one_attempt_in_so_many_is_accepted() -> None:
    state = init(toy(), CARSOptions(goes_on_after=100))
    key = RandomKey.from_seed(1)
    for n_attempts, n_accepted, goes_on in [(99, 0, False), (100, 0, True), (399, 3, False), (400, 3, True)]:
        _, done = step(key, replace(state, n_attempts=n_attempts, n_accepted=n_accepted))
        assert done.are_finished is goes_on


def test_forbidden_tokens_that_were_drawn_are_what_failures_teach() -> None:
    target, trie = toy(), PrefixTrie()
    state = init(target, CARSOptions(64, 64, Learning.FAILURES), trie)
    assert trie.log_root == 0.0
    step(RandomKey.from_seed(1), state)
    dead = [node for node in trie.nodes if node.log_factor == -math.inf]
    assert dead
    for node in dead:
        parent, prefix = trie.nodes[node.parent], []
        while parent.parent >= 0:
            prefix.insert(0, parent.token)
            parent = trie.nodes[parent.parent]
        draft = target.start()
        for token in prefix:
            draft.read(token, 0.0)
        assert node.token not in target.rows([draft])[0].allowed()


def test_attempts_that_run_out_become_weighted_texts() -> None:
    """The mean weight of starved runs is Z: |z| <= 4 over 400 runs, false alarm one in 15,000."""
    log_z = exact(toy()).log_z
    options = CARSOptions(max_attempts=12, batch=4, learning=Learning.NOTHING, goes_on_after=0)
    estimates = []
    for seed in range(400):
        sample = cars(RandomKey.from_seed(seed), toy(), 10**6, options)
        assert sample.declared
        assert not sample.is_exact
        assert sample.effort.n_attempts == len(sample.texts) == 12
        estimates.append(math.exp(sample.log_evidence - log_z))
    z = (np.mean(estimates) - 1) / (np.std(estimates) / math.sqrt(len(estimates)))
    assert abs(z) <= 4


def test_going_on_for_a_while_does_not_bend_the_estimate() -> None:
    """|z| <= 4 over 1,000 runs, false alarm one in 15,000.

    Going on ends with a text that is accepted, so the mean over the attempts that went on is 1.15 Z here, z = 11.
    """
    target = remembered(toy(seed=5))
    log_z = exact(target).log_z
    options = CARSOptions(24, 4, Learning.NOTHING, goes_on_after=5)
    samples = [cars(RandomKey.from_seed(seed), target, 10**6, options) for seed in range(1000)]
    for sample in samples:  # what was accepted is returned where the weights are worth less
        n_accepted = int(sample.declared[0].split()[1])
        assert sample.effective_sample_size >= n_accepted - 1e-9
    estimates = [math.exp(sample.log_evidence - log_z) for sample in samples]
    z = (np.mean(estimates) - 1) / (np.std(estimates) / math.sqrt(len(estimates)))
    assert abs(z) <= 4


def test_draws_are_not_called_exact_when_the_attempts_ran_out() -> None:
    options = CARSOptions(300, goes_on_after=None)
    sample = cars(RandomKey.from_seed(3), toy(), 10**6, options)
    assert sample.alive
    assert not sample.is_exact
    assert sample.declared == (f"only {len(sample.alive)} of 1000000 texts were accepted in 300 attempts",)


def test_a_trie_of_another_use_is_refused() -> None:
    """Each of these pairs was accepted once and gave texts of neither target (chi-squared far beyond its limit)."""
    key = RandomKey.from_seed(0)

    def learnt(learning: Learning = Learning.CONES) -> PrefixTrie:
        trie = PrefixTrie()
        cars(key, toy(17), 20, CARSOptions(MANY, 8, learning), trie)
        return trie

    with pytest.raises(InvalidOption) as caught:
        cars(key, toy(17), 1, CARSOptions(MANY), learnt(Learning.FAILURES))
    assert str(caught.value).startswith("trie must be one that was learnt in the same way: from masks, or from")
    with pytest.raises(InvalidOption, match="in the same way"):
        cars(key, toy(17), 1, CARSOptions(MANY, learning=Learning.FAILURES), learnt())
    with pytest.raises(InvalidOption, match="in the same way"):
        asap(key, toy(17), 1, trie=learnt(Learning.FAILURES))
    with pytest.raises(InvalidOption, match="in the same way"):
        twisted_smc(key, toy(17), 1, trie=learnt(Learning.FAILURES))
    with pytest.raises(InvalidOption, match="one of the same soft target"):
        cars(key, toy(17), 1, trie=learnt(), soft=prefix_scorer(lambda text: -0.1 * len(text)))
    with pytest.raises(InvalidOption, match="one of the same budget"):
        cars(key, toy(17, max_tokens=5), 1, trie=learnt())
    with pytest.raises(InvalidOption, match="one of the same prompt"):
        asap(key, replace(toy(17), prompt_ids=(1,)), 1, trie=learnt())
    with pytest.raises(InvalidOption, match="one of the same end tokens"):
        twisted_smc(key, replace(toy(17), eos_token_ids=frozenset({3, 4})), 1, trie=learnt())
    cars(key, toy(17), 1, CARSOptions(MANY, learning=Learning.FAILURES), learnt(Learning.FAILURES))
    asap(key, toy(17), 1, trie=learnt(Learning.FIRST_TOKEN))
    twisted_smc(key, toy(17), 1, trie=learnt())


@pytest.mark.parametrize("first", [Learning.NOTHING, Learning.FIRST_TOKEN])
def test_a_trie_of_less_learning_serves_more(first: Learning) -> None:
    """Chi-squared, false alarm one in 1,000."""
    target, trie = toy(seed=17), PrefixTrie()
    truth = exact(target)
    cars(RandomKey.from_seed(1), target, 10, CARSOptions(MANY, 8, first), trie)
    sample = cars(RandomKey.from_seed(2), target, 1000, CARSOptions(MANY, 8), trie)
    statistic, degrees = chi_squared([target.without_end(t.token_ids) for t in sample.texts], truth.probabilities())
    assert statistic < chi_squared_limit(degrees)


@pytest.mark.parametrize("n_attempts", [1, 7])
def test_nothing_is_tried_again_where_all_is_known_to_be_dead(n_attempts: int) -> None:
    eos = frozenset({4})
    target = Target(lambda p: np.zeros((len(p), 5)), (), ListedLanguage(frozenset(), eos), 6, eos)
    sample = cars(RandomKey.from_seed(0), target, 3, CARSOptions(batch=n_attempts))
    assert sample.effort.n_attempts == len(sample.texts) == n_attempts
    assert {text.ending for text in sample.texts} == {Ending.NO_TOKEN}
    assert (sample.log_evidence, sample.is_exact) == (-math.inf, False)


def test_a_language_without_mass_gives_dead_texts_with_a_reason() -> None:
    eos = frozenset({4})
    language = ListedLanguage(frozenset({(1, 2)}), eos)
    impossible = np.array([0.0, -np.inf, 0.0, 0.0, 0.0])
    target = Target(lambda prefixes: np.tile(impossible, (len(prefixes), 1)), (), language, 6, eos)
    sample = cars(RandomKey.from_seed(0), target, 3, CARSOptions(max_attempts=5, goes_on_after=0))
    assert {text.ending for text in sample.texts} == {Ending.NO_MASS}
    assert sample.log_evidence == -math.inf
    assert sample.effective_sample_size == 0
    assert sample.probabilities() == {}
    assert sample.declared == ("only 0 of 3 texts were accepted in 1 attempts",)
    short = Target(lambda prefixes: np.zeros((len(prefixes), 5)), (), language, 2, eos)
    sample = cars(RandomKey.from_seed(0), short, 3, CARSOptions(max_attempts=4, goes_on_after=0))
    assert Ending.BUDGET in {text.ending for text in sample.texts}
    assert sample.log_evidence == -math.inf


def test_a_row_that_is_no_distribution_is_an_error() -> None:
    eos = frozenset({4})
    target = Target(
        lambda prefixes: np.full((len(prefixes), 5), np.nan), (), ListedLanguage(valid_texts(), eos), 6, eos
    )
    with pytest.raises(BadLogits, match="after 0 tokens cannot be used: that of token 0 is nan"):
        cars(RandomKey.from_seed(0), target, 1)


def test_equal_keys_give_equal_texts_for_every_way_of_asking_the_model() -> None:
    one = cars(RandomKey.from_seed(9), toy(), 50, CARSOptions(MANY, 8))
    np.random.seed(1)  # noqa: NPY002  (the global state must not matter)
    other = cars(RandomKey.from_seed(9), toy(), 50, CARSOptions(MANY, 8))
    assert one.texts == other.texts
