"""Rows that are continued, and rows that are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the extra `hf` is not installed")

from maskwright.integrations.huggingface.token_rows import LEAST_WIDTH, TokenRows


@given(
    st.integers(1, 3), st.integers(1, 4), st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(0, 2**32)
)
def test_rows_are_continued_by_themselves_and_one_token(n_rows: int, width: int, steps: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = rng.integers(0, 2, (n_rows, width))
    rows = TokenRows(known)
    for step in steps:
        tokens = np.concatenate([known, rng.integers(0, 2, (n_rows, 1))], axis=1)
        if step == 0:
            tokens[rng.integers(n_rows), rng.integers(known.shape[1])] ^= 1
        elif step == 1:
            tokens = tokens[:, :-1]
        elif step == 2:
            tokens = np.concatenate([tokens, tokens[:, :1]], axis=1)
        is_continued = tokens.shape[1] == known.shape[1] + 1 and np.array_equal(tokens[:, :-1], known)
        assert rows.continued(np.ascontiguousarray(tokens)) is is_continued
        known = tokens if is_continued else known
        assert np.array_equal(rows.tokens, known)
        assert rows.width == known.shape[1]


def test_what_is_kept_is_a_copy_and_grows() -> None:
    tokens = np.arange(2 * 3 * LEAST_WIDTH).reshape(2, -1)
    rows = TokenRows(tokens[:, :1].copy())
    for width in range(2, tokens.shape[1] + 1):
        given = tokens[:, :width].copy()
        assert rows.continued(given)
        given[:] = -1
    assert np.array_equal(rows.tokens, tokens)
    assert not rows.continued(np.zeros((1, tokens.shape[1] + 1), np.int64))
