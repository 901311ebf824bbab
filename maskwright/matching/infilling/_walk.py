"""What byte strings do to one symbol of a stack, read as far as the symbol goes: kernels over the arena of a grammar.

A symbol is a configuration whose frames end in the frame of a whole text, so where it "accepts" the rule that it stands
for has ended, and what lies below is to read the rest. Strings are sorted, so each is read from where it parts from the
one before it, as in a trie.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._configurations import has_token, items_of, read_byte, step
from maskwright.automata._frames import Int, Ints, add_item, begin_items, intern_frame, sort_pairs
from maskwright.automata._layout import (
    DEAD,
    IS_ACCEPTING,
    N_ITEMS,
    N_SPANS,
    N_SUCCESSORS,
    SCRATCH_ITEMS,
    SCRATCH_N_ITEMS,
    SCRATCH_PAIRS,
    SPANS,
    STATE_SIZE,
    TOKEN,
)
from maskwright.automata._spans import find_span

AT, N_EXITS, DEPTH, IS_CUT, N_PROGRESS = 0, 1, 2, 3, 4
"""How far a walk is: the string, the exits so far; bytes of the last string that were read, was the next refused?"""


@kernel
def shared_prefixes(data: NDArray[np.uint8], begins: Ints, ends: Ints, shared: Ints) -> None:
    """Write how many bytes each string has in common with the one before it; shared: int32[n], written."""
    for k in range(begins.size):
        n = 0
        if k > 0:
            most = min(ends[k] - begins[k], ends[k - 1] - begins[k - 1])
            while n < most and data[begins[k] + n] == data[begins[k - 1] + n]:
                n += 1
        shared[k] = n


@kernel
def place_of_byte(arena: Ints, configuration: Int, byte: Int) -> int:
    """An offset, the same for all bytes that a configuration does not tell apart; DEAD if it refuses the byte."""
    n = arena[configuration + N_SPANS]
    if n >= 0:
        return int(find_span(arena, configuration + SPANS, n, byte))
    return DEAD if arena[configuration + SPANS + byte] == DEAD else int(configuration + SPANS + byte)


@kernel
def walk_strings(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    data: NDArray[np.uint8],
    begins: Ints,
    ends: Ints,
    shared: Ints,
    wanted: NDArray[np.bool_],
    missed: NDArray[np.bool_],
    path: Ints,
    progress: Ints,
    parents: Ints,
    places: Ints,
    exits: Ints,
) -> int:
    """Read sorted strings from a symbol; 0, or a NEED code, after which it goes on where it was.

    wanted: bool[256], the bytes that anything below a symbol may read. path: int32[longest + 1], written: the
    configurations along the last string. progress: int32[N_PROGRESS], zeros at first.
    parents, places: int32[n], written: the configuration before the last byte and the place of that byte in it, 0 where
    the string cannot be read to its end. exits: int32[most, 2], written: (string, bytes before the exit), where the
    symbol ends inside the string and the next byte is wanted; 1 is returned when it is full.
    missed: bool[256], written: other bytes that stand at such an exit.
    """
    path[0] = configuration
    while progress[AT] < begins.size:
        k = progress[AT]
        begin = begins[k]
        n = ends[k] - begin
        depth = min(progress[DEPTH], shared[k])
        cut = progress[IS_CUT] != 0 and shared[k] > progress[DEPTH]
        if not cut:
            progress[DEPTH] = depth
            progress[IS_CUT] = 0
            while depth < n - 1:
                after = step(arena, scratch, np.int64(path[depth]), np.int64(data[begin + depth]))
                if after < 0:
                    return after
                if after == DEAD:
                    progress[IS_CUT] = 1
                    break
                depth += 1
                path[depth] = after
                progress[DEPTH] = depth
        parents[k] = 0
        places[k] = 0
        if progress[IS_CUT] == 0:
            places[k] = place_of_byte(arena, path[n - 1], np.int64(data[begin + n - 1]))
            parents[k] = path[n - 1]
        for d in range(1, min(depth, n - 1) + 1):
            if arena[path[d] + IS_ACCEPTING]:
                byte = data[begin + d]
                if not wanted[byte]:
                    missed[byte] = True
                elif progress[N_EXITS] == len(exits):
                    return 1
                else:
                    exits[progress[N_EXITS], 0] = k
                    exits[progress[N_EXITS], 1] = d
                    progress[N_EXITS] += 1
        progress[AT] = k + 1
    return 0


@kernel
def items_in_scratch(arena: Ints, scratch: Ints) -> int:
    """The frame that has the items in scratch as its pairs; DEAD if there are none; or a NEED code."""
    n = scratch[SCRATCH_N_ITEMS]
    if n == 0:
        return DEAD
    for i in range(2 * n):
        scratch[SCRATCH_PAIRS + i] = scratch[SCRATCH_ITEMS + i]
    sort_pairs(scratch, SCRATCH_PAIRS, n)
    return int(intern_frame(arena, scratch, n))


@kernel
def items_after_byte(arena: Ints, scratch: Ints, configuration: Int, byte: Int) -> int:
    """The items after one more byte, not closed, as a frame; DEAD if it is refused; or a NEED code."""
    code = read_byte(arena, scratch, np.int64(configuration), np.int64(byte))
    return code if code < 0 else items_in_scratch(arena, scratch)


@kernel
def items_after_token(arena: Ints, scratch: Ints, configuration: Int, token: Int) -> int:
    """The items after one token that is taken whole, not closed, as a frame; DEAD if it is refused; or a NEED code."""
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
    return items_in_scratch(arena, scratch)


@kernel
def readable_bytes(arena: Ints, configuration: Int, readable: NDArray[np.bool_]) -> None:
    """Mark the bytes that a configuration can read; readable: bool[256], written."""
    n = arena[configuration + N_SPANS]
    if n < 0:
        for byte in range(N_SUCCESSORS):
            if arena[configuration + SPANS + byte] != DEAD:
                readable[byte] = True
        return
    for i in range(n):
        packed = arena[configuration + SPANS + 2 * i]
        for byte in range(packed & 255, ((packed >> 8) & 255) + 1):
            readable[byte] = True
