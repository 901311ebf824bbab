"""Kernels that look ahead in a text: where all tokens of a mask lead, and the shortest ways to a byte.

Both are searches that may be interrupted: a kernel returns a NEED code when the arena lacks something, is called again,
and goes on where `progress` says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._configurations import step, successor_of, take_token
from maskwright.automata._frames import Int, Ints
from maskwright.automata._layout import DEAD, UNKNOWN

NEXT, N_FOUND, N_EXITS, NEXT_BYTE = 0, 1, 2, 3
"""Words of `progress`: int64[4]."""

DONE = 0


@kernel
def successors_of_tokens(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    token_start: Ints,
    token_data: NDArray[np.uint8],
    mask: Ints,
    progress: NDArray[np.int64],
    after: Ints,
) -> int:
    """after[t] = the configuration behind token t, for all tokens of a mask that lead on; DEAD for all others.

    Values that must differ from their siblings count as new. Modified: `progress`; after: int32[tokens].
    """
    code = DONE
    token = progress[NEXT]
    while token < after.size:
        word = mask[token >> 5]
        if word == 0:
            token = (token | 31) + 1
            continue
        if (word >> (token & 31)) & 1:
            begin = token_start[token]
            end = token_start[token + 1]
            place = np.int64(configuration) if begin < end else np.int64(DEAD)
            for i in range(begin, end):
                byte = np.int64(token_data[i])
                known = successor_of(arena, place, byte)
                if known == UNKNOWN:
                    known = step(arena, scratch, place, byte)
                place = np.int64(known)
                if place <= 0:
                    break
            if place >= 0:
                place = np.int64(take_token(arena, scratch, configuration, np.int64(token), place, np.int64(0)))
            if place < 0:
                code = int(place)
                break
            after[token] = place
        token += 1
    progress[NEXT] = token
    return code


@kernel
def ways_to_byte(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    mark: Int,
    most_behind: Int,
    progress: NDArray[np.int64],
    found: Ints,
    came_from: Ints,
    byte_read: Ints,
    exits: Ints,
    slots: Ints,
) -> int:
    """Breadth first from a configuration: the nearest ones that can read `mark`, which ends a way (but not at once).

    found[i] is the i-th configuration met, came_from[i] the one before it (-1 for the first) and byte_read[i] the byte
    between them; exits lists the i that can read the mark. It ends when nothing is left, when an array is full, or
    when `most_behind` more have been found since the first exit.
    Modified: `progress` and int32 arrays: found, came_from, byte_read, exits, slots (a hash table of 1 + i, a power of
    two, at least twice as long as `found`, zero at first).
    """
    if progress[N_FOUND] == 0:
        found[0] = configuration
        came_from[0] = -1
        byte_read[0] = -1
        remember(found, slots, np.int64(0))
        progress[N_FOUND] = 1
    here = progress[NEXT]
    while here < progress[N_FOUND]:
        place = np.int64(found[here])
        byte = progress[NEXT_BYTE]
        if byte == 0:
            known = successor_of(arena, place, np.int64(mark))
            if known == UNKNOWN:
                known = step(arena, scratch, place, np.int64(mark))
            if known < 0:
                return int(known)
            if known != DEAD:
                exits[progress[N_EXITS]] = here
                progress[N_EXITS] += 1
                if progress[N_EXITS] == exits.size:
                    return DONE
                if here > 0:
                    byte = np.int64(256)
        if progress[N_EXITS] > 0 and here > exits[0] + most_behind:
            return DONE
        while byte < 256:
            known = successor_of(arena, place, byte)
            if known == UNKNOWN:
                known = step(arena, scratch, place, byte)
            if known < 0:
                progress[NEXT_BYTE] = byte
                return int(known)
            if known != DEAD and is_new(found, slots, np.int64(known)):
                count = progress[N_FOUND]
                if count == found.size:
                    return DONE
                found[count] = known
                came_from[count] = here
                byte_read[count] = byte
                remember(found, slots, count)
                progress[N_FOUND] = count + 1
            byte = end_of_span(arena, place, byte) + 1
        progress[NEXT_BYTE] = 0
        here += 1
        progress[NEXT] = here
    return DONE


@kernel
def end_of_span(arena: Ints, configuration: Int, byte: Int) -> int:
    """The last of the bytes from `byte` on that are known to lead to the same as it."""
    last = np.int64(byte)
    known = successor_of(arena, configuration, last)
    while last < 255 and successor_of(arena, configuration, last + 1) == known and known != UNKNOWN:
        last += 1
    return int(last)


@kernel
def is_new(found: Ints, slots: Ints, place: Int) -> bool:
    """Has the configuration not been met yet?"""
    slot = (place ^ (place >> 9)) & (slots.size - 1)
    while slots[slot] != 0:
        if found[slots[slot] - 1] == place:
            return False
        slot = (slot + 1) & (slots.size - 1)
    return True


@kernel
def remember(found: Ints, slots: Ints, number: Int) -> None:
    """Enter found[number] into the hash table."""
    place = np.int64(found[number])
    slot = (place ^ (place >> 9)) & (slots.size - 1)
    while slots[slot] != 0:
        slot = (slot + 1) & (slots.size - 1)
    slots[slot] = number + 1
