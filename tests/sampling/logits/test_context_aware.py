"""Context-aware decoding: the contrast and its weight."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import BadLogits
from maskwright.sampling.logits import CAD, AdaCAD, OtherPrompt, StatelessTransform
from maskwright.sampling.logits.context_aware import jensen_shannon_nats
from maskwright.sampling.logits.distributions import Floats, log_probabilities
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import changed, noise_row, p_of, rows

PROMPT = (3, 1, 4)
OTHER = OtherPrompt(len(PROMPT), (1, 4))
texts = st.lists(st.integers(0, 5), max_size=4).map(lambda generated: (*PROMPT, *generated))


@given(texts, st.floats(0, 3))
def test_cad_is_the_papers_formula(text: Sequence[int], alpha: float) -> None:
    with_context, without = noise_row(text), noise_row((1, 4, *text[3:]))
    found = p_of(changed(CAD(OTHER, alpha), with_context, text))
    np.testing.assert_allclose(found, naive.contrasted(with_context, without, alpha), rtol=1e-9)


@given(texts, st.floats(0, 1))
def test_adacad_is_cad_with_the_divergence_as_weight(text: Sequence[int], offset: float) -> None:
    with_context, without = noise_row(text), noise_row((1, 4, *text[3:]))
    alpha = naive.jensen_shannon_nats(with_context, without) + offset
    found = p_of(changed(AdaCAD(OTHER, offset), with_context, text))
    np.testing.assert_allclose(found, naive.contrasted(with_context, without, alpha), rtol=1e-9)


@given(texts)
def test_a_context_that_changes_nothing_is_the_identity(text: Sequence[int]) -> None:
    same = OtherPrompt(len(PROMPT), PROMPT)
    row = noise_row(text)
    np.testing.assert_allclose(changed(AdaCAD(same), row, text), row, atol=1e-12)
    np.testing.assert_allclose(changed(CAD(same, 0.9), row, text), row, atol=1e-12)
    np.testing.assert_array_equal(changed(CAD(OTHER, 0.0), row, text), row)


@given(st.data(), rows)
def test_the_divergence_is_symmetric_and_between_none_and_log_two(data: st.DataObject, row: Floats) -> None:
    other = np.array(data.draw(st.lists(st.floats(-9, 9), min_size=row.size, max_size=row.size)))
    log_p, log_q = log_probabilities(row), log_probabilities(other)
    divergence = jensen_shannon_nats(log_p, log_q)
    assert divergence == pytest.approx(naive.jensen_shannon_nats(row, other), abs=1e-12)
    assert divergence == pytest.approx(jensen_shannon_nats(log_q, log_p), abs=1e-12)
    assert 0 <= divergence <= math.log(2)
    assert jensen_shannon_nats(log_p, log_p) == pytest.approx(0, abs=1e-12)


def test_disjoint_distributions_are_log_two_apart() -> None:
    log_p, log_q = np.array([0.0, -np.inf]), np.array([-np.inf, 0.0])
    assert jensen_shannon_nats(log_p, log_q) == pytest.approx(math.log(2))


def without_context(row):
    return lambda prefixes: np.array([row])


@pytest.mark.parametrize("transform", [CAD(OTHER, 0.5), AdaCAD(OTHER)], ids=lambda transform: type(transform).__name__)
def test_a_token_impossible_without_the_context_is_refused(transform: StatelessTransform) -> None:
    with pytest.raises(BadLogits) as caught:
        changed(transform, np.array([0.0, 1.0]), PROMPT, without_context([0.0, -np.inf]))
    reason = "token 1 is impossible without the context, so that it has no finite contrast"
    assert caught.value == BadLogits(reason, 3)


@pytest.mark.parametrize("transform", [CAD(OTHER, 0.5), AdaCAD(OTHER)], ids=lambda transform: type(transform).__name__)
def test_a_token_impossible_with_the_context_stays_so(transform: StatelessTransform) -> None:
    for without in ([0.0, 0.5, -np.inf], [0.0, 0.5, 3.0]):
        after = changed(transform, np.array([0.0, 1.0, -np.inf]), PROMPT, without_context(without))
        assert after[2] == -np.inf
        assert np.isfinite(after[:2]).all()


def test_rows_of_two_lengths_are_an_error() -> None:
    with pytest.raises(BadLogits, match="3 tokens without the context, but 2 with it"):
        changed(AdaCAD(OTHER), np.zeros(2), PROMPT, without_context([0.0, 0.0, 0.0]))
