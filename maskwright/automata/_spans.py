"""Which bytes a configuration can read, and which of them its items do not tell apart: its spans (kernels).

Each edge of an item covers a range of bytes. Where ranges begin and end is marked in one set of bytes, what can be read
in another, and the spans are read off these two: as many steps as there are edges and spans, not one for each byte.
"""

from __future__ import annotations

import numpy as np

from maskwright._numba import kernel
from maskwright.automata._frames import Int, Ints
from maskwright.automata._layout import (
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    DEAD,
    FRAME_SIZE,
    IS_COUNTER,
    SCRATCH_BYTES,
    STATE_SIZE,
    UNKNOWN,
)
from maskwright.grammar.byte_automaton import CLOSES

READABLE, CUTS, COVERED = SCRATCH_BYTES, SCRATCH_BYTES + 9, SCRATCH_BYTES + 18
_WORDS = 9
"""Words of a set; the ninth holds only 256, where a span may end."""

FROM_BIT = np.array([-(1 << i) for i in range(32)], dtype=np.int32)
"""FROM_BIT[i] has the bits i to 31."""
UP_TO_BIT = np.array([(1 << (i + 1)) - 1 for i in range(31)] + [-1], dtype=np.int32)
"""UP_TO_BIT[i] has the bits 0 to i."""
PLACE_OF_BIT = np.zeros(32, dtype=np.int32)
"""The place of the only bit of a word, by de Bruijn's sequence (Leiserson, Prokop and Randall 1998)."""
DE_BRUIJN = 0x077CB531
for _place in range(32):
    PLACE_OF_BIT[((DE_BRUIJN << _place) & 0xFFFFFFFF) >> 27] = _place


@kernel
def permits(arena: Ints, unit: Int, frame: Int) -> bool:
    """May an edge with this unit | reserve << 2 be taken from this frame?  Always, unless the frame counts."""
    if unit == 0 or arena[frame + FRAME_SIZE] != IS_COUNTER:
        return True
    count = arena[frame + COUNTER_COUNT]
    if unit & 3 == CLOSES:
        return count >= arena[frame + COUNTER_MINIMUM]
    return arena[frame + COUNTER_MAXIMUM] < 0 or count + (unit & 3) + (unit >> 2) <= arena[frame + COUNTER_MAXIMUM]


@kernel
def begin_spans(scratch: Ints) -> None:
    """No byte can be read yet."""
    for i in range(2 * _WORDS):
        scratch[READABLE + i] = 0


@kernel
def mark_bytes(scratch: Ints, at: Int, low: Int, high: Int) -> None:
    """Put the bytes from low to high into the set at an offset."""
    first = low >> 5
    last = high >> 5
    if first == last:
        scratch[at + first] |= FROM_BIT[low & 31] & UP_TO_BIT[high & 31]
        return
    scratch[at + first] |= FROM_BIT[low & 31]
    for word in range(first + 1, last):
        scratch[at + word] = -1
    scratch[at + last] |= UP_TO_BIT[high & 31]


@kernel
def mark_item(arena: Ints, scratch: Ints, state: Int, frame: Int) -> None:
    """Mark what an item can read, and where its edges begin and end.

    A state's own edges come before those of its base, also where they refuse a byte.
    """
    if arena[state + 1] == 0:
        for e in range(arena[state + 3]):
            packed = arena[state + STATE_SIZE + 2 * e]
            if arena[state + STATE_SIZE + 2 * e + 1] != DEAD and permits(arena, packed >> 16, frame):
                low = packed & 255
                high = (packed >> 8) & 255
                mark_bytes(scratch, READABLE, low, high)
                mark_bytes(scratch, CUTS, low, low)
                mark_bytes(scratch, CUTS, high + 1, high + 1)
        return
    for i in range(_WORDS):
        scratch[COVERED + i] = 0
    while state != 0:
        for e in range(arena[state + 3]):
            packed = arena[state + STATE_SIZE + 2 * e]
            low = packed & 255
            high = (packed >> 8) & 255
            mark_bytes(scratch, CUTS, low, low)
            mark_bytes(scratch, CUTS, high + 1, high + 1)
            if arena[state + STATE_SIZE + 2 * e + 1] != DEAD and permits(arena, packed >> 16, frame):
                for word in range(low >> 5, (high >> 5) + 1):
                    bits = FROM_BIT[low & 31] if word == low >> 5 else np.int32(-1)
                    if word == high >> 5:
                        bits &= UP_TO_BIT[high & 31]
                    scratch[READABLE + word] |= bits & ~scratch[COVERED + word]
        for e in range(arena[state + 3]):
            packed = arena[state + STATE_SIZE + 2 * e]
            mark_bytes(scratch, COVERED, packed & 255, (packed >> 8) & 255)
        state = arena[state + 1]


@kernel
def write_spans(arena: Ints, scratch: Ints, at: Int) -> int:
    """Write the spans of the bytes that were marked to an offset, nothing known of them: how many."""
    n = 0
    is_open = False
    for word in range(_WORDS):
        cuts = int(scratch[CUTS + word]) & 0xFFFFFFFF
        while cuts != 0:
            lowest = cuts & -cuts
            cuts ^= lowest
            bit = PLACE_OF_BIT[((lowest * DE_BRUIJN) & 0xFFFFFFFF) >> 27]
            byte = 32 * word + bit
            if is_open:
                arena[at + 2 * (n - 1)] |= (byte - 1) << 8
            is_open = byte < 256 and (scratch[READABLE + word] >> bit) & 1 == 1
            if is_open:
                arena[at + 2 * n] = byte
                arena[at + 2 * n + 1] = UNKNOWN
                n += 1
    return n


@kernel
def find_span(arena: Ints, at: Int, n: Int, byte: Int) -> int:
    """The offset of the one of n spans from an offset on that holds a byte, or 0."""
    low = 0
    high = n
    while high - low > 4:
        middle = (low + high) // 2
        if arena[at + 2 * middle] & 255 <= byte:
            low = middle
        else:
            high = middle
    for i in range(low, high):
        packed = arena[at + 2 * i]
        if packed & 255 > byte:
            return 0
        if packed >> 8 >= byte:
            return at + 2 * i
    return 0
