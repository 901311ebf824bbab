"""The masks of a lexed language that is the whole grammar, from what is known of its places (kernels).

A configuration is then one list of groups. Its mask is found from the last group to the first, each from the record of
its place (`lexeme_tables`) and the mask of the groups behind it; each of these masks is that of a configuration and is
kept. Where a place has no record (narrow, seldom visited, a guard in its way) the trie is walked.
"""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._configurations import items_of, start_configuration
from maskwright.automata._frames import BIT, Int, Ints, intern_tuple
from maskwright.automata._layout import (
    DEAD,
    FINAL_STATE,
    FRAME_PAIRS,
    FRAME_SIZE,
    FREE,
    IS_ACCEPTING,
    LEXES,
    MASK,
    MASK_N_ADDED,
    MASK_TOKENS,
    N_ITEMS,
    N_ROWS,
    NEED_LEXEMES,
    NEED_MEMORY,
    NEEDED,
    SCRATCH_BASE,
    SCRATCH_GROUPS,
    SCRATCH_IS_DENSE,
    SCRATCH_STACK,
    SCRATCH_TUPLE,
)
from maskwright.automata._lexed_layout import (
    COUNTS_COLUMN,
    LABELS,
    LIST_GROUPS,
    LIST_PROGRAM,
    LIST_STATE_TUPLE,
    NO_COLUMN,
    PLACE,
    PROGRAM_LABEL_WORDS,
    PROGRAM_LINE_BREAK,
    ROW_FLAGS,
    ROW_READABLE,
    SCAN_PROGRAM,
    SESSION_COLUMN,
    TUPLE_MEMO,
    TUPLE_SIZE,
    UNUSABLE,
)
from maskwright.automata._lexing import can_read, intern_list, is_usable, read_list, start_list, start_scan, with_column
from maskwright.automata._parsing import after_match, context_of, program_of, stack_of
from maskwright.automata._planning import is_proved
from maskwright.matching._lexeme_kernels import ABSOLUTE, NO_LABEL
from maskwright.matching._mask_records import (
    add_row,
    begin_mask,
    emit,
    emit_own,
    is_list,
    keep_mask,
    write_mask,
)
from maskwright.matching._table_layout import (
    EOS_LIST,
    GROUP_SIZE,
    LEAVING_IS_PART,
    LEAVING_SIZE,
    LEAVING_TRIE,
    LEXEMES_GROUPS,
    LEXEMES_LEAVING,
    LEXEMES_N_GROUPS,
    LEXEMES_N_LEAVING,
    LEXEMES_OPEN,
    LEXEMES_SILENT,
    NODE_SIZE,
    TRIE_PAYLOAD,
)
from maskwright.matching._trie_walk import FEWEST, MAIN, MOST, walk

NARROW = 16
"""A place that can read so few bytes and stands alone is walked: quicker than to sort the vocabulary for it."""


@kernel
def is_lexed(arena: Ints, configuration: Int) -> bool:
    """Is the configuration a list of a lexed language behind which nothing follows?"""
    if arena[configuration + N_ITEMS] != 1:
        return False
    items = items_of(arena, configuration)
    frame = arena[items + 1]
    ends = arena[frame + FRAME_SIZE] == 1 and arena[frame + FRAME_PAIRS] == FINAL_STATE
    return ends and arena[arena[items]] & LEXES != 0


@kernel
def record_of(arena: Ints, scratch: Ints, scan: Int, context: Int, part: Int) -> int:
    """The record of a scan in a context for a part of the vocabulary, UNUSABLE, or a NEED code."""
    scratch[SCRATCH_TUPLE] = PLACE
    scratch[SCRATCH_TUPLE + 1] = scan
    scratch[SCRATCH_TUPLE + 2] = context
    scratch[SCRATCH_TUPLE + 3] = part
    place = intern_tuple(arena, scratch, 4)
    if place < 0:
        return place
    record = int(arena[place + TUPLE_MEMO])
    if record == 0:
        arena[NEEDED] = place
        return NEED_LEXEMES
    return record


