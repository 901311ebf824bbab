"""The LR parser of a lexed language: what it has read so far, matches read one at a time (kernels).

What it has read is a *session*: its stack (`_stacks`) and, where blocks are by indentation, the open blocks, after
lark's `Indenter`: see `lexed_language.Indentation`.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import Int, Ints, intern_tuple
from maskwright.automata._layout import (
    DEAD,
    SCRATCH_TUPLE,
)
from maskwright.automata._lexed_layout import (
    BLOCKS,
    BLOCKS_COLUMN,
    BLOCKS_OUTER,
    LABEL_IS_IGNORED,
    LABEL_SIZE,
    NO_COLUMN,
    PARSER_STATE_SIZE,
    PROGRAM_CLOSING,
    PROGRAM_CONTEXT_WORDS,
    PROGRAM_CONTEXTS,
    PROGRAM_DEDENT,
    PROGRAM_INDENT,
    PROGRAM_LABELS,
    PROGRAM_LINE_BREAK,
    PROGRAM_N_TERMINALS,
    PROGRAM_OPENING,
    PROGRAM_STATES,
    SESSION,
    SESSION_BLOCKS,
    SESSION_COLUMN,
    SESSION_OPEN,
    SESSION_STACK,
    STACK,
    STACK_PROGRAM,
    STACK_STATE,
    STATE_ACTIONS,
    STATE_CONTEXT,
    STATE_N_ACTIONS,
    TUPLE_WORDS,
)
from maskwright.automata._planning import is_proved
from maskwright.automata._stacks import has_symbol, read_terminal
from maskwright.grammar.lexed_language import END_OF_TEXT


@kernel
def intern_blocks(arena: Ints, scratch: Ints, column: Int, outer: Int) -> int:
    """The open blocks with one more inside the outer ones (0: none); or NEED_MEMORY."""
    scratch[SCRATCH_TUPLE] = BLOCKS
    scratch[SCRATCH_TUPLE + 1] = column
    scratch[SCRATCH_TUPLE + 2] = outer
    return intern_tuple(arena, scratch, 3)


@kernel
def intern_session(arena: Ints, scratch: Ints, stack: Int, blocks: Int, n_open: Int, column: Int) -> int:
    """The session with these four fields; or NEED_MEMORY."""
    scratch[SCRATCH_TUPLE] = SESSION
    scratch[SCRATCH_TUPLE + 1] = stack
    scratch[SCRATCH_TUPLE + 2] = blocks
    scratch[SCRATCH_TUPLE + 3] = n_open
    scratch[SCRATCH_TUPLE + 4] = column
    return intern_tuple(arena, scratch, 5)


@kernel
def stack_of(arena: Ints, program: Int, session: Int) -> int:
    """The stack of a session; without indentation a session is its stack."""
    return int(session if arena[program + PROGRAM_LINE_BREAK] < 0 else arena[session + SESSION_STACK])


@kernel
def program_of(arena: Ints, session: Int) -> int:
    """The program of a session, which its stack names."""
    stack = session if arena[session + TUPLE_WORDS] == STACK else arena[session + SESSION_STACK]
    return int(arena[stack + STACK_PROGRAM])


@kernel
def context_of(arena: Ints, program: Int, session: Int) -> int:
    """The number of the context in which the next terminal is looked for."""
    state = arena[stack_of(arena, program, session) + STACK_STATE]
    return int(arena[arena[program + PROGRAM_STATES] + PARSER_STATE_SIZE * state + STATE_CONTEXT])


@kernel
def terminal_of(arena: Ints, program: Int, session: Int, label: Int) -> int:
    """The terminal that a label is in the context of a session: the first one that it knows."""
    entry = arena[program + PROGRAM_LABELS] + LABEL_SIZE * label
    context = context_of(arena, program, session)
    members = int(arena[program + PROGRAM_CONTEXTS] + context * arena[program + PROGRAM_CONTEXT_WORDS])
    for i in range(arena[entry + 1]):
        symbol = int(arena[arena[entry] + i])
        if has_symbol(arena, members, symbol):
            return symbol
    return -1


@kernel
def is_complete(arena: Ints, scratch: Ints, program: Int, session: Int) -> int:
    """May the text end at this session (1 or 0)?  Or a NEED code."""
    stack = stack_of(arena, program, session)
    if arena[program + PROGRAM_LINE_BREAK] >= 0:
        blocks = int(arena[session + SESSION_BLOCKS])
        while arena[blocks + BLOCKS_OUTER] != 0:
            stack = read_terminal(arena, scratch, program, stack, int(arena[program + PROGRAM_DEDENT]))
            if stack <= 0:
                return stack
            blocks = int(arena[blocks + BLOCKS_OUTER])
    found = read_terminal(arena, scratch, program, stack, END_OF_TEXT)
    return found if found <= 0 else 1


@kernel
def has_way_on(arena: Ints, scratch: Ints, program: Int, session: Int) -> int:
    """May a terminal that texts can have, or the end, come next (1 or 0)?  Or a NEED code.

    The terminals for blocks come from line breaks only: a state that asks for one of them has missed it.
    """
    complete = is_complete(arena, scratch, program, session)
    if complete != 0:
        return complete
    stack = stack_of(arena, program, session)
    entry = arena[program + PROGRAM_STATES] + PARSER_STATE_SIZE * arena[stack + STACK_STATE]
    for i in range(arena[entry + STATE_N_ACTIONS]):
        symbol = int(arena[arena[entry + STATE_ACTIONS] + 2 * i])
        if (
            symbol == END_OF_TEXT
            or symbol == arena[program + PROGRAM_INDENT]
            or symbol == arena[program + PROGRAM_DEDENT]
        ):
            continue
        if symbol >= arena[program + PROGRAM_N_TERMINALS]:
            break
        after = read_terminal(arena, scratch, program, stack, symbol)
        if after != DEAD:
            return after if after < 0 else 1
    return 0


@kernel
def after_line_break(arena: Ints, scratch: Ints, program: Int, session: Int) -> int:
    """The session after a line break that has reached the session's column; DEAD, or a NEED code."""
    stack = int(arena[session + SESSION_STACK])
    blocks = int(arena[session + SESSION_BLOCKS])
    column = int(arena[session + SESSION_COLUMN])
    if column < 0:  # lark fails on a line break without a line end
        return DEAD
    level = blocks
    while column < arena[level + BLOCKS_COLUMN]:
        level = int(arena[level + BLOCKS_OUTER])
    if level != blocks and column != arena[level + BLOCKS_COLUMN]:
        return DEAD
    stack = read_terminal(arena, scratch, program, stack, int(arena[program + PROGRAM_LINE_BREAK]))
    if stack <= 0:
        return stack
    if column > arena[blocks + BLOCKS_COLUMN]:
        stack = read_terminal(arena, scratch, program, stack, int(arena[program + PROGRAM_INDENT]))
        if stack <= 0:
            return stack
        blocks = intern_blocks(arena, scratch, column, blocks)
        if blocks < 0:
            return blocks
    while column < arena[blocks + BLOCKS_COLUMN]:
        stack = read_terminal(arena, scratch, program, stack, int(arena[program + PROGRAM_DEDENT]))
        if stack <= 0:
            return stack
        blocks = int(arena[blocks + BLOCKS_OUTER])
    if column != arena[blocks + BLOCKS_COLUMN]:
        return DEAD
    after = intern_session(arena, scratch, stack, blocks, 0, NO_COLUMN)
    if after < 0:
        return after
    way_on = has_way_on(arena, scratch, program, after)
    return after if way_on > 0 else way_on


