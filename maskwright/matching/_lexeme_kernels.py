"""The kernel that sorts a vocabulary's tokens by how a lexer cuts them; see `lexeme_tables`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._frames import Int, Ints
from maskwright.automata._layout import DEAD
from maskwright.automata._lexed_layout import (
    COUNTS_COLUMN,
    LABEL_SIZE,
    PROGRAM_LABELS,
    PROGRAM_LINE_BREAK,
    PROGRAM_TAB,
    REACHES_LINE_END,
    ROW_FLAGS,
    TUPLE_MEMO,
)
from maskwright.automata._lexing import after_guard, result_of, scan_row, start_scan
from maskwright.automata._parsing import is_ignored
from maskwright.grammar.lexed_language import GO

REFUSED, WHOLE, LEAVES, TANGLED = 0, 1, 2, 3
"""What becomes of a token: refused by the lexer; inside a terminal, or just behind one, when it ends; it goes on behind
a terminal that the parser must be asked about; or it is too tangled to be sorted, and must be walked."""

NO_LABEL = -1
RELATIVE, ABSOLUTE = 0, 1


@kernel
def column_is_fixed(arena: Ints, program: Int, scan: Int, label: Int) -> bool:
    """May a token that ends in a scan (0: none), or with a label, be a line break that cannot come to any column?"""
    line_break = arena[program + PROGRAM_LINE_BREAK]
    if line_break < 0:
        return False
    flags = arena[arena[scan + TUPLE_MEMO] + ROW_FLAGS] if scan != 0 else 0
    if flags & REACHES_LINE_END:
        return False
    if label >= 0:
        entry = arena[program + PROGRAM_LABELS] + LABEL_SIZE * label
        for i in range(arena[entry + 1]):
            if arena[arena[entry] + i] == line_break:
                return True
    return flags & COUNTS_COLUMN != 0


@kernel
def sort_lexemes(
    arena: Ints,
    scratch: Ints,
    begins: Ints,
    ends: Ints,
    token_data: NDArray[np.uint8],
    program: Int,
    scan: Int,
    context: Int,
    fate: NDArray[np.int8],
    accepts: NDArray[np.bool_],
    inside: Ints,
    label: Ints,
    split: Ints,
    mode: NDArray[np.int8],
    column: Ints,
) -> int:
    """Read each text token_data[begins[i]:ends[i]] from a scan in a context, as far as the parser need not be asked.

    Returns 1 if the context was asked for, 0 if the answer is the same in each, or a NEED code.
    Ignored terminals change nothing for the parser, so the lexer begins anew behind them.
    Written, for text i: fate[i]; accepts[i], could a terminal end before its end; inside[i], the scan in which it
    ends (0: just behind a terminal); label[i], of the terminal that ends where it does, or that it leaves, NO_LABEL if
    none; split[i], where in the token it leaves that terminal; mode[i] and column[i], for a line break that ends there:
    the column is the number (ABSOLUTE), or so much more than before the token (RELATIVE).
    """
    start = start_scan(arena, scratch, program, context)
    if start < 0:
        return start
    tab = int(arena[program + PROGRAM_TAB])
    asks_context = 0
    for i in range(begins.size):
        begin = int(begins[i])
        end = int(ends[i])
        current = scan
        at = begin
        last_label = NO_LABEL
        last_at = begin
        is_absolute, moved = RELATIVE, 0
        last_absolute, last_moved = RELATIVE, 0
        fate[i] = WHOLE
        accepts[i] = False
        inside[i] = 0
        label[i] = NO_LABEL
        waits, wait_label, wait_at = 0, NO_LABEL, begin
        while at < end:
            byte = int(token_data[at])
            if waits != 0:
                waits = after_guard(arena, waits, byte)
                if waits == 0:
                    accepts[i] = True
                    last_label, last_at = wait_label, wait_at
                waits = max(waits, 0)
            goes_on = 0
            if current != 0:
                row = scan_row(arena, current)
                if row < 0:
                    return row
                result = result_of(arena, scratch, current, byte)
                if result < 0:
                    return result
                n_parts = arena[result] if result != DEAD else 0
                if n_parts > 0 and arena[result + 1] == GO:
                    goes_on = int(arena[result + 2])
                ended = int(arena[result + 2 * n_parts - 1]) if n_parts > 0 else GO
                if n_parts > 2 or (n_parts == 2 and (goes_on == 0 or ended == GO)):
                    fate[i] = TANGLED
                    break
                if arena[row + ROW_FLAGS] & COUNTS_COLUMN:
                    if byte == 10:
                        is_absolute, moved = ABSOLUTE, 0
                    elif moved >= 0 and byte == 32:
                        moved += 1
                    elif moved >= 0 and byte == 9:
                        moved += tab
                if ended != GO:
                    guard = int(arena[result + 2 * n_parts])
                    if guard == 0:
                        accepts[i] = True
                        waits = 0
                        last_label, last_at = ended, at + 1
                        last_absolute, last_moved = is_absolute, moved
                    elif waits != 0 or arena[row + ROW_FLAGS] & COUNTS_COLUMN:
                        fate[i] = TANGLED
                        break
                    else:
                        waits, wait_label, wait_at = guard, ended, at + 1
            if goes_on != 0:
                at += 1
                current = goes_on
                row = scan_row(arena, current)
                if row < 0:
                    return row
                if arena[row + ROW_FLAGS] & COUNTS_COLUMN == 0:
                    is_absolute, moved = ABSOLUTE, -1
                continue
            if waits != 0:  # nothing reads on, but the end is not certain yet
                at += 1
                current = 0
                continue
            # The terminal is over: it ended where it last could.
            if last_label < 0:
                fate[i] = REFUSED
                break
            if last_at == end:
                current = 0
                at = end
                break
            if not is_ignored(arena, program, last_label):
                fate[i] = LEAVES
                label[i] = last_label
                split[i] = last_at - begin
                mode[i] = last_absolute
                column[i] = last_moved
                break
            at = last_at
            current = start
            asks_context = 1
            last_label = NO_LABEL
            is_absolute, moved = ABSOLUTE, -1
        if fate[i] == WHOLE and waits != 0:
            fate[i] = TANGLED
        if fate[i] == WHOLE:
            inside[i] = current
            label[i] = last_label if last_at == end else NO_LABEL
            if last_label >= 0 and last_at != end:
                fate[i] = TANGLED  # the terminal may go on, or have ended within the token: rare
            elif column_is_fixed(arena, program, current, label[i]):
                fate[i] = TANGLED
    return asks_context
