"""The LR parser of a lexed language: stacks as interned lists, terminals read one at a time (kernels).

A stack is a tuple (parser state, stack below), hash-consed, so that texts which the parser cannot tell apart have one
stack, and the configurations above it are found again. Reductions only pop and look at one goto: the top of the stack
in between is kept in two variables and interned when something is pushed onto it.
Blocks by indentation follow lark's `Indenter`: see `lexed_language.Indentation`.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints, intern_tuple
from maskwright.automata._layout import (
    DEAD,
    SCRATCH_TUPLE,
    TOO_MANY_ITEMS,
)
from maskwright.automata._lexed_layout import (
    BLOCKS,
    BLOCKS_COLUMN,
    BLOCKS_OUTER,
    FINISHES,
    LABEL_ASKS_PROOF,
    LABEL_IS_IGNORED,
    LABEL_SIZE,
    MAX_REDUCTIONS,
    MAX_WAY_OUT,
    NO_COLUMN,
    PARSER_STATE_SIZE,
    PROGRAM_BLOCKED,
    PROGRAM_CLOSING,
    PROGRAM_CONTEXT_WORDS,
    PROGRAM_CONTEXTS,
    PROGRAM_DEDENT,
    PROGRAM_END,
    PROGRAM_FIRST_TERMINALS,
    PROGRAM_INDENT,
    PROGRAM_LABEL_OF,
    PROGRAM_LABELS,
    PROGRAM_LINE_BREAK,
    PROGRAM_N_CONTEXTS,
    PROGRAM_N_TERMINALS,
    PROGRAM_OPENING,
    PROGRAM_RULES,
    PROGRAM_STATES,
    PROGRAM_WAY_OUT,
    SESSION,
    SESSION_BLOCKS,
    SESSION_COLUMN,
    SESSION_OPEN,
    SESSION_STACK,
    STACK,
    STACK_BELOW,
    STACK_PROGRAM,
    STACK_STATE,
    STATE_ACTIONS,
    STATE_CONTEXT,
    STATE_N_ACTIONS,
    TUPLE_MEMO,
    TUPLE_WORDS,
    UNPROVED,
    WAY,
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
def leads_nowhere(arena: Ints, program: Int, state: Int) -> bool:
    """Has every rule that is begun in a parser's state a part that derives no text?"""
    return arena[arena[program + PROGRAM_WAY_OUT] + 2 * state] < 0


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
                if leads_nowhere(arena, program, action >> 1):
                    return DEAD
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
        if leads_nowhere(arena, program, state):
            return DEAD
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
def planned_terminal(arena: Ints, scratch: Ints, program: Int, stack: Int) -> int:
    """The terminal that leads from a stack to the end on the way that seems shortest, or END_OF_TEXT.

    Or a NEED code.
    """
    here = int(stack)
    for _ in range(MAX_WAY_OUT):
        state = int(arena[here + STACK_STATE])
        if state == arena[program + PROGRAM_END]:
            return END_OF_TEXT
        way = arena[program + PROGRAM_WAY_OUT] + 2 * state
        symbol = int(arena[way])
        if symbol != 0:
            terminal = int(arena[arena[program + PROGRAM_FIRST_TERMINALS] + symbol])
            if terminal != 0:
                return terminal
        else:  # reduce
            rule = arena[program + PROGRAM_RULES] + 2 * arena[way + 1]
            for _ in range(arena[rule]):
                here = int(arena[here + STACK_BELOW])
            symbol = int(arena[rule + 1])
        here = intern_stack(
            arena, scratch, program, find_action(arena, program, int(arena[here + STACK_STATE]), symbol) >> 1, here
        )
        if here < 0:
            return here
    return END_OF_TEXT


@kernel
def is_blocked(arena: Ints, program: Int, label: Int, context: Int, symbol: Int) -> bool:
    """May the terminal be impossible to read, in a context, right behind a match with the label?"""
    n_words = arena[program + PROGRAM_CONTEXT_WORDS]
    n_contexts = arena[program + PROGRAM_N_CONTEXTS]
    symbols = int(arena[program + PROGRAM_BLOCKED] + (label * n_contexts + context) * n_words)
    return has_symbol(arena, symbols, symbol)


@kernel
def is_proved(arena: Ints, scratch: Ints, program: Int, stack: Int, label: Int) -> int:
    """Is it plain that a text can be completed from a stack that a match with a label has led to (1 or 0)?

    It is for most labels of most grammars. Where the table prefers one action to another, or where the next terminal
    might be impossible to read behind the match, the planned terminals are followed to the end, or to where it is
    plain. Or a NEED code.
    """
    if arena[arena[program + PROGRAM_LABELS] + LABEL_SIZE * label + LABEL_ASKS_PROOF] == 0:
        return 1
    scratch[SCRATCH_TUPLE] = WAY
    scratch[SCRATCH_TUPLE + 1] = stack
    scratch[SCRATCH_TUPLE + 2] = label
    way = intern_tuple(arena, scratch, 3)
    if way < 0:
        return way
    if arena[way + TUPLE_MEMO] != 0:
        return 1 if arena[way + TUPLE_MEMO] == FINISHES else 0
    here = int(stack)
    before = int(label)
    found = 0
    for _ in range(MAX_WAY_OUT):
        complete = read_terminal(arena, scratch, program, here, END_OF_TEXT)
        if complete != 0:
            found = complete
            break
        terminal = planned_terminal(arena, scratch, program, here)
        if terminal <= END_OF_TEXT:
            found = terminal
            break
        if terminal != arena[program + PROGRAM_INDENT] and terminal != arena[program + PROGRAM_DEDENT]:
            state = int(arena[here + STACK_STATE])
            context = int(arena[arena[program + PROGRAM_STATES] + PARSER_STATE_SIZE * state + STATE_CONTEXT])
            if is_blocked(arena, program, before, context, terminal):
                break
            before = int(
                arena[arena[program + PROGRAM_LABEL_OF] + context * arena[program + PROGRAM_N_TERMINALS] + terminal]
            )
        here = read_terminal(arena, scratch, program, here, terminal)
        if here <= 0:
            found = here
            break
        if arena[arena[program + PROGRAM_LABELS] + LABEL_SIZE * before + LABEL_ASKS_PROOF] == 0:
            found = 1
            break
        scratch[SCRATCH_TUPLE] = WAY
        scratch[SCRATCH_TUPLE + 1] = here
        scratch[SCRATCH_TUPLE + 2] = before
        known = intern_tuple(arena, scratch, 3)
        if known < 0:
            return known
        if arena[known + TUPLE_MEMO] == FINISHES:
            found = 1
            break
    if found < 0:
        return found
    arena[way + TUPLE_MEMO] = FINISHES if found > 0 else UNPROVED
    return 1 if found > 0 else 0


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
