"""A byte automaton written into an arena as states: the one record that is made whole arrays at a time.

Every grammar has some of them (strings, numbers, blanks, the names of an object), mostly of a few dozen states: as
operations on whole numpy arrays that took 60 us each, a third of the time to compile a median schema.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel
from maskwright.automata._layout import ACCEPTING, HAS_BYTE_EDGES, STATE_INTERIOR, STATE_SIZE, UNKNOWN
from maskwright.grammar.byte_automaton import REFUSED

MIN_WIDTH = 16
"""A state of an automaton whose own edges read at least this many bytes is worth asking the vocabulary about: many
tokens stay inside the string, and walking them takes up to a millisecond. Narrower ones (digits) take microseconds."""


@kernel
def write_automaton(
    arena: NDArray[np.int32],
    origin: int,
    edge_start: NDArray[np.int32],
    edges: NDArray[np.int32],
    edge_unit: NDArray[np.int8],
    accepting: NDArray[np.bool_],
    base: NDArray[np.int32],
    base_offsets: NDArray[np.int32],
    shared: NDArray[np.int32],
    links: NDArray[np.int32],
    reserve: NDArray[np.int32],
    offsets: NDArray[np.int32],
) -> None:
    """Write all states of an automaton (see `ByteAutomaton` for its first four arrays) from `origin` on.

    base, base_offsets: the states behind these ones, -1 for none, and where they lie; of length 0 without a base.
    shared: int32[n_states], what the vocabulary knows of each state; of length 0 if it was not asked.
    links: int32[n_links], the offsets of the states in other automata that edges lead to.
    reserve: as in `ByteAutomaton`; of length 0 if it is 0 everywhere.
    offsets: int32[n_states], written: where each state lies.
    """
    at = origin
    for state in range(accepting.size):
        offsets[state] = at
        at += STATE_SIZE + 2 * (edge_start[state + 1] - edge_start[state])
    for state in range(accepting.size):
        at = offsets[state]
        begin, end = edge_start[state], edge_start[state + 1]
        behind = base_offsets[base[state]] if base.size > 0 and base[state] >= 0 else 0
        flags = ACCEPTING if accepting[state] else 0
        if end > begin or behind > 0:
            flags |= HAS_BYTE_EDGES
        arena[at] = flags
        arena[at + 1] = behind
        arena[at + 2] = shared[state] if shared.size > 0 else 0
        arena[at + 3] = end - begin
        arena[at + 4] = 0
        width = 0
        word = at + STATE_SIZE
        for edge in range(begin, end):
            low, high, target = edges[edge, 0], edges[edge, 1], edges[edge, 2]
            kept_back = reserve[target] if reserve.size > 0 and target >= 0 else 0
            arena[word] = low | high << 8 | (np.int32(edge_unit[edge]) | kept_back << 2) << 16
            if target == REFUSED:
                arena[word + 1] = 0
            else:
                width += high - low + 1
                arena[word + 1] = offsets[target] if target >= 0 else links[-1 - target]
            word += 2
        arena[at + STATE_INTERIOR] = UNKNOWN if shared.size == 0 and width >= MIN_WIDTH else 0
