"""Is a configuration inside a JSON document that is part of a larger text?  Kernels over the arena of `_layout`.

A document is called like a rule, and its return state is marked (ENDS_DOCUMENT): an item is inside one if some way down
its stack passes such a state. That is looked up where a document begins, and where the text is read for the first time,
so nothing has to be kept in frames. Cost: the frames below the configuration, each once.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._configurations import items_of
from maskwright.automata._frames import Int, Ints, add_item, begin_items
from maskwright.automata._layout import (
    COUNTER_PARENT,
    ENDS_DOCUMENT,
    FINAL_STATE,
    FRAME_PAIRS,
    FRAME_SIZE,
    IS_COUNTER,
    IS_SET,
    N_ITEMS,
    SCRATCH_ITEMS,
    SCRATCH_N_ITEMS,
    SET_PARENT,
)


@kernel
def is_in_document(arena: Ints, scratch: Ints, configuration: Int) -> int:
    """Is any item inside a document?  1 or 0 (in a stack of more frames than a set can hold: 1)."""
    begin_items(scratch)
    items = items_of(arena, configuration)
    for i in range(arena[configuration + N_ITEMS]):
        if add_item(scratch, arena[items + 2 * i + 1], 0) < 0:
            return 1
    done = 0
    while done < scratch[SCRATCH_N_ITEMS]:
        frame = scratch[SCRATCH_ITEMS + 2 * done]
        done += 1
        size = arena[frame + FRAME_SIZE]
        code = 0
        if size == IS_COUNTER:
            code = add_item(scratch, arena[frame + COUNTER_PARENT], 0)
        elif size == IS_SET:
            code = add_item(scratch, arena[frame + SET_PARENT], 0)
        else:
            for i in range(size):
                state = arena[frame + FRAME_PAIRS + 2 * i]
                if arena[state] & ENDS_DOCUMENT:
                    return 1
                if state != FINAL_STATE:
                    code = min(code, add_item(scratch, arena[frame + FRAME_PAIRS + 2 * i + 1], 0))
        if code < 0:
            return 1
    return 0
