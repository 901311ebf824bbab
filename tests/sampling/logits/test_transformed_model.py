"""A transformed model is a model: the target of exact methods with temperature or a truncation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.sampling.enumeration import exact
from maskwright.sampling.logits import CAD, Context, OtherPrompt, Temperature, TopK, TopP, TransformedModel, chain
from tests.sampling.logits.rows_and_models import changed, noise_model, noise_row, p_of
from tests.sampling.toys import MarkovModel, toy

prefixes = st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=5)


@given(prefixes)
def test_each_row_is_the_transformed_row_of_its_prefix(prefixes: list[list[int]]) -> None:
    transform = chain(CAD(OtherPrompt(0, (1,))), Temperature(0.8), TopP(0.9))
    found = TransformedModel(noise_model, transform)(prefixes)
    assert found.dtype == np.float64
    for row, prefix in zip(found, prefixes, strict=True):
        np.testing.assert_array_equal(row, changed(transform, noise_row(prefix), prefix))


def test_the_model_is_asked_once_for_all_prefixes_and_may_be_transformed_again() -> None:
    calls = []

    def model(prefixes):
        calls.append(len(prefixes))
        return noise_model(prefixes).astype(np.float32)

    twice = TransformedModel(TransformedModel(model, Temperature(0.5)), TopK(2))
    once = TransformedModel(model, chain(Temperature(0.5), TopK(2)))
    np.testing.assert_array_equal(twice([[1], [2, 3], [1]]), once([[1], [2, 3], [1]]))
    assert calls == [3, 3]
    assert twice == TransformedModel(TransformedModel(model, Temperature(0.5)), TopK(2))


def test_no_prefixes_give_no_rows() -> None:
    model = TransformedModel(lambda prefixes: np.zeros((len(prefixes), 6), dtype=np.float32), TopK(2))
    assert model([]).shape == (0, 6)


def test_a_transform_may_ask_the_model_of_its_context() -> None:
    context = Context((1, 2), noise_model)
    np.testing.assert_array_equal(context.model([context.token_ids])[0], noise_row((1, 2)))


def test_the_tempered_model_is_the_target_of_exact_sampling() -> None:
    """π of the target is Π p(t)^(1/T) / Σ p^(1/T), over the texts of the toy and normalised: by hand from its rows."""
    model = MarkovModel()
    truth = exact(replace(toy(), model=TransformedModel(model, Temperature(0.5))))
    weights = {}
    for text in truth.texts:
        steps = [(p_of(model.row(text[:n])) ** 2, token) for n, token in enumerate((*text, 4))]
        weights[text] = np.prod([squares[token] / squares.sum() for squares, token in steps])
    assert math.exp(truth.log_z) == pytest.approx(sum(weights.values()))
    for text, share in truth.probabilities().items():
        assert share == pytest.approx(weights[text] / sum(weights.values()))
    assert truth.total_variation(exact(toy()).probabilities()) > 0.1


def test_a_truncated_model_gives_some_texts_of_the_language_nothing() -> None:
    model = MarkovModel()
    truth = exact(replace(toy(), model=TransformedModel(model, TopK(3))))
    for text in exact(toy()).texts:
        rows = [(model.row(text[:n]), token) for n, token in enumerate((*text, 4))]
        assert (text in truth.probabilities()) == all((row > row[token]).sum() < 3 for row, token in rows)
    assert 0 < len(truth.texts) < 87
