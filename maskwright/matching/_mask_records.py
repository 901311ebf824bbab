"""A mask while it is found, and how it is kept (kernels).

Most masks are a row that the vocabulary has anyway (the tokens that stay inside a string) with some hundred tokens
more, or some less. So what is found is collected as a *base*, a row of the vocabulary's tables, and two short lists:
the tokens *added* to it and those *taken* from it. That is also what is kept, some hundred words where a row has 4,008;
writing it into a caller's row costs a copy of the base. Only where a list gets too long, or two bases meet, a mask
becomes *dense*: a row of its own, kept in the store of rows, where equal ones are found again.

    mask = dense row | (base - taken) | added

While it is found the state lies in scratch (SCRATCH_BASE, SCRATCH_N_FOUND and so on); `row` is the working row, which
holds what was added, too, and alone does so once the mask is dense. Rejected: a row for each mask, found again by its
content; clearing, hashing and copying rows took 4 us, half of the time of a mask that was new.

`tables`: int32[...], the vocabulary's arena (`mask_tables`); `rows`: int32[n, words], the store of rows and room for
three more; a row is int32[words], bit t % 32 of word t // 32 is token t.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints, intern_tuple
from maskwright.automata._layout import (
    FREE,
    MASK,
    MASK_BASE,
    MASK_N_ADDED,
    MASK_N_TAKEN,
    MASK_TOKENS,
    MAX_FOUND,
    N_ROWS,
    NEED_MEMORY,
    SCRATCH_BASE,
    SCRATCH_FOUND,
    SCRATCH_IS_DENSE,
    SCRATCH_N_FOUND,
    SCRATCH_N_TAKEN,
    SCRATCH_TAKEN,
    SCRATCH_TUPLE,
)
from maskwright.automata._lexed_layout import ROW, TUPLE_MEMO


@kernel
def clear_row(row: Ints) -> None:
    """Allow nothing."""
    for i in range(row.size):
        row[i] = 0


@kernel
def copy_row(row: Ints, other: Ints) -> None:
    """Allow what the other row allows, and nothing else. Views, not offsets: then it is copied by vectors."""
    for i in range(row.size):
        row[i] = other[i]


@kernel
def union_row(row: Ints, other: Ints) -> None:
    """Allow what the other row allows as well."""
    for i in range(row.size):
        row[i] |= other[i]


@kernel
def begin_mask(scratch: Ints, row: Ints) -> None:
    """Start with nothing found."""
    scratch[SCRATCH_N_FOUND] = 0
    scratch[SCRATCH_N_TAKEN] = 0
    scratch[SCRATCH_BASE] = 0
    scratch[SCRATCH_IS_DENSE] = 0
    clear_row(row)


@kernel
def settle(scratch: Ints, tables: Ints, row: Ints) -> None:
    """Have all that was found in the working row, the base and what was taken from it included."""
    scratch[SCRATCH_IS_DENSE] = 1
    base = scratch[SCRATCH_BASE]
    if base == 0:
        return
    n = 0  # tokens that were taken from the base but added by something else stay
    for i in range(scratch[SCRATCH_N_TAKEN]):
        token = scratch[SCRATCH_TAKEN + i]
        if not row[token >> 5] & BIT[token & 31]:
            scratch[SCRATCH_TAKEN + n] = token
            n += 1
    union_row(row, tables[base : base + row.size])
    for i in range(n):
        token = scratch[SCRATCH_TAKEN + i]
        row[token >> 5] &= ~BIT[token & 31]
    scratch[SCRATCH_BASE] = 0
    scratch[SCRATCH_N_TAKEN] = 0


@kernel
def emit(scratch: Ints, row: Ints, token: Int) -> None:
    """Allow a token.

    In the row as well as in the list: a call that sometimes turns one into the other is not inlined, and then costs
    more than all the rest (35 ns a token).
    """
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
def add_row(scratch: Ints, tables: Ints, bits: Int, row: Ints) -> None:
    """Allow all tokens of a row that lies in the tables at an offset."""
    if scratch[SCRATCH_BASE] == 0:
        scratch[SCRATCH_BASE] = bits
    elif scratch[SCRATCH_BASE] != bits or scratch[SCRATCH_N_TAKEN] > 0:
        scratch[SCRATCH_IS_DENSE] = 1
        union_row(row, tables[bits : bits + row.size])


@kernel
def take_away(scratch: Ints, row: Ints, token: Int) -> None:
    """Forbid a token of the base, or of the working row where all that was found is in there.

    Beyond MAX_FOUND tokens it is only counted.
    """
    if scratch[SCRATCH_IS_DENSE] and scratch[SCRATCH_BASE] == 0:
        row[token >> 5] &= ~BIT[token & 31]
        return
    n = scratch[SCRATCH_N_TAKEN]
    if n < MAX_FOUND:
        scratch[SCRATCH_TAKEN + n] = token
    scratch[SCRATCH_N_TAKEN] = n + 1


@kernel
def drop_taken(scratch: Ints, row: Ints, n: Int) -> None:
    """Forget those of the first n tokens that were added which have been taken away; none of the others was."""
    for i in range(scratch[SCRATCH_N_TAKEN]):
        token = scratch[SCRATCH_TAKEN + i]
        row[token >> 5] &= ~BIT[token & 31]
    kept = 0
    for i in range(scratch[SCRATCH_N_FOUND]):
        token = scratch[SCRATCH_FOUND + i]
        if i >= n or row[token >> 5] & BIT[token & 31]:
            row[token >> 5] |= BIT[token & 31]
            scratch[SCRATCH_FOUND + kept] = token
            kept += 1
    scratch[SCRATCH_N_FOUND] = kept
    if scratch[SCRATCH_BASE] == 0:
        scratch[SCRATCH_N_TAKEN] = 0


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
    """The number of the working row in the store, which it joins if it is new; or NEED_MEMORY.

    Most dense masks of a grammar are equal to one that was found before in another configuration.
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
def keep_mask(arena: Ints, scratch: Ints, tables: Ints, rows: Ints, configuration: Int) -> int:
    """Remember the mask that was just found, as a record or as a row of the store; 0, or NEED_MEMORY."""
    if scratch[SCRATCH_IS_DENSE]:
        settle(scratch, tables, rows[arena[N_ROWS]])
        number = row_number(arena, scratch, rows)
        if number < 0:
            return number
        arena[configuration + MASK] = -1 - number
        return 0
    n_added = scratch[SCRATCH_N_FOUND]
    n_taken = scratch[SCRATCH_N_TAKEN]
    mask = arena[FREE]
    if mask + MASK_TOKENS + n_added + n_taken > arena.size:
        return NEED_MEMORY
    arena[mask + MASK_BASE] = scratch[SCRATCH_BASE]
    arena[mask + MASK_N_ADDED] = n_added
    arena[mask + MASK_N_TAKEN] = n_taken
    for i in range(n_added):
        arena[mask + MASK_TOKENS + i] = scratch[SCRATCH_FOUND + i]
    for i in range(n_taken):
        arena[mask + MASK_TOKENS + n_added + i] = scratch[SCRATCH_TAKEN + i]
    arena[FREE] = mask + MASK_TOKENS + n_added + n_taken
    arena[configuration + MASK] = mask
    return 0


