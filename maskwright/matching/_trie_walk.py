"""What all ways to find a mask share: walking a trie of tokens, and keeping what was found (kernels).

`tables`: int32[...], the vocabulary's arena (`mask_tables`); `rows`: int32[n, words], finished rows and room for two
more; `row`: int32[words], bit t % 32 of word t // 32 is token t.
"""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._configurations import step
from maskwright.automata._frames import BIT, Int, Ints, intern_tuple
from maskwright.automata._layout import (
    DEAD,
    FREE,
    MASK,
    MAX_FOUND,
    N_NODES_WALKED,
    N_ROWS,
    NEED_MEMORY,
    ONLY_BYTE,
    ONLY_SUCCESSOR,
    SCRATCH_FOUND,
    SCRATCH_IS_DENSE,
    SCRATCH_N_FOUND,
    SCRATCH_STACK,
    SCRATCH_TUPLE,
    SUCCESSORS,
    UNKNOWN,
)
from maskwright.automata._lexed_layout import ROW, TUPLE_MEMO
from maskwright.matching._table_layout import ANY_COUNT, MAIN_TRIE, NODE_SIZE, TRIE_PAYLOAD

# Constants and array elements are int64 where a large kernel takes them: numba compiles it once for each combination of
# integer types, a second apiece.
MAIN, FEWEST, MOST = np.int64(MAIN_TRIE), np.int64(0), np.int64(ANY_COUNT)


@kernel
def emit(scratch: Ints, row: Ints, token: Int) -> None:
    """Allow a token: in the row, and in the list while it is short."""
    row[token >> 5] |= BIT[token & 31]
    n = scratch[SCRATCH_N_FOUND]
    if n < MAX_FOUND:
        scratch[SCRATCH_FOUND + n] = token
        scratch[SCRATCH_N_FOUND] = n + 1
    else:
        scratch[SCRATCH_IS_DENSE] = 1


@kernel
def emit_own(scratch: Ints, tables: Ints, row: Ints, node: Int, payload: Int, low: Int, high: Int) -> None:
    """Allow the tokens that end at a trie node and have between `low` and `high` units."""
    for i in range(tables[node + 3], tables[node + 4]):
        units = tables[payload + 2 * i + 1]
        if low <= units <= high:
            emit(scratch, row, tables[payload + 2 * i])


@kernel
def walk(
    arena: Ints, scratch: Ints, tables: Ints, trie: Int, node: Int, configuration: Int, low: Int, high: Int, row: Ints
) -> int:
    """Allow every token below `node` of a trie whose bytes the configuration can read; 0, or a NEED code.

    The children of a node are consecutive, so most of the work is one pass over bytes that lie side by side.
    """
    payload = tables[trie + TRIE_PAYLOAD]
    nodes = tables[trie]
    stack = SCRATCH_STACK
    walked = 0
    child = tables[node + 1]
    child_end = tables[node + 2]
    at = 0
    end = 0
    successors = 0
    while True:
        # Go down to the children [child, child_end) of a node with `configuration`.
        only = arena[configuration + ONLY_BYTE]
        at = nodes + NODE_SIZE * child
        end = nodes + NODE_SIZE * child_end
        if only < 0:
            successors = configuration + SUCCESSORS
        else:  # no other child can be allowed: leave just that one
            successors = configuration + ONLY_SUCCESSOR - only
            while at < end and tables[at] < only:
                at += NODE_SIZE
            if at < end:
                end = at + NODE_SIZE if tables[at] == only else at
        # Find the next child that is allowed, here or further up.
        while True:
            if at == end:
                if stack == SCRATCH_STACK:
                    arena[N_NODES_WALKED] += walked
                    return 0
                stack -= 3
                at = scratch[stack]
                end = scratch[stack + 1]
                configuration = scratch[stack + 2]
                successors = configuration + SUCCESSORS
                continue
            successor = arena[successors + tables[at]]
            if successor == UNKNOWN:
                successor = step(arena, scratch, configuration, np.int64(tables[at]))
                if successor < 0:
                    return successor
            if successor == DEAD:
                at += NODE_SIZE
                continue
            walked += 1
            if tables[at + 3] < tables[at + 4]:
                emit_own(scratch, tables, row, at, payload, low, high)
            child = tables[at + 1]
            child_end = tables[at + 2]
            at += NODE_SIZE
            if child < child_end:
                break
        if at < end:
            scratch[stack] = at
            scratch[stack + 1] = end
            scratch[stack + 2] = configuration
            stack += 3
        configuration = successor


