"""Closing a set of items: all that is reached without reading a byte, as kernels over the arena of `_layout`.

An item at the end of a rule returns into every pair of its frame; a call enters the callee with a frame that holds the
return; counters and sets of a permutation are put on the stack, asked and taken off. All calls of one nonterminal that
are found together share one frame, which keeps sets of items small where a text can be read in many ways.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints, add_item, intern_counter, intern_frame, intern_set, sort_pairs
from maskwright.automata._layout import (
    ACCEPT_STATE,
    ACCEPTING,
    CALL,
    CLOSE_SET,
    COUNT,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    DEAD,
    EMPTY,
    ENTER,
    FINAL_STATE,
    FRAME_PAIRS,
    FRAME_SIZE,
    HAS_OTHER_EDGES,
    IF_BELOW,
    IF_LEFT,
    IF_NEW,
    IF_REACHED,
    IS_COUNTER,
    LEAVE,
    MARK,
    MAX_ITEMS,
    NEED_NONTERMINAL,
    NEEDED,
    NONTERMINALS,
    OPEN_SET,
    SCRATCH_ACCEPTING,
    SCRATCH_CALLS,
    SCRATCH_ITEMS,
    SCRATCH_N_CALLS,
    SCRATCH_N_ITEMS,
    SCRATCH_PAIRS,
    SCRATCH_REFUSES,
    SET_N_WORDS,
    SET_PARENT,
    SET_WORDS,
    STATE_SIZE,
    TALLY,
    TOKEN,
    TOO_MANY_ITEMS,
)


@kernel
def count_one(arena: Ints, frame: Int) -> int:
    """The counter frame with one more unit; DEAD if the maximum is reached; or NEED_MEMORY."""
    minimum = arena[frame + COUNTER_MINIMUM]
    maximum = arena[frame + COUNTER_MAXIMUM]
    count = arena[frame + COUNTER_COUNT]
    if maximum < 0:
        if count >= minimum:
            return frame
    elif count >= maximum:
        return DEAD
    return intern_counter(arena, minimum, maximum, count + 1, arena[frame + COUNTER_PARENT])


@kernel
def add_returns(arena: Ints, scratch: Ints, frame: Int) -> int:
    """Add what follows a finished rule: the pairs of its frame, through counters that have reached their minimum."""
    while arena[frame + FRAME_SIZE] == IS_COUNTER:
        if arena[frame + COUNTER_COUNT] < arena[frame + COUNTER_MINIMUM]:
            return 0
        frame = arena[frame + COUNTER_PARENT]
    for i in range(arena[frame + FRAME_SIZE]):
        state = arena[frame + FRAME_PAIRS + 2 * i]
        if state == FINAL_STATE:
            scratch[SCRATCH_ACCEPTING] = 1
        else:
            code = add_item(scratch, state, arena[frame + FRAME_PAIRS + 2 * i + 1])
            if code < 0:
                return code
    return 0


@kernel
def n_missing(arena: Ints, frame: Int, required: Int) -> int:
    """How many of the required members, listed from `required` on, are not in a set that also counts."""
    n = 0
    for i in range(arena[frame + SET_N_WORDS] - 1):
        missing = int(arena[required + i] & ~arena[frame + SET_WORDS + i]) & 0xFFFFFFFF
        while missing != 0:
            missing &= missing - 1
            n += 1
    return n


@kernel
def follow_counting_edge(arena: Ints, scratch: Ints, kind: Int, operand: Int, target: Int, frame: Int) -> int:
    """Take an edge of a permutation that counts its entries in the last word of the set; 0, or a NEED code."""
    last = arena[frame + SET_N_WORDS] - 1
    count = int(arena[frame + SET_WORDS + last])
    passes = True
    if kind == TALLY:  # the operand is from where on the count no longer matters
        if count < operand:
            n_words = arena[frame + SET_N_WORDS]
            frame = intern_set(arena, n_words, frame + SET_WORDS, last, count + 1, arena[frame + SET_PARENT])
            if frame < 0:
                return frame
    elif kind == IF_BELOW:
        passes = count < operand
    elif kind == IF_REACHED:
        passes = count >= operand
    else:  # IF_ROOM: one entry more leaves room for all that is required; the maximum stands before what is required
        passes = count + 1 + n_missing(arena, frame, operand) <= arena[operand - 1]
    return add_item(scratch, target, frame) if passes else 0


@kernel
def follow_set_edge(arena: Ints, scratch: Ints, kind: Int, operand: Int, target: Int, frame: Int) -> int:
    """Take an edge of a permutation, if the set in the frame lets it; 0, or a NEED code."""
    if kind == OPEN_SET:
        opened = intern_set(arena, operand, 0, -1, 0, frame)
        return opened if opened < 0 else add_item(scratch, target, opened)
    words = frame + SET_WORDS
    if kind == IF_NEW:
        if arena[words + (operand >> 5)] & BIT[operand & 31] == 0:
            return add_item(scratch, target, frame)
        return 0
    if kind == MARK:
        word = operand >> 5
        members = arena[words + word] | BIT[operand & 31]
        marked = intern_set(arena, arena[frame + SET_N_WORDS], words, word, members, arena[frame + SET_PARENT])
        return marked if marked < 0 else add_item(scratch, target, marked)
    if kind == IF_LEFT:
        for item in range(operand):
            if arena[words + (item >> 5)] & BIT[item & 31] == 0:
                return add_item(scratch, target, frame)
        return 0
    if kind != CLOSE_SET:
        return follow_counting_edge(arena, scratch, kind, operand, target, frame)
    for i in range(arena[frame + SET_N_WORDS]):  # the operand is where the required members are listed
        if arena[operand + i] & ~arena[words + i] != 0:
            return 0
    return add_item(scratch, target, arena[frame + SET_PARENT])


@kernel
def follow_other_edges(arena: Ints, scratch: Ints, state: Int, frame: Int) -> int:
    """Take the edges of an item that read nothing; calls are only noted, to be entered together."""
    edge = state + STATE_SIZE + 2 * arena[state + 3]
    for _ in range(arena[state + 4]):
        kind = arena[edge]
        operand = arena[edge + 1]
        target = arena[edge + 2]
        edge += 3
        if kind == EMPTY:
            code = add_item(scratch, target, frame)
        elif kind == CALL:
            n = scratch[SCRATCH_N_CALLS]
            if n == MAX_ITEMS:
                return TOO_MANY_ITEMS
            scratch[SCRATCH_CALLS + 3 * n] = operand
            scratch[SCRATCH_CALLS + 3 * n + 1] = target
            scratch[SCRATCH_CALLS + 3 * n + 2] = frame
            scratch[SCRATCH_N_CALLS] = n + 1
            code = 0
        elif kind == ENTER:
            counter = intern_counter(arena, arena[operand], arena[operand + 1], 0, frame)
            if counter < 0:
                return counter
            code = add_item(scratch, target, counter)
        elif kind == COUNT:
            counter = count_one(arena, frame)
            if counter < 0:
                return counter
            code = 0
            if counter != DEAD:
                code = add_item(scratch, target, counter)
        elif kind == LEAVE:
            code = 0
            if arena[frame + COUNTER_COUNT] >= arena[frame + COUNTER_MINIMUM]:
                code = add_item(scratch, target, arena[frame + COUNTER_PARENT])
        elif kind == TOKEN:  # read by `advance`, not here
            code = 0
        else:
            code = follow_set_edge(arena, scratch, kind, operand, target, frame)
        if code < 0:
            return code
    return 0


@kernel
def enter_called(arena: Ints, scratch: Ints, first: Int) -> int:
    """Enter the nonterminal of call number `first`, with all later calls of the same one, through one frame."""
    n_calls = scratch[SCRATCH_N_CALLS]
    nonterminal = scratch[SCRATCH_CALLS + 3 * first]
    entry = arena[NONTERMINALS] + 4 * nonterminal
    if arena[entry] == 0:
        arena[NEEDED] = nonterminal
        return NEED_NONTERMINAL
    n = 0
    for i in range(first, n_calls):
        call = SCRATCH_CALLS + 3 * i
        if scratch[call] != nonterminal:
            continue
        scratch[call] = -1
        state = scratch[call + 1]
        frame = scratch[call + 2]
        if state == ACCEPT_STATE:
            pairs = arena[frame + FRAME_SIZE]
            if n + pairs > MAX_ITEMS:
                return TOO_MANY_ITEMS
            for k in range(2 * pairs):
                scratch[SCRATCH_PAIRS + 2 * n + k] = arena[frame + FRAME_PAIRS + k]
            n += pairs
        else:
            if n == MAX_ITEMS:
                return TOO_MANY_ITEMS
            scratch[SCRATCH_PAIRS + 2 * n] = state
            scratch[SCRATCH_PAIRS + 2 * n + 1] = frame
            n += 1
    if n > 1:
        sort_pairs(scratch, SCRATCH_PAIRS, n)
        kept = 1
        for i in range(1, n):
            at = SCRATCH_PAIRS + 2 * i
            last = SCRATCH_PAIRS + 2 * (kept - 1)
            if scratch[at] != scratch[last] or scratch[at + 1] != scratch[last + 1]:
                scratch[last + 2] = scratch[at]
                scratch[last + 3] = scratch[at + 1]
                kept += 1
        n = kept
    frame = intern_frame(arena, scratch, n)
    if frame < 0:
        return frame
    if arena[entry + 1] != 0:
        frame = intern_counter(arena, arena[entry + 2], arena[entry + 3], 0, frame)
        if frame < 0:
            return frame
    return add_item(scratch, arena[entry], frame)


@kernel
def close_items(arena: Ints, scratch: Ints) -> int:
    """Add to the items in scratch all that is reached without reading; 0, or a NEED code."""
    done = 0
    called = 0
    while True:
        while done < scratch[SCRATCH_N_ITEMS]:
            state = scratch[SCRATCH_ITEMS + 2 * done]
            frame = scratch[SCRATCH_ITEMS + 2 * done + 1]
            done += 1
            flags = arena[state]
            if flags & scratch[SCRATCH_REFUSES]:
                continue
            if flags & ACCEPTING:
                code = add_returns(arena, scratch, frame)
                if code < 0:
                    return code
            if flags & HAS_OTHER_EDGES:
                code = follow_other_edges(arena, scratch, state, frame)
                if code < 0:
                    return code
        while called < scratch[SCRATCH_N_CALLS] and scratch[SCRATCH_CALLS + 3 * called] < 0:
            called += 1
        if called == scratch[SCRATCH_N_CALLS]:
            return 0
        code = enter_called(arena, scratch, called)
        if code < 0:
            return code
