"""The lexer of a lexed language, side by side with its parser: one byte at a time (kernels).

The state of a text is a *list of groups*, each a way to cut the text so far into terminals, in the lexer's order of
preference. A group is (scan, session, guards): where the current terminal is, what the parser has read before it, and
what must still follow terminals before. Reading a byte asks each group in turn what it becomes (`result`, which does
not depend on the session and is remembered for the scan):

    a scan that reads on    the same way, one byte further
    an end                  the terminal may end here: a new way, in which the parser has read it and the next terminal
                            begins. Without a guard nothing that comes behind counts any more: a longer match of an
                            earlier group would be preferred to this end, but no later one is
    a satisfied guard       the terminal before it has ended for certain: what comes behind the group is dropped

So "longest match" is not a guess that is checked later: `if` in a Python text is the two groups (an identifier that
goes on, a keyword followed by a new terminal), and the next byte drops one of them. A group that the parser cannot use
is kept while another one stands behind it, for it may still forbid that one; at the end of the list it is dropped.
With an empty list the text is refused.

Cost: a list has one to three groups; a step costs a table lookup a group, and a reading of the parser for an end.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints, intern_tuple
from maskwright.automata._layout import (
    ACCEPTING,
    DEAD,
    FREE,
    HAS_BYTE_EDGES,
    LEXES,
    MAX_GROUPS,
    MAX_TUPLE,
    N_READINGS,
    NEED_MEMORY,
    NEED_PROOF,
    NEEDED,
    SCRATCH_ENDED,
    SCRATCH_GROUPS,
    SCRATCH_PROVED,
    SCRATCH_TUPLE,
    STATE_SIZE,
    TOO_MANY_ITEMS,
    UNKNOWN,
)
from maskwright.automata._lexed_layout import (
    BLOCKS_COLUMN,
    COUNTS_COLUMN,
    FINISHES,
    GUARD_AT_END,
    GUARD_EDGES,
    GUARDS,
    GUARDS_FIRST,
    IS_SEALED,
    LIST,
    LIST_GROUPS,
    LIST_PROGRAM,
    LIST_STATE_PROOF,
    LIST_STATE_SIZE,
    LIST_STATE_TUPLE,
    MAX_GUARDS,
    NEVER,
    NO_COLUMN,
    NODE_EDGES,
    NODE_FLAGS,
    NODE_LABELS,
    PROGRAM_CONTEXT_STARTS,
    PROGRAM_LABEL_WORDS,
    PROGRAM_LINE_BREAK,
    PROGRAM_START,
    PROGRAM_TAB,
    REACHES_LINE_END,
    ROW_FLAGS,
    ROW_LABELS,
    ROW_READABLE,
    SCAN,
    SCAN_IS_START,
    SCAN_NODES,
    SCAN_PROGRAM,
    SESSION_BLOCKS,
    SESSION_COLUMN,
    SESSION_OPEN,
    SESSION_STACK,
    TUPLE_MEMO,
    TUPLE_SIZE,
)
from maskwright.automata._parsing import (
    after_match,
    can_break_line,
    context_of,
    intern_blocks,
    intern_session,
    is_complete,
    is_ignored,
    stack_of,
    terminal_of,
)
from maskwright.automata._planning import is_proved
from maskwright.automata._stacks import intern_stack
from maskwright.grammar.lexed_language import GO

IN_FIRST_GROUP, NOT_PROVED, PROVED = 0, 1, 2
"""What SCRATCH_PROVED says while the groups of a list become those of the next one."""


@kernel
def scan_row(arena: Ints, scan: Int) -> int:
    """The row of a scan, made if new; or NEED_MEMORY."""
    known = int(arena[scan + TUPLE_MEMO])
    if known != 0:
        return known
    program = int(arena[scan + SCAN_PROGRAM])
    n_labels = 2 * arena[program + PROGRAM_LABEL_WORDS]
    row = int(arena[FREE])
    if row + ROW_LABELS + n_labels > arena.size:
        return NEED_MEMORY
    for i in range(256):
        arena[row + i] = DEAD
    for i in range(ROW_READABLE, ROW_LABELS + n_labels):
        arena[row + i] = 0
    flags = 0
    for i in range(scan + SCAN_NODES, scan + 4 + arena[scan + TUPLE_SIZE]):
        node = arena[i]
        flags |= arena[node + NODE_FLAGS]
        for word in range(n_labels):
            arena[row + ROW_LABELS + word] |= arena[arena[node + NODE_LABELS] + word]
        for e in range(arena[node]):
            packed = arena[node + NODE_EDGES + 2 * e]
            for byte in range(packed & 255, (packed >> 8) + 1):
                arena[row + byte] = UNKNOWN
                arena[row + ROW_READABLE + (byte >> 5)] |= BIT[byte & 31]
    arena[row + ROW_FLAGS] = flags
    arena[FREE] = row + ROW_LABELS + n_labels
    arena[scan + TUPLE_MEMO] = row
    return row


@kernel
def start_scan(arena: Ints, scratch: Ints, program: Int, context: Int) -> int:
    """The scan at the start of a terminal in a context; or NEED_MEMORY."""
    entry = arena[program + PROGRAM_CONTEXT_STARTS] + 2 * context
    n = arena[entry + 1]
    scratch[SCRATCH_TUPLE] = SCAN
    scratch[SCRATCH_TUPLE + 1] = program
    scratch[SCRATCH_TUPLE + 2] = 1
    for i in range(n):
        scratch[SCRATCH_TUPLE + 3 + i] = arena[arena[entry] + i]
    return intern_tuple(arena, scratch, 3 + n)


@kernel
def flush_nodes(arena: Ints, scratch: Ints, program: Int, n: Int) -> int:
    """The scan of the n nodes that lie in scratch behind the head of a tuple; or NEED_MEMORY."""
    scratch[SCRATCH_TUPLE] = SCAN
    scratch[SCRATCH_TUPLE + 1] = program
    scratch[SCRATCH_TUPLE + 2] = 0
    return intern_tuple(arena, scratch, 3 + n)


@kernel
def add_node(scratch: Ints, n: Int, node: Int) -> int:
    """Put a node behind the n nodes in scratch, unless it is there; how many there are then."""
    for i in range(n):
        if scratch[SCRATCH_TUPLE + 3 + i] == node:
            return n
    scratch[SCRATCH_TUPLE + 3 + n] = node
    return n + 1


@kernel
def result_of(arena: Ints, scratch: Ints, scan: Int, byte: Int) -> int:
    """What a byte makes of a scan, remembered for all bytes that fall into the same edges: DEAD, an offset, or a NEED
    code."""
    row = scan_row(arena, scan)
    if row < 0:
        return row
    known = int(arena[row + byte])
    if known != UNKNOWN:
        return known
    program = int(arena[scan + SCAN_PROGRAM])
    first = 0
    last = 255
    n_parts = 0
    n_nodes = 0
    parts = SCRATCH_TUPLE + MAX_TUPLE // 2  # the parts are collected behind the nodes
    has_ended = False
    for i in range(scan + SCAN_NODES, scan + 4 + arena[scan + TUPLE_SIZE]):
        node = arena[i]
        target = 0
        for e in range(arena[node]):
            edge = node + NODE_EDGES + 2 * e
            low = arena[edge] & 255
            high = arena[edge] >> 8
            if high < byte:
                first = max(first, high + 1)
            elif low > byte:
                last = min(last, low - 1)
                break
            else:
                first = max(first, low)
                last = min(last, high)
                target = arena[edge + 1]
                break
        if target == 0 or has_ended:
            continue  # behind an end only the span of bytes matters
        if n_nodes > MAX_TUPLE // 4 or n_parts > MAX_TUPLE // 8:
            return TOO_MANY_ITEMS
        if target > 0:
            n_nodes = add_node(scratch, n_nodes, target)
            continue
        chain = -target
        for k in range(arena[chain]):
            kind = arena[chain + 1 + 2 * k]
            argument = arena[chain + 2 + 2 * k]
            if kind == GO:
                n_nodes = add_node(scratch, n_nodes, argument)
                continue
            if n_nodes > 0:
                reading = flush_nodes(arena, scratch, program, n_nodes)
                if reading < 0:
                    return reading
                scratch[parts + 2 * n_parts] = GO
                scratch[parts + 2 * n_parts + 1] = reading
                n_parts += 1
                n_nodes = 0
            scratch[parts + 2 * n_parts] = kind
            scratch[parts + 2 * n_parts + 1] = argument
            n_parts += 1
            has_ended = argument == 0
    if n_nodes > 0:
        reading = flush_nodes(arena, scratch, program, n_nodes)
        if reading < 0:
            return reading
        scratch[parts + 2 * n_parts] = GO
        scratch[parts + 2 * n_parts + 1] = reading
        n_parts += 1
    result = DEAD
    if n_parts > 0:
        result = int(arena[FREE])
        if result + 1 + 2 * n_parts > arena.size:
            return NEED_MEMORY
        arena[result] = n_parts
        for i in range(2 * n_parts):
            arena[result + 1 + i] = scratch[parts + i]
        arena[FREE] = result + 1 + 2 * n_parts
    for same in range(first, last + 1):
        arena[row + same] = result
    return result


@kernel
def moved_column(arena: Ints, scratch: Ints, program: Int, session: Int, byte: Int) -> int:
    """The session with the column after one more byte of what may be a line break; or NEED_MEMORY."""
    column = int(arena[session + SESSION_COLUMN])
    if byte == 10:
        column = 0
    elif column >= 0 and byte == 32:
        column += 1
    elif column >= 0 and byte == 9:
        column += arena[program + PROGRAM_TAB]
    return with_column(arena, scratch, session, column)


@kernel
def with_column(arena: Ints, scratch: Ints, session: Int, column: Int) -> int:
    """The session with another column; or NEED_MEMORY."""
    if arena[session + SESSION_COLUMN] == column:
        return session
    stack = int(arena[session + SESSION_STACK])
    return intern_session(
        arena, scratch, stack, int(arena[session + SESSION_BLOCKS]), int(arena[session + SESSION_OPEN]), column
    )


@kernel
def session_inside(arena: Ints, scratch: Ints, scan: Int, session: Int) -> int:
    """The session of a group whose terminal goes on at `scan`: a column that no longer matters is forgotten."""
    row = scan_row(arena, scan)
    if row < 0:
        return row
    flags = arena[row + ROW_FLAGS]
    if flags & COUNTS_COLUMN == 0:
        return with_column(arena, scratch, session, NO_COLUMN)
    deepest = arena[arena[session + SESSION_BLOCKS] + BLOCKS_COLUMN]
    if flags & IS_SEALED and arena[session + SESSION_COLUMN] > deepest + 1:
        return with_column(arena, scratch, session, deepest + 1)
    return session


@kernel
def is_useful(arena: Ints, scratch: Ints, scan: Int, session: Int) -> int:
    """Can the scan still become a terminal that the parser can read?

    0: no; 1: yes, and it is plain that the text can be completed then; 2: yes, but that is not plain; or a NEED code.
    """
    if session == 0:
        return 0
    row = scan_row(arena, scan)
    if row < 0:
        return row
    program = int(arena[scan + SCAN_PROGRAM])
    any_column = arena[row + ROW_FLAGS] & REACHES_LINE_END != 0
    n_words = arena[program + PROGRAM_LABEL_WORDS]
    useful = 0
    for word in range(n_words):
        bits = int(arena[row + ROW_LABELS + word]) & 0xFFFFFFFF
        sure = int(arena[row + ROW_LABELS + n_words + word])
        label = 32 * word
        while bits != 0:
            if bits & 1 and (useful == 0 or sure & 1):
                found = is_usable(arena, scratch, program, session, label, any_column)
                if found < 0 or (found == 1 and sure & 1):
                    return found
                if found > 0:
                    useful = 2
            bits >>= 1
            sure >>= 1
            label += 1
    return useful


@kernel
def is_usable(arena: Ints, scratch: Ints, program: Int, session: Int, label: Int, any_column: bool) -> int:
    """Can the parser read a match with this label after the session?

    0: no; 1: yes, and it is plain that the text can be completed then; 2: yes, but that is not plain; or a NEED code.
    `any_column`: may a line break that is still being read come to any column?
    """
    line_break = arena[program + PROGRAM_LINE_BREAK]
    may_break = line_break >= 0 and not is_ignored(arena, program, label)
    if may_break and terminal_of(arena, program, session, label) == line_break:
        return can_break_line(arena, scratch, program, session, label, any_column)
    after = after_match(arena, scratch, program, session, label)
    if after <= 0:
        return after
    proved = is_proved(arena, scratch, program, stack_of(arena, program, after), label)
    return 2 if proved == 0 else proved


@kernel
def add_group(scratch: Ints, n: Int, scan: Int, session: Int, guard: Int) -> int:
    """Put a group behind the n in scratch, unless an earlier one is equal; how many there are, or TOO_MANY_ITEMS."""
    for i in range(n):
        at = SCRATCH_GROUPS + 3 * i
        if scratch[at] == scan and scratch[at + 1] == session and scratch[at + 2] == guard:
            return n
    if n == MAX_GROUPS:
        return TOO_MANY_ITEMS
    at = SCRATCH_GROUPS + 3 * n
    scratch[at] = scan
    scratch[at + 1] = session
    scratch[at + 2] = guard
    return n + 1


@kernel
def after_guard(arena: Ints, guard: Int, byte: Int) -> int:
    """The guard after one more byte (-1: the end of the text): 0 if it is satisfied, -1 if it is violated."""
    if byte < 0:
        return 0 if arena[guard + GUARD_AT_END] else -1
    for e in range(arena[guard]):
        packed = arena[guard + GUARD_EDGES + 2 * e]
        if (packed & 255) <= byte <= (packed >> 8):
            target = int(arena[guard + GUARD_EDGES + 2 * e + 1])
            return target if target != 0 else -1
    return 0


@kernel
def n_guards(arena: Ints, guards: Int) -> int:
    """How many guards there are."""
    return 0 if guards == 0 else int(arena[guards + TUPLE_SIZE]) - 1


@kernel
def share_guards(arena: Ints, guards: Int, others: Int, n: Int) -> bool:
    """Are the first n guards of both the same?"""
    if n_guards(arena, guards) < n or n_guards(arena, others) < n:
        return False
    same = True
    for i in range(n):
        same &= arena[guards + GUARDS_FIRST + i] == arena[others + GUARDS_FIRST + i]
    return same


@kernel
def after_guards(arena: Ints, scratch: Ints, guards: Int, byte: Int) -> int:
    """What is left of guards after one more byte: 0 if nothing, -1 if one is violated; or NEED_MEMORY."""
    n = 0
    for i in range(n_guards(arena, guards)):
        left = after_guard(arena, int(arena[guards + GUARDS_FIRST + i]), byte)
        if left < 0:
            return -1
        if left > 0:
            scratch[SCRATCH_TUPLE + 1 + n] = left
            n += 1
    if n == 0:
        return 0
    scratch[SCRATCH_TUPLE] = GUARDS
    return intern_tuple(arena, scratch, 1 + n)


@kernel
def with_guard(arena: Ints, scratch: Ints, guards: Int, guard: Int) -> int:
    """Guards with one more, of an end inside theirs; TOO_MANY_ITEMS, or NEED_MEMORY."""
    n = n_guards(arena, guards)
    if n == MAX_GUARDS:
        return TOO_MANY_ITEMS
    for i in range(n):
        scratch[SCRATCH_TUPLE + 1 + i] = arena[guards + GUARDS_FIRST + i]
    scratch[SCRATCH_TUPLE] = GUARDS
    scratch[SCRATCH_TUPLE + 1 + n] = guard
    return intern_tuple(arena, scratch, 2 + n)


@kernel
def is_overruled(arena: Ints, groups: Int, group: Int, byte: Int) -> bool:
    """Does a byte (-1: the end of the text) satisfy the guard of an earlier end, which is preferred to this group then?

    So it is if the group does not lie behind that end, but in the same way as far as to it. And if it waits for the
    same as an earlier end from now on, it can never come first.
    """
    mine = int(arena[group + 2])
    for at in range(groups + LIST_GROUPS, group, 3):
        theirs = int(arena[at + 2])
        for i in range(n_guards(arena, theirs)):
            if not share_guards(arena, mine, theirs, i):
                break
            left = after_guard(arena, int(arena[theirs + GUARDS_FIRST + i]), byte)
            if left < 0:
                break
            if not share_guards(arena, mine, theirs, i + 1):
                if left == 0:
                    return True
                if n_guards(arena, mine) > i and after_guard(arena, int(arena[mine + GUARDS_FIRST + i]), byte) == left:
                    return True
                break
    return False


@kernel
def has_ended(arena: Ints, scratch: Ints, n_ended: Int, guards: Int) -> bool:
    """Does a group with these guards lie under guards under which a terminal has ended for certain?"""
    found = False
    for i in range(n_ended):
        ended = int(scratch[SCRATCH_ENDED + i])
        found |= share_guards(arena, guards, ended, n_guards(arena, ended))
    return found


@kernel
def add_nowhere(arena: Ints, scratch: Ints, n: Int, program: Int, guard: Int) -> int:
    """Add a way that cannot go on, but whose guard is not decided yet; how many groups there are, or a NEED code."""
    scan = flush_nodes(arena, scratch, program, 0)
    return scan if scan < 0 else add_group(scratch, n, scan, 0, guard)


@kernel
def has_guards(arena: Ints, scratch: Ints, n: Int, guards: Int) -> bool:
    """Does one of the n groups in scratch lie behind an end with these guards?"""
    found = False
    for i in range(n):
        other = int(scratch[SCRATCH_GROUPS + 3 * i + 2])
        found |= share_guards(arena, other, guards, n_guards(arena, guards))
    return found


@kernel
def add_end(arena: Ints, scratch: Ints, n: Int, program: Int, session: Int, label: Int, guard: Int) -> int:
    """Add the way in which a terminal with this label ends here; how many groups there are, or a NEED code."""
    after = after_match(arena, scratch, program, session, label)
    if after < 0:
        return after
    if after == DEAD and guard == 0:
        return n
    if after == DEAD:  # the guard still decides what becomes of the groups behind
        return add_nowhere(arena, scratch, n, program, guard)
    scan = start_scan(arena, scratch, program, context_of(arena, program, after))
    if scan < 0:
        return scan
    if guard == 0 and scratch[SCRATCH_PROVED] == IN_FIRST_GROUP:
        proved = is_proved(arena, scratch, program, stack_of(arena, program, after), label)
        if proved < 0:
            return proved
        if proved:
            scratch[SCRATCH_PROVED] = PROVED
    return add_group(scratch, n, scan, after, guard)


@kernel
def read_group(arena: Ints, scratch: Ints, n: Int, group: Int, byte: Int, guards: Int) -> int:
    """Add what one byte makes of the group at an offset; how many groups there are then, or a NEED code.

    `guards` is what is left of its guards. Adds MAX_TUPLE where an end without a guard of its own drops groups behind.
    """
    scan = int(arena[group])
    session = int(arena[group + 1])
    result = result_of(arena, scratch, scan, byte)
    if result < 0:
        return result
    if result == DEAD:
        return n if guards == 0 else add_nowhere(arena, scratch, n, int(arena[scan + SCAN_PROGRAM]), guards)
    program = int(arena[scan + SCAN_PROGRAM])
    counts = arena[program + PROGRAM_LINE_BREAK] >= 0 and session != 0
    if counts and arena[arena[scan + TUPLE_MEMO] + ROW_FLAGS] & COUNTS_COLUMN:
        session = moved_column(arena, scratch, program, session, byte)
        if session < 0:
            return session
    for i in range(arena[result]):
        kind = int(arena[result + 1 + 2 * i])
        argument = int(arena[result + 2 + 2 * i])
        if kind == GO:
            inside = session_inside(arena, scratch, argument, session) if counts else session
            if inside < 0:
                return inside
            if inside != 0 or guards != 0:
                n = add_group(scratch, n, argument, inside, guards)
        elif session != 0:
            guarded = guards
            if argument != 0:
                guarded = with_guard(arena, scratch, guards, argument)
                if guarded < 0:
                    return guarded
                if has_guards(arena, scratch, n, guarded):
                    continue  # the earlier end with these guards is preferred where they are satisfied
                if scratch[SCRATCH_PROVED] == IN_FIRST_GROUP:
                    scratch[SCRATCH_PROVED] = NOT_PROVED  # an end that is preferred to those behind may hold
            n = add_end(arena, scratch, n, program, session, kind, guarded)
            if n >= 0 and argument == 0:
                return n + MAX_TUPLE
        if n < 0:
            return n
    return n


@kernel
def drop_useless(arena: Ints, scratch: Ints, n: Int) -> int:
    """Drop the groups at the end of the list that the parser cannot use; how many are left, or a NEED code."""
    while n > 0:
        at = SCRATCH_GROUPS + 3 * (n - 1)
        scan = int(scratch[at])
        if scratch[at + 1] != 0:
            if arena[scan + SCAN_IS_START]:
                return n
            useful = is_useful(arena, scratch, scan, int(scratch[at + 1]))
            if useful != 0:
                return useful if useful < 0 else n
        n -= 1
    return n


@kernel
def intern_list(arena: Ints, scratch: Ints, program: Int, n: Int) -> int:
    """The state of the list of the n groups in scratch, made if new; DEAD if there is none; or a NEED code."""
    if n == 0:
        return DEAD
    scratch[SCRATCH_TUPLE] = LIST
    scratch[SCRATCH_TUPLE + 1] = program
    for i in range(3 * n):
        scratch[SCRATCH_TUPLE + 2 + i] = scratch[SCRATCH_GROUPS + i]
    groups = intern_tuple(arena, scratch, 2 + 3 * n)
    if groups < 0 or arena[groups + TUPLE_MEMO] != 0:
        return groups if groups < 0 else int(arena[groups + TUPLE_MEMO])
    for i in range(n):  # the rows are made here, so that whoever sees the list need not make them
        row = scan_row(arena, int(scratch[SCRATCH_GROUPS + 3 * i]))
        if row < 0:
            return row
    accepts = is_list_complete(arena, scratch, groups)
    if accepts < 0:
        return accepts
    state = int(arena[FREE])
    if state + LIST_STATE_SIZE > arena.size:
        return NEED_MEMORY
    arena[state] = LEXES | HAS_BYTE_EDGES | (ACCEPTING if accepts else 0)
    for i in range(1, STATE_SIZE):
        arena[state + i] = 0
    arena[state + LIST_STATE_TUPLE] = groups
    arena[state + LIST_STATE_PROOF] = 0
    arena[FREE] = state + LIST_STATE_SIZE
    arena[groups + TUPLE_MEMO] = state
    return state


@kernel
def is_list_complete(arena: Ints, scratch: Ints, groups: Int) -> int:
    """May the text end here (1 or 0)?  The first way that holds there, and in which no terminal is open, decides.

    Or a NEED code.
    """
    program = int(arena[groups + LIST_PROGRAM])
    for at in range(groups + LIST_GROUPS, groups + 4 + arena[groups + TUPLE_SIZE], 3):
        if arena[arena[at] + SCAN_IS_START] == 0 or is_overruled(arena, groups, at, -1):
            continue
        if after_guards(arena, scratch, int(arena[at + 2]), -1) == 0:
            return is_complete(arena, scratch, program, int(arena[at + 1]))
    return 0


@kernel
def next_list(arena: Ints, scratch: Ints, state: Int, byte: Int) -> int:
    """The state of a list after one more byte, which may be one from which no text can be completed.

    DEAD, an offset, or a NEED code. Where it is plain that a text can be completed the state says so: if the text is
    complete; if the first group can become a terminal behind which it is plain; or if such a terminal has just ended in
    what the first group became, for then the groups before it die with the first byte of a text that follows.
    """
    scratch[SCRATCH_PROVED] = IN_FIRST_GROUP
    groups = int(arena[state + LIST_STATE_TUPLE])
    end = groups + 4 + arena[groups + TUPLE_SIZE]
    arena[N_READINGS] += (end - groups - LIST_GROUPS) // 3
    n = 0
    n_ended = 0
    for at in range(groups + LIST_GROUPS, end, 3):
        guards = int(arena[at + 2])
        if n_ended > 0 and has_ended(arena, scratch, n_ended, guards):
            continue
        if at > groups + LIST_GROUPS and is_overruled(arena, groups, at, byte):
            continue
        left = 0
        if guards != 0:
            left = after_guards(arena, scratch, guards, byte)
            if left == -1:
                continue
            if left < 0:
                return left
        n = read_group(arena, scratch, n, at, byte, left)
        if n < 0:
            return n
        if scratch[SCRATCH_PROVED] == IN_FIRST_GROUP:
            scratch[SCRATCH_PROVED] = NOT_PROVED
        if n >= MAX_TUPLE:
            n -= MAX_TUPLE
            if guards == 0:
                break
            scratch[SCRATCH_ENDED + n_ended] = guards
            n_ended += 1
    n = drop_useless(arena, scratch, n)
    return n if n < 0 else proved_list(arena, scratch, int(arena[groups + LIST_PROGRAM]), n)


@kernel
def proved_list(arena: Ints, scratch: Ints, program: Int, n: Int) -> int:
    """The state of the list of the n groups in scratch, with what is plain of it; DEAD, or a NEED code."""
    is_first_proved = scratch[SCRATCH_PROVED] == PROVED
    if not is_first_proved and n > 0 and scratch[SCRATCH_GROUPS + 2] == 0:
        scan = int(scratch[SCRATCH_GROUPS])
        if arena[scan + SCAN_IS_START] == 0:
            useful = is_useful(arena, scratch, scan, int(scratch[SCRATCH_GROUPS + 1]))
            if useful < 0:
                return useful
            is_first_proved = useful == 1
    state = intern_list(arena, scratch, program, n)
    if state > 0 and (is_first_proved or arena[state] & ACCEPTING):
        arena[state + LIST_STATE_PROOF] = FINISHES
    return state


@kernel
def checked(arena: Ints, state: Int) -> int:
    """A list's state if a text can be completed from it, DEAD if not; NEED_PROOF where that must be found out."""
    if state <= 0 or arena[state + LIST_STATE_PROOF] == FINISHES:
        return state
    if arena[state + LIST_STATE_PROOF] == NEVER:
        return DEAD
    arena[NEEDED] = state
    return NEED_PROOF


