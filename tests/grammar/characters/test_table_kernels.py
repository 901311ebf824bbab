"""Kernels that come in a quick and a general form agree; lengths are those of the members."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwright.grammar.characters import match_language
from maskwright.grammar.characters._lengths import UNBOUNDED, length_bounds
from maskwright.grammar.characters._minimise import live_states, merged_backwards, minimise, refined
from maskwright.grammar.characters._product import _product_of_few, _product_of_many

pytestmark = pytest.mark.no_jit

Table = tuple[NDArray[np.int32], NDArray[np.bool_]]


@st.composite
def tables(draw: st.DrawFn, *, forwards_only: bool, n_states: int = 8) -> Table:
    """Transitions and which states accept; forwards only: each target has a greater number, so there is no cycle."""
    n = draw(st.integers(1, n_states))
    n_classes = draw(st.integers(1, 3))
    rows = []
    for state in range(n):
        targets = st.integers(state + 1 if forwards_only else 0, n - 1) if state < n - 1 or not forwards_only else None
        cell = st.just(-1) if targets is None else st.one_of(st.just(-1), targets)
        rows.append(draw(st.lists(cell, min_size=n_classes, max_size=n_classes)))
    accepting = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(rows, dtype=np.int32), np.array(accepting)


def _blocks(block_of: NDArray[np.int32], live: NDArray[np.bool_]) -> set[frozenset[int]]:
    numbers = np.flatnonzero(live).tolist()
    return {frozenset(s for s in numbers if block_of[s] == block) for block in set(block_of[live].tolist())}


@given(tables(forwards_only=True))
def test_merging_backwards_finds_the_blocks_of_refinement(table: Table) -> None:
    live = live_states(*table)
    if not live[0]:
        return
    block_of, n_blocks = merged_backwards(*table, live)
    expected, n_expected = refined(*table, live)
    assert n_blocks == n_expected
    assert _blocks(block_of, live) == _blocks(expected, live)
    assert (block_of[~live] == -1).all()


@given(tables(forwards_only=False))
def test_any_table_is_minimised(table: Table) -> None:
    """With a cycle among the live states merging backwards gives up, and refinement takes over."""
    live = live_states(*table)
    if not live[0]:
        return
    has_cycle = length_bounds(*_trimmed(table, live))[1] == UNBOUNDED
    assert (merged_backwards(*table, live)[1] == 0) == has_cycle
    block_of, _ = minimise(*table, live)
    assert _blocks(block_of, live) == _blocks(refined(*table, live)[0], live)


def _trimmed(table: Table, live: NDArray[np.bool_]) -> Table:
    transitions, accepting = table
    number = np.where(live, np.cumsum(live) - 1, -1)
    kept = transitions[live]
    return np.where(kept >= 0, number[kept], -1).astype(np.int32), accepting[live]


@given(tables(forwards_only=False), tables(forwards_only=False), st.booleans(), st.booleans(), st.integers(1, 70))
def test_a_place_for_each_pair_gives_the_product_of_the_hash_table(
    one: Table, other: Table, needs_left: bool, needs_right: bool, limit: int
) -> None:
    left, right = one[0], other[0]
    columns = [(a, b) for a in range(-1, left.shape[1]) for b in range(-1, right.shape[1])][1:]
    pair_left = np.array([a for a, _ in columns], dtype=np.int32)
    pair_right = np.array([b for _, b in columns], dtype=np.int32)
    asked = (left, right, pair_left, pair_right, needs_left, needs_right, limit)
    table, pairs, size = _product_of_few(*asked)
    expected, expected_pairs, expected_size = _product_of_many(*asked)
    assert size == expected_size
    assert np.array_equal(table[:size], expected[:size])
    assert np.array_equal(pairs[:size], expected_pairs[:size])


@pytest.mark.parametrize(
    ("pattern", "bounds"),
    [("", (0, 0)), ("ab|c", (1, 2)), ("a*b", (1, None)), ("(ab){2,5}", (4, 10)), ("a?(bc|d+)", (1, None))],
)
def test_lengths_of_members(pattern: str, bounds: tuple[int, int | None]) -> None:
    assert match_language(pattern).length_bounds() == bounds
