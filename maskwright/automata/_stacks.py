"""The stacks of an LR parser as interned lists, and what a terminal makes of one (kernels).

A stack is a tuple (parser state, stack below), hash-consed, so that texts which the parser cannot tell apart have one
stack, and the configurations above it are found again. Reductions only pop and look at one goto: the top of the stack
in between is kept in two variables and interned when something is pushed onto it.

Cost. A rule that recurs on the right is reduced at its end, all of it at once: `x: "a" x | "a"` behind n letters takes
n reductions, and whether the text may end is asked after each letter. So on a way of many reductions every sixteenth
top in between is remembered with what comes of it: the next stack, a letter longer, comes to one of them soon. Hardly
any way is that long in grammars without such rules.
Rejected: to remember all (8 words for each letter and terminal), or the stack that was asked of alone, which the next
one does not come to.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints, find_tuple, intern_tuple
from maskwright.automata._layout import DEAD, N_READINGS, SCRATCH_TUPLE, TOO_MANY_ITEMS
from maskwright.automata._lexed_layout import (
    AHEAD,
    MAX_REDUCTIONS,
    NO_RECORD,
    PARSER_STATE_SIZE,
    PROGRAM_END,
    PROGRAM_RULES,
    PROGRAM_STATES,
    PROGRAM_WAY_OUT,
    REDUCTIONS_BETWEEN,
    STACK,
    STACK_BELOW,
    STACK_STATE,
    STATE_ACTIONS,
    STATE_N_ACTIONS,
    TUPLE_MEMO,
)
from maskwright.grammar.lexed_language import END_OF_TEXT


@kernel
def intern_stack(arena: Ints, scratch: Ints, program: Int, state: Int, below: Int) -> int:
    """The stack with a parser state on top of another stack (0: none); or NEED_MEMORY."""
    scratch[SCRATCH_TUPLE] = STACK
    scratch[SCRATCH_TUPLE + 1] = state
    scratch[SCRATCH_TUPLE + 2] = below
    scratch[SCRATCH_TUPLE + 3] = program
    return intern_tuple(arena, scratch, 4)


@kernel
def find_action(arena: Ints, program: Int, state: Int, symbol: Int) -> int:
    """The action of a parser state on a symbol, or -1."""
    entry = arena[program + PROGRAM_STATES] + PARSER_STATE_SIZE * state
    begin = arena[entry + STATE_ACTIONS]
    low = 0
    high = arena[entry + STATE_N_ACTIONS]
    while low < high:
        middle = (low + high) // 2
        if arena[begin + 2 * middle] < symbol:
            low = middle + 1
        else:
            high = middle
    if low < arena[entry + STATE_N_ACTIONS] and arena[begin + 2 * low] == symbol:
        return int(arena[begin + 2 * low + 1])
    return -1


@kernel
def has_symbol(arena: Ints, symbols: Int, symbol: Int) -> bool:
    """Is the symbol in the set of terminals at an offset?"""
    return arena[symbols + (symbol >> 5)] & BIT[symbol & 31] != 0


@kernel
def leads_nowhere(arena: Ints, program: Int, state: Int) -> bool:
    """Has every rule that is begun in a parser's state a part that derives no text?"""
    return arena[arena[program + PROGRAM_WAY_OUT] + 2 * state] < 0


@kernel
def settle(arena: Ints, last: Int, memo: Int, n_last: Int) -> None:
    """Write a memo into the tuples that a walk has passed, but 0 into the last so many of them.

    While the walk goes on the memo of each is the negated offset of the one before, and that of the first -NO_RECORD:
    a walk that comes to a negative memo goes round in circles.
    """
    record = int(last)
    left = int(n_last)
    while record > NO_RECORD:
        before = -int(arena[record + TUPLE_MEMO])
        arena[record + TUPLE_MEMO] = memo if left <= 0 else 0
        left -= 1
        record = before


@kernel
def read_terminal(arena: Ints, scratch: Ints, program: Int, stack: Int, symbol: Int) -> int:
    """The stack after a terminal (for END_OF_TEXT: any number > 0 if the text is complete), DEAD, or a NEED code."""
    state = int(arena[stack + STACK_STATE])
    below = int(arena[stack + STACK_BELOW])
    interned = int(stack)
    end_state = arena[program + PROGRAM_END]
    last = NO_RECORD
    found = TOO_MANY_ITEMS
    for n_done in range(MAX_REDUCTIONS):
        if n_done >= REDUCTIONS_BETWEEN:
            scratch[SCRATCH_TUPLE] = AHEAD
            scratch[SCRATCH_TUPLE + 1] = state
            scratch[SCRATCH_TUPLE + 2] = below
            scratch[SCRATCH_TUPLE + 3] = symbol
            if n_done % REDUCTIONS_BETWEEN == 0:
                record = intern_tuple(arena, scratch, 4)
            else:
                record = find_tuple(arena, scratch, 4)
            if record < 0:
                found = record
                break
            if record > 0 and arena[record + TUPLE_MEMO] != 0:
                if arena[record + TUPLE_MEMO] > 0:
                    found = int(arena[record + TUPLE_MEMO]) - 1
                break
            if n_done % REDUCTIONS_BETWEEN == 0:
                arena[record + TUPLE_MEMO] = -last
                last = record
        action = find_action(arena, program, state, symbol)
        if action < 0 or (action & 1 == 0 and leads_nowhere(arena, program, action >> 1)):
            found = DEAD
            break
        rule = arena[program + PROGRAM_RULES] + (action & -2)
        n = 0 if action & 1 == 0 else int(arena[rule])
        if n == 0 and interned == 0:
            interned = intern_stack(arena, scratch, program, state, below)
            if interned < 0:
                found = interned
                break
        if action & 1 == 0:
            found = intern_stack(arena, scratch, program, action >> 1, interned)
            break
        if n == 0:
            below = interned
        else:
            for _ in range(n - 1):
                below = int(arena[below + STACK_BELOW])
        interned = 0
        state = find_action(arena, program, int(arena[below + STACK_STATE]), int(arena[rule + 1])) >> 1
        if symbol == END_OF_TEXT and state == end_state:
            found = 1
            break
        if leads_nowhere(arena, program, state):
            found = DEAD
            break
    arena[N_READINGS] += 1 + n_done
    settle(arena, last, max(found + 1, 0), 0)
    return found