@kernel
def read_list(arena: Ints, scratch: Ints, state: Int, byte: Int) -> int:
    """The state of a list after one more byte: DEAD, an offset, or a NEED code."""
    return checked(arena, next_list(arena, scratch, state, byte))


@kernel
def can_read(arena: Ints, state: Int, byte: Int) -> bool:
    """May the lexer go on with a byte in a list's state?"""
    groups = int(arena[state + LIST_STATE_TUPLE])
    found = False
    for at in range(groups + LIST_GROUPS, groups + 4 + arena[groups + TUPLE_SIZE], 3):
        found |= arena[arena[arena[at] + TUPLE_MEMO] + byte] != DEAD
    return found


@kernel
def span_of_list(arena: Ints, state: Int, byte: Int) -> int:
    """first | last << 8: bytes around this one that make the same of a list, once it has read this one."""
    groups = int(arena[state + LIST_STATE_TUPLE])
    program = int(arena[groups + LIST_PROGRAM])
    first = 0
    last = 255
    for at in range(groups + LIST_GROUPS, groups + 4 + arena[groups + TUPLE_SIZE], 3):
        row = arena[arena[at] + TUPLE_MEMO]
        counts = arena[program + PROGRAM_LINE_BREAK] >= 0 and arena[row + ROW_FLAGS] & COUNTS_COLUMN
        if arena[at + 2] != 0 or row == 0 or (counts and byte <= 32):
            return byte | byte << 8
        if counts:
            first = max(first, 33)
        known = arena[row + byte]
        low = byte
        while low > first and arena[row + low - 1] == known:
            low -= 1
        high = byte
        while high < last and arena[row + high + 1] == known:
            high += 1
        first = low
        last = high
    return first | last << 8