@kernel
def is_ignored(arena: Ints, program: Int, label: Int) -> bool:
    """Is a match with this label dropped?"""
    return arena[arena[program + PROGRAM_LABELS] + LABEL_SIZE * label + LABEL_IS_IGNORED] != 0


@kernel
def after_match(arena: Ints, scratch: Ints, program: Int, session: Int, label: Int) -> int:
    """The session after a match with a label, which may be ignored; DEAD, or a NEED code."""
    if is_ignored(arena, program, label):
        if arena[program + PROGRAM_LINE_BREAK] < 0:
            return session
        blocks, n_open = int(arena[session + SESSION_BLOCKS]), int(arena[session + SESSION_OPEN])
        return intern_session(arena, scratch, int(arena[session + SESSION_STACK]), blocks, n_open, NO_COLUMN)
    symbol = terminal_of(arena, program, session, label)
    return DEAD if symbol < 0 else after_terminal(arena, scratch, program, session, symbol)


@kernel
def after_terminal(arena: Ints, scratch: Ints, program: Int, session: Int, symbol: Int) -> int:
    """The session after a terminal for the parser; DEAD, or a NEED code."""
    if arena[program + PROGRAM_LINE_BREAK] < 0:
        return read_terminal(arena, scratch, program, session, symbol)
    stack = int(arena[session + SESSION_STACK])
    blocks = int(arena[session + SESSION_BLOCKS])
    n_open = int(arena[session + SESSION_OPEN])
    if symbol == arena[program + PROGRAM_LINE_BREAK]:
        if n_open == 0:
            return after_line_break(arena, scratch, program, session)
    else:
        stack = read_terminal(arena, scratch, program, stack, symbol)
        if stack <= 0:
            return stack
        if has_symbol(arena, int(arena[program + PROGRAM_OPENING]), symbol):
            n_open += 1
        elif has_symbol(arena, int(arena[program + PROGRAM_CLOSING]), symbol):
            n_open -= 1
            if n_open < 0:
                return DEAD
    return intern_session(arena, scratch, stack, blocks, n_open, NO_COLUMN)


@kernel
def can_break_line(arena: Ints, scratch: Ints, program: Int, session: Int, label: Int, any_column: bool) -> int:
    """Is there a column, from the session's on or (any_column) any, with which a line break may end?

    0: none; 1: one with which it is plain that the text can be completed; 2: one, but that is not plain; or a NEED
    code.
    """
    n_open = arena[session + SESSION_OPEN]
    if n_open > 0:
        return 1
    stack = int(arena[session + SESSION_STACK])
    blocks = int(arena[session + SESSION_BLOCKS])
    column = int(arena[session + SESSION_COLUMN])
    blocks_now = blocks
    if column < 0 and not any_column:
        return 0
    least = 0 if any_column else column
    tried = max(least, arena[blocks + BLOCKS_COLUMN] + 1)
    found = 0
    while True:
        there = intern_session(arena, scratch, stack, blocks_now, 0, tried)
        if there < 0:
            return there
        after = after_line_break(arena, scratch, program, there)
        if after < 0:
            return after
        if after > 0:
            proved = is_proved(arena, scratch, program, stack_of(arena, program, after), label)
            if proved != 0:
                return proved
            found = 2
        if blocks == 0 or arena[blocks + BLOCKS_COLUMN] < least:
            return found
        tried = int(arena[blocks + BLOCKS_COLUMN])
        blocks = int(arena[blocks + BLOCKS_OUTER])
