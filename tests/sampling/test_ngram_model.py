"""The n-gram model against its formula, counted naively."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import InvalidOption
from maskwright.sampling.ngram_model import NgramModel

N_TOKENS = 4
TEXTS = st.lists(st.lists(st.integers(0, N_TOKENS - 1), max_size=8), max_size=6)


def naive_probability(texts: list[list[int]], order: int, k: float, prefix: list[int], token: int) -> float:
    """(N(c, t) + k) / (N(c) + k V) by reading all texts, with None before their beginning."""
    context = ([None] * order + prefix)[len(prefix) + 1 :]
    seen = [text[i] for text in texts for i in range(len(text)) if ([None] * order + text[:i])[i + 1 :] == context]
    return (seen.count(token) + k) / (len(seen) + k * N_TOKENS)


@given(TEXTS, st.integers(1, 3), st.sampled_from([0.1, 1.0]), st.lists(st.integers(0, N_TOKENS - 1), max_size=5))
def test_rows_are_the_smoothed_counts(texts: list[list[int]], order: int, k: float, prefix: list[int]) -> None:
    row = NgramModel(texts, N_TOKENS, order, k)([prefix])[0]
    expected = [naive_probability(texts, order, k, prefix, token) for token in range(N_TOKENS)]
    np.testing.assert_allclose(np.exp(row), expected, rtol=1e-12)
    assert np.exp(row).sum() == pytest.approx(1, abs=1e-12)


def test_prefixes_of_one_call_may_differ_in_length_and_repeat() -> None:
    model = NgramModel([[0, 1, 2]], N_TOKENS, 2)
    rows = model([(0,), (), (0,), (3, 0)])
    assert rows.shape == (4, N_TOKENS)
    assert (rows[0] == rows[2]).all()
    assert (rows[0] == rows[3]).all()
    assert rows[0].argmax() == 1


@pytest.mark.parametrize(
    ("order", "k", "texts"), [(0, 1.0, [[0]]), (2, 0.0, [[0]]), (2, 1.0, [[N_TOKENS]]), (2, 1.0, [[-1]])]
)
def test_what_is_no_n_gram_model_is_refused(order: int, k: float, texts: list[list[int]]) -> None:
    with pytest.raises(InvalidOption):
        NgramModel(texts, N_TOKENS, order, k)
