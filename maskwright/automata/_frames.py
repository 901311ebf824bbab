"""Frames and sets of items: the parts of the machine that are interned, as kernels over the arena of `_layout`.

Hash-consing: what is equal is one offset, so sets compare by comparing ints. The hash tables are chains through the
first word of each record; they are enlarged from outside (`rehash`), so no kernel ever waits in a full table. Items of
the set being built lie in the scratch array, found again through a table whose slots carry a stamp, so that forgetting
them is counting the stamp up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._layout import (
    BUCKET_MASK,
    CONFIGURATION_BUCKETS,
    CONFIGURATION_HASH,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    COUNTER_SIZE,
    FRAME_BUCKETS,
    FRAME_PAIRS,
    FRAME_RETURN,
    FRAME_SIZE,
    FREE,
    HASH_SIZE,
    IS_COUNTER,
    IS_SET,
    MAX_ITEMS,
    N_CONFIGURATIONS,
    N_FRAMES,
    NEED_MEMORY,
    SCRATCH_ACCEPTING,
    SCRATCH_HASH,
    SCRATCH_ITEMS,
    SCRATCH_N_CALLS,
    SCRATCH_N_ITEMS,
    SCRATCH_PAIRS,
    SCRATCH_REFUSES,
    SCRATCH_STAMP,
    SCRATCH_TUPLE,
    SET_N_WORDS,
    SET_PARENT,
    SET_WORDS,
    TOO_MANY_ITEMS,
)
from maskwright.automata._lexed_layout import IS_TUPLE, TUPLE_MEMO, TUPLE_SIZE, TUPLE_WORDS

Ints = NDArray[np.int32]
Int = Any
"""A parameter that takes an int from Python and whatever an array holds from a kernel: numba has one type for each."""

BIT = np.array([1 << i for i in range(31)] + [-(2**31)], dtype=np.int32)
"""BIT[i] has only bit i set; a table, because shifting 1 to bit 31 overflows int32 where the JIT is disabled."""

FEW_ITEMS = 24
"""Up to so many items of a set are found by looking at each."""

MOST_PER_BUCKET = 4
"""Frames and configurations, on average, in a chain of each of the two hash tables before these grow."""


@kernel
def is_crowded(arena: Ints) -> bool:
    """Have the hash chains become long?"""
    return arena[N_FRAMES] + arena[N_CONFIGURATIONS] > MOST_PER_BUCKET * (arena[BUCKET_MASK] + 1)


@kernel
def has_room(arena: Ints, n_words: int) -> bool:
    """Is there memory for a record of so many words, and are the hash tables large enough for it?"""
    return arena[FREE] + n_words <= arena.size and not is_crowded(arena)


@kernel
def begin_items(scratch: Ints) -> None:
    """Forget the items of the previous set; the stamp makes every hash slot of it stale."""
    scratch[SCRATCH_N_ITEMS] = 0
    scratch[SCRATCH_N_CALLS] = 0
    scratch[SCRATCH_ACCEPTING] = 0
    scratch[SCRATCH_REFUSES] = 0
    if scratch[SCRATCH_STAMP] == 2147483647:
        for i in range(HASH_SIZE):
            scratch[SCRATCH_HASH + 2 * i] = 0
        scratch[SCRATCH_STAMP] = 0
    scratch[SCRATCH_STAMP] += 1


@kernel
def add_item(scratch: Ints, state: Int, frame: Int) -> int:
    """Add (state, frame) unless it is there already; 0, or TOO_MANY_ITEMS.

    While the items are few they are searched one by one: the table is 256 KB, and each item would touch a cold line of
    it.
    """
    n = scratch[SCRATCH_N_ITEMS]
    if n < FEW_ITEMS:
        for i in range(n):
            if scratch[SCRATCH_ITEMS + 2 * i] == state and scratch[SCRATCH_ITEMS + 2 * i + 1] == frame:
                return 0
        scratch[SCRATCH_ITEMS + 2 * n] = state
        scratch[SCRATCH_ITEMS + 2 * n + 1] = frame
        scratch[SCRATCH_N_ITEMS] = n + 1
        return 0
    if n == FEW_ITEMS:
        for i in range(n):
            slot = free_slot(scratch, scratch[SCRATCH_ITEMS + 2 * i], scratch[SCRATCH_ITEMS + 2 * i + 1])
            if slot >= 0:
                scratch[slot] = scratch[SCRATCH_STAMP]
                scratch[slot + 1] = i
    slot = free_slot(scratch, state, frame)
    if slot < 0:
        return 0
    if n == MAX_ITEMS:
        return TOO_MANY_ITEMS
    scratch[slot] = scratch[SCRATCH_STAMP]
    scratch[slot + 1] = n
    scratch[SCRATCH_ITEMS + 2 * n] = state
    scratch[SCRATCH_ITEMS + 2 * n + 1] = frame
    scratch[SCRATCH_N_ITEMS] = n + 1
    return 0


@kernel
def free_slot(scratch: Ints, state: Int, frame: Int) -> int:
    """Where in the table an item belongs, or -1 if it is there."""
    stamp = scratch[SCRATCH_STAMP]
    slot = (int(state) * 31 + int(frame) * 73) & (HASH_SIZE - 1)
    while scratch[SCRATCH_HASH + 2 * slot] == stamp:
        at = SCRATCH_ITEMS + 2 * scratch[SCRATCH_HASH + 2 * slot + 1]
        if scratch[at] == state and scratch[at + 1] == frame:
            return -1
        slot = (slot + 1) & (HASH_SIZE - 1)
    return SCRATCH_HASH + 2 * slot


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
def hash_set(arena: Ints, n_words: Int, words: Int, changed: Int, content: Int, parent: Int) -> int:
    """A hash of a set frame of the words at `words` (0: all 0), where word `changed` (-1: none) is `content`."""
    value = int(parent) * 104729 + int(n_words)
    for i in range(n_words):
        word = content if i == changed else (arena[words + i] if words != 0 else 0)
        value = ((value ^ int(word)) * 0x9E3779B1) & 0x7FFFFFFFFFFF
        value ^= value >> 17
    return value & 0x3FFFFFFF


@kernel
def intern_set(arena: Ints, n_words: Int, words: Int, changed: Int, content: Int, parent: Int) -> int:
    """The set frame described as in `hash_set`, made if new; or NEED_MEMORY."""
    bucket = arena[FRAME_BUCKETS] + (hash_set(arena, n_words, words, changed, content, parent) & arena[BUCKET_MASK])
    frame = arena[bucket]
    while frame != 0:
        if arena[frame + FRAME_SIZE] == IS_SET and arena[frame + SET_PARENT] == parent:
            same = arena[frame + SET_N_WORDS] == n_words
            for i in range(n_words):
                word = content if i == changed else (arena[words + i] if words != 0 else 0)
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
        arena[frame + SET_WORDS + i] = content if i == changed else (arena[words + i] if words != 0 else 0)
    arena[FREE] = frame + SET_WORDS + n_words
    arena[N_FRAMES] += 1
    arena[bucket] = frame
    return frame


@kernel
def tuple_bucket(arena: Ints, scratch: Ints, n: Int) -> int:
    """Where the chain begins in which the tuple of the n words at SCRATCH_TUPLE is looked for."""
    return int(arena[FRAME_BUCKETS] + (hash_words(scratch, SCRATCH_TUPLE, n, n) & arena[BUCKET_MASK]))


@kernel
def tuple_in(arena: Ints, scratch: Ints, bucket: Int, n: Int) -> int:
    """The tuple of the n words that lie at SCRATCH_TUPLE, in a chain; 0 if it was never made."""
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
    return 0


@kernel
def find_tuple(arena: Ints, scratch: Ints, n: Int) -> int:
    """The tuple of the n words that lie at SCRATCH_TUPLE; 0 if it was never made."""
    return int(tuple_in(arena, scratch, tuple_bucket(arena, scratch, n), n))


@kernel
def intern_tuple(arena: Ints, scratch: Ints, n: Int) -> int:
    """The tuple of the n words that lie at SCRATCH_TUPLE, made if new; or NEED_MEMORY."""
    bucket = tuple_bucket(arena, scratch, n)
    record = int(tuple_in(arena, scratch, bucket, n))
    if record != 0:
        return record
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
            elif n == IS_TUPLE:
                hashed = hash_words(arena, record + TUPLE_WORDS, arena[record + TUPLE_SIZE], arena[record + TUPLE_SIZE])
            elif n == IS_SET:
                n_words = arena[record + SET_N_WORDS]
                hashed = hash_set(arena, n_words, record + SET_WORDS, -1, 0, arena[record + SET_PARENT])
            else:
                hashed = hash_words(arena, record + FRAME_PAIRS, 2 * n, n)
            bucket = frames + (hashed & mask)
            arena[record] = arena[bucket]
            arena[bucket] = record
            record = following
    arena[FRAME_BUCKETS] = frames
    arena[CONFIGURATION_BUCKETS] = configurations
    arena[BUCKET_MASK] = mask
