"""The kernels on transition tables against slow definitions, on random tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwright.grammar.characters._minimise import live_states, minimise, quotient
from maskwright.grammar.characters._product import product, row_patterns

Table = tuple[NDArray[np.int32], NDArray[np.bool_]]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    n, k = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(st.integers(-1, n - 1), min_size=k, max_size=k), min_size=n, max_size=n))
    accepting = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(rows, dtype=np.int32), np.array(accepting)


def members(table: Table, state: int, length: int) -> frozenset[tuple[int, ...]]:
    """All words of up to `length` classes that are accepted from the state; 2n - 1 tell any two states apart."""
    transitions, accepting = table
    if state < 0:
        return frozenset()
    found = {()} if accepting[state] else set()
    if length:
        for cls, target in enumerate(transitions[state].tolist()):
            found |= {(cls, *word) for word in members(table, target, length - 1)}
    return frozenset(found)


@pytest.mark.no_jit
@given(tables())
def test_live_states_are_reachable_and_lead_to_acceptance(table: Table) -> None:
    transitions, accepting = table
    n = len(accepting)
    reachable = {0}
    for _ in range(n):
        reachable |= {t for s in reachable for t in transitions[s].tolist() if t >= 0}
    useful = {s for s in range(n) if accepting[s]}
    for _ in range(n):
        useful |= {s for s in range(n) if useful & set(transitions[s].tolist())}
    assert set(np.flatnonzero(live_states(transitions, accepting)).tolist()) == reachable & useful


@pytest.mark.no_jit
@given(tables())
def test_blocks_are_the_states_with_equal_languages(table: Table) -> None:
    transitions, accepting = table
    live = live_states(transitions, accepting)
    block_of, n_blocks = minimise(transitions, accepting, live)
    depth = min(2 * len(accepting) - 1, 7)
    language_of = {s: members(table, s, depth) for s in np.flatnonzero(live).tolist()}
    assert n_blocks >= len(set(language_of.values()))
    for s, language in language_of.items():
        for t, other in language_of.items():
            if block_of[s] == block_of[t]:
                assert language == other
            elif len(accepting) <= 4:
                assert language != other
    if live[0]:
        smaller = quotient(transitions, accepting, block_of, n_blocks)
        assert members(smaller, 0, depth) == language_of[0]


@pytest.mark.no_jit
@given(tables(), tables(), st.booleans(), st.booleans())
def test_a_product_runs_both_sides(left: Table, right: Table, needs_left: bool, needs_right: bool) -> None:
    k = min(left[0].shape[1], right[0].shape[1])
    columns = np.arange(k, dtype=np.int32)
    table, pairs, size = product(left[0], right[0], columns, columns, needs_left, needs_right, 1000)
    table, pairs = table[:size], pairs[:size]
    assert pairs[0].tolist() == [0, 0]
    assert len(set(map(tuple, pairs.tolist()))) == len(pairs)
    for row, (a, b) in zip(table.tolist(), pairs.tolist(), strict=True):
        for cls, target in enumerate(row):
            x = int(left[0][a, cls]) if a >= 0 else -1
            y = int(right[0][b, cls]) if b >= 0 else -1
            is_dead = (x < 0 and y < 0) or (x < 0 and needs_left) or (y < 0 and needs_right)
            assert (target < 0) == is_dead
            assert is_dead or pairs[target].tolist() == [x, y]
    _, _, size_within_one = product(left[0], right[0], columns, columns, needs_left, needs_right, 1)
    assert size_within_one == (1 if size == 1 else 0)


@pytest.mark.no_jit
@given(tables(), st.integers(-1, 6))
def test_states_have_one_pattern_if_their_rows_repeat_alike(table: Table, universal: int) -> None:
    transitions, accepting = table
    pattern_of, slots, targets, n_patterns = row_patterns(transitions, accepting, universal)
    shapes = []
    for s, row in enumerate(transitions.tolist()):
        order = list(dict.fromkeys(t for t in row if t >= 0 and t != universal))
        shape = [-1 if t < 0 else -2 if t == universal else order.index(t) for t in row]
        shapes.append((shape, bool(accepting[s])))
        if s != universal:
            assert slots[s].tolist() == shape
            assert targets[s, : len(order)].tolist() == order
    others = [s for s in range(len(accepting)) if s != universal]
    assert n_patterns == len({repr(shapes[s]) for s in others})
    for s in others:
        for t in others:
            assert (pattern_of[s] == pattern_of[t]) == (shapes[s] == shapes[t])
