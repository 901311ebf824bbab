"""The pushdown machine, determinised as far as it is visited: kernels over the arena of `_layout`.

A *configuration* is a set of items (state, frame). A *frame* is a set of (return state, frame): where a rule returns,
a node of a graph-structured stack. Both are hash-consed, so equal sets are one offset, a configuration reads a byte
once and remembers the successor, and copying a matcher's state is copying an int.

    step(C, b)  = close({(t, f) | (s, f) in C, edge s -b-> t})
    close(I)    : (ACCEPT, f) returns into every pair of f; a call of X with return r from frame f enters X with a frame
                  that holds (r, f); all calls of one X found together share one frame, so stacks that differ
                  below do not multiply items (Tomita's graph-structured stack; Scott and Johnstone 2010)
    documents   : an item in a state that BEGINS says that a JSON text of its own begins here, so that siblings are
                  looked for from here on
    questions   : an item in a state that ASKS says that a value has ended which must differ from its siblings in the
                  text; whoever knows the text takes `step` or, for a repetition, `step_refusing`
    sets        : OPEN_SET puts an empty set on the stack for a permutation; IF_NEW passes if item i is not in it, MARK
                  adds it, IF_LEFT passes while some item is missing, CLOSE_SET takes it off if all required are in.
                  Where its entries are counted: TALLY counts one that has ended, IF_ROOM passes while one more leaves
                  room for what is still required, IF_BELOW and IF_REACHED compare with the maximum and the minimum
    counters    : ENTER puts a counter frame with count 0 on the stack, COUNT replaces it by one more, LEAVE takes it
                  off once the minimum is reached. An automaton called with a counter counts on its byte edges. Where
                  there is no maximum the count stops at the minimum, so configurations repeat.

There is no left recursion (removed in `passes`), so closing ends and frames form no cycles. Every state lies on a way
to ACCEPT by construction (`lowering`), so every item can be completed and no configuration is a dead end.

Kernels return an offset, or a negative NEED_... code; whatever was interned before that stays valid, so the caller
provides what is missing and repeats the call.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._closing import add_returns, close_items, count_one
from maskwright.automata._frames import Int, Ints, add_item, begin_items, has_room, hash_words, sort_pairs
from maskwright.automata._layout import (
    ACCEPTING,
    ASKS,
    BEGINS,
    BUCKET_MASK,
    CONFIGURATION_BUCKETS,
    CONFIGURATION_FLAGS,
    CONFIGURATION_HASH,
    DEAD,
    DENSE,
    FRAME_RETURN,
    FRAME_SIZE,
    FREE,
    HAS_BYTE_EDGES,
    HAS_OTHER_EDGES,
    HAS_TOKEN_EDGES,
    IS_ACCEPTING,
    IS_COUNTER,
    LEXES,
    MASK,
    N_CONFIGURATIONS,
    N_ITEMS,
    N_SPANS,
    N_STEPS,
    N_SUCCESSORS,
    NEED_ANSWER,
    NEED_MEMORY,
    SCRATCH_ACCEPTING,
    SCRATCH_ITEMS,
    SCRATCH_N_ITEMS,
    SCRATCH_PAIRS,
    SCRATCH_REFUSES,
    SPANS,
    STATE_SIZE,
    TOKEN,
    UNKNOWN,
)
from maskwright.automata._lexing import mark_list_readable, read_list, span_of_list
from maskwright.automata._spans import begin_spans, find_span, mark_item, permits, write_spans
from maskwright.grammar.byte_automaton import BEGINS_UNIT

MOST_SPAN_WORDS = 512
"""Room that is asked for before the spans of a configuration are counted."""

NOT_PLAIN = ACCEPTING | HAS_OTHER_EDGES | HAS_TOKEN_EDGES | ASKS | BEGINS | LEXES
"""A state without these flags has edges that read bytes and nothing else."""


@kernel
def items_of(arena: Ints, configuration: Int) -> int:
    """Where the items of a configuration begin: behind the spans, or the successors."""
    n = arena[configuration + N_SPANS]
    return configuration + SPANS + (2 * n if n >= 0 else N_SUCCESSORS)


@kernel
def successor_of(arena: Ints, configuration: Int, byte: Int) -> int:
    """What is known of the configuration after one more byte: UNKNOWN, DEAD or an offset."""
    n = arena[configuration + N_SPANS]
    if n < 0:
        return arena[configuration + SPANS + byte]
    span = find_span(arena, configuration + SPANS, n, byte)
    return arena[span + 1] if span != 0 else DEAD


@kernel
def mark_readable(arena: Ints, configuration: Int, state: Int, frame: Int) -> None:
    """Mark the bytes that an item can read as UNKNOWN in the successors of a configuration that has 256."""
    row = configuration + SPANS
    if arena[state] & LEXES:
        mark_list_readable(arena, state, row)
        return
    for byte in range(N_SUCCESSORS):
        edge = find_edge(arena, state, byte)
        if edge != 0 and arena[edge + 1] != DEAD and permits(arena, arena[edge] >> 16, frame):
            arena[row + byte] = UNKNOWN


@kernel
def intern_configuration(arena: Ints, scratch: Ints) -> int:
    """The configuration of the closed items in scratch, made if new; DEAD if it is empty; or NEED_MEMORY.

    Only items that can read something are kept: all that an item without byte edges leads to is in the set itself.
    Those that ask are kept too, so that a configuration in which a value has just ended is one of its own; and those at
    which a document begins.
    """
    n = 0
    flags = 0
    marks = (ASKS | BEGINS) & ~scratch[SCRATCH_REFUSES]
    kept = HAS_BYTE_EDGES | HAS_TOKEN_EDGES | marks
    for i in range(scratch[SCRATCH_N_ITEMS]):
        state = scratch[SCRATCH_ITEMS + 2 * i]
        if arena[state] & kept:
            flags |= arena[state]
            scratch[SCRATCH_PAIRS + 2 * n] = state
            scratch[SCRATCH_PAIRS + 2 * n + 1] = scratch[SCRATCH_ITEMS + 2 * i + 1]
            n += 1
    accepting = scratch[SCRATCH_ACCEPTING]
    if n == 0 and accepting == 0:
        return DEAD
    sort_pairs(scratch, SCRATCH_PAIRS, n)
    return intern_pairs(arena, scratch, n, flags, accepting)


@kernel
def intern_pairs(arena: Ints, scratch: Ints, n: Int, flags: Int, accepting: Int) -> int:
    """The configuration of the n sorted items at SCRATCH_PAIRS, which have these flags, made if new; or NEED_MEMORY."""
    hashed = hash_words(scratch, SCRATCH_PAIRS, 2 * n, accepting)
    bucket = arena[CONFIGURATION_BUCKETS] + (hashed & arena[BUCKET_MASK])
    configuration = arena[bucket]
    while configuration != 0:
        if (
            arena[configuration + CONFIGURATION_HASH] == hashed
            and arena[configuration + N_ITEMS] == n
            and arena[configuration + IS_ACCEPTING] == accepting
        ):
            same = True
            items = items_of(arena, configuration)
            for i in range(2 * n):
                if arena[items + i] != scratch[SCRATCH_PAIRS + i]:
                    same = False
                    break
            if same:
                return configuration
        configuration = arena[configuration]
    configuration = arena[FREE]
    if not has_room(arena, SPANS + MOST_SPAN_WORDS + 2 * n):
        return NEED_MEMORY
    arena[configuration] = arena[bucket]
    arena[configuration + N_ITEMS] = n
    arena[configuration + IS_ACCEPTING] = accepting
    arena[configuration + MASK] = 0
    arena[configuration + CONFIGURATION_FLAGS] = flags
    arena[configuration + CONFIGURATION_HASH] = hashed
    if flags & LEXES:
        arena[configuration + N_SPANS] = DENSE
        for byte in range(N_SUCCESSORS):
            arena[configuration + SPANS + byte] = DEAD
        for i in range(n):
            mark_readable(arena, configuration, scratch[SCRATCH_PAIRS + 2 * i], scratch[SCRATCH_PAIRS + 2 * i + 1])
    else:
        begin_spans(scratch)
        for i in range(n):
            mark_item(arena, scratch, scratch[SCRATCH_PAIRS + 2 * i], scratch[SCRATCH_PAIRS + 2 * i + 1])
        arena[configuration + N_SPANS] = write_spans(arena, scratch, configuration + SPANS)
    items = items_of(arena, configuration)
    for i in range(2 * n):
        arena[items + i] = scratch[SCRATCH_PAIRS + i]
    arena[FREE] = items + 2 * n
    arena[N_CONFIGURATIONS] += 1
    arena[bucket] = configuration
    return configuration


@kernel
def find_edge(arena: Ints, state: Int, byte: Int) -> int:
    """The offset of the state's (or else its base's) edge that covers the byte, or 0."""
    while state != 0:
        for e in range(arena[state + 3]):
            edge = state + STATE_SIZE + 2 * e
            packed = arena[edge]
            if (packed & 255) <= byte <= ((packed >> 8) & 255):
                return edge
        state = arena[state + 1]
    return 0


@kernel
def step(arena: Ints, scratch: Ints, configuration: Int, byte: Int) -> int:
    """The configuration after one more byte: DEAD, an offset, or a NEED code.

    Where values must differ from their siblings it assumes that a value that ends with this byte does.
    The answer holds for all bytes of a span and is remembered for them, so a configuration inside a string takes a
    handful of steps and not 256.
    """
    n_spans = arena[configuration + N_SPANS]
    if n_spans < 0:
        return step_densely(arena, scratch, configuration, byte)
    span = find_span(arena, configuration + SPANS, n_spans, byte)
    if span == 0:
        return DEAD
    if arena[span + 1] == UNKNOWN:
        successor = step_from(arena, scratch, configuration, byte)
        if successor < 0:
            return successor
        arena[span + 1] = successor
    return arena[span + 1]


@kernel
def step_from(arena: Ints, scratch: Ints, configuration: Int, byte: Int) -> int:
    """The same, found anew."""
    if arena[configuration + N_ITEMS] == 1:
        items = items_of(arena, configuration)
        state = arena[items]
        edge = find_edge(arena, state, byte) if not arena[state] & LEXES else 0
        if edge != 0 and arena[edge] >> 16 == 0 and arena[edge + 1] != DEAD:
            target = arena[edge + 1]
            if not arena[target] & NOT_PLAIN:  # inside a literal, or a string without a counter: nothing to close
                arena[N_STEPS] += 1
                scratch[SCRATCH_PAIRS] = target
                scratch[SCRATCH_PAIRS + 1] = arena[items + 1]
                return intern_pairs(arena, scratch, 1, arena[target], 0)
    code = read_byte(arena, scratch, configuration, byte)
    if code < 0:
        return code
    code = close_items(arena, scratch)
    return code if code < 0 else intern_configuration(arena, scratch)


@kernel
def step_densely(arena: Ints, scratch: Ints, configuration: Int, byte: Int) -> int:
    """The same for a configuration with 256 successors."""
    known = arena[configuration + SPANS + byte]
    if known != UNKNOWN:
        return known
    successor = step_from(arena, scratch, configuration, byte)
    if successor >= 0:
        span = span_around(arena, configuration, byte)
        for same in range(configuration + SPANS + (span & 255), configuration + SPANS + (span >> 8) + 1):
            arena[same] = successor
    return successor


@kernel
def span_around(arena: Ints, configuration: Int, byte: Int) -> int:
    """first | last << 8, bytes around one that was read that lead to the same."""
    first = 0
    last = 255
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        if arena[state] & LEXES:
            span = span_of_list(arena, int(state), int(byte))
            first = max(first, span & 255)
            last = min(last, span >> 8)
        while state != 0 and not arena[state] & LEXES:
            for e in range(arena[state + 3]):
                low = arena[state + STATE_SIZE + 2 * e] & 255
                high = (arena[state + STATE_SIZE + 2 * e] >> 8) & 255
                if high < byte:
                    first = max(first, high + 1)
                elif low > byte:
                    last = min(last, low - 1)
                else:
                    first = max(first, low)
                    last = min(last, high)
            state = arena[state + 1]
    return first | last << 8


@kernel
def step_refusing(arena: Ints, scratch: Ints, configuration: Int, byte: Int, refuses: Int) -> int:
    """The same where no item may go through a state with one of these flags.

    ASKS where the value that ends with this byte equals an earlier sibling; BEGINS to see what is there beside a
    document that begins.
    """
    code = read_byte(arena, scratch, configuration, byte)
    if code < 0:
        return code
    scratch[SCRATCH_REFUSES] = refuses
    code = close_items(arena, scratch)
    if code < 0:
        return code
    return intern_configuration(arena, scratch)


@kernel
def read_byte(arena: Ints, scratch: Ints, configuration: Int, byte: Int) -> int:
    """Put the items after one more byte into scratch, not yet closed: 0, or a NEED code.

    The one place where a byte is read, but for what `step_from` does with a single plain state.
    """
    arena[N_STEPS] += 1
    begin_items(scratch)
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        frame = arena[items + 2 * i + 1]
        if arena[state] & LEXES:
            after = read_list(arena, scratch, int(state), int(byte))
            if after < 0:
                return after
            if after != DEAD:
                code = add_item(scratch, after, frame)
                if code < 0:
                    return code
            continue
        edge = find_edge(arena, state, byte)
        if edge == 0 or arena[edge + 1] == DEAD:
            continue
        unit = arena[edge] >> 16
        if not permits(arena, unit, frame):
            continue
        if unit & 3 == BEGINS_UNIT and arena[frame + FRAME_SIZE] == IS_COUNTER:
            frame = count_one(arena, frame)
            if frame < 0:
                return frame
        code = add_item(scratch, arena[edge + 1], frame)
        if code < 0:
            return code
    return 0


@kernel
def start_configuration(arena: Ints, scratch: Ints, state: Int, frame: Int) -> int:
    """The configuration that begins in one state: the start of a text, or of a detour in a mask."""
    begin_items(scratch)
    code = add_item(scratch, state, frame)
    if code < 0:
        return code
    code = close_items(arena, scratch)
    if code < 0:
        return code
    return intern_configuration(arena, scratch)


@kernel
def after_return(arena: Ints, scratch: Ints, frame: Int) -> int:
    """The configuration right after a rule with this frame has ended; remembered in the frame."""
    known = arena[frame + FRAME_RETURN]
    if known != 0:
        return known
    begin_items(scratch)
    code = add_returns(arena, scratch, frame)
    if code < 0:
        return code
    code = close_items(arena, scratch)
    if code < 0:
        return code
    configuration = intern_configuration(arena, scratch)
    if configuration > 0:
        arena[frame + FRAME_RETURN] = configuration
    return configuration


@kernel
def has_token(arena: Ints, token_list: Int, token: Int) -> bool:
    """Is the token in the ascending list [n, ids...]?"""
    low = token_list + 1
    high = token_list + 1 + arena[token_list]
    while low < high:
        middle = (low + high) // 2
        if arena[middle] < token:
            low = middle + 1
        else:
            high = middle
    return low < token_list + 1 + arena[token_list] and arena[low] == token


@kernel
def advance_bytes(arena: Ints, scratch: Ints, configuration: Int, text: NDArray[np.uint8], begin: Int, end: Int) -> int:
    """The configuration after text[begin:end]: DEAD, an offset, or a NEED code.

    NEED_ANSWER where a value asks or a document begins, which only concerns those who know the text.
    """
    for i in range(begin, end):
        byte = np.int64(text[i])
        known = successor_of(arena, configuration, byte)
        if known == UNKNOWN:
            known = step(arena, scratch, configuration, byte)
        if known <= 0:
            return known
        if arena[known + CONFIGURATION_FLAGS] & (ASKS | BEGINS):
            return NEED_ANSWER
        configuration = known
    return configuration


@kernel
def advance(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    token_start: Ints,
    token_data: NDArray[np.uint8],
    token: Int,
) -> int:
    """The configuration after one token: DEAD (refused), an offset, or a NEED code.  The one meaning of a token.

    token_start: int32[size + 1], token_data: uint8[...]: the bytes of token t are token_data[token_start[t] :
    token_start[t + 1]]; a token without bytes (special, EOS) can only be taken by an edge that names it.
    """
    begin = token_start[token]
    end = token_start[token + 1]
    by_bytes = DEAD
    if begin < end:
        by_bytes = advance_bytes(arena, scratch, configuration, token_data, begin, end)
        if by_bytes < 0:
            return by_bytes
    code = take_token(arena, scratch, configuration, token, by_bytes, np.int64(0))
    if code > 0 and arena[code + CONFIGURATION_FLAGS] & BEGINS:
        return NEED_ANSWER
    return code


@kernel
def take_token(arena: Ints, scratch: Ints, configuration: Int, token: Int, by_bytes: Int, refuses: Int) -> int:
    """Where a token that is taken whole leads, together with where its bytes lead (`by_bytes`, or DEAD).

    `refuses`: the flag of states that no item may go through, or 0.
    """
    if not arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
        return by_bytes
    begin_items(scratch)
    scratch[SCRATCH_REFUSES] = refuses
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        edge = state + STATE_SIZE + 2 * arena[state + 3]
        for _ in range(arena[state + 4]):
            if arena[edge] == TOKEN and has_token(arena, arena[edge + 1], token):
                code = add_item(scratch, arena[edge + 2], arena[items + 2 * i + 1])
                if code < 0:
                    return code
            edge += 3
    if scratch[SCRATCH_N_ITEMS] == 0:
        return by_bytes
    if by_bytes > 0:
        scratch[SCRATCH_ACCEPTING] = arena[by_bytes + IS_ACCEPTING]
        items = items_of(arena, by_bytes)
        for i in range(arena[by_bytes + N_ITEMS]):
            code = add_item(scratch, arena[items + 2 * i], arena[items + 2 * i + 1])
            if code < 0:
                return code
    code = close_items(arena, scratch)
    if code < 0:
        return code
    return intern_configuration(arena, scratch)


@kernel
def only_byte(arena: Ints, configuration: Int) -> int:
    """The only byte that can be read, or -1 if there are several or none."""
    n = arena[configuration + N_SPANS]
    if n == 1:
        packed = arena[configuration + SPANS]
        return packed & 255 if packed & 255 == packed >> 8 else -1
    only = -1
    if n < 0:
        for byte in range(N_SUCCESSORS):
            if arena[configuration + SPANS + byte] != DEAD:
                if only >= 0:
                    return -1
                only = byte
    return only


@kernel
def read_forced(arena: Ints, scratch: Ints, configuration: Int, out: NDArray[np.uint8]) -> int:
    """Write the bytes that are the only way to go on into `out`, as far as it reaches; how many, or a NEED code."""
    for n in range(out.size):
        if arena[configuration + IS_ACCEPTING] or arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
            return n
        only = only_byte(arena, configuration)
        if only < 0:
            return n
        configuration = step(arena, scratch, np.int64(configuration), np.int64(only))
        if configuration <= 0:
            return configuration
        if arena[configuration + CONFIGURATION_FLAGS] & ASKS:
            return NEED_ANSWER
        out[n] = only
    return out.size
