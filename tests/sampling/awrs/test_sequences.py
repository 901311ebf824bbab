"""Whole texts: sequential importance sampling with checked proposals is unbiased for Z of the language.

The toy T of the acceptance checks, with one part of its constraint moved from the mask to the checker. Runs are plain
products of weights. |z| <= 4: false alarm once in 15,000; chi-squared over 20 toys: once in 1,000; the seeds are fixed.
"""

from __future__ import annotations

import math
from functools import cache, partial

import numpy as np
import pytest

import maskwright as mw
from maskwright.sampling.awrs.checker import Checker
from maskwright.sampling.awrs.estimate import Estimator
from maskwright.sampling.awrs.geometric import geometric
from maskwright.sampling.awrs.priority import priority
from maskwright.sampling.awrs.proposal import CheckedProposal
from maskwright.sampling.awrs.recursive import recursive
from maskwright.sampling.awrs.two_pass import two_pass
from maskwright.sampling.enumeration import exact
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Target
from tests.sampling.toys import ListedLanguage, MarkovModel, Text, is_valid, toy, valid_texts

EOS = frozenset({4})
ESTIMATORS: dict[str, Estimator] = {
    "two-pass": two_pass,
    "recursive": recursive,
    "geometric": geometric,
    "geometric, three accepts": partial(geometric, accepts=3),
    "geometric, at least two": partial(geometric, at_least=2),
    "geometric, at most two": partial(geometric, at_most=2),
    "priority": partial(priority, n_top=1, n_tail=2),
}


def is_a_multiple(text: Text) -> bool:
    return bool(text) and sum(text) % 5 == 0


def no_equal_neighbours(token_ids: Text, text: bytes) -> bool:
    """Can it be completed with different neighbours?  Of the texts that the mask lets through."""
    return tuple(text) == token_ids and token_ids in viable()


@cache
def viable() -> frozenset[Text]:
    return frozenset(text[:n] for text in valid_texts() for n in range(len(text) + 1))


def complete(token_ids: Text, text: bytes) -> bool:
    return is_valid(token_ids)


def checked_toy(seed: int = 3) -> Target:
    """The mask knows of digit sums only."""
    return Target(MarkovModel(seed), (), ListedLanguage(valid_texts(4, 5, is_a_multiple), EOS), 6, EOS)


def weights(target: Target, proposal: CheckedProposal, n: int, seed: int) -> tuple[np.ndarray, list[Text]]:
    """n runs side by side, each from its own key; W of each, 0 for a dead one."""
    key = RandomKey.from_seed(seed)
    drafts = [target.start() for _ in range(n)]
    log_weights = np.zeros(n)
    step = 0
    alive = list(range(n))
    while alive:
        rows = target.rows([drafts[i] for i in alive])
        drawn = proposal([key.child(i, step) for i in alive], [drafts[i] for i in alive], rows)
        for i, found in zip(alive, drawn, strict=True):
            log_weights[i] += found.log_weight
            if found.token_id is not None:
                drafts[i].read(found.token_id, found.log_probability)
        alive = [i for i in alive if log_weights[i] > -math.inf and not drafts[i].is_finished]
        step += 1
    return np.exp(log_weights), [tuple(draft.token_ids) for draft in drafts]


def judge(seed: int, estimator: Estimator, n: int) -> tuple[float, float, list[Text]]:
    """z of the mean weight, its relative standard error, and the texts that were finished."""
    z = math.exp(exact(toy(seed)).log_z)
    proposal = CheckedProposal(Checker(no_equal_neighbours, complete), bytes, estimator=estimator)
    found, texts = weights(checked_toy(seed), proposal, n, seed=100 + seed)
    error = found.std() / math.sqrt(n)
    return (
        (found.mean() - z) / error,
        error / z,
        [text for text, weight in zip(texts, found, strict=True) if weight > 0],
    )


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
def test_the_mean_weight_is_the_mass_of_the_language(estimator: Estimator) -> None:
    """One of the toys whose weights vary least, so that 4,000 runs are enough."""
    z, error, texts = judge(8, estimator, 4000)
    assert abs(z) <= 4
    assert error <= 0.04
    assert {text[:-1] for text in texts} <= valid_texts()


