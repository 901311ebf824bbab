"""From the states of a number automaton, as functions expand them, to minimal automata and to automata over bytes.

The functions of `number_states` and its neighbours say what follows a state; here all states are visited, and the
result goes through the algebra of `characters.automaton`, whose characters are bytes as numbers are written in ASCII.
Cost: about 10 microseconds a state.
"""

from __future__ import annotations

import numpy as np

from maskwright.errors import LimitExceeded
from maskwright.grammar.byte_automaton import NO_UNIT, ByteAutomaton, automaton_of
from maskwright.grammar.characters.automaton import CharacterAutomaton, automaton_from
from maskwright.grammar.number_states import Expansion, State

MAX_STATES = 60_000
"""States of one number automaton before it is made minimal."""

STAGE = "An automaton of numbers"
"""The stage that an exceeded limit names; what is asked is where the work was given up."""

_SYMBOLS = b"+-.0123456789Ee"


def visited(start: State, max_states: int = MAX_STATES) -> CharacterAutomaton:
    """The minimal automaton of what is accepted from a state; LimitExceeded if it needs more states on the way."""
    number: dict[State, int] = {start: 0}
    order = [start]
    rows: list[list[int]] = []
    accepting: list[bool] = []
    for state in order:  # grows while it is read
        accepts, edges = state[0](*state[1:])
        row = [-1] * _N_CLASSES
        for low, high, target in edges:
            index = number.setdefault(target, len(order))
            if index == len(order):
                order.append(target)
            for byte in range(low, high + 1):
                row[_CLASS_OF[byte]] = index
        rows.append(row)
        accepting.append(accepts)
        if len(order) > max_states:
            raise LimitExceeded(STAGE, len(order), max_states)
    table = np.array(rows, dtype=np.int32).reshape(len(rows), _N_CLASSES)
    return automaton_from(_INTERVALS, table, np.array(accepting, dtype=np.bool_))


def trimmed(start: State, *, is_shared: bool) -> ByteAutomaton:
    """The states in breadth-first order without those that cannot accept, of which `start` must be none.

    For a range alone: its states are few and differ, so nothing is gained by making them minimal.
    """
    expanded: dict[State, Expansion] = {}
    sources: dict[State, list[State]] = {start: []}
    order = [start]
    for state in order:  # grows while it is read
        expanded[state] = state[0](*state[1:])
        for _, _, target in expanded[state][1]:
            if target not in sources:
                sources[target] = []
                order.append(target)
            sources[target].append(state)
    productive: set[State] = set()
    todo = [state for state in order if expanded[state][0]]
    while todo:
        state = todo.pop()
        if state not in productive:
            productive.add(state)
            todo.extend(sources[state])
    assert start in productive
    kept = [state for state in order if state in productive]
    number = {state: index for index, state in enumerate(kept)}
    rows: list[list[tuple[int, int, int, int]]] = []
    for state in kept:
        row: list[tuple[int, int, int, int]] = []
        for low, high, target in expanded[state][1]:
            if target in productive:
                if row and row[-1][1] == low - 1 and row[-1][2] == number[target]:
                    low = row.pop()[0]
                row.append((low, high, number[target], NO_UNIT))
        rows.append(row)
    return automaton_of(rows, [expanded[state][0] for state in kept], is_shared=is_shared)


def over_bytes(automaton: CharacterAutomaton, *, is_shared: bool = False) -> ByteAutomaton:
    """The same automaton over bytes; it must not be empty."""
    assert not automaton.is_empty
    ranges = sorted((low, high, cls) for cls, pairs in enumerate(automaton.alphabet.ranges()) for low, high in pairs)
    rows: list[list[tuple[int, int, int, int]]] = []
    for targets in automaton.transitions.tolist():
        row: list[tuple[int, int, int, int]] = []
        for low, high, cls in ranges:
            if targets[cls] >= 0:
                if row and row[-1][1] == low - 1 and row[-1][2] == targets[cls]:
                    row[-1] = (row[-1][0], high, targets[cls], NO_UNIT)
                else:
                    row.append((low, high, targets[cls], NO_UNIT))
        rows.append(row)
    return automaton_of(rows, automaton.accepting.tolist(), is_shared=is_shared)


def _intervals() -> tuple[tuple[tuple[int, int], ...], dict[int, int]]:
    """The alphabet of numbers, where `E` is `e`: intervals (begin, class), and the class of each byte."""
    class_of = {byte: index for index, byte in enumerate(_SYMBOLS)}
    class_of[ord("e")] = class_of[ord("E")]
    intervals = [(0, -1)]
    for byte in _SYMBOLS:
        if intervals[-1][0] == byte:
            intervals.pop()
        intervals += [(byte, class_of[byte]), (byte + 1, -1)]
    return tuple(intervals), class_of


_INTERVALS, _CLASS_OF = _intervals()
_N_CLASSES = len(set(_CLASS_OF.values()))