@kernel
def is_narrow(arena: Ints, scan: Int) -> bool:
    """Can a scan read few bytes only, none of which is a line break behind which anything may come?"""
    if arena[arena[scan + TUPLE_MEMO] + ROW_FLAGS] & COUNTS_COLUMN:
        return False
    readable = arena[scan + TUPLE_MEMO] + ROW_READABLE
    n = 0
    for word in range(8):
        bits = int(arena[readable + word]) & 0xFFFFFFFF
        while bits != 0:
            bits &= bits - 1
            n += 1
    return n <= NARROW


@kernel
def configuration_behind(arena: Ints, scratch: Ints, groups: Int, first: Int, frame: Int) -> int:
    """The configuration of the groups of a list from number `first` on; or a NEED code."""
    n = (arena[groups + TUPLE_SIZE] - 2) // 3 - first
    for i in range(3 * n):
        scratch[SCRATCH_GROUPS + i] = arena[groups + LIST_GROUPS + 3 * first + i]
    state = intern_list(arena, scratch, int(arena[groups + LIST_PROGRAM]), n)
    return state if state < 0 else start_configuration(arena, scratch, state, frame)


@kernel
def find_lexed_mask(arena: Ints, scratch: Ints, tables: Ints, rows: Ints, configuration: Int) -> int:
    """Find and keep the mask of a configuration that `is_lexed`; 0, or a NEED code."""
    items = items_of(arena, configuration)
    groups = int(arena[arena[items] + LIST_STATE_TUPLE])
    frame = int(arena[items + 1])
    n = (arena[groups + TUPLE_SIZE] - 2) // 3
    behind = 0
    for first in range(n - 1, -1, -1):
        here = configuration_behind(arena, scratch, groups, first, frame) if first > 0 else int(configuration)
        if here < 0:
            return here
        if arena[here + MASK] == 0:
            code = find_group_mask(arena, scratch, tables, rows, groups + LIST_GROUPS + 3 * first, here, behind)
            if code < 0:
                return code
        behind = here
    return 0


@kernel
def find_group_mask(arena: Ints, scratch: Ints, tables: Ints, rows: Ints, group: Int, here: Int, behind: Int) -> int:
    """Find and keep the mask of a list that begins with a group; `behind` has the mask of the others, 0: none."""
    scan = int(arena[group])
    session = int(arena[group + 1])
    row = rows[arena[N_ROWS]]
    begin_mask(scratch, row)
    record = UNUSABLE
    if session != 0 and arena[group + 2] == 0 and (behind != 0 or not is_narrow(arena, scan)):
        program = int(arena[scan + SCAN_PROGRAM])
        record = record_of(arena, scratch, scan, context_of(arena, program, session), 0)
        if record < 0:
            return record
    code = 2
    if record != UNUSABLE:
        items = items_of(arena, here)
        code = add_records(arena, scratch, tables, record, session, int(arena[items]), row)
        if code == 0 and behind != 0:
            code = add_silent(arena, scratch, tables, rows, record, behind, row)
    if code == 2:
        begin_mask(scratch, row)
        code = walk(arena, scratch, tables, MAIN, np.int64(tables[MAIN]), np.int64(here), FEWEST, MOST, row)
    if code < 0:
        return code
    if arena[here + IS_ACCEPTING]:
        for i in range(tables[tables[EOS_LIST]]):
            emit(scratch, row, tables[tables[EOS_LIST] + 1 + i])
    return keep_mask(arena, scratch, tables, rows, here)


@kernel
def add_silent(arena: Ints, scratch: Ints, tables: Ints, rows: Ints, record: Int, behind: Int, row: Ints) -> int:
    """Allow what the groups behind allow, of the tokens in which no terminal of the first group can end.

    0, or 2 where one of them leaves the first group open in a way that its parser cannot use: it is read in the groups
    behind only if the first one can be left, by a match that fails, before they end. The walk must find that out.
    """
    silent = int(tables[record + LEXEMES_SILENT])
    still_open = int(tables[record + LEXEMES_OPEN])
    base = int(scratch[SCRATCH_BASE])
    mask = np.int64(arena[behind + MASK])
    if is_list(arena, mask):
        for i in range(arena[mask + MASK_N_ADDED]):
            token = arena[mask + MASK_TOKENS + i]
            word, bit = token >> 5, BIT[token & 31]
            known = row[word] & bit or (base != 0 and tables[base + word] & bit)
            if known or tables[silent + word] & bit == 0:
                continue
            if tables[still_open + word] & bit:
                return 2
            emit(scratch, row, token)
        return 0
    others = rows[arena[N_ROWS] + 1]
    write_mask(arena, tables, rows, mask, others)
    for i in range(row.size):
        known = row[i] if base == 0 else row[i] | tables[base + i]
        if others[i] & tables[still_open + i] & ~known:
            return 2
    scratch[SCRATCH_IS_DENSE] = 1
    for i in range(row.size):
        row[i] |= others[i] & tables[silent + i]
    return 0


