"""From where a letter leads into a set: against all stacks that a graph of neighbours admits, up to some height."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwright.automata.infilling._layout import (
    EMPTY,
    ENDLESS,
    FIRST_NODE,
    FREE,
    GRAPH_BELOW,
    GRAPH_IS_BELOW,
    GRAPH_IS_LOWEST,
    GRAPH_N_SYMBOLS,
    GRAPH_N_WORDS,
    GRAPH_SYMBOLS,
)
from maskwright.automata.infilling._leading import endings, leading, note_pairs
from tests.automata.infilling.naive_stacks import (
    MAIN,
    N_SYMBOLS,
    SETS,
    SUFFIXES,
    Letters,
    Memory,
    Outcome,
    Record,
    Stack,
    Stacks,
    letters,
)

MEMORY = Memory(is_merging=True)
HIGHEST = 4
"""Stacks are compared up to this height; `letters` puts at most two symbols on top of one."""


def noted(memory: Memory) -> NDArray[np.int32]:
    """The graph of all sets in memory."""
    graph = np.zeros(GRAPH_SYMBOLS + N_SYMBOLS * (GRAPH_BELOW + 1), dtype=np.int32)
    graph[GRAPH_N_SYMBOLS], graph[GRAPH_N_WORDS] = N_SYMBOLS, 1
    end = int(memory.sets[FREE])
    note_pairs(memory.sets, FIRST_NODE, end, graph)
    assert not note_pairs(memory.sets, FIRST_NODE, end, graph)
    return graph


def neighbours(stack: Stack) -> set[tuple[int, int | None]]:
    """Which symbol lies right above which, None being the bottom."""
    return set(zip(stack, (*stack[1:], None), strict=False))


def naive_pairs(*sets: Stacks) -> set[tuple[int, int | None]]:
    return {pair for stacks in sets for stack in stacks for pair in neighbours(stack)}


def admitted(pairs: set[tuple[int, int | None]]) -> list[Stack]:
    """The stacks of at most HIGHEST symbols that have no other neighbours."""
    return [
        stack
        for height in range(HIGHEST + 1)
        for stack in product(range(N_SYMBOLS), repeat=height)
        if neighbours(stack) <= pairs
    ]


@pytest.mark.no_jit
@given(SETS, SETS)
def test_the_graph_says_which_symbols_lie_on_which(one: Stacks, other: Stacks) -> None:
    MEMORY.begin(True)
    MEMORY.node(one | other)
    graph = noted(MEMORY)
    pairs = naive_pairs(one, other)
    rows = graph[GRAPH_SYMBOLS:].reshape(N_SYMBOLS, -1)
    for symbol in range(N_SYMBOLS):
        assert bool(rows[symbol, GRAPH_IS_LOWEST]) == ((symbol, None) in pairs)
        assert bool(rows[symbol, GRAPH_IS_BELOW]) == any(below == symbol for _, below in pairs)
        for below in range(N_SYMBOLS):
            assert bool(rows[symbol, GRAPH_BELOW] >> below & 1) == ((symbol, below) in pairs)


@pytest.mark.no_jit
@given(SETS, SETS, letters(), st.sampled_from([MAIN, *SUFFIXES]))
def test_leading_are_all_stacks_from_which_the_letter_leads_there(
    target: Stacks, others: Stacks, effects: Letters, letter: int
) -> None:
    MEMORY.begin(True)
    target |= {stack for before in others for stack in effects.read(before, letter)}
    node = MEMORY.node(target)
    MEMORY.node(others)
    pairs = naive_pairs(target, others)
    graph = noted(MEMORY)
    found = leading(MEMORY.sets, effects.written(), graph, letter, node)
    assume(found != ENDLESS)
    expected = {stack for stack in admitted(pairs) if effects.read(stack, letter) & target}
    assert {stack for stack in MEMORY.stacks(found, HIGHEST) if len(stack) <= HIGHEST} == expected


@pytest.mark.no_jit
@given(SETS, letters())
def test_endings_are_all_stacks_that_can_be_taken_off(others: Stacks, effects: Letters) -> None:
    MEMORY.begin(True)
    MEMORY.node(others)
    found = endings(MEMORY.sets, effects.written(), noted(MEMORY))
    assume(found != ENDLESS)
    expected = {stack for stack in admitted(naive_pairs(others)) if effects.may_end(stack)}
    assert {stack for stack in MEMORY.stacks(found, HIGHEST) if len(stack) <= HIGHEST} == expected


def test_symbols_that_end_on_themselves_are_endless() -> None:
    effects = Letters({(MAIN, 1): Record(Outcome(((2,),)))}, (True, False, False, False, False))
    MEMORY.begin(True)
    MEMORY.node(frozenset({(0, 0, 1)}))
    target = MEMORY.node(frozenset({(2,)}))
    written = effects.written()
    assert leading(MEMORY.sets, written, noted(MEMORY), MAIN, target) == ENDLESS
    assert MEMORY.stacks(endings(MEMORY.sets, written, noted(MEMORY))) == {()}
    MEMORY.node(frozenset({(0,)}))
    assert endings(MEMORY.sets, written, noted(MEMORY)) == ENDLESS


def test_nothing_leads_into_the_empty_set() -> None:
    effects = Letters({(MAIN, 1): Record(Outcome(((2,),)))}, (True, False, False, False, False))
    MEMORY.begin(True)
    assert leading(MEMORY.sets, effects.written(), noted(MEMORY), MAIN, EMPTY) == EMPTY
