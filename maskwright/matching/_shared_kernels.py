"""The kernel that sorts a vocabulary's tokens by what they do in one state of a shared automaton; see `mask_tables`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel, kernel
from maskwright.automata._frames import BIT

STAYS, LEAVES, DIES = 1, 2, 0


@kernel
def sort_tokens(
    token_start: NDArray[np.int32],
    token_data: NDArray[np.uint8],
    successor: NDArray[np.int32],
    begins_unit: NDArray[np.uint8],
    accepting: NDArray[np.bool_],
    can_go_on: NDArray[np.bool_],
    start: int,
    fate: NDArray[np.int8],
    split: NDArray[np.int32],
    units: NDArray[np.int32],
) -> None:
    """For each token read from `start`: does it stay inside, leave after an accepting state, or die?

    A token that ends in an accepting state with no way to go on leaves with nothing behind its exit.

    successor: int32[n_states, 256], -1 where the byte is refused. begins_unit: uint8[n_states, 256].
    fate: int8[n_tokens], STAYS, LEAVES or DIES. split: int32[n_tokens], bytes before the exit of one that leaves.
    units: int32[n_tokens], units begun before the exit or the end. The last three are written.
    """
    for token in range(fate.size):
        state = start
        count = 0
        begin = token_start[token]
        end = token_start[token + 1]
        fate[token] = STAYS if end > begin else DIES
        for i in range(begin, end):
            byte = token_data[i]
            following = successor[state, byte]
            if following < 0:
                fate[token] = LEAVES if accepting[state] and i > begin else DIES
                split[token] = i - begin
                break
            count += begins_unit[state, byte]
            state = following
        if fate[token] == STAYS and not can_go_on[state]:
            fate[token] = LEAVES
            split[token] = end - begin
        units[token] = count


@allocating_kernel
def sort_interior(
    tokens: NDArray[np.int32],
    token_start: NDArray[np.int32],
    token_data: NDArray[np.uint8],
    successor: NDArray[np.int32],
    begins_unit: NDArray[np.uint8],
    units: NDArray[np.int32],
    interior: NDArray[np.int32],
    row: NDArray[np.int32],
) -> tuple[int, int]:
    """Read each token from state 0 and keep those that are never refused: how many, and the most units of one.

    tokens: int32[n]. successor: int32[n_states, 256], -1 where the byte is refused. Written: interior int32[n] (ids by
    ascending units), row int32[words] (their bits), units int32[n] (of tokens[i], or -1).
    """
    n_interior = 0
    most = 0
    for i in range(tokens.size):
        token = tokens[i]
        state = 0
        count = 0
        for k in range(token_start[token], token_start[token + 1]):
            byte = token_data[k]
            following = successor[state, byte]
            if following < 0:
                count = -1
                break
            count += begins_unit[state, byte]
            state = following
        units[i] = count
        if count >= 0:
            n_interior += 1
            most = max(most, count)
            row[token >> 5] |= BIT[token & 31]
    place = np.zeros(most + 2, np.int64)
    for i in range(tokens.size):
        if units[i] >= 0:
            place[units[i] + 1] += 1
    for count in range(most + 1):
        place[count + 1] += place[count]
    for i in range(tokens.size):
        if units[i] >= 0:
            interior[place[units[i]]] = tokens[i]
            place[units[i]] += 1
    return n_interior, most
