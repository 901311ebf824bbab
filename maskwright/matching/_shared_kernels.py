"""The kernel that sorts a vocabulary's tokens by what they do in one state of a shared automaton; see `mask_tables`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel

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
