"""Enumeration against the toy whose figures are known, and against adding up by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import BadLogits, BudgetTooSmall, EmptyLanguage, LimitExceeded
from maskwright.sampling.asap import asap
from maskwright.sampling.enumeration import exact
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Target
from tests.sampling.toys import ListedLanguage, MarkovModel, toy, valid_texts


def test_the_toy_has_the_figures_that_are_known_of_it() -> None:
    target = toy()
    truth = exact(target)
    assert len(truth.texts) == 87
    assert truth.n_rows == 171
    assert math.exp(truth.log_z) == pytest.approx(4.650e-3, rel=1e-3)
    assert truth.total_variation(truth.masked_probabilities()) == pytest.approx(0.812, abs=1e-3)
    assert truth.noise_floor(20_000) == pytest.approx(0.011, abs=1e-3)
    assert truth.kl_divergence(truth.probabilities()) == 0


def test_each_probability_is_the_product_over_the_text() -> None:
    target = toy(seed=8)
    model = MarkovModel(seed=8)
    truth = exact(target, batch=3)
    assert set(truth.texts) == valid_texts()
    for text, log_p in zip(truth.texts, truth.log_probabilities, strict=True):
        wanted = 0.0
        for n, token in enumerate((*text, 4)):
            row = model.row(text[:n])
            wanted += row[token] - np.logaddexp.reduce(row)
        assert log_p == pytest.approx(wanted)
    assert all(a != b for text in truth.texts for a, b in pairwise(text))


def test_end_tokens_are_one_event() -> None:
    eos = frozenset({3, 4})
    target = Target(lambda prefixes: np.zeros((len(prefixes), 5)), (), ListedLanguage(frozenset({(1,)}), eos), 2, eos)
    truth = exact(target)
    assert truth.texts == ((1,),)
    assert math.exp(truth.log_z) == pytest.approx(1 / 5 * 2 / 5)


def test_tokenisations_of_the_same_bytes_are_merged_alike_in_truth_and_sample() -> None:
    vocabulary = mw.Vocabulary([b"a", b"b", b"ab", b"</s>"], eos_token_ids=[3])
    language = ListedLanguage(frozenset({(0, 1), (2,), (1,)}), frozenset({3}))
    target = Target(lambda prefixes: np.zeros((len(prefixes), 4)), (), language, 3, frozenset({3}))
    assert exact(target).by_bytes(vocabulary) == pytest.approx({b"ab": 5 / 9, b"b": 4 / 9})
    sample = asap(RandomKey.from_seed(0), target, 50)
    shares = sample.probabilities()
    assert len(shares) == 3
    assert sample.by_bytes(vocabulary) == pytest.approx({b"ab": shares[0, 1] + shares[2,], b"b": shares[1,]})


def test_the_budget_is_part_of_the_target() -> None:
    short = exact(toy(max_tokens=4))
    assert set(short.texts) == {text for text in valid_texts() if len(text) <= 3}
    with pytest.raises(EmptyLanguage, match="none has at most 1 tokens"):
        exact(toy(max_tokens=1))
    with pytest.raises(BudgetTooSmall, match="A budget of 0 tokens is too small"):
        toy(max_tokens=0)


def test_a_language_that_is_too_large_is_refused() -> None:
    with pytest.raises(LimitExceeded, match=r"Enumerating the language needs .* sample instead"):
        exact(toy(), max_texts=50)


def test_an_answer_of_another_shape_is_refused() -> None:
    eos = frozenset({4})
    target = Target(lambda _: np.zeros(5), (), ListedLanguage(valid_texts(), eos), 6, eos)
    with pytest.raises(BadLogits, match=r"1 rows were asked for, the answer has the shape \[5\]"):
        exact(target)
