"""The kernels that find all tokens allowed in a configuration.

From the naive loop up:

 1. For every token, read its bytes (`advance`): the meaning, and the oracle in the tests.
 2. `walk`: read the *trie* of all tokens instead, so a refused byte discards all tokens that begin with it.
 3. A configuration's mask is kept as a record: a row of the vocabulary, and what is added to it and taken from it
    (`_mask_records`); a revisit writes it out, and `CompiledGrammar` keeps it as a finished row after that.
 4. Items inside an automaton that every grammar has (any JSON string, blanks, numbers) are not walked at all: which
    tokens stay inside it was found once for the vocabulary (`MaskTables`). Tokens that leave it are grouped by what
    comes after the exit, in a trie of suffixes: a walk of that small trie from the configuration after the return
    says which of them are allowed. All other items form the *rest*, a configuration of its own, walked as in 2.
 5. A state with a *base* (any string except these names) takes the base's mask, then corrects it along the few paths
    on which the two differ (`correct_along_overrides`).
 6. A counter (`maxLength`) asks in addition that the units in the token fit: tokens are kept by number of units.

 7. A string with a pattern of its own (`interiors`): the tokens that stay inside are known as in 4; those that reach a
    closing quote are a trie of some thousand, walked from the item itself.
 8. A lexed language has tables of its own (`_lexed_masks`).

Why the split in 4 is exact. The shared automaton is deterministic, so a token leaves it at one place at most, provided
that it may not leave earlier: it could if the automaton can go on with a byte that what follows can read as well. So
`is_shortcut` demands that no byte with which the automaton may go on after an accepting state can be read after the
return; otherwise the item is walked like any other.

Arguments are named as in `_mask_records`, which holds step 3; step 2 is in `_trie_walk`.
"""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._configurations import (
    after_return,
    find_edge,
    intern_configuration,
    items_of,
    start_configuration,
    successor_of,
)
from maskwright.automata._frames import BIT, Int, Ints, add_item, begin_items, intern_tuple
from maskwright.automata._layout import (
    ACCEPTING,
    CONFIGURATION_FLAGS,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    DEAD,
    FRAME_RETURN,
    FRAME_SIZE,
    HAS_TOKEN_EDGES,
    IS_ACCEPTING,
    IS_COUNTER,
    MASK,
    MAX_FOUND,
    N_ITEMS,
    N_ROWS,
    NEED_INTERIOR,
    NEED_ROW,
    NEEDED,
    SCRATCH_BASE,
    SCRATCH_IS_DENSE,
    SCRATCH_N_FOUND,
    SCRATCH_N_TAKEN,
    SCRATCH_STACK,
    SCRATCH_TUPLE,
    STATE_INTERIOR,
    STATE_SIZE,
    TOKEN,
    UNKNOWN,
)
from maskwright.automata._lexed_layout import SHARED_MASK, TUPLE_MEMO
from maskwright.matching._lexed_masks import find_lexed_mask, is_lexed
from maskwright.matching._mask_records import (
    add_kept,
    add_row,
    begin_mask,
    drop_taken,
    emit,
    emit_own,
    keep_mask,
    settle,
    take_away,
    union_row,
    write_mask,
)
from maskwright.matching._table_layout import (
    ANY_COUNT,
    EOS_LIST,
    MAIN_TRIE,
    NODE_SIZE,
    SHARED_CONTINUING,
    SHARED_COUNTS,
    SHARED_INTERIOR,
    SHARED_MAX_UNITS,
    SHARED_N_CONTINUING,
    SHARED_N_INTERIOR,
    SHARED_ROW,
    SHARED_TRIE,
    TRIE_PAYLOAD,
)
from maskwright.matching._trie_walk import FEWEST, MAIN, MOST, begin_turn, walk


@kernel
def units_left(arena: Ints, frame: Int) -> tuple[int, int, int]:
    """(least, most, frame below): how many more units a counter frame asks for; any number for another frame."""
    if arena[frame + FRAME_SIZE] != IS_COUNTER:
        return 0, ANY_COUNT, frame
    count = arena[frame + COUNTER_COUNT]
    maximum = arena[frame + COUNTER_MAXIMUM]
    least = arena[frame + COUNTER_MINIMUM] - count
    return (
        max(0, least),
        ANY_COUNT if maximum < 0 else maximum - count,
        arena[frame + COUNTER_PARENT],
    )


