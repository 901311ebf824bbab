"""Top-k: laws and the naive twin."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskwright.sampling.logits import TopK
from maskwright.sampling.logits.distributions import Floats
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import changed, rows


@given(rows, st.integers(1, 14))
def test_it_agrees_with_the_naive_twin(row: Floats, k: int) -> None:
    np.testing.assert_array_equal(changed(TopK(k), row), naive.top_k(row, k))


@given(rows, st.integers(1, 14))
def test_at_least_k_possible_tokens_stay_and_more_only_for_ties(row: Floats, k: int) -> None:
    kept = changed(TopK(k), row)
    kept = kept[kept > -np.inf]
    possible = int((row > -np.inf).sum())
    assert len(kept) >= min(k, possible)
    assert (kept > kept.min()).sum() < k


@given(rows, st.integers(1, 14), st.randoms(use_true_random=False))
def test_the_numbers_of_the_tokens_play_no_part(row: Floats, k: int, random: Random) -> None:
    order = list(range(row.size))
    random.shuffle(order)
    np.testing.assert_array_equal(changed(TopK(k), row[order]), changed(TopK(k), row)[order])
