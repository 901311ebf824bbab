"""Objects with members in any order, in the search for the fewest tokens: which members are tried (kernels).

Such objects are ended with the members that they still need, and closed as soon as they may be;
where more than a few are needed, in the order of the schema. So the cost is one that can be kept, but need not be the
least (HAS_CHOSEN): another member, or another order, may share a token with its neighbours. The choice is the same all
along the way, so what was promised at one place holds at the next. As those that need not be there are not chosen, it
does not matter which of them are there. So behind a member, while others are missing, the set is rounded to one with
all that need not be there, and a context of its own goes on: what is found for an object serves its other texts.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints, intern_set
from maskwright.automata._layout import (
    CLOSE_SET,
    FRAME_SIZE,
    IF_NEW,
    IF_REACHED,
    IS_SET,
    SET_N_WORDS,
    SET_PARENT,
    SET_WORDS,
    STATE_SIZE,
)

FEW_MEMBERS = 4
"""Up to so many members that are needed are tried in all orders."""


@kernel
def required_of(choices: Ints, state: Int) -> int:
    """The required members of the state of an object that chooses among all; 0 if it is no such state.

    choices: int32[2 * n], these states, ascending, each with its required members.
    """
    low = 0
    high = choices.size // 2
    while low < high:
        middle = (low + high) // 2
        if choices[2 * middle] < state:
            low = middle + 1
        else:
            high = middle
    return int(choices[2 * low + 1]) if low < choices.size // 2 and choices[2 * low] == state else 0


@kernel
def goes_on_for(arena: Ints, state: Int, frame: Int) -> int:
    """The required members of an object without counts, behind one of its members, if some are missing; or 0."""
    close = state + STATE_SIZE + 2 * arena[state + 3] + 3
    if arena[frame + FRAME_SIZE] != IS_SET or arena[state + 4] != 2 or arena[close] != CLOSE_SET:
        return 0
    return 0 if has_required(arena, frame, arena[close + 1]) else int(arena[close + 1])


@kernel
def with_optional(arena: Ints, frame: Int, required: Int) -> int:
    """The set with all members that are not required; or NEED_MEMORY."""
    for i in range(arena[frame + SET_N_WORDS]):
        word = arena[frame + SET_WORDS + i]
        whole = word | ~arena[required + i]
        if whole != word:
            n_words = arena[frame + SET_N_WORDS]
            frame = intern_set(arena, n_words, frame + SET_WORDS, i, whole, arena[frame + SET_PARENT])
            if frame < 0:
                return frame
    return int(frame)


@kernel
def is_missing(arena: Ints, frame: Int, required: Int, member: Int) -> bool:
    """Is a member required that is not in a set?"""
    word = member >> 5
    return arena[required + word] & ~arena[frame + SET_WORDS + word] & BIT[member & 31] != 0


@kernel
def n_items_missing(arena: Ints, state: Int, frame: Int, required: Int) -> int:
    """How many of the members that a state chooses among are required and missing."""
    n = 0
    edge = state + STATE_SIZE + 2 * arena[state + 3]
    for _ in range(arena[state + 4]):
        if arena[edge] == IF_NEW and is_missing(arena, frame, required, arena[edge + 1]):
            n += 1
        edge += 3
    return n


@kernel
def has_required(arena: Ints, frame: Int, required: Int) -> bool:
    """Are all required members in a set?"""
    for i in range(arena[frame + SET_N_WORDS]):  # noqa: SIM110 - numba compiles no generators
        if arena[required + i] & ~arena[frame + SET_WORDS + i] != 0:
            return False
    return True


@kernel
def may_close(arena: Ints, state: Int, frame: Int) -> bool:
    """May the object be closed behind this member?"""
    edge = state + STATE_SIZE + 2 * arena[state + 3]
    for _ in range(arena[state + 4]):
        if arena[edge] == CLOSE_SET:
            return has_required(arena, frame, arena[edge + 1])
        if arena[edge] == IF_REACHED and arena[frame + SET_WORDS + arena[frame + SET_N_WORDS] - 1] >= arena[edge + 1]:
            close = arena[edge + 2] + STATE_SIZE
            return has_required(arena, frame, arena[close + 1])
        edge += 3
    return False


@kernel
def is_left_out(arena: Ints, frame: Int, kind: Int, operand: Int, required: Int, n: Int) -> bool:
    """Is this member of an object in any order not tried, while n required ones are missing?"""
    if n == 0:
        return False
    if kind != IF_NEW:
        return True
    if not is_missing(arena, frame, required, operand):
        return True
    if n <= FEW_MEMBERS:
        return False
    for member in range(operand):  # noqa: SIM110 - numba compiles no generators
        if is_missing(arena, frame, required, member):
            return True
    return False
