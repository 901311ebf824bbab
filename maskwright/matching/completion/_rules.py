"""What the states of a rule say of it as a whole: which there are, what it calls, with which bytes it may end.

The bytes that a rule may end with are found from the places behind which it needs to read nothing more: a byte that
leads to one may be the last, and what is called before one may end with whatever the called rule ends with.
Cost: a few passes over all states, some milliseconds for a hundred thousand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints
from maskwright.automata._layout import ACCEPTING, CALL, DEAD, LEXES, STATE_SIZE, TOKEN
from maskwright.matching.completion._suffixes import ASCII_END, WORDS_INSIDE

Bytes = NDArray[np.uint8]

FULL = -1
"""There are more states or calls than room for them."""


@kernel
def list_states(arena: Ints, entries: Ints, marks: Ints, states: Ints, begin: Ints) -> int:
    """Write the states of each rule, from states[begin[rule]] on, but those of rules it calls: how many, or FULL.

    entries: int32[n], the first state of each rule. begin: int32[n + 1]. marks: int32[of the arena], zeros.
    """
    n = 0
    for rule in range(entries.size):
        begin[rule] = n
        i = n
        if n == states.size:
            return FULL
        marks[entries[rule]] = rule + 1
        states[n] = entries[rule]
        n += 1
        while i < n:
            state = int(states[i])
            i += 1
            others = state + STATE_SIZE + 2 * int(arena[state + 3])
            if n + targets_of(arena, state) > states.size:
                return FULL
            block = state
            while block != 0:
                for e in range(arena[block + 3]):
                    n = add_state(states, marks, rule, int(arena[block + STATE_SIZE + 2 * e + 1]), n)
                block = int(arena[block + 1])
            for e in range(arena[state + 4]):
                n = add_state(states, marks, rule, int(arena[others + 3 * e + 2]), n)
    begin[entries.size] = n
    return n


@kernel
def targets_of(arena: Ints, state: Int) -> int:
    """How many edges lead on from a state, those of its base included."""
    n = int(arena[state + 4])
    while state != 0:
        n += arena[state + 3]
        state = arena[state + 1]
    return n


@kernel
def add_state(states: Ints, marks: Ints, rule: Int, state: Int, n: Int) -> int:
    """Write a state of a rule behind the first n, if it is new: how many there are then."""
    if state == DEAD or marks[state] == rule + 1:
        return int(n)
    marks[state] = rule + 1
    states[n] = state
    return int(n) + 1


@kernel
def list_calls(arena: Ints, states: Ints, calls: Ints) -> int:
    """Write the called rule and the state behind the call, for all calls from these states: how many, or FULL."""
    n = 0
    for i in range(states.size):
        at = states[i] + STATE_SIZE + 2 * arena[states[i] + 3]
        for _ in range(arena[states[i] + 4]):
            if arena[at] == CALL:
                if 2 * n + 2 > calls.size:
                    return FULL
                calls[2 * n] = arena[at + 1]
                calls[2 * n + 1] = arena[at + 2]
                n += 1
            at += 3
    return n


@kernel
def find_last_bytes(arena: Ints, states: Ints, begin: Ints, may_be_empty: Bytes, may_end: Bytes, last: Ints) -> None:
    """last[rule]: the bytes that a rule may end with, in words as of `_suffixes`; a least fixpoint.

    may_be_empty: uint8[n]. may_end: uint8[of the arena], zeros. last: int32[n, WORDS_INSIDE], flat, zeros.
    """
    n_rules = begin.size - 1
    for rule in range(n_rules):
        find_ends(arena, states, begin[rule], begin[rule + 1], may_be_empty, may_end)
    is_settled = False
    while not is_settled:
        is_settled = True
        for rule in range(n_rules):
            for i in range(begin[rule], begin[rule + 1]):
                if add_last_bytes(arena, int(states[i]), may_end, rule, last):
                    is_settled = False


@kernel
def find_ends(arena: Ints, states: Ints, begin: Int, end: Int, may_be_empty: Bytes, may_end: Bytes) -> None:
    """may_end[state] = 1 where a rule needs to read nothing more: that of states[begin] to states[end - 1]."""
    is_settled = False
    while not is_settled:
        is_settled = True
        for i in range(end - 1, begin - 1, -1):
            state = int(states[i])
            if may_end[state]:
                continue
            found = arena[state] & (ACCEPTING | LEXES) != 0
            at = state + STATE_SIZE + 2 * int(arena[state + 3])
            for _ in range(arena[state + 4]):
                kind = arena[at]
                if kind != TOKEN and (kind != CALL or may_be_empty[arena[at + 1]] != 0) and may_end[arena[at + 2]]:
                    found = True
                at += 3
            if found:
                may_end[state] = 1
                is_settled = False


@kernel
def add_last_bytes(arena: Ints, state: Int, may_end: Bytes, rule: Int, last: Ints) -> bool:
    """Add what the edges of a state say of the last bytes of its rule: was it news?"""
    mine = WORDS_INSIDE * int(rule)
    is_news = False
    if arena[state] & LEXES:
        for i in range(WORDS_INSIDE):
            word = -1 if i < WORDS_INSIDE - 1 else 1
            is_news |= last[mine + i] != word
            last[mine + i] = word
    block = int(state)
    while block != 0:
        for e in range(arena[block + 3]):
            edge = block + STATE_SIZE + 2 * e
            if arena[edge + 1] != DEAD and may_end[arena[edge + 1]]:
                low = min(int(arena[edge]) & 255, ASCII_END)
                for byte in range(low, min(int(arena[edge]) >> 8 & 255, ASCII_END) + 1):
                    word, bit = mine + (byte >> 5), BIT[byte & 31]
                    is_news |= last[word] & bit == 0
                    last[word] |= bit
        block = int(arena[block + 1])
    at = state + STATE_SIZE + 2 * arena[state + 3]
    for _ in range(arena[state + 4]):
        if arena[at] == CALL and may_end[arena[at + 2]]:
            for i in range(WORDS_INSIDE):
                more = last[WORDS_INSIDE * arena[at + 1] + i] & ~last[mine + i]
                is_news |= more != 0
                last[mine + i] |= more
        at += 3
    return is_news


@kernel
def n_readable(arena: Ints, states: Ints, begin: Int, end: Int) -> int:
    """How many bytes can be read in the states from states[begin] to states[end - 1] together, bases not counted."""
    n = 0
    for i in range(begin, end):
        for e in range(arena[states[i] + 3]):
            edge = states[i] + STATE_SIZE + 2 * e
            if arena[edge + 1] != DEAD:
                n += (arena[edge] >> 8 & 255) - (arena[edge] & 255) + 1
    return n