@kernel
def add_records(
    arena: Ints,
    scratch: Ints,
    tables: Ints,
    record: Int,
    session: Int,
    here: Int,
    row: Ints,
) -> int:
    """Allow what a place's record says for a session, and the records of the parts that leave.

    0 if that is all; 2 where it is not plain that a text can be completed, so that the walk must find it out; or a NEED
    code. `here` is the state of the list at the place. Records that are still to be looked at lie in the upper half of
    what is left of the scratch array; where it is full, what leaves is walked.
    """
    bottom = SCRATCH_STACK + (scratch.size - SCRATCH_STACK) // 2
    pending = bottom
    program = program_of(arena, session)
    while True:
        labels = labels_of(arena, scratch, program, session)
        if labels < 0:
            return labels
        at = int(tables[record + LEXEMES_GROUPS])
        for _ in range(tables[record + LEXEMES_N_GROUPS]):
            usable = has_usable(arena, scratch, tables, program, session, labels, int(tables[at]))
            if usable < 0 or usable == 2:
                return usable
            if usable:
                add_tokens(scratch, tables, at, row)
            at += GROUP_SIZE
        at = int(tables[record + LEXEMES_LEAVING])
        for _ in range(tables[record + LEXEMES_N_LEAVING]):
            label = int(tables[at])
            there = here
            after = session
            if label != NO_LABEL:
                mode, column = int(tables[at + 1]), int(tables[at + 2])
                after = after_leaving(arena, scratch, program, session, label, mode, column)
                if after > 0:
                    proved = is_proved(arena, scratch, program, stack_of(arena, program, after), label)
                    if proved <= 0:
                        return proved if proved < 0 else 2
                there = after if after <= 0 else start_list(arena, scratch, program, after)
            if there < 0:
                return there
            if there != DEAD and tables[at + LEAVING_IS_PART] and pending + 3 <= scratch.size:
                context = context_of(arena, program, after)
                scan = start_scan(arena, scratch, program, context)
                if scan < 0:
                    return scan
                inner = record_of(arena, scratch, scan, context, at)
                if inner < 0:
                    return inner
                if inner != UNUSABLE:
                    scratch[pending] = inner
                    scratch[pending + 1] = after
                    scratch[pending + 2] = there
                    pending += 3
                    there = DEAD
            if there != DEAD:
                code = walk_leaving(arena, scratch, tables, at, there, row)
                if code < 0:
                    return code
            at += LEAVING_SIZE
        if pending == bottom:
            return 0
        pending -= 3
        record = int(scratch[pending])
        session = int(scratch[pending + 1])
        here = int(scratch[pending + 2])


@kernel
def walk_lists(arena: Ints, scratch: Ints, tables: Ints, trie: Int, state: Int, row: Ints) -> int:
    """Allow every token of a trie whose bytes a list's state can read; 0, or a NEED code.

    Like `_trie_walk.walk`, but nothing is remembered: these places come once for each session, and a configuration
    of a lexed language takes a kilobyte.
    """
    payload = tables[trie + TRIE_PAYLOAD]
    nodes = tables[trie]
    stack = SCRATCH_STACK
    state = int(state)
    at = nodes + NODE_SIZE * tables[nodes + 1]
    end = nodes + NODE_SIZE * tables[nodes + 2]
    while True:
        if at == end:
            if stack == SCRATCH_STACK:
                return 0
            stack -= 3
            at = scratch[stack]
            end = scratch[stack + 1]
            state = int(scratch[stack + 2])
            continue
        child = at
        at += NODE_SIZE
        byte = int(tables[child])
        if not can_read(arena, state, byte):
            continue
        after = read_list(arena, scratch, state, byte)
        if after < 0:
            return after
        if after == DEAD:
            continue
        for i in range(tables[child + 3], tables[child + 4]):
            emit(scratch, row, tables[payload + 2 * i])
        if tables[child + 1] < tables[child + 2]:
            scratch[stack] = at
            scratch[stack + 1] = end
            scratch[stack + 2] = state
            stack += 3
            at = nodes + NODE_SIZE * tables[child + 1]
            end = nodes + NODE_SIZE * tables[child + 2]
            state = after


