"""The pushdown machine, determinised as far as it is visited: kernels over the arena of `_layout`.

A *configuration* is a set of items (state, frame). A *frame* is a set of (return state, frame): where a rule returns,
a node of a graph-structured stack. Both are hash-consed, so equal sets are one offset, a configuration reads a byte
once and remembers the successor, and copying a matcher's state is copying an int.

    step(C, b)  = close({(t, f) | (s, f) in C, edge s -b-> t})
    close(I)    : (ACCEPT, f) returns into every pair of f; a call of X with return r from frame f enters X with a frame
                  that holds (r, f); all calls of one X found together share one frame, so stacks that differ
                  below do not multiply items (Tomita's graph-structured stack; Scott and Johnstone 2010)
    sets        : OPEN_SET puts an empty set on the stack for a permutation; IF_NEW passes if item i is not in it, MARK
                  adds it, IF_LEFT passes while some item is missing, CLOSE_SET takes it off if all required are in
    counters    : ENTER puts a counter frame with count 0 on the stack, COUNT replaces it by one more, LEAVE takes it
                  off once the minimum is reached. An automaton called with a counter counts on its byte edges. Where
                  there is no maximum the count stops at the minimum, so configurations repeat.

There is no left recursion (removed in `passes`), so closing ends and frames form no cycles. Every state lies on a way
to ACCEPT by construction (`lowering`), so every item can be completed and no configuration is a dead end.

Kernels return an offset, or a negative NEED_... code; whatever was interned before that stays valid, so the caller
provides what is missing and repeats the call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._layout import (
    ACCEPT_STATE,
    ACCEPTING,
    BUCKET_MASK,
    CALL,
    CONFIGURATION_BUCKETS,
    CONFIGURATION_FLAGS,
    CONFIGURATION_HASH,
    COUNT,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    COUNTER_SIZE,
    DEAD,
    EMPTY,
    ENTER,
    FINAL_STATE,
    FRAME_BUCKETS,
    FRAME_PAIRS,
    FRAME_RETURN,
    FRAME_SIZE,
    FREE,
    HAS_BYTE_EDGES,
    HAS_OTHER_EDGES,
    HAS_TOKEN_EDGES,
    HASH_SIZE,
    IF_LEFT,
    IF_NEW,
    IS_ACCEPTING,
    IS_COUNTER,
    IS_SET,
    LEAVE,
    MARK,
    MASK,
    MAX_ITEMS,
    N_CONFIGURATIONS,
    N_FRAMES,
    N_ITEMS,
    N_STEPS,
    N_SUCCESSORS,
    NEED_MEMORY,
    NEED_NONTERMINAL,
    NEEDED,
    NONTERMINALS,
    ONLY_BYTE,
    ONLY_SUCCESSOR,
    OPEN_SET,
    SCRATCH_ACCEPTING,
    SCRATCH_CALLS,
    SCRATCH_HASH,
    SCRATCH_ITEMS,
    SCRATCH_N_CALLS,
    SCRATCH_N_ITEMS,
    SCRATCH_PAIRS,
    SCRATCH_STAMP,
    SET_N_WORDS,
    SET_PARENT,
    SET_WORDS,
    STATE_SIZE,
    SUCCESSORS,
    TOKEN,
    TOO_MANY_ITEMS,
    UNKNOWN,
)
from maskwright.grammar.byte_automaton import BEGINS_UNIT

Ints = NDArray[np.int32]
Int = Any
"""A parameter that takes an int from Python and whatever an array holds from a kernel: numba has one type for each."""

BIT = np.array([1 << i for i in range(31)] + [-(2**31)], dtype=np.int32)
"""BIT[i] has only bit i set; a table, because shifting 1 to bit 31 overflows int32 where the JIT is disabled."""


@kernel
def items_of(arena: Ints, configuration: Int) -> int:
    """Where the items of a configuration begin: behind the successors, if it has them."""
    return configuration + SUCCESSORS + (N_SUCCESSORS if arena[configuration + ONLY_BYTE] < 0 else 0)


@kernel
def successor_of(arena: Ints, configuration: Int, byte: Int) -> int:
    """What is known of the configuration after one more byte: UNKNOWN, DEAD or an offset."""
    only = arena[configuration + ONLY_BYTE]
    if only < 0:
        return arena[configuration + SUCCESSORS + byte]
    return arena[configuration + ONLY_SUCCESSOR] if only == byte else DEAD


MOST_PER_BUCKET = 4
"""Frames and configurations, on average, in a chain of each of the two hash tables before these grow."""


@kernel
def begin_items(scratch: Ints) -> None:
    """Forget the items of the previous set; the stamp makes every hash slot of it stale."""
    scratch[SCRATCH_N_ITEMS] = 0
    scratch[SCRATCH_N_CALLS] = 0
    scratch[SCRATCH_ACCEPTING] = 0
    if scratch[SCRATCH_STAMP] == 2147483647:
        for i in range(HASH_SIZE):
            scratch[SCRATCH_HASH + 2 * i] = 0
        scratch[SCRATCH_STAMP] = 0
    scratch[SCRATCH_STAMP] += 1


@kernel
def add_item(scratch: Ints, state: Int, frame: Int) -> int:
    """Add (state, frame) unless it is there already; 0, or TOO_MANY_ITEMS."""
    stamp = scratch[SCRATCH_STAMP]
    slot = (int(state) * 31 + int(frame) * 73) & (HASH_SIZE - 1)
    while scratch[SCRATCH_HASH + 2 * slot] == stamp:
        at = SCRATCH_ITEMS + 2 * scratch[SCRATCH_HASH + 2 * slot + 1]
        if scratch[at] == state and scratch[at + 1] == frame:
            return 0
        slot = (slot + 1) & (HASH_SIZE - 1)
    n = scratch[SCRATCH_N_ITEMS]
    if n == MAX_ITEMS:
        return TOO_MANY_ITEMS
    scratch[SCRATCH_HASH + 2 * slot] = stamp
    scratch[SCRATCH_HASH + 2 * slot + 1] = n
    scratch[SCRATCH_ITEMS + 2 * n] = state
    scratch[SCRATCH_ITEMS + 2 * n + 1] = frame
    scratch[SCRATCH_N_ITEMS] = n + 1
    return 0


@kernel
def sort_pairs(array: Ints, begin: Int, n: Int) -> None:
    """Sort n pairs lexicographically in place (Shell's method: no memory, and the sets are small)."""
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            first = array[begin + 2 * i]
            second = array[begin + 2 * i + 1]
            j = i
            while j >= gap:
                at = begin + 2 * (j - gap)
                if array[at] < first or (array[at] == first and array[at + 1] <= second):
                    break
                array[begin + 2 * j] = array[at]
                array[begin + 2 * j + 1] = array[at + 1]
                j -= gap
            array[begin + 2 * j] = first
            array[begin + 2 * j + 1] = second
        gap //= 2


@kernel
def hash_words(array: Ints, begin: Int, n: Int, seed: Int) -> int:
    """A 30-bit hash of n words (multiply and fold in 64 bits, hence the casts, which matter where the JIT is off)."""
    value = int(seed)
    for i in range(n):
        value = ((value ^ int(array[begin + i])) * 0x9E3779B1) & 0x7FFFFFFFFFFF
        value ^= value >> 17
    return value & 0x3FFFFFFF


@kernel
def is_crowded(arena: Ints) -> bool:
    """Have the hash chains become long?"""
    return arena[N_FRAMES] + arena[N_CONFIGURATIONS] > MOST_PER_BUCKET * (arena[BUCKET_MASK] + 1)


@kernel
def has_room(arena: Ints, n_words: int) -> bool:
    """Is there memory for a record of so many words, and are the hash tables large enough for it?"""
    return arena[FREE] + n_words <= arena.size and not is_crowded(arena)


@kernel
def intern_frame(arena: Ints, scratch: Ints, n: Int) -> int:
    """The frame of the n sorted pairs that lie at SCRATCH_PAIRS, made if new; or NEED_MEMORY."""
    bucket = arena[FRAME_BUCKETS] + (hash_words(scratch, SCRATCH_PAIRS, 2 * n, n) & arena[BUCKET_MASK])
    frame = arena[bucket]
    while frame != 0:
        if arena[frame + FRAME_SIZE] == n:
            same = True
            for i in range(2 * n):
                if arena[frame + FRAME_PAIRS + i] != scratch[SCRATCH_PAIRS + i]:
                    same = False
                    break
            if same:
                return frame
        frame = arena[frame]
    frame = arena[FREE]
    if not has_room(arena, FRAME_PAIRS + 2 * n):
        return NEED_MEMORY
    arena[frame] = arena[bucket]
    arena[frame + FRAME_SIZE] = n
    arena[frame + FRAME_RETURN] = 0
    for i in range(2 * n):
        arena[frame + FRAME_PAIRS + i] = scratch[SCRATCH_PAIRS + i]
    arena[FREE] = frame + FRAME_PAIRS + 2 * n
    arena[N_FRAMES] += 1
    arena[bucket] = frame
    return frame


@kernel
def hash_counter(minimum: Int, maximum: Int, count: Int, parent: Int) -> int:
    """A hash of a counter frame's four fields."""
    bounds = int(minimum) * 31 + int(maximum)
    mixed = (bounds * 0x9E3779B1 + int(count) * 7919 + int(parent) * 104729) & 0x3FFFFFFFFFFF
    return (mixed ^ (mixed >> 15)) & 0x3FFFFFFF


@kernel
def intern_counter(arena: Ints, minimum: Int, maximum: Int, count: Int, parent: Int) -> int:
    """The counter frame with these four fields, made if new; or NEED_MEMORY."""
    bucket = arena[FRAME_BUCKETS] + (hash_counter(minimum, maximum, count, parent) & arena[BUCKET_MASK])
    frame = arena[bucket]
    while frame != 0:
        if (
            arena[frame + FRAME_SIZE] == IS_COUNTER
            and arena[frame + COUNTER_COUNT] == count
            and arena[frame + COUNTER_PARENT] == parent
            and arena[frame + COUNTER_MINIMUM] == minimum
            and arena[frame + COUNTER_MAXIMUM] == maximum
        ):
            return frame
        frame = arena[frame]
    frame = arena[FREE]
    if not has_room(arena, COUNTER_SIZE):
        return NEED_MEMORY
    arena[frame] = arena[bucket]
    arena[frame + FRAME_SIZE] = IS_COUNTER
    arena[frame + FRAME_RETURN] = 0
    arena[frame + COUNTER_MINIMUM] = minimum
    arena[frame + COUNTER_MAXIMUM] = maximum
    arena[frame + COUNTER_COUNT] = count
    arena[frame + COUNTER_PARENT] = parent
    arena[FREE] = frame + COUNTER_SIZE
    arena[N_FRAMES] += 1
    arena[bucket] = frame
    return frame


@kernel
def hash_set(arena: Ints, n_words: Int, words: Int, bit: Int, parent: Int) -> int:
    """A hash of a set frame whose words are those at `words` (0: none set) with `bit` added (-1: nothing added)."""
    value = int(parent) * 104729 + int(n_words)
    for i in range(n_words):
        word = arena[words + i] if words != 0 else 0
        if bit >> 5 == i:
            word |= BIT[bit & 31]
        value = ((value ^ int(word)) * 0x9E3779B1) & 0x7FFFFFFFFFFF
        value ^= value >> 17
    return value & 0x3FFFFFFF


@kernel
def intern_set(arena: Ints, n_words: Int, words: Int, bit: Int, parent: Int) -> int:
    """The set frame described as in `hash_set`, made if new; or NEED_MEMORY."""
    bucket = arena[FRAME_BUCKETS] + (hash_set(arena, n_words, words, bit, parent) & arena[BUCKET_MASK])
    frame = arena[bucket]
    while frame != 0:
        if arena[frame + FRAME_SIZE] == IS_SET and arena[frame + SET_PARENT] == parent:
            same = arena[frame + SET_N_WORDS] == n_words
            for i in range(n_words):
                word = arena[words + i] if words != 0 else 0
                if bit >> 5 == i:
                    word |= BIT[bit & 31]
                if not same or arena[frame + SET_WORDS + i] != word:
                    same = False
                    break
            if same:
                return frame
        frame = arena[frame]
    frame = arena[FREE]
    if not has_room(arena, SET_WORDS + n_words):
        return NEED_MEMORY
    arena[frame] = arena[bucket]
    arena[frame + FRAME_SIZE] = IS_SET
    arena[frame + FRAME_RETURN] = 0
    arena[frame + SET_N_WORDS] = n_words
    arena[frame + SET_PARENT] = parent
    for i in range(n_words):
        word = arena[words + i] if words != 0 else 0
        if bit >> 5 == i:
            word |= BIT[bit & 31]
        arena[frame + SET_WORDS + i] = word
    arena[FREE] = frame + SET_WORDS + n_words
    arena[N_FRAMES] += 1
    arena[bucket] = frame
    return frame


@kernel
def follow_set_edge(arena: Ints, scratch: Ints, kind: Int, operand: Int, target: Int, frame: Int) -> int:
    """Take an edge of a permutation, if the set in the frame lets it; 0, or a NEED code."""
    if kind == OPEN_SET:
        opened = intern_set(arena, operand, 0, -1, frame)
        return opened if opened < 0 else add_item(scratch, target, opened)
    words = frame + SET_WORDS
    if kind == IF_NEW:
        if arena[words + (operand >> 5)] & BIT[operand & 31] == 0:
            return add_item(scratch, target, frame)
        return 0
    if kind == MARK:
        marked = intern_set(arena, arena[frame + SET_N_WORDS], words, operand, arena[frame + SET_PARENT])
        return marked if marked < 0 else add_item(scratch, target, marked)
    if kind == IF_LEFT:
        for item in range(operand):
            if arena[words + (item >> 5)] & BIT[item & 31] == 0:
                return add_item(scratch, target, frame)
        return 0
    for i in range(arena[frame + SET_N_WORDS]):  # CLOSE_SET: the operand is where the required members are listed
        if arena[operand + i] & ~arena[words + i] != 0:
            return 0
    return add_item(scratch, target, arena[frame + SET_PARENT])


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


@kernel
def permits(arena: Ints, unit: Int, frame: Int) -> bool:
    """May an edge with this unit be taken from this frame?  Always, unless the frame counts."""
    if unit == 0 or arena[frame + FRAME_SIZE] != IS_COUNTER:
        return True
    count = arena[frame + COUNTER_COUNT]
    if unit == BEGINS_UNIT:
        return arena[frame + COUNTER_MAXIMUM] < 0 or count < arena[frame + COUNTER_MAXIMUM]
    return count >= arena[frame + COUNTER_MINIMUM]


@kernel
def is_overridden(arena: Ints, state: Int, base: Int, byte: Int) -> bool:
    """Does the state, or a base of it above `base`, have an edge of its own for the byte?"""
    while state != base:
        for e in range(arena[state + 3]):
            packed = arena[state + STATE_SIZE + 2 * e]
            if (packed & 255) <= byte <= ((packed >> 8) & 255):
                return True
        state = arena[state + 1]
    return False


@kernel
def mark_readable(arena: Ints, configuration: Int, state: Int, frame: Int) -> None:
    """Mark the bytes that an item can read as UNKNOWN in the configuration's successors."""
    row = configuration + SUCCESSORS
    n_own = arena[state + 3]
    for e in range(n_own):
        edge = state + STATE_SIZE + 2 * e
        packed = arena[edge]
        if arena[edge + 1] != DEAD and permits(arena, packed >> 16, frame):
            for byte in range(packed & 255, ((packed >> 8) & 255) + 1):
                arena[row + byte] = UNKNOWN
    base = arena[state + 1]
    while base != 0:
        for e in range(arena[base + 3]):
            edge = base + STATE_SIZE + 2 * e
            packed = arena[edge]
            if arena[edge + 1] != DEAD and permits(arena, packed >> 16, frame):
                for byte in range(packed & 255, ((packed >> 8) & 255) + 1):
                    if not is_overridden(arena, state, base, byte):
                        arena[row + byte] = UNKNOWN
        base = arena[base + 1]


@kernel
def only_byte(arena: Ints, state: Int, frame: Int) -> int:
    """The single byte that an item can read, or -1 if it is not so simple."""
    if arena[state + 3] != 1 or arena[state + 1] != 0 or arena[state] & HAS_TOKEN_EDGES:
        return -1
    packed = arena[state + STATE_SIZE]
    low = packed & 255
    if low != (packed >> 8) & 255 or arena[state + STATE_SIZE + 1] == DEAD or not permits(arena, packed >> 16, frame):
        return -1
    return low


@kernel
def intern_configuration(arena: Ints, scratch: Ints) -> int:
    """The configuration of the closed items in scratch, made if new; DEAD if it is empty; or NEED_MEMORY.

    Only items that can read something are kept: all that an item without byte edges leads to is in the set itself.
    """
    n = 0
    flags = 0
    for i in range(scratch[SCRATCH_N_ITEMS]):
        state = scratch[SCRATCH_ITEMS + 2 * i]
        if arena[state] & (HAS_BYTE_EDGES | HAS_TOKEN_EDGES):
            flags |= arena[state]
            scratch[SCRATCH_PAIRS + 2 * n] = state
            scratch[SCRATCH_PAIRS + 2 * n + 1] = scratch[SCRATCH_ITEMS + 2 * i + 1]
            n += 1
    accepting = scratch[SCRATCH_ACCEPTING]
    if n == 0 and accepting == 0:
        return DEAD
    sort_pairs(scratch, SCRATCH_PAIRS, n)
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
    only = only_byte(arena, scratch[SCRATCH_PAIRS], scratch[SCRATCH_PAIRS + 1]) if n == 1 else -1
    configuration = arena[FREE]
    items = configuration + SUCCESSORS + (N_SUCCESSORS if only < 0 else 0)
    if not has_room(arena, items - configuration + 2 * n):
        return NEED_MEMORY
    arena[configuration] = arena[bucket]
    arena[configuration + N_ITEMS] = n
    arena[configuration + IS_ACCEPTING] = accepting
    arena[configuration + MASK] = 0
    arena[configuration + CONFIGURATION_FLAGS] = flags
    arena[configuration + CONFIGURATION_HASH] = hashed
    arena[configuration + ONLY_BYTE] = only
    arena[configuration + ONLY_SUCCESSOR] = UNKNOWN
    for byte in range(configuration + SUCCESSORS, items):
        arena[byte] = DEAD
    for i in range(n):
        state = scratch[SCRATCH_PAIRS + 2 * i]
        frame = scratch[SCRATCH_PAIRS + 2 * i + 1]
        arena[items + 2 * i] = state
        arena[items + 2 * i + 1] = frame
        if only < 0:
            mark_readable(arena, configuration, state, frame)
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
    """The configuration after one more byte: DEAD, an offset, or a NEED code.  The one place where a byte is read.

    The answer holds for all bytes that fall into the same edge, or the same gap between edges, of every item; it is
    remembered for all of them, so a configuration inside a string takes a handful of steps and not 256.
    """
    known = successor_of(arena, configuration, byte)
    if known != UNKNOWN:
        return known
    arena[N_STEPS] += 1
    begin_items(scratch)
    first = 0
    last = 255
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        state = arena[items + 2 * i]
        frame = arena[items + 2 * i + 1]
        found = 0
        while state != 0 and found == 0:
            for e in range(arena[state + 3]):
                edge = state + STATE_SIZE + 2 * e
                low = arena[edge] & 255
                high = (arena[edge] >> 8) & 255
                if high < byte:
                    first = max(first, high + 1)
                elif low > byte:
                    last = min(last, low - 1)
                    break
                else:
                    first = max(first, low)
                    last = min(last, high)
                    found = edge
                    break
            state = arena[state + 1]
        if found == 0 or arena[found + 1] == DEAD:
            continue
        unit = arena[found] >> 16
        if not permits(arena, unit, frame):
            continue
        if unit == BEGINS_UNIT and arena[frame + FRAME_SIZE] == IS_COUNTER:
            frame = count_one(arena, frame)
            if frame < 0:
                return frame
        code = add_item(scratch, arena[found + 1], frame)
        if code < 0:
            return code
    code = close_items(arena, scratch)
    if code < 0:
        return code
    successor = intern_configuration(arena, scratch)
    if successor >= 0:
        if arena[configuration + ONLY_BYTE] >= 0:
            arena[configuration + ONLY_SUCCESSOR] = successor
        else:
            for same in range(configuration + SUCCESSORS + first, configuration + SUCCESSORS + last + 1):
                arena[same] = successor
    return successor


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
    """The configuration after text[begin:end]: DEAD, an offset, or a NEED code."""
    for i in range(begin, end):
        byte = np.int64(text[i])
        known = successor_of(arena, configuration, byte)
        if known == UNKNOWN:
            known = step(arena, scratch, configuration, byte)
        if known <= 0:
            return known
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
    if not arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
        return by_bytes
    begin_items(scratch)
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
def read_forced(arena: Ints, scratch: Ints, configuration: Int, out: NDArray[np.uint8]) -> int:
    """Write the bytes that are the only way to go on into `out`, as far as it reaches; how many, or a NEED code."""
    for n in range(out.size):
        if arena[configuration + IS_ACCEPTING] or arena[configuration + CONFIGURATION_FLAGS] & HAS_TOKEN_EDGES:
            return n
        only = -1
        for byte in range(256):
            if successor_of(arena, configuration, byte) != DEAD:
                if only >= 0:
                    return n
                only = byte
        if only < 0:
            return n
        configuration = step(arena, scratch, configuration, only)
        if configuration <= 0:
            return configuration
        out[n] = only
    return out.size


@kernel
def rehash(arena: Ints, frames: Int, configurations: Int, n_buckets: Int) -> None:
    """Move both hash tables into `n_buckets` zeroed words each at `frames` and `configurations`."""
    mask = n_buckets - 1
    for old in range(arena[BUCKET_MASK] + 1):
        record = arena[arena[CONFIGURATION_BUCKETS] + old]
        while record != 0:
            following = arena[record]
            bucket = configurations + (arena[record + CONFIGURATION_HASH] & mask)
            arena[record] = arena[bucket]
            arena[bucket] = record
            record = following
        record = arena[arena[FRAME_BUCKETS] + old]
        while record != 0:
            following = arena[record]
            n = arena[record + FRAME_SIZE]
            if n == IS_COUNTER:
                hashed = hash_counter(
                    arena[record + COUNTER_MINIMUM],
                    arena[record + COUNTER_MAXIMUM],
                    arena[record + COUNTER_COUNT],
                    arena[record + COUNTER_PARENT],
                )
            elif n == IS_SET:
                n_words = arena[record + SET_N_WORDS]
                hashed = hash_set(arena, n_words, record + SET_WORDS, -1, arena[record + SET_PARENT])
            else:
                hashed = hash_words(arena, record + FRAME_PAIRS, 2 * n, n)
            bucket = frames + (hashed & mask)
            arena[record] = arena[bucket]
            arena[bucket] = record
            record = following
    arena[FRAME_BUCKETS] = frames
    arena[CONFIGURATION_BUCKETS] = configurations
    arena[BUCKET_MASK] = mask