@kernel
def shared_record(arena: Ints, state: Int, frame: Int) -> int:
    """What the vocabulary knows of the state, or of its base where it has one; 0 if nothing."""
    if arena[state + 2] > 0:
        return arena[state + 2]
    base = arena[state + 1]
    if base != 0 and arena[frame + FRAME_SIZE] != IS_COUNTER:
        return arena[base + 2]
    return 0


@kernel
def is_shortcut(arena: Ints, tables: Ints, state: Int, frame: Int) -> bool:
    """May the item be answered from the vocabulary's tables?  (See the module's note on exactness.)

    The configuration after the frame's return must have been made.
    """
    shared = shared_record(arena, state, frame)
    if shared == 0:
        return False
    _, _, below = units_left(arena, frame)
    if arena[below + FRAME_SIZE] == IS_COUNTER:
        return False
    following = arena[below + FRAME_RETURN]
    for i in range(tables[shared + SHARED_N_CONTINUING]):
        if successor_of(arena, following, tables[shared + SHARED_CONTINUING + i]) != DEAD:
            return False
    return True


@kernel
def is_inside(arena: Ints, tables: Ints, state: Int, frame: Int) -> bool:
    """Is the item in a string whose interior is known?  With a counter only if the tokens are listed by units."""
    record = arena[state + STATE_INTERIOR]
    if record <= 0:
        return False
    _, high, below = units_left(arena, frame)
    if arena[below + FRAME_SIZE] == IS_COUNTER:
        return False
    return tables[record + SHARED_COUNTS] != 0 or high >= tables[record + SHARED_MAX_UNITS]


@kernel
def add_interior(scratch: Ints, tables: Ints, shared: Int, high: Int, row: Ints, spare: Ints) -> None:
    """Allow the tokens that stay inside a shared automaton and begin at most `high` units."""
    total = tables[shared + SHARED_N_INTERIOR]
    tokens = tables[shared + SHARED_INTERIOR]
    n = total
    if high < tables[shared + SHARED_MAX_UNITS]:
        n = tables[tables[shared + SHARED_COUNTS] + high]
    bits = tables[shared + SHARED_ROW]
    if bits != 0 and n == total:
        add_row(scratch, tables, bits, row)
    elif bits != 0 and total - n <= MAX_FOUND and scratch[SCRATCH_BASE] == 0:
        scratch[SCRATCH_BASE] = bits
        for i in range(n, total):
            take_away(scratch, row, tables[tokens + i])
    elif bits != 0 and 2 * n > total:
        scratch[SCRATCH_IS_DENSE] = 1
        for i in range(row.size):
            spare[i] = tables[bits + i]
        for i in range(n, total):
            token = tables[tokens + i]
            spare[token >> 5] &= ~BIT[token & 31]
        union_row(row, spare)
    else:
        for i in range(n):
            emit(scratch, row, tables[tokens + i])


@kernel
def add_shared(arena: Ints, scratch: Ints, tables: Ints, shared: Int, frame: Int, row: Ints, spare: Ints) -> int:
    """Allow all tokens of an item in a state with the given record: those that stay inside, and those that leave."""
    low, high, below = units_left(arena, frame)
    add_interior(scratch, tables, shared, high, row, spare)
    trie = shared + SHARED_TRIE
    root = np.int64(tables[trie])
    emit_own(scratch, tables, row, root, tables[trie + TRIE_PAYLOAD], low, high)
    following = np.int64(arena[below + FRAME_RETURN])
    return walk(arena, scratch, tables, trie, root, following, low, high, row)


@kernel
def add_inside(arena: Ints, scratch: Ints, tables: Ints, state: Int, frame: Int, row: Ints, spare: Ints) -> int:
    """Allow all tokens of an item in a string of the grammar's own: those that stay inside and those that close."""
    record = np.int64(arena[state + STATE_INTERIOR])
    _, high, _ = units_left(arena, frame)
    begin_items(scratch)
    code = add_item(scratch, state, frame)
    if code < 0:
        return code
    alone = intern_configuration(arena, scratch)
    if alone < 0:
        return alone
    add_interior(scratch, tables, record, high, row, spare)
    trie = record + SHARED_TRIE
    return walk(arena, scratch, tables, trie, np.int64(tables[trie]), alone, FEWEST, MOST, row)


