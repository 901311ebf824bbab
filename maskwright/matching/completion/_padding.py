"""Values that must differ from their siblings, in the search for the fewest tokens (kernels).

Whether one does depends on the text, which is not known here. So a value
that asks must have a place, between two tokens, where the automaton of a string or a number reads on and comes back to
the same state: characters put in there make the value a new one. The class of suffixes then carries a flag (PADS_...),
until the value has asked, and asking costs so many tokens as are enough against a quarter of a million siblings. Of
what is called last the flag is: a string before the value does not count for it.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import Int, Ints
from maskwright.automata._layout import COUNTER_COUNT, COUNTER_MAXIMUM, FRAME_SIZE, IS_COUNTER, STATE_SIZE
from maskwright.matching.completion._store import (
    CLASS_MASK,
    EDGE_CHAIN,
    EDGE_CLASS,
    EDGE_CONTEXT,
    EDGE_COST,
    EDGE_STATE,
    NARROW_PADDING,
    PADS_NARROWLY,
    PADS_WIDELY,
    WIDE_PADDING,
    reach,
)
from maskwright.matching.completion._strings import LOOP_COUNT, NARROW, WIDE, loop_at


@kernel
def ask(store: Ints, savings: Ints, arena: Ints, edge: Int) -> int:
    """A value that must differ from its siblings has ended: 0, or a code."""
    suffix = store[edge + EDGE_CLASS]
    if suffix & PADS_WIDELY:
        price = WIDE_PADDING
    elif suffix & PADS_NARROWLY:
        price = NARROW_PADDING
    else:
        return 0
    state = store[edge + EDGE_STATE]
    return reach(
        store,
        savings,
        store[edge + EDGE_CONTEXT],
        arena[state + STATE_SIZE + 2],  # its only edge reads nothing
        store[edge + EDGE_CHAIN],
        suffix & CLASS_MASK,
        store[edge + EDGE_COST] + price,
    )


@kernel
def note_padding(store: Ints, savings: Ints, arena: Ints, edge: Int) -> int:
    """Between two tokens, note whether characters can be put in here: 0, or FULL."""
    suffix = store[edge + EDGE_CLASS]
    if suffix & (CLASS_MASK | PADS_WIDELY) != 0:
        return 0
    state = store[edge + EDGE_STATE]
    chain = store[edge + EDGE_CHAIN]
    if arena[chain + FRAME_SIZE] == IS_COUNTER:
        maximum = arena[chain + COUNTER_MAXIMUM]
        if 0 <= maximum < arena[chain + COUNTER_COUNT] + NARROW_PADDING:
            return 0
    loop = loop_at(store, arena, state)
    if loop < 0:
        return loop
    n = store[loop + LOOP_COUNT]
    if n < NARROW:
        return 0
    flag = PADS_WIDELY if n >= WIDE else PADS_NARROWLY
    if suffix & flag:
        return 0
    cost = store[edge + EDGE_COST]
    return reach(store, savings, store[edge + EDGE_CONTEXT], state, chain, flag, cost)
