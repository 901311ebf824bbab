"""Reading tokens in the search for the fewest, from between two of them and from within one (kernels).

It is *late* where the rule can be ended for as many tokens already: then all that counts is an end within this token.
So only those bytes are read below which one stands with which the rule may end, and one that may follow it.

From between two tokens all tokens are read depth first, through a trie, for as long as places have nothing but edges of
bytes; so what lies within tokens takes no memory, and hundreds of copies of a place that a long pattern has take some
milliseconds each. Edges within a token are kept where something else goes on: a call, a counter, a set, a string. Rules
of very many places are read by tokens of one byte: a cost that can be kept, but need not be the least (HAS_CHOSEN).
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._closing import count_one
from maskwright.automata._configurations import find_edge
from maskwright.automata._frames import BIT, Int, Ints, intern_counter
from maskwright.automata._layout import (
    ACCEPTING,
    ASKS,
    BEGINS,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    DEAD,
    END_FRAME,
    FRAME_SIZE,
    HAS_OTHER_EDGES,
    HAS_TOKEN_EDGES,
    IS_COUNTER,
    LEXES,
    SCRATCH_ITEMS,
    UNKNOWN,
)
from maskwright.automata._spans import permits
from maskwright.grammar.byte_automaton import BEGINS_UNIT
from maskwright.matching.completion._store import (
    CHAIN_BEHIND,
    CLASS_MASK,
    CONTEXT_CHAIN,
    CONTEXT_CLASS,
    CONTEXT_STATE,
    CONTEXT_WANTED,
    EDGE_CHAIN,
    EDGE_CLASS,
    EDGE_CONTEXT,
    EDGE_COST,
    EDGE_STATE,
    EXIT_STATE,
    HAS_CHOSEN,
    IS_URGENT,
    LONGEST,
    MAY_ASK,
    WORK,
    edge_at,
    reach,
)
from maskwright.matching.completion._strings import (
    LOOP_BYTES,
    LOOP_CLOSING,
    LOOP_COUNT,
    LOOP_IS_RUN,
    LOOP_LENGTHS,
    LOOP_LONGEST,
    LOOP_RUN,
    RUN_ROOM,
    RUN_SIZE,
    WIDE,
    at_top,
    closes_in,
    counted_on,
    is_roomy,
    loop_at,
    measure_run,
    rounded,
    run_of,
    stays,
    under_counters,
)
from maskwright.matching.completion._suffixes import ASCII_END, BOUNDARY, WORDS_INSIDE

WORDS_OF_SETS = 2 * WORDS_INSIDE
MAY_BE_EMPTY, BY_BYTES = 2, 4
"""Bits of the last of these words, see `followers`."""


@kernel
def is_wanted(following: Ints, sets: Ints, suffix: Int, wanted: Int) -> bool:
    """May one of the bytes behind a class be read behind the rule?  following: the bytes there, of each class."""
    if suffix == BOUNDARY:
        return True
    for i in range(WORDS_INSIDE):
        if following[WORDS_INSIDE * suffix + i] & sets[WORDS_OF_SETS * wanted + i] != 0:
            return True
    return False


@kernel
def may_end_in(inside: Ints, sets: Ints, suffix: Int, wanted: Int) -> bool:
    """Does a byte that the rule may end with stand below a class?"""
    for i in range(WORDS_INSIDE):
        if inside[WORDS_INSIDE * suffix + i] & sets[WORDS_OF_SETS * wanted + WORDS_INSIDE + i] != 0:
            return True
    return False


@kernel
def is_by_bytes(store: Ints, sets: Ints, context: Int) -> bool:
    """Is the rule of a context so large that only tokens of one byte are read there?"""
    return sets[WORDS_OF_SETS * store[context + CONTEXT_WANTED] + WORDS_OF_SETS - 1] & BY_BYTES != 0


@kernel
def read_byte_into(
    store: Ints,
    savings: Ints,
    ends: Ints,
    inside: Ints,
    arena: Ints,
    context: Int,
    state: Int,
    chain: Int,
    flags: Int,
    byte: Int,
    suffix: Int,
    cost: Int,
) -> int:
    """Read a byte from a place, which leads into a class of suffixes: 0, or a code."""
    found = target_of(store, savings, ends, inside, arena, context, state, chain, flags, byte, suffix, cost, 1)
    if found <= 0:
        return found
    chain = int(store[CHAIN_BEHIND])
    store[IS_URGENT] = arena[found] & ACCEPTING
    return reach(store, savings, context, found, chain, suffix | flags, cost)


@kernel
def target_of(
    store: Ints,
    savings: Ints,
    ends: Ints,
    inside: Ints,
    arena: Ints,
    context: Int,
    state: Int,
    chain: Int,
    flags: Int,
    byte: Int,
    suffix: Int,
    cost: Int,
    may_end: Int,
) -> int:
    """The state behind a byte, if it is worth going on there within the token, its counter in CHAIN_BEHIND; 0; a code.

    may_end: 0 if it does not count that the token may end there, which is noted here.
    """
    found = find_edge(arena, state, byte)
    if found == 0 or arena[found + 1] == DEAD:
        return 0
    unit = arena[found] >> 16
    target = int(arena[found + 1])
    if not permits(arena, unit, chain):
        return 0
    may_end_here = suffix != BOUNDARY and ends[suffix] != 0 and (may_end != 0 or arena[target] & ACCEPTING != 0)
    if target != state and arena[chain + FRAME_SIZE] == IS_COUNTER:
        run = run_of(store, arena, state, target, unit)
        if run < 0:
            return run
        if run > 0:
            begin = loop_at(store, arena, store[context + CONTEXT_STATE])
            if begin < 0:
                return begin
            if store[begin + LOOP_RUN] != 0:  # the text stands amid a character, which has to be read
                run = 0
        if run > 0:  # amid a character; within this token the string must be closed
            store[HAS_CHOSEN] = 1
            if suffix == BOUNDARY or not closes_in(store, inside, run, suffix):
                return 0
            may_end_here = False
    elif byte >= ASCII_END:  # from within a string, a longer character is worth reading for what may follow it
        code = stays(store, arena, inside, state, chain, suffix)
        if code != 0:
            return min(code, 0)
    if unit & 3 == BEGINS_UNIT and arena[chain + FRAME_SIZE] == IS_COUNTER:
        loop = loop_at(store, arena, target)
        if loop < 0:
            return loop
        chain = rounded(store, arena, count_one(arena, chain), store[loop + LOOP_IS_RUN])
        if chain < 0:
            return int(chain)
    if may_end_here or suffix == BOUNDARY:
        code = is_no_better(store, arena, context, target, chain, flags, cost)
        if code < 0 or (code != 0 and suffix == BOUNDARY):
            return min(code, 0)
        may_end_here = may_end_here and code == 0
    if may_end_here:
        store[IS_URGENT] = arena[target] & ACCEPTING
        code = reach(store, savings, context, target, chain, flags, cost)
        if code < 0:
            return code
    if suffix != BOUNDARY:
        code = stays(store, arena, inside, target, chain, suffix)
        if code < 0:
            return code
        if code != 0:
            if ends[suffix] != 0 or arena[chain + FRAME_SIZE] != IS_COUNTER:
                return 0
            if inside[WORDS_INSIDE * suffix + 4] == 0 and is_roomy(store, arena, chain):
                return reach(store, savings, context, target, chain, flags, cost)
    store[CHAIN_BEHIND] = chain
    return target


@kernel
def is_no_better(store: Ints, arena: Ints, context: Int, state: Int, chain: Int, flags: Int, cost: Int) -> int:
    """1 if a place between two tokens is known with the same state for no more, where enough is counted but less: what
    completes a text from here does so from there. 0; or NEED_MEMORY.
    """
    if arena[chain + FRAME_SIZE] != IS_COUNTER or arena[chain + COUNTER_COUNT] <= arena[chain + COUNTER_MINIMUM]:
        return 0
    minimum = arena[chain + COUNTER_MINIMUM]
    parent = arena[chain + COUNTER_PARENT]
    begin = store[context + CONTEXT_CHAIN]
    if state == store[context + CONTEXT_STATE] and flags == store[context + CONTEXT_CLASS] and begin != chain:
        is_same = arena[begin + FRAME_SIZE] == IS_COUNTER and arena[begin + COUNTER_PARENT] == parent
        if is_same and minimum <= arena[begin + COUNTER_COUNT] < arena[chain + COUNTER_COUNT]:
            return 1
    least = intern_counter(arena, minimum, arena[chain + COUNTER_MAXIMUM], minimum, parent)
    if least < 0:
        return least
    edge = edge_at(store, context, state, least, flags)
    return 1 if edge > 0 and store[edge + EDGE_COST] <= cost else 0


@kernel
def closes_at_once(ends: Ints, root: Ints, arena: Ints, state: Int, chain: Int) -> bool:
    """Is there a token of one byte with which the rule ends?"""
    for byte in range(256):
        if root[byte] >= 0 and ends[root[byte]] != 0:
            found = find_edge(arena, state, byte)
            if found == 0 or arena[found + 1] == DEAD or not arena[arena[found + 1]] & ACCEPTING:
                continue
            unit = arena[found] >> 16
            if permits(arena, unit, chain):
                here = int(chain)
                if unit & 3 == BEGINS_UNIT and arena[chain + FRAME_SIZE] == IS_COUNTER:
                    here = int(count_one(arena, chain))
                if here > 0 and under_counters(arena, here) == END_FRAME:
                    return True
    return False


@kernel
def end_at(
    store: Ints,
    savings: Ints,
    following: Ints,
    sets: Ints,
    arena: Ints,
    context: Int,
    state: Int,
    chain: Int,
    own: Int,
    cost: Int,
) -> int:
    """End the rule of a context at a place, if it may end there and what follows in the token is wanted: 0, or FULL."""
    if not arena[state] & ACCEPTING or under_counters(arena, chain) != END_FRAME:
        return 0
    if not is_wanted(following, sets, own & CLASS_MASK, store[context + CONTEXT_WANTED]):
        return 0
    return reach(store, savings, context, EXIT_STATE, END_FRAME, own, cost)


@kernel
def is_plain(store: Ints, arena: Ints, state: Int, begin: Int) -> int:
    """1 if a state has no edges but those of bytes, and no context of its own is to go on there; 0; or FULL."""
    if arena[state] & (ASKS | HAS_OTHER_EDGES | HAS_TOKEN_EDGES | LEXES | BEGINS) != 0:
        return 0
    if state == begin:
        return 1
    loop = loop_at(store, arena, state)
    return loop if loop < 0 else 0 if store[loop + LOOP_COUNT] >= WIDE else 1


@kernel
def read_tokens(
    store: Ints,
    savings: Ints,
    ends: Ints,
    inside: Ints,
    following: Ints,
    first: Ints,
    edges: Ints,
    root: Ints,
    sets: Ints,
    arena: Ints,
    scratch: Ints,
    edge: Int,
) -> int:
    """Read all tokens from between two: 0, or a code.

    Depth first, without an edge for each byte, as long as places have edges of bytes and no others. The stack has
    [class, its next edge, state, counter] for each byte. If one byte ends the rule, others are read only for ends
    within their tokens.
    """
    context = store[edge + EDGE_CONTEXT]
    state = int(store[edge + EDGE_STATE])
    chain = int(store[edge + EDGE_CHAIN])
    flags = store[edge + EDGE_CLASS] & ~CLASS_MASK
    cost = int(store[edge + EDGE_COST]) + 1
    wanted = store[context + CONTEXT_WANTED]
    is_alike = (store[edge + EDGE_CLASS] ^ store[context + CONTEXT_CLASS]) & ~CLASS_MASK == 0
    is_late = is_alike and closes_at_once(ends, root, arena, state, chain)
    may_end = 0 if is_late and store[MAY_ASK] == 0 else 1
    by_bytes = is_by_bytes(store, sets, context)
    if by_bytes:
        store[HAS_CHOSEN] = 1
    n_visited = 0
    depth = 0
    next_root = 0
    while True:
        if depth == 0:
            while next_root < 256 and root[next_root] < 0:
                next_root += 1
            if next_root == 256:
                break
            byte, suffix = next_root, int(root[next_root])
            here, before = state, chain
            next_root += 1
            if by_bytes:
                if ends[suffix] == 0:
                    continue
                suffix = BOUNDARY
        else:
            top = at_top(depth)
            e = int(scratch[top + 1])
            if e == first[scratch[top] + 1]:
                depth -= 1
                continue
            scratch[top + 1] = e + 1
            byte, suffix = int(edges[2 * e]), int(edges[2 * e + 1])
            here, before = int(scratch[top + 2]), int(scratch[top + 3])
        n_visited += 1
        if is_late and ends[suffix] == 0 and not is_wanted(inside, sets, suffix, wanted):
            continue
        target = target_of(
            store, savings, ends, inside, arena, context, here, before, flags, byte, suffix, cost, may_end
        )
        if target < 0:
            return target
        if target == 0:
            continue
        behind = int(store[CHAIN_BEHIND])
        if suffix == BOUNDARY:
            if may_end == 0 and not arena[target] & ACCEPTING:
                continue
        elif is_late and not is_wanted(inside, sets, suffix, wanted):
            continue
        else:
            plain = is_plain(store, arena, target, store[context + CONTEXT_STATE])
            if plain < 0:
                return plain
            if plain != 0:
                other = edge_at(store, context, target, behind, flags)
                if other > 0 and cost >= store[other + EDGE_COST] + savings[suffix]:
                    continue
                store[IS_URGENT] = 0
                code = end_at(store, savings, following, sets, arena, context, target, behind, suffix | flags, cost)
                if code < 0:
                    return code
                if not is_late or may_end_in(inside, sets, suffix, wanted):
                    at = SCRATCH_ITEMS + RUN_SIZE * depth
                    scratch[at] = suffix
                    scratch[at + 1] = first[suffix]
                    scratch[at + 2] = target
                    scratch[at + 3] = behind
                    depth += 1
                continue
        store[IS_URGENT] = arena[target] & ACCEPTING
        code = reach(store, savings, context, target, behind, suffix | flags, cost)
        if code < 0:
            return code
    store[WORK] += n_visited
    return 0


@kernel
def read_run(
    store: Ints,
    savings: Ints,
    ends: Ints,
    inside: Ints,
    first: Ints,
    edges: Ints,
    root: Ints,
    arena: Ints,
    scratch: Ints,
    edge: Int,
    loop: Int,
) -> int:
    """Read a token of a run from between two tokens: 0, or a code."""
    if store[loop + LOOP_LONGEST] == UNKNOWN:
        code = measure_run(arena, scratch, store, first, edges, ends, root, loop)
        if code < 0:
            return code
    context = store[edge + EDGE_CONTEXT]
    state = store[edge + EDGE_STATE]
    chain = int(store[edge + EDGE_CHAIN])
    flags = store[edge + EDGE_CLASS] & ~CLASS_MASK
    cost = int(store[edge + EDGE_COST]) + 1
    longest = int(store[loop + LOOP_LONGEST])
    n_left = int(arena[chain + COUNTER_MINIMUM] - arena[chain + COUNTER_COUNT])
    is_long = n_left > 2 * longest
    store[IS_URGENT] = 0
    for n in range(longest, 0, -1):
        if store[store[loop + LOOP_LENGTHS] + (n >> 5)] & BIT[n & 31] != 0:
            following = counted_on(store, arena, chain, n)
            if following < 0:
                return following
            if following != DEAD:
                code = reach(store, savings, context, state, following, flags, cost)
                if code < 0:
                    return code
            if is_long:
                return 0
    if n_left > longest:
        return 0
    for byte in range(256):
        if root[byte] >= 0:
            code = leave_run(
                store,
                savings,
                ends,
                inside,
                first,
                edges,
                arena,
                scratch,
                context,
                state,
                chain,
                flags,
                cost,
                loop,
                byte,
                root[byte],
            )
            if code < 0:
                return code
    return 0


@kernel
def leave_run(
    store: Ints,
    savings: Ints,
    ends: Ints,
    inside: Ints,
    first: Ints,
    edges: Ints,
    arena: Ints,
    scratch: Ints,
    context: Int,
    state: Int,
    chain: Int,
    flags: Int,
    cost: Int,
    loop: Int,
    byte: Int,
    suffix: Int,
) -> int:
    """Follow the tokens with a first byte that close a string behind some of its characters: 0, or a code.

    Depth first; the stack has [class, its next edge, counter] for each character.
    """
    depth = 0
    here = chain
    while True:
        is_inside = byte < ASCII_END and store[loop + LOOP_BYTES + (byte >> 5)] & BIT[byte & 31] != 0
        if is_inside:
            if suffix != BOUNDARY and closes_in(store, inside, loop, suffix):
                after = counted_on(store, arena, here, 1)
                if after < 0:
                    return after
                if after != DEAD:
                    at = SCRATCH_ITEMS + RUN_SIZE * depth
                    scratch[at] = suffix
                    scratch[at + 1] = first[suffix]
                    scratch[at + 2] = after
                    depth += 1
        else:
            closes = (
                store[loop + LOOP_CLOSING + (min(byte, ASCII_END) >> 5)] & (BIT[byte & 31] if byte < ASCII_END else 1)
                != 0
            )
            if closes or (suffix != BOUNDARY and closes_in(store, inside, loop, suffix)):
                code = read_byte_into(
                    store, savings, ends, inside, arena, context, state, here, flags, byte, suffix, cost
                )
                if code < 0:
                    return code
        while depth > 0 and scratch[at_top(depth) + 1] == first[scratch[at_top(depth)] + 1]:
            depth -= 1
        if depth == 0:
            return 0
        top = at_top(depth)
        e = scratch[top + 1]
        scratch[top + 1] = e + 1
        here = int(scratch[top + 2])
        byte = edges[2 * e]
        suffix = edges[2 * e + 1]


@kernel
def read_bytes(
    store: Ints,
    savings: Ints,
    ends: Ints,
    inside: Ints,
    following: Ints,
    first: Ints,
    edges: Ints,
    root: Ints,
    sets: Ints,
    arena: Ints,
    scratch: Ints,
    edge: Int,
    is_late: Int,
) -> int:
    """Read the bytes that the token may have next, or that a token may begin with: 0, or a code.

    Where it is late only what leads to an end within this token is read.
    """
    context = store[edge + EDGE_CONTEXT]
    state = store[edge + EDGE_STATE]
    chain = store[edge + EDGE_CHAIN]
    flags = store[edge + EDGE_CLASS] & ~CLASS_MASK
    suffix = int(store[edge + EDGE_CLASS]) & CLASS_MASK
    cost = int(store[edge + EDGE_COST])
    if suffix == BOUNDARY:
        if arena[chain + FRAME_SIZE] == IS_COUNTER:
            loop = loop_at(store, arena, state)
            if loop < 0:
                return loop
            if store[loop + LOOP_IS_RUN] != 0 and RUN_SIZE * store[LONGEST] < RUN_ROOM:
                return read_run(store, savings, ends, inside, first, edges, root, arena, scratch, edge, loop)
        return read_tokens(store, savings, ends, inside, following, first, edges, root, sets, arena, scratch, edge)
    number = store[context + CONTEXT_WANTED]
    only_inside = is_late != 0 and store[MAY_ASK] == 0
    for i in range(first[suffix], first[suffix + 1]):
        byte = edges[2 * i]
        below = edges[2 * i + 1]
        if only_inside and (below == BOUNDARY or not is_wanted(inside, sets, below, number)):
            continue
        code = read_byte_into(store, savings, ends, inside, arena, context, state, chain, flags, byte, below, cost)
        if code < 0:
            return code
    return 0