@kernel
def take_subtree(scratch: Ints, tables: Ints, trie: Int, node: Int, row: Ints) -> None:
    """Take away all tokens at and below a trie node."""
    payload = tables[trie + TRIE_PAYLOAD]
    for i in range(tables[node + 3], tables[node + 5]):
        take_away(scratch, row, tables[payload + 2 * i])


@kernel
def correct_along_overrides(arena: Ints, scratch: Ints, tables: Ints, state: Int, frame: Int, row: Ints) -> int:
    """Turn the mask of the state's base into the mask of the state.

    Follows only the state's own edges through the trie. Where both sides stay in step (the edge leads to a state whose
    base is where the base goes, and neither may end there) it goes on; where the byte is refused, all tokens below are
    taken away; where the edge leads elsewhere, the tokens below are found anew by a walk. The stack holds, for each
    byte of the current path, (state, its next child, end of its children), above the room that the walk needs.
    """
    bottom = SCRATCH_STACK + (scratch.size - SCRATCH_STACK) // 2
    stack = bottom
    nodes = tables[MAIN_TRIE]
    current = state
    at = nodes + NODE_SIZE * tables[nodes + 1]
    end = nodes + NODE_SIZE * tables[nodes + 2]
    while True:
        if at == end:
            if stack == bottom:
                return 0
            stack -= 3
            current = scratch[stack]
            at = scratch[stack + 1]
            end = scratch[stack + 2]
            continue
        child = at
        byte = tables[child]
        at += NODE_SIZE
        edge = own_edge(arena, current, byte)
        if edge == 0:
            continue
        target = arena[edge + 1]
        if target == DEAD:
            take_subtree(scratch, tables, MAIN_TRIE, child, row)
            continue
        base_edge = find_edge(arena, arena[current + 1], byte)
        if base_edge != 0 and is_in_step(arena, target, arena[base_edge + 1]):
            if tables[child + 1] < tables[child + 2]:
                scratch[stack] = current
                scratch[stack + 1] = at
                scratch[stack + 2] = end
                stack += 3
                current = target
                at = nodes + NODE_SIZE * tables[child + 1]
                end = nodes + NODE_SIZE * tables[child + 2]
            continue
        take_subtree(scratch, tables, MAIN_TRIE, child, row)
        detour = start_configuration(arena, scratch, np.int64(target), np.int64(frame))
        if detour < 0:
            return detour
        emit_own(scratch, tables, row, child, tables[MAIN_TRIE + TRIE_PAYLOAD], FEWEST, MOST)
        code = walk(arena, scratch, tables, MAIN, child, detour, FEWEST, MOST, row)
        if code < 0:
            return code


@kernel
def own_edge(arena: Ints, state: Int, byte: Int) -> int:
    """The offset of the state's own edge that covers the byte, or 0."""
    for e in range(arena[state + 3]):
        edge = state + STATE_SIZE + 2 * e
        packed = arena[edge]
        if (packed & 255) <= byte <= ((packed >> 8) & 255):
            return edge
    return 0


@kernel
def is_in_step(arena: Ints, target: Int, base_target: Int) -> bool:
    """Do a state and the base's state behave alike but for the state's own edges?

    A place where either may end is not in step: what follows the end could read the bytes of an override.
    """
    if base_target == DEAD or arena[target + 1] != base_target:
        return False
    return not (arena[target] | arena[base_target]) & ACCEPTING


