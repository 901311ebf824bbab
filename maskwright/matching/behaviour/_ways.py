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

NEXT, N_FOUND, N_EXITS, NEXT_BYTE, N_ORDERED, N_WAITING, FIRST_EXIT = 0, 1, 2, 3, 4, 5, 6
N_PROGRESS = 7
"""Words of `progress`: int64[N_PROGRESS]."""

DONE = 0


@kernel
def successors_of_tokens(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    nodes: NDArray[np.int32],
    tokens: Ints,
    special: Ints,
    progress: NDArray[np.int64],
    stack: NDArray[np.int32],
    group_of: Ints,
    found: Ints,
    example: Ints,
    slots: Ints,
) -> int:
    """Where the tokens of a vocabulary lead: group_of[t] is the number of the configuration behind token t, or -1.

    The trie is walked once (`nodes`, `tokens` as in `token_trie`), then the `special` tokens are tried, which only
    named edges take. found[g] is the configuration of group g, example[g] one of its tokens.
    Values that must differ from their siblings count as new. It ends when `found` is full.
    Modified: `progress`; group_of: int32[tokens], -1 at first; found, example; slots as in `ways_to_byte`; stack:
    int32[depth, 3], for each byte of the current path the next child, the end of its block, and their configuration.
    """
    if progress[N_FOUND] == 0 and progress[NEXT] == 0 and progress[NEXT_BYTE] == 0:
        stack[0, 0], stack[0, 1], stack[0, 2] = nodes[0, 1], nodes[0, 2], configuration
        progress[NEXT_BYTE] = 1
    while progress[NEXT_BYTE] > 0:
        depth = progress[NEXT_BYTE] - 1
        child = stack[depth, 0]
        if child == stack[depth, 1]:
            progress[NEXT_BYTE] = depth
            continue
        place = np.int64(stack[depth, 2])
        byte = np.int64(nodes[child, 0])
        known = successor_of(arena, place, byte)
        if known == UNKNOWN:
            known = step(arena, scratch, place, byte)
        if known < 0:
            return int(known)
        stack[depth, 0] = child + 1
        if known == DEAD:
            continue
        if nodes[child, 3] < nodes[child, 4]:
            group = group_number(found, slots, np.int64(known), progress)
            if group < 0:
                return DONE
            for i in range(nodes[child, 3], nodes[child, 4]):
                group_of[tokens[i]] = group
                example[group] = tokens[i]
        if nodes[child, 1] < nodes[child, 2]:
            stack[depth + 1, 0], stack[depth + 1, 1], stack[depth + 1, 2] = nodes[child, 1], nodes[child, 2], known
            progress[NEXT_BYTE] = depth + 2
    while progress[NEXT] < special.size:
        token = special[progress[NEXT]]
        known = take_token(arena, scratch, configuration, np.int64(token), np.int64(DEAD), np.int64(0))
        if known < 0:
            return int(known)
        progress[NEXT] += 1
        if known != DEAD:
            group = group_number(found, slots, np.int64(known), progress)
            if group < 0:
                return DONE
            group_of[token] = group
            example[group] = token
    return DONE


@kernel
def group_number(found: Ints, slots: Ints, place: Int, progress: NDArray[np.int64]) -> int:
    """The number of a configuration among those found, entered if it is new; -1 if there is no room."""
    slot = (place ^ (place >> 9)) & (slots.size - 1)
    while slots[slot] != 0:
        if found[slots[slot] - 1] == place:
            return int(slots[slot] - 1)
        slot = (slot + 1) & (slots.size - 1)
    group = progress[N_FOUND]
    if group == found.size:
        return -1
    found[group] = place
    slots[slot] = group + 1
    progress[N_FOUND] = group + 1
    return int(group)


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
    order: Ints,
    exits: Ints,
    slots: Ints,
) -> int:
    """From a configuration the near ones that can read `mark`, which ends a way (but not at once).

    Breadth first among those that are reached with as few opening brackets as can be: what is opened must be closed,
    and stacks may grow without end where every level doubles their number.
    found[i] is the i-th configuration met, came_from[i] the one before it (-1 for the first) and byte_read[i] the byte
    between them; exits lists the i that can read the mark. It ends when nothing is left, when an array is full, or
    when `most_behind` more have been looked at since the first exit.
    Modified: `progress` and int32 arrays: found, came_from, byte_read, exits; order (the i in the order in which they
    are looked at, from the front; those that wait for one more bracket, from the back); slots (a hash table of 1 + i,
    a power of two, at least twice as long as `found`, zero at first).
    """
    if progress[N_FOUND] == 0:
        found[0] = configuration
        came_from[0] = -1
        byte_read[0] = -1
        order[0] = 0
        remember(found, slots, np.int64(0))
        progress[N_FOUND] = 1
        progress[N_ORDERED] = 1
    while True:
        if progress[NEXT] == progress[N_ORDERED]:
            if progress[N_WAITING] == 0:
                return DONE
            for i in range(progress[N_WAITING]):  # in the order in which they were met
                order[progress[N_ORDERED] + i] = order[order.size - 1 - i]
            progress[N_ORDERED] += progress[N_WAITING]
            progress[N_WAITING] = 0
        here = np.int64(order[progress[NEXT]])
        place = np.int64(found[here])
        byte = progress[NEXT_BYTE]
        if byte == 0:
            known = successor_of(arena, place, np.int64(mark))
            if known == UNKNOWN:
                known = step(arena, scratch, place, np.int64(mark))
            if known < 0:
                return int(known)
            if known != DEAD:
                if progress[N_EXITS] == 0:
                    progress[FIRST_EXIT] = progress[NEXT]
                exits[progress[N_EXITS]] = here
                progress[N_EXITS] += 1
                if progress[N_EXITS] == exits.size:
                    return DONE
                if here > 0:
                    byte = np.int64(256)
        if progress[N_EXITS] > 0 and progress[NEXT] > progress[FIRST_EXIT] + most_behind:
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
                if byte == 40 or byte == 91 or byte == 123:  # noqa: PLR1714 - numba has no sets of numbers
                    order[order.size - 1 - progress[N_WAITING]] = count
                    progress[N_WAITING] += 1
                else:
                    order[progress[N_ORDERED]] = count
                    progress[N_ORDERED] += 1
            byte = end_of_span(arena, place, byte) + 1
        progress[NEXT_BYTE] = 0
        progress[NEXT] += 1


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
