"""Strings and counters in the search for the fewest tokens: what need not be looked at one by one, as kernels.

In a string most tokens stay: what is below a class of suffixes is not looked at where all its bytes lead back to the
same state, or are parts of longer characters, and the counter needs no more. So of 60,000 classes some hundred are
left.

Where characters are still to be counted before a string may end, tokens differ by how many they are, and by where they
end the string. So from between two tokens such a *run* is read at once: one edge for each number of characters, all of
one token, that leads back to the same state (found once for each state), and those that leave the string within the
token. Runs that must go on for long take the longest token. Tokens that end amid a character are left out.

Counters that have reached their minimum only matter where the maximum is near. Where what is counted can be ended with
the next token they are rounded: down to the minimum where two tokens fit, else up to the maximum. Elsewhere, in
patterns with a greatest length, and with few counts between, they are left as they are. (Costs are too low then where
more than two tokens of a shortest way count much: with tokens that hold dozens of items each, made for that.)
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._configurations import find_edge
from maskwright.automata._frames import BIT, Int, Ints, intern_counter
from maskwright.automata._layout import (
    ACCEPTING,
    ASKS,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    DEAD,
    FRAME_SIZE,
    HAS_OTHER_EDGES,
    HAS_TOKEN_EDGES,
    IS_COUNTER,
    MAX_ITEMS,
    SCRATCH_ITEMS,
    STATE_SIZE,
    UNKNOWN,
)
from maskwright.grammar.byte_automaton import BEGINS_UNIT, NO_UNIT
from maskwright.matching.completion._store import (
    FREE,
    FULL,
    HAS_CHOSEN,
    LONGEST,
    N_STATE_BUCKETS,
    NARROW_PADDING,
    STATE_BUCKETS,
)
from maskwright.matching.completion._suffixes import ASCII_END, WORDS_INSIDE

LOOP_STATE, LOOP_BYTES, LOOP_COUNT, LOOP_CLOSING = 1, 2, 6, 7
LOOP_COUNTS, LOOP_IS_RUN, LOOP_RUN, LOOP_LONGEST, LOOP_LENGTHS = 12, 13, 14, 15, 16
N_LENGTHS = 1024
"""Characters of the longest token of a run at most."""
LOOP_SIZE = LOOP_LENGTHS + 1
WIDE, NARROW = 64, 10
"""Printable characters of ASCII that lead a state back to itself: so many a state of a string has, or of a number."""
FEW_COUNTS = 16
MOST_AMID = 64
"""Places within one character, beyond ASCII or escaped."""
RUN_SIZE = 4
RUN_ROOM = 2 * MAX_ITEMS
"""Words of the stack of a run, for each byte of a token; and of the scratch array for it."""


@kernel
def loop_at(store: Ints, arena: Ints, state: Int) -> int:
    """What is known of the bytes that lead a state back to itself, found if it is new; or FULL."""
    bucket = STATE_BUCKETS + ((int(state) ^ (int(state) >> 10)) & (N_STATE_BUCKETS - 1))
    loop = int(store[bucket])
    while loop != 0:
        if store[loop + LOOP_STATE] == state:
            return loop
        loop = int(store[loop])
    loop = int(store[FREE])
    if loop + LOOP_SIZE > store.size:
        return FULL
    store[FREE] = loop + LOOP_SIZE
    store[loop] = store[bucket]
    store[loop + LOOP_STATE] = state
    for i in range(4):
        store[loop + LOOP_BYTES + i] = 0
    for i in range(5):
        store[loop + LOOP_CLOSING + i] = 0
    n = 0
    counts = True
    checked = state
    is_run = arena[state] & (ACCEPTING | ASKS | HAS_OTHER_EDGES | HAS_TOKEN_EDGES) == 0
    for byte in range(256):
        found = find_edge(arena, state, byte)
        if found == 0 or arena[found + 1] == DEAD:
            continue
        begins = arena[found] >> 16 & 3 == BEGINS_UNIT
        if arena[found + 1] == state:
            counts = counts and begins
            if byte < ASCII_END:
                store[loop + LOOP_BYTES + (byte >> 5)] |= BIT[byte & 31]
            if 32 <= byte < 127:
                n += 1
        elif begins:
            is_run = is_run and is_amid_character(arena, arena[found + 1])
        elif byte < ASCII_END:
            store[loop + LOOP_CLOSING + (byte >> 5)] |= BIT[byte & 31]
        if byte >= ASCII_END and n >= NARROW and arena[found + 1] != checked:
            checked = arena[found + 1]
            if not is_replaceable(store, arena, state, checked):
                store[loop + LOOP_CLOSING + 4] = 1
                is_run = False
    store[loop + LOOP_COUNT] = n
    store[loop + LOOP_COUNTS] = 1 if counts and n >= NARROW else 0
    store[loop + LOOP_IS_RUN] = 1 if is_run and counts and n >= WIDE else 0
    store[loop + LOOP_RUN] = 0
    store[loop + LOOP_LONGEST] = UNKNOWN
    store[loop + LOOP_LENGTHS] = 0
    store[bucket] = loop
    return loop


@kernel
def is_amid_character(arena: Ints, state: Int) -> bool:
    """Is nothing read in a state but the rest of a character?"""
    if arena[state] & (ACCEPTING | ASKS | HAS_OTHER_EDGES | HAS_TOKEN_EDGES) != 0:
        return False
    while state != 0:
        for e in range(arena[state + 3]):
            if arena[state + STATE_SIZE + 2 * e] >> 16 & 3 != NO_UNIT:
                return False
        state = arena[state + 1]
    return True


@kernel
def is_replaceable(store: Ints, arena: Ints, state: Int, target: Int) -> bool:
    """Does a longer character that begins in a state lead to nothing but what characters of ASCII lead to?

    The places within it are listed in the free part of the store; with more than MOST_AMID of them it counts as no.
    """
    places = int(store[FREE])
    if places + MOST_AMID > store.size or not is_amid_character(arena, target):
        return False
    store[places] = target
    n = 1
    i = 0
    while i < n:
        block = int(store[places + i])
        i += 1
        while block != 0:
            for e in range(arena[block + 3]):
                behind = int(arena[block + STATE_SIZE + 2 * e + 1])
                if behind == DEAD or leads_to(arena, state, behind):
                    continue
                if not is_amid_character(arena, behind):
                    return False
                k = 0
                while k < n and store[places + k] != behind:
                    k += 1
                if k == n:
                    if n == MOST_AMID:
                        return False
                    store[places + n] = behind
                    n += 1
            block = int(arena[block + 1])
    return True


@kernel
def leads_to(arena: Ints, state: Int, target: Int) -> bool:
    """Are two states the same, or does a character of ASCII lead from one to the other?"""
    if state == target:
        return True
    for byte in range(ASCII_END):
        found = find_edge(arena, state, byte)
        if found != 0 and arena[found + 1] == target:
            return True
    return False


@kernel
def is_roomy(store: Ints, arena: Ints, chain: Int) -> bool:
    """Has a counter been rounded down, or no maximum?"""
    minimum = arena[chain + COUNTER_MINIMUM]
    maximum = arena[chain + COUNTER_MAXIMUM]
    if arena[chain + COUNTER_COUNT] != minimum:
        return False
    return maximum < 0 or maximum - minimum > max(FEW_COUNTS, 2 * store[LONGEST] + NARROW_PADDING)


@kernel
def rounded(store: Ints, arena: Ints, chain: Int, may_end: Int) -> int:
    """The counter that stands for one: see the module; or what is no frame as it is, or NEED_MEMORY.

    may_end: may what is counted end with the next token once the minimum is reached?
    """
    if chain <= 0 or arena[chain + FRAME_SIZE] != IS_COUNTER:
        return int(chain)
    minimum = arena[chain + COUNTER_MINIMUM]
    maximum = arena[chain + COUNTER_MAXIMUM]
    count = arena[chain + COUNTER_COUNT]
    if maximum < 0 or count < minimum or maximum - minimum <= FEW_COUNTS:
        return int(chain)
    if may_end == 0:
        return int(chain)
    store[HAS_CHOSEN] = 1
    fits = count + 2 * store[LONGEST] + NARROW_PADDING < maximum
    return intern_counter(arena, minimum, maximum, minimum if fits else maximum, arena[chain + COUNTER_PARENT])


@kernel
def rounded_at(store: Ints, arena: Ints, state: Int, chain: Int) -> int:
    """The counter that stands for that of a place, which may end where a run is read; or a code."""
    loop = loop_at(store, arena, state)
    return loop if loop < 0 else rounded(store, arena, chain, store[loop + LOOP_IS_RUN])


@kernel
def counted_on(store: Ints, arena: Ints, chain: Int, n: Int) -> int:
    """The counter after n more units, rounded; DEAD beyond its maximum; or NEED_MEMORY."""
    minimum = arena[chain + COUNTER_MINIMUM]
    maximum = arena[chain + COUNTER_MAXIMUM]
    count = int(arena[chain + COUNTER_COUNT]) + n
    if maximum < 0:
        count = min(count, int(minimum))
    elif count > maximum:
        return DEAD
    return rounded(store, arena, intern_counter(arena, minimum, maximum, count, arena[chain + COUNTER_PARENT]), 1)


@kernel
def under_counters(arena: Ints, chain: Int) -> int:
    """What lies below the counters that have reached their minimum."""
    while arena[chain + FRAME_SIZE] == IS_COUNTER and arena[chain + COUNTER_COUNT] >= arena[chain + COUNTER_MINIMUM]:
        chain = arena[chain + COUNTER_PARENT]
    return int(chain)


@kernel
def stays(store: Ints, arena: Ints, inside: Ints, state: Int, chain: Int, suffix: Int) -> int:
    """1 if whatever is below a class of suffixes stays in a string that could as well be ended, 0 if not; or FULL."""
    if arena[chain + FRAME_SIZE] == IS_COUNTER and arena[chain + COUNTER_COUNT] < arena[chain + COUNTER_MINIMUM]:
        return 0
    loop = loop_at(store, arena, state)
    if loop < 0:
        return loop
    if store[loop + LOOP_COUNT] < WIDE or store[loop + LOOP_CLOSING + 4] != 0:
        return 0
    for i in range(4):
        if inside[WORDS_INSIDE * suffix + i] & ~store[loop + LOOP_BYTES + i] != 0:
            return 0
    return 1


@kernel
def closes_in(store: Ints, inside: Ints, loop: Int, suffix: Int) -> bool:
    """Does a byte that closes a string stand below a class?"""
    for i in range(WORDS_INSIDE):  # noqa: SIM110 - numba compiles no generators
        if inside[WORDS_INSIDE * suffix + i] & store[loop + LOOP_CLOSING + i] != 0:
            return True
    return False


@kernel
def run_of(store: Ints, arena: Ints, state: Int, target: Int, unit: Int) -> int:
    """What is known of a state where many characters count, if an edge leads into a longer one or goes on; 0; FULL."""
    loop = loop_at(store, arena, state)
    if loop < 0:
        return loop
    run = int(store[loop + LOOP_RUN])
    if unit & 3 == BEGINS_UNIT and store[loop + LOOP_COUNTS] != 0 and is_replaceable(store, arena, state, target):
        run = loop
    if run == 0 or target == store[run + LOOP_STATE]:
        return 0
    behind = loop_at(store, arena, target)
    if behind < 0:
        return behind
    store[behind + LOOP_RUN] = run
    return run


@kernel
def measure_run(
    arena: Ints, scratch: Ints, store: Ints, first: Ints, edges: Ints, ends: Ints, root: Ints, loop: Int
) -> int:
    """Find how many characters the tokens have that lead a state back to itself: 0, or FULL.

    Depth first through the classes; the stack has [class, its next edge, state, characters] for each byte.
    """
    lengths = int(store[FREE])
    if lengths + N_LENGTHS // 32 > store.size:
        return FULL
    for i in range(N_LENGTHS // 32):
        store[lengths + i] = 0
    store[FREE] = lengths + N_LENGTHS // 32
    store[loop + LOOP_LENGTHS] = lengths
    longest = 0
    own = store[loop + LOOP_STATE]
    for byte in range(256):
        depth = 0
        if root[byte] < 0:
            continue
        depth, longest = enter_class(arena, scratch, store, first, ends, loop, depth, own, 0, byte, root[byte], longest)
        while depth > 0:
            at = SCRATCH_ITEMS + RUN_SIZE * (depth - 1)
            suffix, e = scratch[at], scratch[at + 1]
            if e == first[suffix + 1]:
                depth -= 1
                continue
            scratch[at + 1] = e + 1
            depth, longest = enter_class(
                arena,
                scratch,
                store,
                first,
                ends,
                loop,
                depth,
                scratch[at + 2],
                scratch[at + 3],
                edges[2 * e],
                edges[2 * e + 1],
                longest,
            )
    store[loop + LOOP_LONGEST] = longest
    return 0


@kernel
def enter_class(
    arena: Ints,
    scratch: Ints,
    store: Ints,
    first: Ints,
    ends: Ints,
    loop: Int,
    depth: Int,
    state: Int,
    n: Int,
    byte: Int,
    suffix: Int,
    longest: Int,
) -> tuple[int, int]:
    """Read a byte of a token of a run behind n characters: (the depth of the stack, the most characters so far)."""
    found = find_edge(arena, state, byte)
    if found == 0 or arena[found + 1] == DEAD:
        return int(depth), int(longest)
    unit = arena[found] >> 16 & 3
    if unit != BEGINS_UNIT and state == store[loop + LOOP_STATE]:
        return int(depth), int(longest)
    n = int(n) + (1 if unit == BEGINS_UNIT else 0)
    target = int(arena[found + 1])
    if ends[suffix] != 0 and target == store[loop + LOOP_STATE] and n < N_LENGTHS:
        store[store[loop + LOOP_LENGTHS] + (n >> 5)] |= BIT[n & 31]
        longest = max(longest, n)
    if first[suffix] == first[suffix + 1]:
        return int(depth), int(longest)
    at = SCRATCH_ITEMS + RUN_SIZE * depth
    scratch[at] = suffix
    scratch[at + 1] = first[suffix]
    scratch[at + 2] = target
    scratch[at + 3] = n
    return int(depth) + 1, int(longest)


@kernel
def at_top(depth: Int) -> int:
    """Where the last entry of a stack lies in the scratch array."""
    return SCRATCH_ITEMS + RUN_SIZE * (int(depth) - 1)