@kernel
def add_corrected(arena: Ints, scratch: Ints, tables: Ints, state: Int, frame: Int, row: Ints, spare: Ints) -> int:
    """Allow all tokens of an item whose state has a base: the base's mask, corrected. Nothing may have been found yet.

    First as a record. Tokens that leave the base's automaton are listed before the corrections take some of them away,
    so they are dropped from the list afterwards; what a detour adds lies in a part of the trie of its own. Where a list
    gets too long, it is all done again in the row, in which that order needs no care.
    """
    shared = np.int64(shared_record(arena, state, frame))
    code = add_shared(arena, scratch, tables, shared, frame, row, spare)
    if code < 0:
        return code
    n_leaving = scratch[SCRATCH_N_FOUND]
    is_short = scratch[SCRATCH_IS_DENSE] == 0
    if is_short:
        code = correct_along_overrides(arena, scratch, tables, state, frame, row)
        if code < 0:
            return code
        is_short = scratch[SCRATCH_IS_DENSE] == 0 and scratch[SCRATCH_N_TAKEN] <= MAX_FOUND
    if is_short:
        drop_taken(scratch, row, n_leaving)
        return 0
    begin_mask(scratch, row)
    code = add_shared(arena, scratch, tables, shared, frame, row, spare)
    if code < 0:
        return code
    settle(scratch, tables, row)
    return correct_along_overrides(arena, scratch, tables, state, frame, row)


@kernel
def add_corrected_items(arena: Ints, scratch: Ints, tables: Ints, configuration: Int, rows: Ints) -> int:
    """Allow all tokens of the items whose states have a base; 0, or a NEED code. Nothing may have been found yet."""
    n_rows = arena[N_ROWS]
    row = rows[n_rows]
    own = rows[n_rows + 1]
    n_corrected = 0
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        frame = arena[items + 2 * i + 1]
        if arena[state + 2] > 0 or is_inside(arena, tables, state, frame):
            continue
        if not is_shortcut(arena, tables, state, frame):
            continue
        if n_corrected > 0:  # each has a base of its own: beside the others in a row of its own
            settle(scratch, tables, row)
            begin_mask(scratch, own)
        code = add_corrected(arena, scratch, tables, state, frame, own if n_corrected > 0 else row, rows[n_rows + 2])
        if code < 0:
            return code
        if n_corrected > 0:
            settle(scratch, tables, own)
            union_row(row, own)
        n_corrected += 1
    return 0


@kernel
def add_named_tokens(arena: Ints, scratch: Ints, configuration: Int, row: Ints) -> None:
    """Allow the special tokens that edges of the configuration name."""
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        edge = state + STATE_SIZE + 2 * arena[state + 3]
        for _ in range(arena[state + 4]):
            if arena[edge] == TOKEN:
                token_list = arena[edge + 1]
                for k in range(arena[token_list]):
                    emit(scratch, row, arena[token_list + 1 + k])
            edge += 3


@kernel
def add_end_tokens(arena: Ints, scratch: Ints, tables: Ints, configuration: Int, row: Ints) -> None:
    """Allow the end tokens where the text is complete."""
    if arena[configuration + IS_ACCEPTING]:
        for i in range(tables[tables[EOS_LIST]]):
            emit(scratch, row, tables[tables[EOS_LIST] + 1 + i])


@kernel
def find_plain_mask(arena: Ints, scratch: Ints, tables: Ints, rows: Ints, configuration: Int) -> int:
    """Find and keep a configuration's mask by walking the whole trie; 0, or a NEED code."""
    row = rows[arena[N_ROWS]]
    begin_mask(scratch, row)
    code = walk(arena, scratch, tables, MAIN, np.int64(tables[MAIN_TRIE]), configuration, FEWEST, MOST, row)
    if code < 0:
        return code
    if arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
        add_named_tokens(arena, scratch, configuration, row)
    add_end_tokens(arena, scratch, tables, configuration, row)
    return keep_mask(arena, scratch, tables, rows, configuration)


@kernel
def prepare_items(arena: Ints, scratch: Ints, configuration: Int) -> int:
    """Make known what the vocabulary can say of the items; of how many it may know something, or a NEED code."""
    candidates = 0
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        frame = arena[items + 2 * i + 1]
        if arena[state + STATE_INTERIOR] == UNKNOWN:
            arena[NEEDED] = state
            return NEED_INTERIOR
        if arena[state + STATE_INTERIOR] > 0:
            candidates += 1
        if shared_record(arena, state, frame) != 0:
            candidates += 1
            _, _, below = units_left(arena, frame)
            if arena[below + FRAME_SIZE] != IS_COUNTER:
                code = after_return(arena, scratch, below)
                if code < 0:
                    return code
    return candidates


