"""Kept rows: the same bits as without, each prefix computed once while there is room, never more than allowed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.sampling.ngram_model import NgramModel
from maskwright.sampling.row_cache import ENTRY_BYTES, CachedModel

N_TOKENS = 5
NGRAM = NgramModel([[0, 1, 2, 3, 4], [0, 2, 2, 1, 4]], N_TOKENS, 3)
PREFIX = st.lists(st.integers(0, N_TOKENS - 1), max_size=4).map(tuple)
CALLS = st.lists(st.lists(PREFIX, min_size=1, max_size=6), max_size=8)


class Recorder:
    """A model that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def __call__(self, prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        self.asked.extend(tuple(prefix) for prefix in prefixes)
        return NGRAM(prefixes)


@given(CALLS, st.sampled_from([0, 1, 2, 1000]))
def test_rows_are_bit_identical_whatever_is_kept(calls: list[list[tuple[int, ...]]], entries: int) -> None:
    max_bytes = entries * (ENTRY_BYTES + 8 * N_TOKENS + 8 * 4)
    model = CachedModel(NGRAM, max_bytes)
    for prefixes in calls:
        rows = model(prefixes)
        assert rows.dtype == np.float64
        assert rows.tobytes() == NGRAM(prefixes).tobytes()
        assert 0 <= model.size_bytes <= max_bytes


@given(CALLS)
def test_with_room_each_prefix_is_computed_once(calls: list[list[tuple[int, ...]]]) -> None:
    behind = Recorder()
    model = CachedModel(behind)
    for prefixes in calls:
        model(prefixes)
    asked = [prefix for prefixes in calls for prefix in prefixes]
    assert sorted(behind.asked) == sorted(set(asked))
    assert (model.rows_asked, model.rows_computed) == (len(asked), len(set(asked)))


def test_the_row_used_least_recently_is_dropped_first() -> None:
    behind = Recorder()
    model = CachedModel(behind, max_bytes=2 * (ENTRY_BYTES + 8 * N_TOKENS + 8))
    model([(0,)])
    model([(1,)])
    model([(0,)])
    model([(2,)])  # drops (1,)
    behind.asked.clear()
    model([(0,), (2,)])
    assert behind.asked == []
    model([(1,)])
    assert behind.asked == [(1,)]


def test_without_room_a_call_still_asks_equal_prefixes_once() -> None:
    behind = Recorder()
    model = CachedModel(behind, max_bytes=0)
    model([(0,), (0,), (0,)])
    assert behind.asked == [(0,)]
    assert model.size_bytes == 0


def test_an_answer_may_be_written_to_without_harm() -> None:
    model = CachedModel(NGRAM)
    model([(0,)])[:] = np.nan
    np.testing.assert_array_equal(model([(0,)]), NGRAM([(0,)]))


def test_single_precision_and_nan_pass_through() -> None:
    def broken(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        return np.full((len(prefixes), 3), np.nan, np.float32)

    rows = CachedModel(broken)([(1,), (1,)])
    assert rows.dtype == np.float32
    assert np.isnan(rows).all()


def test_no_prefixes_give_the_models_own_empty_answer() -> None:
    assert CachedModel(NGRAM)([]).shape == (0, N_TOKENS)


def test_a_model_that_fails_leaves_the_counts_alone() -> None:
    def failing(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        raise ConnectionError

    model = CachedModel(failing)
    with pytest.raises(ConnectionError):
        model([(0,)])
    assert (model.rows_asked, model.rows_computed, model.size_bytes) == (0, 0, 0)
