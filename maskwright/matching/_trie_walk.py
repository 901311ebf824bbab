"""A trie of tokens walked with a configuration: the way to find a mask that always goes (kernels).

Arguments are named as in `_mask_records`, which holds what becomes of the tokens that are found.
"""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._configurations import step
from maskwright.automata._frames import Int, Ints
from maskwright.automata._layout import (
    DEAD,
    FREE,
    LEVEL_SIZE,
    N_NODES_WALKED,
    N_SPANS,
    N_STEPS,
    NEED_TURN,
    SCRATCH_STACK,
    SPANS,
    STEPS_A_TURN,
    TURN_FREE,
    TURN_STEPS,
    UNKNOWN,
    WORDS_A_TURN,
)
from maskwright.matching._mask_records import emit_own
from maskwright.matching._table_layout import ANY_COUNT, MAIN_TRIE, NODE_SIZE, TRIE_PAYLOAD

# Constants and array elements are int64 where a large kernel takes them: numba compiles it once for each combination of
# integer types, a second apiece.
MAIN, FEWEST, MOST = np.int64(MAIN_TRIE), np.int64(0), np.int64(ANY_COUNT)


@kernel
def begin_turn(arena: Ints) -> None:
    """Let the walks that follow learn no more than a turn's worth before others have theirs."""
    arena[TURN_STEPS] = arena[N_STEPS] + arena[STEPS_A_TURN]
    arena[TURN_FREE] = arena[FREE] + arena[WORDS_A_TURN]


@kernel
def walk(
    arena: Ints, scratch: Ints, tables: Ints, trie: Int, node: Int, configuration: Int, low: Int, high: Int, row: Ints
) -> int:
    """Allow every token below `node` of a trie whose bytes the configuration can read; 0, or a NEED code.

    The children of a node lie side by side, by ascending bytes, and so do the spans of a configuration: they are
    merged, and where many children lie before the next span, they are skipped by bisection. A level of the stack is
    (next child, end of the children, configuration, span); the span is -1 where the configuration has 256 successors.
    What it learns is remembered, so a walk that ends with NEED_TURN soon comes to the same node again.
    """
    payload = tables[trie + TRIE_PAYLOAD]
    nodes = tables[trie]
    stack = SCRATCH_STACK
    walked = 0
    at = nodes + NODE_SIZE * tables[node + 1]
    end = nodes + NODE_SIZE * tables[node + 2]
    span = first_span(arena, configuration)
    while True:
        # The next child that is allowed, here or further up; `successor` is where it leads.
        successor = 0
        while True:
            if span < 0:
                while at < end:
                    successor = arena[configuration + SPANS + tables[at]]
                    if successor != DEAD:
                        break
                    at += NODE_SIZE
            else:
                items = configuration + SPANS + 2 * arena[configuration + N_SPANS]
                while True:
                    at = skip_below(tables, at, end, arena[span] & 255) if span < items else end
                    if at == end:
                        break
                    if tables[at] <= arena[span] >> 8:
                        successor = arena[span + 1]
                        if successor != DEAD:
                            break
                    span += 2
            if at == end:
                if stack == SCRATCH_STACK:
                    arena[N_NODES_WALKED] += walked
                    return 0
                stack -= LEVEL_SIZE
                at = scratch[stack]
                end = scratch[stack + 1]
                configuration = scratch[stack + 2]
                span = scratch[stack + 3]
                continue
            if successor == UNKNOWN:
                if arena[N_STEPS] >= arena[TURN_STEPS] or arena[FREE] >= arena[TURN_FREE]:
                    return NEED_TURN
                successor = step(arena, scratch, configuration, np.int64(tables[at]))
                if successor < 0:
                    return successor
                if successor == DEAD:
                    continue  # now it is known, and passed over
            walked += 1
            if tables[at + 3] < tables[at + 4]:
                emit_own(scratch, tables, row, at, payload, low, high)
            child = at
            at += NODE_SIZE
            if tables[child + 1] < tables[child + 2]:
                break
        if at < end:
            scratch[stack] = at
            scratch[stack + 1] = end
            scratch[stack + 2] = configuration
            scratch[stack + 3] = span
            stack += LEVEL_SIZE
        at = nodes + NODE_SIZE * tables[child + 1]
        end = nodes + NODE_SIZE * tables[child + 2]
        configuration = successor
        span = first_span(arena, configuration)


@kernel
def first_span(arena: Ints, configuration: Int) -> int:
    """The offset of the first span, or -1 if the configuration has 256 successors instead."""
    return configuration + SPANS if arena[configuration + N_SPANS] >= 0 else -1


@kernel
def skip_below(tables: Ints, at: Int, end: Int, byte: Int) -> int:
    """The first of the children from `at` on whose byte is not below the given one, or `end`."""
    if at == end or tables[at] >= byte:
        return at
    n = (end - at) // NODE_SIZE
    low = 0  # the child there is below
    while n - low > 1:
        middle = (low + n) // 2
        if tables[at + NODE_SIZE * middle] < byte:
            low = middle
        else:
            n = middle
    return at + NODE_SIZE * n