@kernel
def shared_mask(arena: Ints, scratch: Ints, tables: Ints, configuration: Int) -> int:
    """Where the mask of a configuration is remembered that others have as well; 0 where it is its own, or NEED_MEMORY.

    A single item in a shared automaton whose counter is far from its bounds: only the automaton's state and what comes
    after it matter, so all the places of a long string have one mask.
    """
    if arena[configuration + N_ITEMS] != 1 or arena[configuration + IS_ACCEPTING]:
        return 0
    items = items_of(arena, configuration)
    shared = arena[arena[items] + 2]
    low, high, below = units_left(arena, arena[items + 1])
    if shared <= 0 or low > 0 or high < tables[shared + SHARED_MAX_UNITS]:
        return 0
    if not is_shortcut(arena, tables, arena[items], arena[items + 1]):
        return 0
    scratch[SCRATCH_TUPLE] = SHARED_MASK
    scratch[SCRATCH_TUPLE + 1] = shared
    scratch[SCRATCH_TUPLE + 2] = arena[below + FRAME_RETURN]
    return intern_tuple(arena, scratch, 3)


@kernel
def find_mask(arena: Ints, scratch: Ints, tables: Ints, rows: Ints, configuration: Int) -> int:
    """Find and keep a configuration's mask; 0, or a NEED code."""
    if arena[N_ROWS] + 4 > rows.shape[0]:
        return NEED_ROW
    if is_lexed(arena, configuration):
        return find_lexed_mask(arena, scratch, tables, rows, configuration)
    candidates = prepare_items(arena, scratch, configuration)
    if candidates < 0:
        return candidates
    if candidates == 0:
        return find_plain_mask(arena, scratch, tables, rows, configuration)
    common = shared_mask(arena, scratch, tables, configuration)
    if common < 0:
        return common
    if common == 0 or arena[common + TUPLE_MEMO] == 0:
        code = find_split_mask(arena, scratch, tables, rows, configuration)
        if code < 0:
            return code
        if common != 0:
            arena[common + TUPLE_MEMO] = arena[configuration + MASK]
    else:
        arena[configuration + MASK] = arena[common + TUPLE_MEMO]
    return 0


@kernel
def find_split_mask(arena: Ints, scratch: Ints, tables: Ints, rows: Ints, configuration: Int) -> int:
    """Find and keep the mask of a configuration item by item; 0, or a NEED code. Its items have been prepared."""
    begin_items(scratch)
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        frame = arena[items + 2 * i + 1]
        if not (is_shortcut(arena, tables, state, frame) or is_inside(arena, tables, state, frame)):
            code = add_item(scratch, state, frame)
            if code < 0:
                return code
    rest = intern_configuration(arena, scratch)
    if rest < 0:
        return rest
    if rest != DEAD and arena[rest + MASK] == 0:
        code = find_plain_mask(arena, scratch, tables, rows, rest)
        if code < 0:
            return code
    row = rows[arena[N_ROWS]]
    spare = rows[arena[N_ROWS] + 1]
    begin_mask(scratch, row)
    code = add_corrected_items(arena, scratch, tables, configuration, rows)
    if code < 0:
        return code
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        frame = arena[items + 2 * i + 1]
        if is_inside(arena, tables, state, frame):
            code = add_inside(arena, scratch, tables, state, frame, row, spare)
        elif arena[state + 2] > 0 and is_shortcut(arena, tables, state, frame):
            shared = np.int64(arena[state + 2])
            code = add_shared(arena, scratch, tables, shared, frame, row, spare)
        if code < 0:
            return code
    if rest != DEAD:
        add_kept(arena, scratch, tables, rows, np.int64(arena[rest + MASK]), row, spare)
    add_end_tokens(arena, scratch, tables, configuration, row)
    return keep_mask(arena, scratch, tables, rows, configuration)


@kernel
def fill(arena: Ints, scratch: Ints, configuration: Int, tables: Ints, rows: Ints, out: Ints) -> int:
    """Write the mask of a configuration into `out` (int32[words]); the name of the mask, 0 or more, or a NEED code."""
    if arena[configuration + MASK] == 0:
        begin_turn(arena)
        code = find_mask(arena, scratch, tables, rows, configuration)
        if code < 0:
            return code
    mask = int(arena[configuration + MASK])
    write_mask(arena, tables, rows, mask, out)
    return 2 * mask if mask > 0 else -1 - 2 * mask
