"""GRAD: the graph of a corpus, and what it adds to the logits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import BadLogits
from maskwright.sampling.logits import GRAD, TransitionGraph
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import changed, noise_model, noise_row, p_of

corpora = st.lists(st.lists(st.integers(0, 5), max_size=8), max_size=4)


@given(corpora)
def test_an_edge_weighs_what_the_model_thinks_of_it_summed_over_its_occurrences(corpus: list[list[int]]) -> None:
    sums = np.zeros((6, 6))
    for text in corpus:
        for i in range(1, len(text)):
            sums[text[i - 1], text[i]] += naive.softmax(noise_row(text[:i]))[text[i]]
    graph = TransitionGraph.of_corpus(noise_model, corpus)
    assert set(graph.edges) == set(np.flatnonzero(sums.sum(axis=1)))
    for token, edges in graph.edges.items():
        np.testing.assert_array_equal(edges.token_ids, np.flatnonzero(sums[token]))
        np.testing.assert_allclose(edges.weights, sums[token][edges.token_ids] / sums[token].max())


@given(corpora, st.lists(st.integers(0, 5), max_size=3), st.floats(0, 5))
def test_what_is_added_is_the_weighted_edges_as_far_as_the_model_is_unsure(
    corpus: list[list[int]], text: Sequence[int], alpha: float
) -> None:
    graph = TransitionGraph.of_corpus(noise_model, corpus)
    row = noise_row(text)
    added = changed(GRAD(graph, alpha), row, text) - row
    edges = graph.edges.get(text[-1]) if text else None
    expected = np.zeros(6)
    if edges is not None:
        expected[edges.token_ids] = alpha * naive.entropy_nats(row) / math.log(6) * edges.weights
    np.testing.assert_allclose(added, expected, atol=1e-12)
    assert added.max() - added.min() <= alpha + 1e-12


def test_a_sure_model_is_left_alone_and_an_unsure_one_follows_the_corpus() -> None:
    grad = GRAD(TransitionGraph.of_corpus(noise_model, [[0, 3]] * 2), 3.0)
    sure = np.array([0.0, 60.0, 0.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(p_of(changed(grad, sure, (0,))), p_of(sure), atol=1e-12)
    assert changed(grad, np.zeros(6), (0,)).argmax() == 3
    assert p_of(changed(grad, np.zeros(6), (0,)))[3] == pytest.approx(math.exp(3) / (math.exp(3) + 5))


def test_a_transition_that_the_model_holds_impossible_has_no_edge() -> None:
    def model(prefixes):
        return np.array([[0.0, -np.inf, -2.0]] * len(prefixes))

    graph = TransitionGraph.of_corpus(model, [[0, 1], [0, 2], [1, 1]])
    assert list(graph.edges) == [0]
    assert graph.edges[0].token_ids.tolist() == [2]
    assert graph.edges[0].weights.tolist() == [1.0]


def test_a_graph_of_another_vocabulary_is_an_error() -> None:
    grad = GRAD(TransitionGraph.of_corpus(noise_model, [[0, 5]]))
    with pytest.raises(BadLogits, match="the graph leads to token 5, but there are only 4"):
        changed(grad, np.zeros(4), (0,))
    np.testing.assert_array_equal(changed(grad, np.zeros(1), (0,)), np.zeros(1))
