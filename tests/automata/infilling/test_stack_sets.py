"""The kernels of sets of stacks against Python's sets of words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.automata.infilling import _stack_sets as kernels
from maskwright.automata.infilling._layout import (
    BOTTOM,
    EMPTY,
    FULL,
    MEMO,
    N_NEEDED,
    N_NODES,
    NEED_EFFECT,
    NEEDED,
    NODE_HIGHEST,
    NODE_LOWEST,
    SEEN,
    STAMP,
)
from tests.automata.infilling.naive_stacks import (
    MAIN,
    N_SYMBOLS,
    SETS,
    SUFFIXES,
    SYMBOLS,
    Letters,
    Memory,
    Outcome,
    Record,
    Stacks,
    letters,
)

MERGING, APART = Memory(is_merging=True), Memory(is_merging=False)
MODES = st.sampled_from([MERGING, APART])
LETTERS = st.sampled_from([MAIN, *SUFFIXES])


def begun(memory: Memory) -> Memory:
    memory.begin(memory is MERGING)
    return memory


@pytest.mark.no_jit
@given(MODES, SETS, SETS)
def test_union_intersection_and_meeting_are_those_of_sets(memory: Memory, one: Stacks, other: Stacks) -> None:
    sets = begun(memory).sets
    first, second = memory.node(one), memory.node(other)
    assert (memory.stacks(first), memory.stacks(second)) == (one, other)
    both = kernels.union(sets, first, second)
    common = kernels.intersection(sets, first, second)
    assert memory.stacks(both) == one | other
    assert memory.stacks(common) == one & other
    assert kernels.meets(sets, first, second) == bool(one & other)
    if memory is MERGING:  # equal sets are one number
        assert (both, common) == (memory.node(one | other), memory.node(one & other))
    assert kernels.union(sets, second, first) == both
    assert kernels.intersection(sets, second, first) == common


@pytest.mark.no_jit
@given(MODES, SETS, SYMBOLS, st.integers(0, 4))
def test_push_below_without_and_cut_are_those_of_words(memory: Memory, one: Stacks, symbol: int, most: int) -> None:
    sets = begun(memory).sets
    node = memory.node(one)
    assert memory.stacks(kernels.push(sets, symbol, node)) == {(symbol, *stack) for stack in one}
    assert memory.stacks(kernels.below(sets, node, symbol)) == {stack[1:] for stack in one if stack[:1] == (symbol,)}
    assert memory.stacks(kernels.without(sets, node, symbol)) == {stack for stack in one if stack[:1] != (symbol,)}
    assert memory.stacks(kernels.cut(sets, node, most)) == {stack for stack in one if len(stack) <= most}
    if one:
        assert (sets[node + NODE_LOWEST], sets[node + NODE_HIGHEST]) == (min(map(len, one)), max(map(len, one)))


@pytest.mark.no_jit
@given(MODES, SETS, SETS, letters(), LETTERS)
def test_post_and_pre_read_every_stack(
    memory: Memory, one: Stacks, other: Stacks, effects: Letters, letter: int
) -> None:
    sets, written = begun(memory).sets, effects.written()
    node = memory.node(one)
    after = frozenset(stack for before in one for stack in effects.read(before, letter))
    assert memory.stacks(kernels.post(sets, written, node, letter)) == after
    for aim in (other, after):
        target = memory.node(aim)
        found = kernels.pre(sets, written, node, letter, target)
        assert memory.stacks(found) == {stack for stack in one if effects.read(stack, letter) & aim}


@pytest.mark.no_jit
@given(MODES, SETS, letters())
def test_ending_keeps_what_can_be_taken_off(memory: Memory, one: Stacks, effects: Letters) -> None:
    sets, written = begun(memory).sets, effects.written()
    found = kernels.ending(sets, written, memory.node(one))
    assert memory.stacks(found) == {stack for stack in one if effects.may_end(stack)}


@pytest.mark.no_jit
@given(MODES, SETS, SETS, letters())
def test_alive_are_the_classes_that_lead_into_the_target(
    memory: Memory, one: Stacks, other: Stacks, effects: Letters
) -> None:
    sets, written = begun(memory).sets, effects.written()
    node = memory.node(one)
    out = np.zeros((256, 2), dtype=np.int32)
    for aim in (other, frozenset(stack for before in one for stack in effects.read(before, MAIN))):
        n = kernels.alive(sets, written, node, MAIN, memory.node(aim), out)
        pairs = [tuple(pair) for pair in out[:n].tolist()]
        assert len(set(pairs)) == len(pairs)
        assert set(pairs) == effects.alive(one, aim)


LOOP = Letters({(MAIN, 0): Record(Outcome(((0, 1), (2,)), SUFFIXES[0]))}, (False, True, False, False, False))


def test_a_record_that_is_missing_is_named() -> None:
    memory = begun(MERGING)
    effects = LOOP.written()
    node = memory.node(frozenset({(N_SYMBOLS + 2, 1), (0,)}))
    assert kernels.post(memory.sets, effects, node, MAIN) == NEED_EFFECT
    assert effects[N_NEEDED] == 1
    assert effects[NEEDED : NEEDED + 2].tolist() == [MAIN, N_SYMBOLS + 2]


def test_stacks_of_sixty_thousand_symbols_take_no_recursion() -> None:
    memory = Memory(n_node_words=1 << 23)
    sets = memory.sets
    one = other = BOTTOM
    height = 60_000
    for k in range(height):
        one = kernels.push(sets, k % 3, one)
        other = kernels.push(sets, 3 if k == 0 else k % 3, other)
    assert kernels.intersection(sets, one, other) == EMPTY
    assert kernels.meets(sets, one, other) == 0
    both = kernels.union(sets, one, other)
    assert kernels.meets(sets, both, other) == 1
    assert kernels.intersection(sets, both, one) == one
    assert sets[both + NODE_HIGHEST] == sets[both + NODE_LOWEST] == height


def test_what_does_not_fit_is_said() -> None:
    memory = Memory(n_node_words=400)
    sets = memory.sets
    node, n_made = BOTTOM, 0
    while node > 0:
        full, node = node, kernels.push(sets, n_made % 5, node)
        n_made += 1
    assert node == FULL
    assert sets[N_NODES] == n_made  # the empty stack and one for each push but the last
    assert kernels.push(sets, 4, full) == FULL
    assert len(memory.stacks(full)) == 1


def test_sets_too_large_for_scratch_memory_are_refused_and_not_guessed() -> None:
    """A frame for each symbol of two stacks: 200,000 do not fit, and `meets` must not take that for a yes."""
    memory = Memory(n_node_words=1 << 23)
    sets = memory.sets
    one = other = BOTTOM
    for k in range(200_000):
        one = kernels.push(sets, 0, one)
        other = kernels.push(sets, 1 if k == 0 else 0, other)
    for operation in (kernels.union, kernels.intersection, kernels.meets):
        assert operation(sets, one, other) == FULL


def test_the_memo_may_forget() -> None:
    memory = begun(MERGING)
    sets = memory.sets
    one, other = memory.node(frozenset({(0, 1), (2,)})), memory.node(frozenset({(0, 2), (2,), ()}))
    expected = kernels.union(sets, one, other), kernels.intersection(sets, one, other)
    sets[MEMO:SEEN] = 0
    assert (kernels.union(sets, one, other), kernels.intersection(sets, one, other)) == expected


def test_what_was_met_is_forgotten_when_stamps_run_out() -> None:
    memory = begun(MERGING)
    node = memory.node(frozenset({(0, 2), (0,), (1, 0)}))
    expected = kernels.post(memory.sets, LOOP.written(), node, MAIN)
    memory.sets[STAMP] = 2147483646
    for _ in range(3):
        assert kernels.post(memory.sets, LOOP.written(), node, MAIN) == expected
    assert memory.sets[STAMP] == 2
    assert memory.stacks(expected) == {stack for before in ((0, 2), (0,), (1, 0)) for stack in LOOP.read(before, MAIN)}


def test_edges_with_one_symbol_stay_apart_where_nodes_are_not_merged() -> None:
    stacks = frozenset({(0, 1, 2), (0, 2, 1)})
    nodes = {}
    for memory in (MERGING, APART):
        node = begun(memory).node(stacks)
        nodes[memory] = int(memory.sets[node + 1])
    assert nodes == {MERGING: 1, APART: 2}