@kernel
def clear_row(row: Ints) -> None:
    """Allow nothing."""
    for i in range(row.size):
        row[i] = 0


@kernel
def union_row(row: Ints, other: Ints) -> None:
    """Allow what the other row allows as well."""
    for i in range(row.size):
        row[i] |= other[i]


@kernel
def begin_mask(scratch: Ints, row: Ints) -> None:
    """Start with nothing allowed and nothing found."""
    scratch[SCRATCH_N_FOUND] = 0
    scratch[SCRATCH_IS_DENSE] = 0
    clear_row(row)


@kernel
def hash_row(row: Ints) -> int:
    """A 62-bit hash of a row: four sums side by side, because each multiplication waits for the one before."""
    a, b, c, d = 1, 2, 3, 5
    n = row.size - row.size % 4
    for i in range(0, n, 4):
        a = (a * 0x5851F42D ^ int(row[i])) & 0x3FFFFFFF
        b = (b * 0x5851F42D ^ int(row[i + 1])) & 0x3FFFFFFF
        c = (c * 0x5851F42D ^ int(row[i + 2])) & 0x3FFFFFFF
        d = (d * 0x5851F42D ^ int(row[i + 3])) & 0x3FFFFFFF
    for i in range(n, row.size):
        a = (a * 0x5851F42D ^ int(row[i])) & 0x3FFFFFFF
    low = (a * 31 + b * 0x2545F491) & 0x7FFFFFFF
    high = (c * 31 + d * 0x2545F491 + (a ^ d)) & 0x7FFFFFFF
    return low | high << 31


@kernel
def row_number(arena: Ints, scratch: Ints, rows: Ints) -> int:
    """The number of the working row among the finished ones, which it becomes if it is new; or NEED_MEMORY.

    Most masks of a grammar are equal to one that was found before in another configuration.
    """
    working = arena[N_ROWS]
    hashed = hash_row(rows[working])
    scratch[SCRATCH_TUPLE] = ROW
    scratch[SCRATCH_TUPLE + 1] = hashed & 0x7FFFFFFF
    scratch[SCRATCH_TUPLE + 2] = hashed >> 31
    record = intern_tuple(arena, scratch, 3)
    if record < 0:
        return record
    known = arena[record + TUPLE_MEMO]
    if known != 0:
        same = True
        for i in range(rows.shape[1]):
            if rows[known - 1, i] != rows[working, i]:
                same = False
                break
        if same:
            return known - 1
    else:
        arena[record + TUPLE_MEMO] = working + 1
    arena[N_ROWS] += 1
    return working


@kernel
def keep_mask(arena: Ints, scratch: Ints, rows: Ints, configuration: Int) -> int:
    """Remember the mask that was just found, as a list or as a finished row; 0, or NEED_MEMORY."""
    if scratch[SCRATCH_IS_DENSE]:
        number = row_number(arena, scratch, rows)
        if number < 0:
            return number
        arena[configuration + MASK] = -1 - number
        return 0
    n = scratch[SCRATCH_N_FOUND]
    offset = arena[FREE]
    if offset + 1 + n > arena.size:
        return NEED_MEMORY
    arena[offset] = n
    for i in range(n):
        arena[offset + 1 + i] = scratch[SCRATCH_FOUND + i]
    arena[FREE] = offset + 1 + n
    arena[configuration + MASK] = offset
    return 0


@kernel
def add_kept(arena: Ints, scratch: Ints, rows: Ints, configuration: Int, row: Ints) -> None:
    """Allow what the remembered mask of a configuration allows."""
    mask = arena[configuration + MASK]
    if mask > 0:
        for i in range(arena[mask]):
            emit(scratch, row, arena[mask + 1 + i])
    else:
        scratch[SCRATCH_IS_DENSE] = 1
        union_row(row, rows[-1 - mask])