@kernel
def walk_leaving(arena: Ints, scratch: Ints, tables: Ints, at: Int, there: Int, row: Ints) -> int:
    """Allow the tokens of a trie of what leaves that a list's state can read; 0, or a NEED code."""
    trie = at + LEAVING_TRIE
    if tables[at] != NO_LABEL:
        emit_own(scratch, tables, row, np.int64(tables[trie]), tables[trie + TRIE_PAYLOAD], FEWEST, MOST)
    return walk_lists(arena, scratch, tables, np.int64(trie), np.int64(there), row)


@kernel
def add_tokens(scratch: Ints, tables: Ints, at: Int, row: Ints) -> None:
    """Allow the tokens of a group."""
    bits = tables[at + 3]
    if bits != 0:
        add_row(scratch, tables, bits, row)
        return
    for i in range(tables[at + 1]):
        emit(scratch, row, tables[tables[at + 2] + i])


@kernel
def labels_of(arena: Ints, scratch: Ints, program: Int, session: Int) -> int:
    """Where it is remembered which labels the parser can read after a session; or NEED_MEMORY."""
    scratch[SCRATCH_TUPLE] = LABELS
    scratch[SCRATCH_TUPLE + 1] = session
    record = intern_tuple(arena, scratch, 2)
    if record < 0 or arena[record + TUPLE_MEMO] != 0:
        return record if record < 0 else int(arena[record + TUPLE_MEMO])
    n_words = arena[program + PROGRAM_LABEL_WORDS]
    offset = int(arena[FREE])
    if offset + 3 * n_words > arena.size:
        return NEED_MEMORY
    for i in range(3 * n_words):
        arena[offset + i] = 0
    arena[FREE] = offset + 3 * n_words
    arena[record + TUPLE_MEMO] = offset
    return offset


@kernel
def has_usable(arena: Ints, scratch: Ints, tables: Ints, program: Int, session: Int, known: Int, asked: Int) -> int:
    """Can the parser read a match with one of the labels of a group?

    0: no; 1: yes, and it is plain that the text can be completed then; 2: yes, but that is not plain; or a NEED code.
    `known`: what is remembered of the session, the known labels, the usable ones and those of which it is plain.
    `asked`: two sets in the tables, all labels of the group and those that need no guard. A line break among them can
    still come to any column: tokens of which that is not so are tangled.
    """
    n_words = arena[program + PROGRAM_LABEL_WORDS]
    for word in range(n_words):
        if arena[known + 2 * n_words + word] & tables[asked + n_words + word]:
            return 1
    usable = 0
    for word in range(n_words):
        bits = int(tables[asked + word] & ~arena[known + word]) & 0xFFFFFFFF
        label = 32 * word
        while bits != 0:
            if bits & 1:
                found = is_usable(arena, scratch, program, session, label, True)
                if found < 0:
                    return found
                arena[known + word] |= BIT[label & 31]
                if found > 0:
                    arena[known + n_words + word] |= BIT[label & 31]
                if found == 1:
                    arena[known + 2 * n_words + word] |= BIT[label & 31]
                    if tables[asked + n_words + word] & BIT[label & 31]:
                        return 1
            bits >>= 1
            label += 1
        if arena[known + n_words + word] & tables[asked + word]:
            usable = 2
    return usable


@kernel
def after_leaving(arena: Ints, scratch: Ints, program: Int, session: Int, label: Int, mode: Int, column: Int) -> int:
    """The session behind a terminal that a token leaves; DEAD, or a NEED code."""
    if arena[program + PROGRAM_LINE_BREAK] >= 0:
        before = int(arena[session + SESSION_COLUMN])
        if mode != ABSOLUTE:
            column = NO_COLUMN if before < 0 else before + column
        session = with_column(arena, scratch, session, column)
        if session < 0:
            return session
    return after_match(arena, scratch, program, session, label)