@pytest.mark.deep
@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
def test_the_mean_weight_is_the_mass_of_toy_t(estimator: Estimator) -> None:
    z, error, _ = judge(3, estimator, 60_000)
    assert abs(z) <= 4
    assert error <= 0.04


@pytest.mark.deep
@pytest.mark.parametrize("estimator", [geometric, partial(priority, n_top=1, n_tail=2)], ids=["geometric", "priority"])
def test_twenty_toys(estimator: Estimator) -> None:
    squares = [judge(seed, estimator, 4000)[0] ** 2 for seed in range(20)]
    assert sum(squares) <= 45.3  # chi-squared with 20 degrees of freedom, p = 1e-3


def test_only_complete_texts_checked_is_exact_per_step() -> None:
    """The checker sees finished texts alone: dead texts, but the weights of the living are those of masked decoding."""
    z = math.exp(exact(toy(8)).log_z)
    found, texts = weights(checked_toy(8), CheckedProposal(Checker(complete=complete), bytes), 4000, seed=2)
    assert abs(found.mean() - z) <= 4 * found.std() / math.sqrt(len(found))
    assert {text[:-1] for text, weight in zip(texts, found, strict=True) if weight > 0} <= valid_texts()


def divisible_by_three(token_ids: Text, text: bytes) -> bool:
    return int(text) % 3 == 0


def no_nine(token_ids: Text, text: bytes) -> bool:
    return b"9" not in text


def test_a_real_grammar_and_vocabulary() -> None:
    """Numbers of up to three digits in tokens of one and two, with two end tokens; Z from all texts that pass."""
    tokens = [b"%d" % n for n in range(10)] + [b"%d" % n for n in range(10, 100)]
    vocabulary = mw.Vocabulary([*tokens, b"</s>", b"<end>"], eos_token_ids=[100, 101])
    matcher = mw.Compiler(vocabulary).compile_regex("[0-9]{1,3}").matcher()
    logits = np.random.default_rng(5).normal(size=(103, 102)).astype(np.float32)
    logits[:, 100:] += 4
    target = Target.of(lambda prefixes: logits[[prefix[-1] if prefix else 102 for prefix in prefixes]], (), matcher, 5)
    truth = exact(target)
    passing = [
        no_nine(text, spelled := vocabulary.decode(text)) and divisible_by_three(text, spelled) for text in truth.texts
    ]
    z = np.exp(truth.log_probabilities[passing]).sum()
    proposal = CheckedProposal(Checker(no_nine, divisible_by_three), vocabulary.decode)
    found, texts = weights(target, proposal, 4000, seed=3)
    error = found.std() / math.sqrt(4000)
    assert error / z <= 0.04
    assert abs(found.mean() - z) <= 4 * error
    finished = {vocabulary.decode(text) for text, weight in zip(texts, found, strict=True) if weight > 0}
    assert len(finished) > 100
    assert all(int(text) % 3 == 0 and b"9" not in text for text in finished)
    assert {text[-1] for text, weight in zip(texts, found, strict=True) if weight > 0} == {100, 101}


def test_smc_counts_and_declares_what_failed() -> None:
    def raises_on_some(token_ids: Text, text: bytes) -> bool:
        return 1 // (text[-1] != 2) == 1 and no_equal_neighbours(token_ids, text)

    options = SMCOptions(20, proposal=CheckedProposal(Checker(raises_on_some, complete), bytes))
    sample = smc(RandomKey.from_seed(4), checked_toy(8), options)
    assert sample.effort.n_failures > 0
    assert sample.declared == (f"{sample.effort.n_failures} checks failed and were counted as rejections",)
    assert sample.effort.n_checks > sample.effort.n_failures
    assert all(2 not in text.token_ids for text in sample.alive)
