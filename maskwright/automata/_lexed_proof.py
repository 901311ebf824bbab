"""The kernels that look at all states of a lexer; see `lexed_proof` for what is found out with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints
from maskwright.automata._layout import DEAD
from maskwright.automata._lexed_layout import (
    GUARD_EDGES,
    LABEL_SIZE,
    PROGRAM_CONTEXT_WORDS,
    PROGRAM_CONTEXTS,
    PROGRAM_LABEL_WORDS,
    PROGRAM_LABELS,
    ROW_FLAGS,
    ROW_LABELS,
    ROW_READABLE,
    TUPLE_MEMO,
    WAS_SEEN,
)
from maskwright.automata._lexing import result_of, scan_row
from maskwright.automata._parsing import is_ignored
from maskwright.automata._stacks import has_symbol
from maskwright.grammar.lexed_language import GO


@kernel
def see_scan(arena: Ints, scan: Int, found: Ints) -> int:
    """Put a scan at the end of those found, unless it is there; 0, or NEED_MEMORY.  Room for one must be left."""
    row = scan_row(arena, scan)
    if row < 0:
        return row
    if arena[row + ROW_FLAGS] & WAS_SEEN == 0:
        arena[row + ROW_FLAGS] |= WAS_SEEN
        found[2 + found[0]] = scan
        found[0] += 1
    return 0


@kernel
def see_scans(arena: Ints, scratch: Ints, found: Ints, extending: NDArray[np.int32]) -> int:
    """Find all scans that those found lead to; 0, 1 if they are too many, or a NEED code (then it is called again).

    found: [how many, how many are done, scans...]. extending: int32[n_labels, 8], for each label the bytes that may
    change what becomes of a match with it, because a terminal goes on with them or a guard waits for them.
    """
    n = 0
    while found[1] < found[0]:
        scan = int(found[2 + found[1]])
        row = scan_row(arena, scan)
        for byte in range(256):
            result = result_of(arena, scratch, scan, byte)
            if result < 0:
                return result
            if result == DEAD or (byte > 0 and arena[row + byte - 1] == result):
                continue
            if found[0] + arena[result] + 2 >= found.size:
                return 1
            for i in range(arena[result]):
                kind = int(arena[result + 1 + 2 * i])
                argument = int(arena[result + 2 + 2 * i])
                if kind == GO:
                    code = see_scan(arena, argument, found)
                    if code < 0:
                        return code
                    continue
                for k in range(i):  # what reads on before this end
                    if arena[result + 1 + 2 * k] == GO:
                        readable = arena[arena[result + 2 + 2 * k] + TUPLE_MEMO] + ROW_READABLE
                        for word in range(8):
                            extending[kind, word] |= arena[readable + word]
                if argument != 0:
                    for e in range(arena[argument]):
                        packed = arena[argument + GUARD_EDGES + 2 * e]
                        for b in range(packed & 255, (packed >> 8) + 1):
                            extending[kind, b >> 5] |= BIT[b & 31]
        found[1] += 1
        n += 1
    return 0


@kernel
def settle_labels(arena: Ints, program: Int, found: Ints) -> None:
    """Write into the rows of all scans the labels that they really lead to, first all, then those without a guard.

    A least fixpoint: a node alone may promise a label that an end of a preferred node always cuts off.
    """
    n_words = arena[program + PROGRAM_LABEL_WORDS]
    for i in range(found[0]):
        row = arena[found[2 + i] + TUPLE_MEMO]
        for word in range(2 * n_words):
            arena[row + ROW_LABELS + word] = 0
    changed = True
    while changed:
        changed = False
        for i in range(found[0] - 1, -1, -1):
            row = arena[found[2 + i] + TUPLE_MEMO]
            labels = row + ROW_LABELS
            for byte in range(256):
                result = arena[row + byte]
                if result == DEAD or (byte > 0 and arena[row + byte - 1] == result):
                    continue
                is_sure = True  # until an end with a guard may be preferred
                for k in range(arena[result]):
                    kind = int(arena[result + 1 + 2 * k])
                    argument = int(arena[result + 2 + 2 * k])
                    is_sure &= kind == GO or argument == 0
                    if kind == GO:
                        others = arena[argument + TUPLE_MEMO] + ROW_LABELS
                        for word in range(2 * n_words if is_sure else n_words):
                            if arena[others + word] & ~arena[labels + word]:
                                arena[labels + word] |= arena[others + word]
                                changed = True
                        continue
                    for half in range(2 if is_sure else 1):
                        at = labels + half * n_words + (kind >> 5)
                        if arena[at] & BIT[kind & 31] == 0:
                            arena[at] |= BIT[kind & 31]
                            changed = True


@kernel
def terminal_in(arena: Ints, program: Int, context: Int, label: Int) -> int:
    """The terminal that a label is in a context, or -1."""
    entry = arena[program + PROGRAM_LABELS] + LABEL_SIZE * label
    members = int(arena[program + PROGRAM_CONTEXTS] + context * arena[program + PROGRAM_CONTEXT_WORDS])
    for i in range(arena[entry + 1]):
        symbol = int(arena[arena[entry] + i])
        if has_symbol(arena, members, symbol):
            return symbol
    return -1


@kernel
def add_first(
    arena: Ints,
    program: Int,
    context: Int,
    label: Int,
    byte: Int,
    n_extending: Ints,
    first: Ints,
    blank: Ints,
    best: Ints,
) -> None:
    """Note that a match with a label can begin with a byte in a context; see `first_bytes`."""
    if is_ignored(arena, program, label):
        blank[context, label, byte >> 5] |= BIT[byte & 31]
        return
    symbol = terminal_in(arena, program, context, label)
    if symbol >= 0:
        first[context, symbol, byte >> 5] |= BIT[byte & 31]
        known = best[context, symbol]
        if known < 0 or n_extending[label] < n_extending[known]:
            best[context, symbol] = label


@kernel
def first_bytes(
    arena: Ints, program: Int, starts: Ints, n_extending: Ints, first: Ints, blank: Ints, best: Ints
) -> None:
    """With which bytes the matches begin that every context can have without a guard.

    starts: int32[n_contexts], the scans at the start of a terminal. n_extending: int32[n_labels]. Written: first
    int32[n_contexts, n_terminals, 8], sets of bytes; blank int32[n_contexts, n_labels, 8], the same for labels that are
    ignored; best int32[n_contexts, n_terminals], a label of each terminal with the fewest bytes that may extend it.
    """
    n_words = arena[program + PROGRAM_LABEL_WORDS]
    for context in range(starts.size):
        row = arena[starts[context] + TUPLE_MEMO]
        for byte in range(256):
            result = arena[row + byte]
            if result == DEAD:
                continue
            for i in range(arena[result]):
                kind = int(arena[result + 1 + 2 * i])
                argument = int(arena[result + 2 + 2 * i])
                if kind != GO:
                    if argument != 0:
                        break  # what is behind is sure only where the guard is violated
                    add_first(arena, program, context, kind, byte, n_extending, first, blank, best)
                    continue
                sure = arena[argument + TUPLE_MEMO] + ROW_LABELS + n_words
                for word in range(n_words):
                    bits = int(arena[sure + word]) & 0xFFFFFFFF
                    label = 32 * word
                    while bits != 0:
                        if bits & 1:
                            add_first(arena, program, context, label, byte, n_extending, first, blank, best)
                        bits >>= 1
                        label += 1
