"""Kernels that look ahead: which configurations come behind one.

Whatever tokens lead to, single bytes lead to as well, and where every byte is a token there is no more. So asking 256
bytes is enough, which takes a microsecond where they are known; inside a string 95,000 of Llama 3's tokens would have
to be walked otherwise, for two milliseconds. Only where a token may be taken whole, all tokens of the mask are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._configurations import step, successor_of, take_token
from maskwright.automata._frames import Int, Ints
from maskwright.automata._layout import DEAD, FREE, UNKNOWN

NEXT, N_FOUND = 0, 1
"""Words of `progress`: int64[2]. A call that returns a NEED code is repeated and goes on where it was."""

NO_MORE, NO_ROOM = 0, 1
"""What the kernel returns when it has come to the end, or to a limit."""


@kernel
def places_behind_bytes(
    arena: Ints, scratch: Ints, configuration: Int, limit: Int, progress: NDArray[np.int64], found: Ints
) -> int:
    """List the configurations behind all bytes, where a value that asks counts as a new one.

    It ends with NO_ROOM when `limit` words of the arena are in use. Modified: `progress`; found: int32[256], where one
    configuration may stand more than once.
    """
    n_found = progress[N_FOUND]
    code = NO_MORE
    for byte in range(progress[NEXT], 256):
        known = successor_of(arena, configuration, np.int64(byte))
        if known == UNKNOWN:
            if arena[FREE] > limit:
                code = NO_ROOM
                break
            known = step(arena, scratch, np.int64(configuration), np.int64(byte))
        if known < 0:
            code = int(known)
            break
        if known != DEAD and (n_found == 0 or found[n_found - 1] != known):
            found[n_found] = known
            n_found += 1
        progress[NEXT] = byte + 1
    progress[N_FOUND] = n_found
    return code


@kernel
def places_behind_tokens(
    arena: Ints,
    scratch: Ints,
    configuration: Int,
    token_start: Ints,
    token_data: NDArray[np.uint8],
    mask: Ints,
    limit: Int,
    progress: NDArray[np.int64],
    recent: Ints,
    found: Ints,
) -> int:
    """The same behind all tokens of a mask; it ends with NO_ROOM also when `found` is full.

    Modified too is recent: int32[a power of two], those found lately, by hash.
    """
    token = progress[NEXT]
    n_found = progress[N_FOUND]
    code = NO_MORE
    while token < 32 * mask.size:
        word = mask[token >> 5]
        if word == 0:
            token = (token | 31) + 1
            continue
        if not (word >> (token & 31)) & 1:
            token += 1
            continue
        if n_found == found.size or arena[FREE] > limit:
            code = NO_ROOM
            break
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
        if place != DEAD:
            slot = (place ^ (place >> 9)) & (recent.size - 1)
            if recent[slot] != place:
                recent[slot] = place
                found[n_found] = place
                n_found += 1
        token += 1
    progress[NEXT] = token
    progress[N_FOUND] = n_found
    return code