@kernel
def write_mask(arena: Ints, tables: Ints, rows: Ints, mask: Int, out: Ints) -> None:
    """Write a mask that was kept into a row, whatever that held."""
    if mask < 0:
        copy_row(out, rows[-1 - mask])
        return
    base = arena[mask + MASK_BASE]
    if base == 0:
        clear_row(out)
    else:
        copy_row(out, tables[base : base + out.size])
    tokens = mask + MASK_TOKENS
    n_added = arena[mask + MASK_N_ADDED]
    for i in range(tokens + n_added, tokens + n_added + arena[mask + MASK_N_TAKEN]):
        token = arena[i]
        out[token >> 5] &= ~BIT[token & 31]
    for i in range(tokens, tokens + n_added):
        token = arena[i]
        out[token >> 5] |= BIT[token & 31]


@kernel
def is_list(arena: Ints, mask: Int) -> bool:
    """Is a mask that was kept no more than a list of tokens?  Then they are the MASK_N_ADDED from MASK_TOKENS on."""
    return mask > 0 and arena[mask + MASK_BASE] == 0


@kernel
def add_kept(arena: Ints, scratch: Ints, tables: Ints, rows: Ints, mask: Int, row: Ints, spare: Ints) -> None:
    """Allow what a mask allows that was kept; `spare` is a row to work in."""
    if is_list(arena, mask):
        for i in range(arena[mask + MASK_N_ADDED]):
            emit(scratch, row, arena[mask + MASK_TOKENS + i])
        return
    write_mask(arena, tables, rows, mask, spare)
    scratch[SCRATCH_IS_DENSE] = 1
    union_row(row, spare)
