"""The LR parser of a lexed language: stacks as interned lists, terminals read one at a time (kernels).

A stack is a tuple (parser state, stack below), hash-consed, so that texts which the parser cannot tell apart have one
stack, and the configurations above it are found again. Reductions only pop and look at one goto: the top of the stack
in between is kept in two variables and interned when something is pushed onto it.
Blocks by indentation follow lark's `Indenter`: see `lexed_language.Indentation`.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints, has_room, hash_words
from maskwright.automata._layout import (
    BUCKET_MASK,
    DEAD,
    FRAME_BUCKETS,
    FRAME_SIZE,
    FREE,
    N_FRAMES,
    NEED_MEMORY,
    SCRATCH_TUPLE,
    TOO_MANY_ITEMS,
)
from maskwright.automata._lexed_layout import (
    BLOCKS,
    BLOCKS_COLUMN,
    BLOCKS_OUTER,
    IS_TUPLE,
    MAX_REDUCTIONS,
    NO_COLUMN,
    PARSER_STATE_SIZE,
    PROGRAM_CLOSING,
    PROGRAM_CONTEXT_WORDS,
    PROGRAM_CONTEXTS,
    PROGRAM_DEDENT,
    PROGRAM_END,
    PROGRAM_IGNORED,
    PROGRAM_INDENT,
    PROGRAM_LABELS,
    PROGRAM_LINE_BREAK,
    PROGRAM_N_TERMINALS,
    PROGRAM_OPENING,
    PROGRAM_RULES,
    PROGRAM_STATES,
    SESSION,
    SESSION_BLOCKS,
    SESSION_COLUMN,
    SESSION_OPEN,
    SESSION_STACK,
    STACK,
    STACK_BELOW,
    STACK_LEAST,
    STACK_STATE,
    STATE_ACTIONS,
    STATE_CONTEXT,
    STATE_LEAST,
    STATE_N_ACTIONS,
    TUPLE_MEMO,
    TUPLE_SIZE,
    TUPLE_WORDS,
)
from maskwright.grammar.lexed_language import END_OF_TEXT


@kernel
def intern_tuple(arena: Ints, scratch: Ints, n: Int) -> int:
    """The tuple of the n words that lie at SCRATCH_TUPLE, made if new; or NEED_MEMORY."""
    bucket = arena[FRAME_BUCKETS] + (hash_words(scratch, SCRATCH_TUPLE, n, n) & arena[BUCKET_MASK])
    record = arena[bucket]
    while record != 0:
        if arena[record + FRAME_SIZE] == IS_TUPLE and arena[record + TUPLE_SIZE] == n:
            same = True
            for i in range(n):
                if arena[record + TUPLE_WORDS + i] != scratch[SCRATCH_TUPLE + i]:
                    same = False
                    break
            if same:
                return int(record)
        record = arena[record]
    record = int(arena[FREE])
    if not has_room(arena, TUPLE_WORDS + n):
        return NEED_MEMORY
    arena[record] = arena[bucket]
    arena[record + FRAME_SIZE] = IS_TUPLE
    arena[record + TUPLE_MEMO] = 0
    arena[record + TUPLE_SIZE] = n
    for i in range(n):
        arena[record + TUPLE_WORDS + i] = scratch[SCRATCH_TUPLE + i]
    arena[FREE] = record + TUPLE_WORDS + n
    arena[N_FRAMES] += 1
    arena[bucket] = record
    return record


@kernel
def intern_stack(arena: Ints, scratch: Ints, program: Int, state: Int, below: Int) -> int:
    """The stack with a parser state on top of another stack (0: none); or NEED_MEMORY."""
    least = int(arena[arena[program + PROGRAM_STATES] + PARSER_STATE_SIZE * state + STATE_LEAST])
    if below != 0:
        least += arena[below + STACK_LEAST]
    scratch[SCRATCH_TUPLE] = STACK
    scratch[SCRATCH_TUPLE + 1] = state
    scratch[SCRATCH_TUPLE + 2] = below
    scratch[SCRATCH_TUPLE + 3] = least
    scratch[SCRATCH_TUPLE + 4] = program
    return intern_tuple(arena, scratch, 5)


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
def read_terminal(arena: Ints, scratch: Ints, program: Int, stack: Int, symbol: Int) -> int:
    """The stack after a terminal (for END_OF_TEXT: any number > 0 if the text is complete), DEAD, or a NEED code."""
    state = int(arena[stack + STACK_STATE])
    below = int(arena[stack + STACK_BELOW])
    interned = int(stack)
    end_state = arena[program + PROGRAM_END]
    for _ in range(MAX_REDUCTIONS):
        action = find_action(arena, program, state, symbol)
        if action < 0:
            return DEAD
        if action & 1 == 0 or arena[arena[program + PROGRAM_RULES] + (action & -2)] == 0:
            if interned == 0:
                interned = intern_stack(arena, scratch, program, state, below)
                if interned < 0:
                    return interned
            if action & 1 == 0:
                return intern_stack(arena, scratch, program, action >> 1, interned)
        rule = arena[program + PROGRAM_RULES] + (action & -2)
        n = arena[rule]
        if n == 0:
            below = interned
        else:
            for _ in range(n - 1):
                below = int(arena[below + STACK_BELOW])
        interned = 0
        state = find_action(arena, program, int(arena[below + STACK_STATE]), int(arena[rule + 1])) >> 1
        if symbol == END_OF_TEXT and state == end_state:
            return 1
    return TOO_MANY_ITEMS


@kernel
def has_symbol(arena: Ints, symbols: Int, symbol: Int) -> bool:
    """Is the symbol in the set of terminals at an offset?"""
    return arena[symbols + (symbol >> 5)] & BIT[symbol & 31] != 0


@kernel
def stack_of(arena: Ints, program: Int, session: Int) -> int:
    """The stack of a session; without indentation a session is its stack."""
    return int(session if arena[program + PROGRAM_LINE_BREAK] < 0 else arena[session + SESSION_STACK])


@kernel
def context_of(arena: Ints, program: Int, session: Int) -> int:
    """The number of the context in which the next terminal is looked for."""
    state = arena[stack_of(arena, program, session) + STACK_STATE]
    return int(arena[arena[program + PROGRAM_STATES] + PARSER_STATE_SIZE * state + STATE_CONTEXT])


@kernel
def terminal_of(arena: Ints, program: Int, session: Int, label: Int) -> int:
    """The terminal that a label is in the context of a session: the first one that it knows."""
    entry = arena[program + PROGRAM_LABELS] + 2 * label
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
def after_terminal(arena: Ints, scratch: Ints, program: Int, session: Int, symbol: Int) -> int:
    """The session after a terminal, which may be ignored; DEAD, or a NEED code."""
    is_ignored = has_symbol(arena, int(arena[program + PROGRAM_IGNORED]), symbol)
    if arena[program + PROGRAM_LINE_BREAK] < 0:
        return session if is_ignored else read_terminal(arena, scratch, program, session, symbol)
    stack = int(arena[session + SESSION_STACK])
    blocks = int(arena[session + SESSION_BLOCKS])
    n_open = int(arena[session + SESSION_OPEN])
    if symbol == arena[program + PROGRAM_LINE_BREAK] and not is_ignored:
        if n_open == 0:
            return after_line_break(arena, scratch, program, session)
    elif not is_ignored:
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
def can_break_line(arena: Ints, scratch: Ints, program: Int, session: Int, any_column: bool) -> int:
    """Is there a column, from the session's on or (any_column) any, with which a line break may end (1 or 0)?"""
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
    while True:
        there = intern_session(arena, scratch, stack, blocks_now, 0, tried)
        if there < 0:
            return there
        after = after_line_break(arena, scratch, program, there)
        if after < 0 or after > 0:
            return after if after < 0 else 1
        if blocks == 0 or arena[blocks + BLOCKS_COLUMN] < least:
            return 0
        tried = int(arena[blocks + BLOCKS_COLUMN])
        blocks = int(arena[blocks + BLOCKS_OUTER])
