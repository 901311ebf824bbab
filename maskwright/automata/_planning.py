"""Plans of a parser: terminals that lead from a stack to the end, followed step by step (kernels).

Where the table prefers one action to another, or where a terminal might be impossible to read behind a match, it is not
plain that a text can be completed (`lexed_proof`). Then the plan of `way_out` is followed: what it says is checked, and
mostly it leads to the end, or to where it is plain.

Cost. Whatever is met on the way is remembered, for plans run into each other: of a stack its planned terminal, of a way
(a stack behind a match) whether it finishes. So no step is made twice, however many ways are asked for. Of a plan that
is given up the last half stays unknown, as the end might be near from there; then a step may be made twice.
Rejected: to remember a way that was asked for alone; each of six thousand followed the same ten thousand steps (8.7 s).
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import Int, Ints, intern_tuple
from maskwright.automata._layout import N_READINGS, SCRATCH_TUPLE
from maskwright.automata._lexed_layout import (
    FINISHES,
    LABEL_ASKS_PROOF,
    LABEL_SIZE,
    MAX_WAY_OUT,
    NO_RECORD,
    PARSER_STATE_SIZE,
    PROGRAM_BLOCKED,
    PROGRAM_CONTEXT_WORDS,
    PROGRAM_DEDENT,
    PROGRAM_END,
    PROGRAM_FIRST_TERMINALS,
    PROGRAM_INDENT,
    PROGRAM_LABEL_OF,
    PROGRAM_LABELS,
    PROGRAM_N_CONTEXTS,
    PROGRAM_N_TERMINALS,
    PROGRAM_RULES,
    PROGRAM_STATES,
    PROGRAM_WAY_OUT,
    STACK_BELOW,
    STACK_STATE,
    STATE_CONTEXT,
    TUPLE_MEMO,
    UNPROVED,
    WAY,
)
from maskwright.automata._stacks import find_action, has_symbol, intern_stack, read_terminal, settle
from maskwright.grammar.lexed_language import END_OF_TEXT


@kernel
def planned_terminal(arena: Ints, scratch: Ints, program: Int, stack: Int) -> int:
    """The terminal that leads from a stack to the end on the way that seems shortest, or END_OF_TEXT.

    Or a NEED code.
    """
    here = int(stack)
    last = NO_RECORD
    memo = 0
    for _ in range(MAX_WAY_OUT):
        memo = int(arena[here + TUPLE_MEMO])
        if memo != 0:
            memo = max(memo, END_OF_TEXT + 1)  # in a circle there is no terminal
            break
        arena[here + TUPLE_MEMO] = -last
        arena[N_READINGS] += 1
        last = here
        state = int(arena[here + STACK_STATE])
        if state == arena[program + PROGRAM_END]:
            memo = END_OF_TEXT + 1
            break
        way = arena[program + PROGRAM_WAY_OUT] + 2 * state
        symbol = int(arena[way])
        if symbol != 0:
            terminal = int(arena[arena[program + PROGRAM_FIRST_TERMINALS] + symbol])
            if terminal != 0:
                memo = terminal + 1
                break
        else:  # reduce
            rule = arena[program + PROGRAM_RULES] + 2 * arena[way + 1]
            for _ in range(arena[rule]):
                here = int(arena[here + STACK_BELOW])
            symbol = int(arena[rule + 1])
        here = intern_stack(
            arena, scratch, program, find_action(arena, program, int(arena[here + STACK_STATE]), symbol) >> 1, here
        )
        if here < 0:
            settle(arena, last, 0, 0)
            return here
    if memo == 0:
        settle(arena, last, END_OF_TEXT + 1, MAX_WAY_OUT // 2)
        return END_OF_TEXT
    settle(arena, last, memo, 0)
    return memo - 1


@kernel
def is_blocked(arena: Ints, program: Int, label: Int, context: Int, symbol: Int) -> bool:
    """May the terminal be impossible to read, in a context, right behind a match with the label?"""
    n_words = arena[program + PROGRAM_CONTEXT_WORDS]
    n_contexts = arena[program + PROGRAM_N_CONTEXTS]
    symbols = int(arena[program + PROGRAM_BLOCKED] + (label * n_contexts + context) * n_words)
    return has_symbol(arena, symbols, symbol)


@kernel
def asks_proof(arena: Ints, program: Int, label: Int) -> bool:
    """Is it not plain behind matches with this label that a text can be completed?"""
    return arena[arena[program + PROGRAM_LABELS] + LABEL_SIZE * label + LABEL_ASKS_PROOF] != 0


@kernel
def is_proved(arena: Ints, scratch: Ints, program: Int, stack: Int, label: Int) -> int:
    """Is it plain that a text can be completed from a stack that a match with a label has led to (1 or 0)?

    It is for most labels of most grammars; for the others the planned terminals are followed. Or a NEED code.
    """
    if not asks_proof(arena, program, label):
        return 1
    here = int(stack)
    before = int(label)
    last = NO_RECORD
    memo = 0
    found = 0
    for _ in range(MAX_WAY_OUT):
        scratch[SCRATCH_TUPLE] = WAY
        scratch[SCRATCH_TUPLE + 1] = here
        scratch[SCRATCH_TUPLE + 2] = before
        way = intern_tuple(arena, scratch, 3)
        if way < 0:
            found = way
            break
        memo = int(arena[way + TUPLE_MEMO])
        if memo != 0:
            memo = memo if memo > 0 else UNPROVED
            break
        arena[way + TUPLE_MEMO] = -last
        last = way
        found = read_terminal(arena, scratch, program, here, END_OF_TEXT)
        if found != 0:
            memo = FINISHES
            break
        found = planned_terminal(arena, scratch, program, here)
        if found <= END_OF_TEXT:
            memo = UNPROVED
            break
        terminal = found
        if terminal != arena[program + PROGRAM_INDENT] and terminal != arena[program + PROGRAM_DEDENT]:
            state = int(arena[here + STACK_STATE])
            context = int(arena[arena[program + PROGRAM_STATES] + PARSER_STATE_SIZE * state + STATE_CONTEXT])
            if is_blocked(arena, program, before, context, terminal):
                memo = UNPROVED
                break
            before = int(
                arena[arena[program + PROGRAM_LABEL_OF] + context * arena[program + PROGRAM_N_TERMINALS] + terminal]
            )
        found = read_terminal(arena, scratch, program, here, terminal)
        if found <= 0:
            memo = UNPROVED
            break
        here = found
        if not asks_proof(arena, program, before):
            memo = FINISHES
            break
    if found < 0:
        settle(arena, last, 0, 0)
        return found
    if memo == 0:
        memo = UNPROVED
        settle(arena, last, memo, MAX_WAY_OUT // 2)
    else:
        settle(arena, last, memo, 0)
    return 1 if memo == FINISHES else 0