@kernel
def next_lists(arena: Ints, scratch: Ints, state: Int, found: Ints) -> int:
    """Write the states of a list after one more byte, each at least once, into `found`; how many, or a NEED code.

    found: int32[256], modified. A byte for all that are read alike is enough.
    """
    n = 0
    byte = 0
    while byte < 256:
        if can_read(arena, state, byte):
            after = next_list(arena, scratch, state, byte)
            if after < 0:
                return after
            if after != DEAD:
                found[n] = after
                n += 1
            byte = span_of_list(arena, state, byte) >> 8
        byte += 1
    return n


@kernel
def mark_list_readable(arena: Ints, state: Int, row: Int) -> None:
    """Mark the bytes that a list can read as UNKNOWN in 256 words at an offset."""
    groups = int(arena[state + LIST_STATE_TUPLE])
    for at in range(groups + LIST_GROUPS, groups + 4 + arena[groups + TUPLE_SIZE], 3):
        readable = arena[arena[at] + TUPLE_MEMO] + ROW_READABLE
        for word in range(8):
            bits = int(arena[readable + word]) & 0xFFFFFFFF
            byte = 32 * word
            while bits != 0:
                if bits & 1:
                    arena[row + byte] = UNKNOWN
                bits >>= 1
                byte += 1


@kernel
def entry_state(arena: Ints, state: Int) -> int:
    """The state of a list as the entry of a lexed language, whose empty text is left to the caller; or NEED_MEMORY."""
    entry = int(arena[FREE])
    if entry + LIST_STATE_SIZE > arena.size:
        return NEED_MEMORY
    for i in range(LIST_STATE_SIZE):
        arena[entry + i] = arena[state + i]
    arena[entry] &= ~ACCEPTING
    arena[FREE] = entry + LIST_STATE_SIZE
    return entry


@kernel
def start_session(arena: Ints, scratch: Ints, program: Int) -> int:
    """What the parser has read before the text: nothing; or NEED_MEMORY."""
    stack = intern_stack(arena, scratch, program, int(arena[program + PROGRAM_START]), 0)
    if stack < 0 or arena[program + PROGRAM_LINE_BREAK] < 0:
        return stack
    blocks = intern_blocks(arena, scratch, 0, 0)
    return blocks if blocks < 0 else intern_session(arena, scratch, stack, blocks, 0, NO_COLUMN)


@kernel
def start_list(arena: Ints, scratch: Ints, program: Int, session: Int) -> int:
    """The state where a terminal begins and nothing else is open; or a NEED code."""
    scan = start_scan(arena, scratch, program, context_of(arena, program, session))
    if scan < 0:
        return scan
    n = add_group(scratch, 0, scan, session, 0)
    return intern_list(arena, scratch, program, n)
