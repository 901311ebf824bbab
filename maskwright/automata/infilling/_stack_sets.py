"""Sets of stacks as hash-consed acyclic automata: union, intersection, and what letters do to them, as kernels.

The vocabulary. A *letter* is a set of byte strings, say the bytes of all tokens. Read from a stack x·w, a string either
turns the symbol x into a word v, giving v·w, or it takes x off and what is left of it is read from w: so

    post(R, a)    the stacks that the strings of a lead to from those of R
    pre(R, a, T)  the stacks of R from which some string of a leads into T
    alive         which classes of strings lead from R into T at all

`pre` and `alive` are exact: the part of a stack that a string does not touch is the same before and after, and it is
looked for in both sets at once (intersection below the words).  Source: post* and pre* of pushdown systems (Bouajjani,
Esparza and Maler 1997) on sets that are finite, hence acyclic automata; classes of strings in place of single ones.

Cost. An operation looks at each (symbol, node) that the letter reaches once; unions and intersections are memoised, and
since sets are hash-consed, what two sets share is not looked at again. Canonical sets may grow exponentially where
stacks differ in the middle; not so if IS_MERGING is 0: then edges with one symbol stay apart, nodes are no longer the
only ones of their set, and everything else is the same.

numba cannot load a kernel that calls itself from its cache, so what is recursive by nature keeps its own stack: frames
for unions and overlaps, a list of what is to be found first for `pre` and its like.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import Int, Ints
from maskwright.automata.infilling._layout import (
    BOTTOM,
    BUCKETS,
    BUILT,
    CLASS_EXIT,
    CLASS_N_WORDS,
    CLASS_NUMBER,
    CLASS_WORDS,
    CUT,
    EFFECT_ENTRY,
    EFFECT_MAP,
    EFFECT_MASK,
    EMPTY,
    ENDING,
    FRAME_BEFORE,
    FRAME_EDGES,
    FRAME_I,
    FRAME_J,
    FRAME_K,
    FRAME_N,
    FRAME_ONE,
    FRAME_OTHER,
    FREE,
    FULL,
    INTERSECTION,
    IS_MERGING,
    LIMIT,
    MAX_BUILT,
    MAX_NEEDED,
    MAX_PENDING,
    MEETING,
    MEMO,
    MEMO_SIZE,
    MEMO_SLOTS,
    N_BUCKETS,
    N_BUILT,
    N_NEEDED,
    N_NODES,
    N_OPERATIONS,
    N_SEEN,
    NEED_EFFECT,
    NEEDED,
    NO_LETTER,
    NO_RECORD,
    NODE_BOTTOM,
    NODE_EDGES,
    NODE_HIGHEST,
    NODE_LOWEST,
    NODE_SIZE,
    PENDING,
    RECORD_ENDS,
    RECORD_EXIT,
    RECORD_EXITS,
    RECORD_N_WORDS,
    RECORD_SORT,
    RECORD_WORDS,
    SCRATCH,
    SCRATCH_SIZE,
    SEEN,
    SEEN_SIZE,
    SEEN_SLOTS,
    STAMP,
    TOP,
    UNION,
)

_MOST_SEEN = SEEN_SLOTS // 2
_ALL_ALIVE = -(1 << 29)
"""In the place of a letter: all classes of a record have been written. Numbers of exits are subtracted from it."""


@kernel
def mixed(one: Int, other: Int) -> int:
    """A hash of two words."""
    value = (int(one) * 0x9E3779B1 + int(other) * 0x85EBCA6B) & 0x7FFFFFFFFFFF
    value ^= value >> 21
    value = (value * 0x2545F491) & 0x7FFFFFFFFFFF
    return value ^ (value >> 17)


@kernel
def intern_node(sets: Ints, begin: Int, n: Int, has_bottom: Int) -> int:
    """The node of the n sorted edges at `begin`, made if new; EMPTY if it has nothing; or FULL."""
    if n == 0 and has_bottom == 0:
        return EMPTY
    hashed = int(has_bottom)
    for i in range(n):
        hashed = mixed(int(sets[begin + 2 * i]) * 31 + hashed, sets[begin + 2 * i + 1])
    bucket = BUCKETS + (hashed & (N_BUCKETS - 1))
    node = int(sets[bucket])
    while node != 0:
        if sets[node + NODE_SIZE] == n and sets[node + NODE_BOTTOM] == has_bottom:
            same = True
            for i in range(2 * n):
                if sets[node + NODE_EDGES + i] != sets[begin + i]:
                    same = False
                    break
            if same:
                return node
        node = int(sets[node])
    node = int(sets[FREE])
    if node + NODE_EDGES + 2 * n > sets[LIMIT]:
        return FULL
    sets[node] = sets[bucket]
    sets[node + NODE_SIZE] = n
    sets[node + NODE_BOTTOM] = has_bottom
    for i in range(2 * n):
        sets[node + NODE_EDGES + i] = sets[begin + i]
    lowest = 0 if has_bottom else 2147483647
    highest = 0
    for i in range(n):
        under = int(sets[begin + 2 * i + 1])
        lowest = min(lowest, int(sets[under + NODE_LOWEST]) + 1)
        highest = max(highest, int(sets[under + NODE_HIGHEST]) + 1)
    sets[node + NODE_LOWEST] = lowest
    sets[node + NODE_HIGHEST] = highest
    sets[FREE] = node + NODE_EDGES + 2 * n
    sets[N_NODES] += 1
    sets[bucket] = node
    return node


@kernel
def push(sets: Ints, symbol: Int, node: Int) -> int:
    """The stacks of a set with one more symbol on top, or FULL."""
    if node == EMPTY:
        return EMPTY
    at = int(sets[TOP])
    if at + 2 > SCRATCH + SCRATCH_SIZE:
        return FULL
    sets[at] = symbol
    sets[at + 1] = node
    return intern_node(sets, at, 1, 0)


@kernel
def known_result(sets: Ints, operation: Int, one: Int, other: Int) -> int:
    """What is remembered of an operation, or -1."""
    at = MEMO + MEMO_SIZE * (mixed(int(one) * 4 + int(operation), other) & (MEMO_SLOTS - 1))
    if sets[at] == operation and sets[at + 1] == one and sets[at + 2] == other:
        return int(sets[at + 3])
    return -1


@kernel
def remember(sets: Ints, operation: Int, one: Int, other: Int, result: Int) -> None:
    """Keep the result of an operation."""
    at = MEMO + MEMO_SIZE * (mixed(int(one) * 4 + int(operation), other) & (MEMO_SLOTS - 1))
    sets[at] = operation
    sets[at + 1] = one
    sets[at + 2] = other
    sets[at + 3] = result


@kernel
def combined_edges(sets: Ints, operation: Int, one: Int, other: Int) -> int:
    """An operation on two nodes where that is plain or known, else -1."""
    if one == other:
        return (1 if one != EMPTY else 0) if operation == MEETING else int(one)
    if min(one, other) == EMPTY:
        return int(one + other) if operation == UNION else 0
    if operation == MEETING and sets[one + NODE_BOTTOM] and sets[other + NODE_BOTTOM]:
        return 1
    return known_result(sets, operation, min(one, other), max(one, other))


@kernel
def begin_frame(sets: Ints, operation: Int, before: Int, one: Int, other: Int) -> int:
    """A frame for an operation on two nodes, on top of the scratch memory, or FULL."""
    a = int(min(one, other))
    b = int(max(one, other))
    n_a = int(sets[a + NODE_SIZE])
    n_b = int(sets[b + NODE_SIZE])
    if operation == UNION:
        most = n_a + n_b
    elif operation == MEETING:
        most = 0
    else:
        most = min(n_a, n_b) if sets[IS_MERGING] else n_a * n_b
    frame = int(sets[TOP])
    if frame + FRAME_EDGES + 2 * most + 8 > SCRATCH + SCRATCH_SIZE:
        return FULL
    sets[TOP] = frame + FRAME_EDGES + 2 * most
    sets[frame + FRAME_BEFORE] = before
    sets[frame + FRAME_ONE] = a
    sets[frame + FRAME_OTHER] = b
    sets[frame + FRAME_I] = 0
    sets[frame + FRAME_J] = 0
    sets[frame + FRAME_K] = 0
    sets[frame + FRAME_N] = 0
    sets[N_OPERATIONS] += 1
    return frame


@kernel
def finish_frame(sets: Ints, operation: Int, frame: Int, is_found: Int) -> int:
    """The result of a frame, whose edges are all there; it is remembered and the frame is gone.  Or FULL."""
    a = int(sets[frame + FRAME_ONE])
    b = int(sets[frame + FRAME_OTHER])
    if operation == MEETING:
        result = int(is_found)
    else:
        one = sets[a + NODE_BOTTOM]
        other = sets[b + NODE_BOTTOM]
        bottom = (one | other) if operation == UNION else (one & other)
        result = intern_node(sets, frame + FRAME_EDGES, sets[frame + FRAME_N], bottom)
    sets[TOP] = frame
    if result >= 0:
        remember(sets, operation, a, b, result)
    return result


@kernel
def union(sets: Ints, one: Int, other: Int) -> int:
    """The stacks of either set, or FULL.  (numba cannot load a recursive kernel from its cache: hence the frames.)"""
    result = combined_edges(sets, UNION, one, other)
    if result >= 0:
        return result
    first = int(sets[TOP])
    frame = begin_frame(sets, UNION, 0, one, other)
    while frame > 0:
        a = int(sets[frame + FRAME_ONE])
        b = int(sets[frame + FRAME_OTHER])
        n_a = int(sets[a + NODE_SIZE])
        n_b = int(sets[b + NODE_SIZE])
        i = int(sets[frame + FRAME_I])
        j = int(sets[frame + FRAME_J])
        out = frame + FRAME_EDGES + 2 * int(sets[frame + FRAME_N])
        waits = False
        while i < n_a or j < n_b:
            at_a = a + NODE_EDGES + 2 * i
            at_b = b + NODE_EDGES + 2 * j
            if j == n_b:
                comes = -1
            elif i == n_a:
                comes = 1
            elif sets[at_a] != sets[at_b]:
                comes = -1 if sets[at_a] < sets[at_b] else 1
            elif sets[IS_MERGING] or sets[at_a + 1] == sets[at_b + 1]:
                comes = 0
            else:
                comes = -1 if sets[at_a + 1] < sets[at_b + 1] else 1
            if comes < 0:
                sets[out] = sets[at_a]
                sets[out + 1] = sets[at_a + 1]
            elif comes > 0:
                sets[out] = sets[at_b]
                sets[out + 1] = sets[at_b + 1]
            else:
                # what was found below has just been remembered by its frame, if it had one
                rest = result if result >= 0 else combined_edges(sets, UNION, sets[at_a + 1], sets[at_b + 1])
                result = -1
                if rest < 0:
                    waits = True
                    break
                sets[out] = sets[at_a]
                sets[out + 1] = rest
            out += 2
            if comes <= 0:
                i += 1
            if comes >= 0:
                j += 1
        sets[frame + FRAME_I] = i
        sets[frame + FRAME_J] = j
        sets[frame + FRAME_N] = (out - frame - FRAME_EDGES) // 2
        if waits:
            below_a = sets[a + NODE_EDGES + 2 * i + 1]
            frame = begin_frame(sets, UNION, frame, below_a, sets[b + NODE_EDGES + 2 * j + 1])
        else:
            before = int(sets[frame + FRAME_BEFORE])
            result = finish_frame(sets, UNION, frame, 0)
            frame = before if result >= 0 else FULL
    sets[TOP] = first
    return result if frame == 0 else FULL


@kernel
def overlap(sets: Ints, operation: Int, one: Int, other: Int) -> int:
    """INTERSECTION: the stacks of both sets, or FULL.  MEETING: are there any, 1 or 0?"""
    result = combined_edges(sets, operation, one, other)
    if result >= 0:
        return result
    first = int(sets[TOP])
    frame = begin_frame(sets, operation, 0, one, other)
    while frame > 0:
        a = int(sets[frame + FRAME_ONE])
        b = int(sets[frame + FRAME_OTHER])
        n_a = int(sets[a + NODE_SIZE])
        n_b = int(sets[b + NODE_SIZE])
        i = int(sets[frame + FRAME_I])
        j = int(sets[frame + FRAME_J])  # where the symbol of i begins, or would
        k = int(sets[frame + FRAME_K])  # behind j, the edge that is looked at
        waits = False
        is_found = 0
        while i < n_a and j < n_b and not is_found:
            symbol = sets[a + NODE_EDGES + 2 * i]
            if j + k == n_b or sets[b + NODE_EDGES + 2 * (j + k)] > symbol:
                i += 1
                k = 0
                continue
            if sets[b + NODE_EDGES + 2 * (j + k)] < symbol:
                j += 1
                continue
            below_a = sets[a + NODE_EDGES + 2 * i + 1]
            below_b = sets[b + NODE_EDGES + 2 * (j + k) + 1]
            rest = result if result >= 0 else combined_edges(sets, operation, below_a, below_b)
            result = -1
            if rest < 0:
                waits = True
                break
            if rest != 0:
                if operation == MEETING:
                    is_found = 1
                else:
                    n = int(sets[frame + FRAME_N])
                    sets[frame + FRAME_N] = add_sorted(sets, frame + FRAME_EDGES, n, symbol, rest)
            k += 1
        sets[frame + FRAME_I] = i
        sets[frame + FRAME_J] = j
        sets[frame + FRAME_K] = k
        if waits:
            below_a = sets[a + NODE_EDGES + 2 * i + 1]
            frame = begin_frame(sets, operation, frame, below_a, sets[b + NODE_EDGES + 2 * (j + k) + 1])
        else:
            before = int(sets[frame + FRAME_BEFORE])
            result = finish_frame(sets, operation, frame, is_found)
            frame = before if result >= 0 else FULL
    sets[TOP] = first
    return result if frame == 0 else FULL


@kernel
def add_sorted(sets: Ints, begin: Int, n: Int, symbol: Int, below: Int) -> int:
    """Put an edge among the n sorted ones at `begin`, unless it is there: how many they are now."""
    place = int(n)
    while place > 0:
        at = begin + 2 * (place - 1)
        if sets[at] == symbol and sets[at + 1] == below:
            return int(n)
        if sets[at] < symbol or (sets[at] == symbol and sets[at + 1] < below):
            break
        place -= 1
    for i in range(n, place, -1):
        sets[begin + 2 * i] = sets[begin + 2 * i - 2]
        sets[begin + 2 * i + 1] = sets[begin + 2 * i - 1]
    sets[begin + 2 * place] = symbol
    sets[begin + 2 * place + 1] = below
    return int(n) + 1


@kernel
def intersection(sets: Ints, one: Int, other: Int) -> int:
    """The stacks of both sets, or FULL."""
    return overlap(sets, INTERSECTION, one, other)


@kernel
def meets(sets: Ints, one: Int, other: Int) -> int:
    """Is there a stack in both sets, 1 or 0?  Or FULL."""
    return overlap(sets, MEETING, one, other)


@kernel
def cut(sets: Ints, node: Int, most: Int) -> int:
    """The stacks of a set that have at most so many symbols; or FULL."""
    if node == EMPTY or sets[node + NODE_HIGHEST] <= most:
        return int(node)
    if sets[node + NODE_LOWEST] > most:
        return EMPTY
    result = known_result(sets, CUT, node, most)
    if result >= 0:
        return result
    first = int(sets[TOP])
    frame = begin_frame(sets, UNION, 0, node, node)
    if frame >= 0:
        sets[frame + FRAME_K] = most
    while frame > 0:
        here = int(sets[frame + FRAME_ONE])
        below_most = int(sets[frame + FRAME_K]) - 1
        i = int(sets[frame + FRAME_I])
        n = int(sets[frame + FRAME_N])
        waits = EMPTY
        while i < sets[here + NODE_SIZE]:
            under = int(sets[here + NODE_EDGES + 2 * i + 1])
            rest = result
            result = -1
            if rest < 0 and sets[under + NODE_HIGHEST] <= below_most:
                rest = under
            elif rest < 0 and sets[under + NODE_LOWEST] > below_most:
                rest = EMPTY
            elif rest < 0:
                rest = known_result(sets, CUT, under, below_most)
            if rest < 0:
                waits = under
                break
            if rest != EMPTY:
                sets[frame + FRAME_EDGES + 2 * n] = sets[here + NODE_EDGES + 2 * i]
                sets[frame + FRAME_EDGES + 2 * n + 1] = rest
                n += 1
            i += 1
        sets[frame + FRAME_I] = i
        sets[frame + FRAME_N] = n
        if waits != EMPTY:
            frame = begin_frame(sets, UNION, frame, waits, waits)
            if frame >= 0:
                sets[frame + FRAME_K] = below_most
        else:
            before = int(sets[frame + FRAME_BEFORE])
            result = intern_node(sets, frame + FRAME_EDGES, n, sets[here + NODE_BOTTOM])
            sets[TOP] = frame
            if result >= 0:
                remember(sets, CUT, here, below_most + 1, result)
            frame = before if result >= 0 else FULL
    sets[TOP] = first
    return result if frame == 0 else FULL


@kernel
def below(sets: Ints, node: Int, symbol: Int) -> int:
    """What lies below a symbol on top, in the stacks of a set that have it there; or FULL."""
    found = EMPTY
    if node == EMPTY:
        return found
    low = 0
    high = int(sets[node + NODE_SIZE])
    while low < high:
        middle = (low + high) // 2
        if sets[node + NODE_EDGES + 2 * middle] < symbol:
            low = middle + 1
        else:
            high = middle
    while low < sets[node + NODE_SIZE] and sets[node + NODE_EDGES + 2 * low] == symbol:
        found = union(sets, found, sets[node + NODE_EDGES + 2 * low + 1])
        if found < 0:
            return found
        low += 1
    return found


@kernel
def without(sets: Ints, node: Int, symbol: Int) -> int:
    """The stacks of a set that do not have the symbol on top; or FULL."""
    if node == EMPTY:
        return EMPTY
    begin = int(sets[TOP])
    n_edges = int(sets[node + NODE_SIZE])
    if begin + 2 * n_edges > SCRATCH + SCRATCH_SIZE:
        return FULL
    n = 0
    for i in range(n_edges):
        if sets[node + NODE_EDGES + 2 * i] != symbol:
            sets[begin + 2 * n] = sets[node + NODE_EDGES + 2 * i]
            sets[begin + 2 * n + 1] = sets[node + NODE_EDGES + 2 * i + 1]
            n += 1
    return intern_node(sets, begin, n, sets[node + NODE_BOTTOM])


@kernel
def effect_of(effects: Ints, letter: Int, symbol: Int) -> int:
    """The record of a letter and a symbol; where it is missing, NO_RECORD, and it is listed as needed."""
    mask = int(effects[EFFECT_MASK])
    slot = mixed(letter, symbol) & mask
    while True:
        at = EFFECT_MAP + EFFECT_ENTRY * slot
        record = int(effects[at + 2])
        if record == 0:
            n = int(effects[N_NEEDED])
            if n < MAX_NEEDED:
                effects[NEEDED + 2 * n] = letter
                effects[NEEDED + 2 * n + 1] = symbol
                effects[N_NEEDED] = n + 1
                effects[at] = letter
                effects[at + 1] = symbol
                effects[at + 2] = NO_RECORD
            return NO_RECORD
        if effects[at] == letter and effects[at + 1] == symbol:
            return record
        slot = (slot + 1) & mask


@kernel
def enter_record(effects: Ints, letter: Int, symbol: Int, record: Int) -> None:
    """Note where the record of a letter and a symbol lies; there must be room in the map."""
    mask = int(effects[EFFECT_MASK])
    slot = mixed(letter, symbol) & mask
    at = EFFECT_MAP + EFFECT_ENTRY * slot
    while effects[at + 2] != 0 and not (effects[at] == letter and effects[at + 1] == symbol):
        slot = (slot + 1) & mask
        at = EFFECT_MAP + EFFECT_ENTRY * slot
    effects[at] = letter
    effects[at + 1] = symbol
    effects[at + 2] = record


@kernel
def begin_seeing(sets: Ints) -> None:
    """Forget what the operation before has met."""
    if sets[STAMP] == 2147483647:
        for i in range(SEEN_SLOTS):
            sets[SEEN + SEEN_SIZE * i] = 0
        sets[STAMP] = 0
    sets[STAMP] += 1
    sets[N_SEEN] = 0


@kernel
def place_seen(sets: Ints, node: Int, letter: Int) -> int:
    """Where it is noted that a node was met with a letter, or is to be noted: the slot's stamp tells."""
    slot = mixed(node, letter) & (SEEN_SLOTS - 1)
    while True:
        at = SEEN + SEEN_SIZE * slot
        if sets[at] != sets[STAMP] or (sets[at + 1] == node and sets[at + 2] == letter):
            return at
        slot = (slot + 1) & (SEEN_SLOTS - 1)


@kernel
def note_seen(sets: Ints, at: Int, node: Int, letter: Int, result: Int) -> None:
    """Note it in the slot that `place_seen` found."""
    sets[at] = sets[STAMP]
    sets[at + 1] = node
    sets[at + 2] = letter
    sets[at + 3] = result
    sets[N_SEEN] += 1


@kernel
def add_pending(sets: Ints, n: Int, node: Int, letter: Int) -> int:
    """Note that a node is to be read with a letter, unless it was: how many there are, or FULL."""
    if node == EMPTY:
        return int(n)
    at = place_seen(sets, node, letter)
    if sets[at] == sets[STAMP]:
        return int(n)
    if n == MAX_PENDING or sets[N_SEEN] >= _MOST_SEEN:
        return FULL
    note_seen(sets, at, node, letter, 0)
    sets[PENDING + 2 * n] = node
    sets[PENDING + 2 * n + 1] = letter
    return int(n) + 1


@kernel
def add_built(sets: Ints, symbol: Int, node: Int) -> int:
    """Note an edge of the set that is being built, unless it was: 0, or FULL.  Letters are positive, so -1 - symbol."""
    at = place_seen(sets, node, -1 - symbol)
    if sets[at] == sets[STAMP]:
        return 0
    n = int(sets[N_BUILT])
    if n == MAX_BUILT or sets[N_SEEN] >= _MOST_SEEN:
        return FULL
    note_seen(sets, at, node, -1 - symbol, 0)
    sets[BUILT + 2 * n] = symbol
    sets[BUILT + 2 * n + 1] = node
    sets[N_BUILT] = n + 1
    return 0


@kernel
def sort_built(sets: Ints, n: Int) -> None:
    """Sort the noted edges by symbol and node (Shell's method)."""
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            first = sets[BUILT + 2 * i]
            second = sets[BUILT + 2 * i + 1]
            j = i
            while j >= gap:
                at = BUILT + 2 * (j - gap)
                if sets[at] < first or (sets[at] == first and sets[at + 1] <= second):
                    break
                sets[BUILT + 2 * j] = sets[at]
                sets[BUILT + 2 * j + 1] = sets[at + 1]
                j -= gap
            sets[BUILT + 2 * j] = first
            sets[BUILT + 2 * j + 1] = second
        gap //= 2


@kernel
def finish_built(sets: Ints, has_bottom: Int) -> int:
    """The set of the noted edges, or FULL."""
    n = int(sets[N_BUILT])
    sort_built(sets, n)
    if not sets[IS_MERGING]:
        return intern_node(sets, BUILT, n, has_bottom)
    kept = 0
    i = 0
    while i < n:
        symbol = int(sets[BUILT + 2 * i])
        node = int(sets[BUILT + 2 * i + 1])
        i += 1
        while i < n and sets[BUILT + 2 * i] == symbol:
            node = union(sets, node, sets[BUILT + 2 * i + 1])
            if node < 0:
                return node
            i += 1
        sets[BUILT + 2 * kept] = symbol
        sets[BUILT + 2 * kept + 1] = node
        kept += 1
    return intern_node(sets, BUILT, kept, has_bottom)


@kernel
def post(sets: Ints, effects: Ints, node: Int, letter: Int) -> int:
    """The stacks that the strings of a letter lead to from those of a set; or a code."""
    begin_seeing(sets)
    sets[TOP] = SCRATCH
    sets[N_BUILT] = 0
    has_bottom = 0
    n = add_pending(sets, 0, node, letter)
    done = 0
    while done < n:
        here = int(sets[PENDING + 2 * done])
        reading = int(sets[PENDING + 2 * done + 1])
        done += 1
        for i in range(sets[here + NODE_SIZE]):
            symbol = int(sets[here + NODE_EDGES + 2 * i])
            under = int(sets[here + NODE_EDGES + 2 * i + 1])
            record = effect_of(effects, reading, symbol)
            sets[N_OPERATIONS] += 1
            if effects[record + RECORD_ENDS]:
                n = add_pending(sets, n, under, reading)
                if n < 0:
                    return n
            if effects[record + RECORD_EXIT] != NO_LETTER:
                n = add_pending(sets, n, under, effects[record + RECORD_EXIT])
                if n < 0:
                    return n
            for k in range(effects[record + RECORD_N_WORDS]):
                word = int(effects[record + RECORD_WORDS + k])
                length = int(effects[word])
                if length == 0:
                    has_bottom |= int(sets[under + NODE_BOTTOM])
                    for e in range(sets[under + NODE_SIZE]):
                        code = add_built(sets, sets[under + NODE_EDGES + 2 * e], sets[under + NODE_EDGES + 2 * e + 1])
                        if code < 0:
                            return code
                    continue
                at = under
                for depth in range(length, 1, -1):
                    at = push(sets, effects[word + depth], at)
                    if at < 0:
                        return at
                code = add_built(sets, effects[word + 1], at)
                if code < 0:
                    return code
    return NEED_EFFECT if effects[N_NEEDED] else finish_built(sets, has_bottom)


@kernel
def below_word(sets: Ints, effects: Ints, node: Int, word: Int) -> int:
    """What lies below a word on top, in the stacks of a set that have it there; or FULL."""
    for depth in range(effects[word]):
        node = below(sets, node, effects[word + 1 + depth])
        if node <= 0:
            return int(node)
    return int(node)


@kernel
def words_into(sets: Ints, effects: Ints, under: Int, words: Int, n_words: Int, target: Int) -> int:
    """The stacks of `under` that lie in a target below one of the words; or FULL."""
    found = EMPTY
    for k in range(n_words):
        rest = below_word(sets, effects, target, int(effects[words + k]))
        if rest < 0:
            return rest
        both = intersection(sets, under, rest)
        if both < 0:
            return both
        found = union(sets, found, both)
        if found < 0:
            return found
    return found


@kernel
def wait_for(sets: Ints, n: Int, node: Int, letter: Int) -> int:
    """Put a node and a letter on the list of what is to be found first, unless it is found: how many, or FULL."""
    if node == EMPTY or sets[place_seen(sets, node, letter)] == sets[STAMP]:
        return int(n)
    if n == MAX_PENDING:
        return FULL
    sets[PENDING + 2 * n] = node
    sets[PENDING + 2 * n + 1] = letter
    return int(n) + 1


@kernel
def found_with(sets: Ints, node: Int, letter: Int) -> int:
    """What was found for a node and a letter."""
    return EMPTY if node == EMPTY else int(sets[place_seen(sets, node, letter) + 3])


@kernel
def wait_for_edges(sets: Ints, effects: Ints, n: Int, node: Int, letter: Int) -> int:
    """Put on the list what `node` read with `letter` hangs on and what is not found yet: how many, or FULL."""
    for i in range(sets[node + NODE_SIZE]):
        under = int(sets[node + NODE_EDGES + 2 * i + 1])
        record = effect_of(effects, letter, sets[node + NODE_EDGES + 2 * i])
        if effects[record + RECORD_ENDS]:
            n = wait_for(sets, n, under, letter)
        if n >= 0 and effects[record + RECORD_EXIT] != NO_LETTER:
            n = wait_for(sets, n, under, effects[record + RECORD_EXIT])
        if n < 0:
            return n
    return n


@kernel
def read_into(sets: Ints, effects: Ints, node: Int, letter: Int, target: Int) -> int:
    """The part of a node from which a letter leads into the target, what it hangs on being found; or FULL."""
    begin = int(sets[TOP])
    n_edges = int(sets[node + NODE_SIZE])
    if begin + 2 * n_edges + 8 > SCRATCH + SCRATCH_SIZE:
        return FULL
    sets[TOP] = begin + 2 * n_edges
    n = 0
    for i in range(n_edges):
        symbol = int(sets[node + NODE_EDGES + 2 * i])
        under = int(sets[node + NODE_EDGES + 2 * i + 1])
        record = effect_of(effects, letter, symbol)
        sets[N_OPERATIONS] += 1
        found = words_into(sets, effects, under, record + RECORD_WORDS, effects[record + RECORD_N_WORDS], target)
        if found >= 0 and effects[record + RECORD_ENDS]:
            found = union(sets, found, found_with(sets, under, letter))
        if found >= 0 and effects[record + RECORD_EXIT] != NO_LETTER:
            found = union(sets, found, found_with(sets, under, effects[record + RECORD_EXIT]))
        if found < 0:
            return found
        if found != EMPTY:
            sets[begin + 2 * n] = symbol
            sets[begin + 2 * n + 1] = found
            n += 1
    result = intern_node(sets, begin, n, 0)
    sets[TOP] = begin
    return result


@kernel
def pre(sets: Ints, effects: Ints, node: Int, letter: Int, target: Int) -> int:
    """The stacks of a set from which some string of a letter leads into the target; or a code."""
    begin_seeing(sets)
    sets[TOP] = SCRATCH
    n = wait_for(sets, 0, node, letter)
    while n > 0:
        here = int(sets[PENDING + 2 * n - 2])
        reading = int(sets[PENDING + 2 * n - 1])
        more = wait_for_edges(sets, effects, n, here, reading)
        if more < 0:
            return more
        if more > n:
            n = more
            continue
        n -= 1
        at = place_seen(sets, here, reading)
        if sets[at] == sets[STAMP]:
            continue
        result = read_into(sets, effects, here, reading, target)
        if result < 0 or sets[N_SEEN] >= _MOST_SEEN:
            return FULL
        note_seen(sets, at, here, reading, result)
    return NEED_EFFECT if effects[N_NEEDED] else found_with(sets, node, letter)


@kernel
def wait_for_ends(sets: Ints, effects: Ints, n: Int, node: Int) -> int:
    """Put on the list what the ends of a node's stacks hang on: how many, or FULL."""
    for i in range(sets[node + NODE_SIZE]):
        record = effect_of(effects, NO_LETTER, sets[node + NODE_EDGES + 2 * i])
        if effects[record + RECORD_ENDS]:
            n = wait_for(sets, n, sets[node + NODE_EDGES + 2 * i + 1], NO_LETTER)
            if n < 0:
                return n
    return n


@kernel
def ending(sets: Ints, effects: Ints, node: Int) -> int:
    """The stacks of a set that may be taken off to the bottom without reading; or a code."""
    if node == EMPTY:
        return EMPTY
    known = known_result(sets, ENDING, node, 0)
    if known >= 0:
        return known
    begin_seeing(sets)
    sets[TOP] = SCRATCH
    n = wait_for(sets, 0, node, NO_LETTER)
    while n > 0:
        here = int(sets[PENDING + 2 * n - 2])
        more = wait_for_ends(sets, effects, n, here)
        if more < 0:
            return more
        if more > n:
            n = more
            continue
        n -= 1
        at = place_seen(sets, here, NO_LETTER)
        if sets[at] == sets[STAMP]:
            continue
        n_kept = 0
        for i in range(sets[here + NODE_SIZE]):
            symbol = int(sets[here + NODE_EDGES + 2 * i])
            if effects[effect_of(effects, NO_LETTER, symbol) + RECORD_ENDS]:
                rest = found_with(sets, sets[here + NODE_EDGES + 2 * i + 1], NO_LETTER)
                if rest != EMPTY:
                    sets[SCRATCH + 2 * n_kept] = symbol
                    sets[SCRATCH + 2 * n_kept + 1] = rest
                    n_kept += 1
        result = intern_node(sets, SCRATCH, n_kept, sets[here + NODE_BOTTOM])
        if result < 0 or sets[N_SEEN] >= _MOST_SEEN:
            return FULL
        note_seen(sets, at, here, NO_LETTER, result)
    if effects[N_NEEDED]:
        return NEED_EFFECT
    result = found_with(sets, node, NO_LETTER)
    remember(sets, ENDING, node, 0, result)
    return result


@kernel
def words_meet(sets: Ints, effects: Ints, under: Int, words: Int, n_words: Int, target: Int) -> int:
    """Does some stack of `under` lie in a target below one of the words?  1, 0 or FULL."""
    sets[N_OPERATIONS] += 1
    for k in range(n_words):
        rest = below_word(sets, effects, target, int(effects[words + k]))
        if rest < 0:
            return rest
        found = meets(sets, under, rest)
        if found != 0:
            return found
    return 0


@kernel
def exit_meets(sets: Ints, effects: Ints, node: Int, letter: Int, target: Int) -> int:
    """Does some string of a letter lead from a set into the target?  1, 0 or FULL; for `alive`."""
    first = int(MAX_PENDING) // 2  # the list of `alive` lies before
    n = wait_for(sets, first, node, letter)
    while n > first:
        here = int(sets[PENDING + 2 * n - 2])
        reading = int(sets[PENDING + 2 * n - 1])
        more = wait_for_edges(sets, effects, n, here, reading)
        if more < 0:
            return more
        if more > n:
            n = more
            continue
        n -= 1
        at = place_seen(sets, here, reading)
        if sets[at] == sets[STAMP]:
            continue
        found = 0
        for i in range(sets[here + NODE_SIZE]):
            under = int(sets[here + NODE_EDGES + 2 * i + 1])
            record = effect_of(effects, reading, sets[here + NODE_EDGES + 2 * i])
            found = words_meet(sets, effects, under, record + RECORD_WORDS, effects[record + RECORD_N_WORDS], target)
            if found == 0 and effects[record + RECORD_ENDS]:
                found = found_with(sets, under, reading)
            if found == 0 and effects[record + RECORD_EXIT] != NO_LETTER:
                found = found_with(sets, under, effects[record + RECORD_EXIT])
            if found != 0:
                break
        if found < 0 or sets[N_SEEN] >= _MOST_SEEN:
            return FULL
        note_seen(sets, at, here, reading, found)
    return found_with(sets, node, letter)


@kernel
def add_alive(
    sets: Ints, effects: Ints, exits: Int, record: Int, same: Int, under: Int, target: Int, n_out: Int, out: Ints
) -> int:
    """Write those classes of a record that lead into the target from below a symbol: how many pairs, or FULL.

    exits: the number of the symbol's exits where the classes are those of suffixes, else 0. What was written before is
    left out; `same` is a number that all records with these classes have.
    """
    if sets[place_seen(sets, same, _ALL_ALIVE - exits)] == sets[STAMP]:
        return int(n_out)
    n_dead = 0
    classes = record + RECORD_WORDS + int(effects[record + RECORD_N_WORDS])
    for c in range(effects[classes]):
        one = int(effects[classes + 1 + c])
        number = int(effects[one + CLASS_NUMBER])
        at = place_seen(sets, number, -2 - exits)
        if sets[at] == sets[STAMP]:
            continue
        found = words_meet(sets, effects, under, one + CLASS_WORDS, effects[one + CLASS_N_WORDS], target)
        if found == 0 and effects[one + CLASS_EXIT] != NO_LETTER:
            found = exit_meets(sets, effects, under, effects[one + CLASS_EXIT], target)
        if found < 0 or n_out == len(out) or sets[N_SEEN] >= _MOST_SEEN:
            return FULL
        if found:
            note_seen(sets, place_seen(sets, number, -2 - exits), number, -2 - exits, 1)
            out[n_out, 0] = exits
            out[n_out, 1] = number
            n_out += 1
        else:
            n_dead += 1
    if n_dead == 0:
        note_seen(sets, place_seen(sets, same, _ALL_ALIVE - exits), same, _ALL_ALIVE - exits, 1)
    return n_out


@kernel
def alive(sets: Ints, effects: Ints, node: Int, letter: Int, target: Int, out: Ints) -> int:
    """Write the classes of a letter that lead from a set into the target: how many, or a code.

    out: int32[most, 2], written: (0, number of a class) for strings of the class, (number of exits, number) for those
    that leave a symbol with such exits and a rest of the class.
    """
    begin_seeing(sets)
    sets[TOP] = SCRATCH
    n_tops = add_pending(sets, 0, node, -1)  # as tops; not to be mixed up with what letters find
    done = 0
    n_out = 0
    while done < n_tops:
        here = int(sets[PENDING + 2 * done])
        done += 1
        for i in range(sets[here + NODE_SIZE]):
            symbol = int(sets[here + NODE_EDGES + 2 * i])
            under = int(sets[here + NODE_EDGES + 2 * i + 1])
            record = effect_of(effects, letter, symbol)
            if effects[record + RECORD_ENDS]:
                n_tops = add_pending(sets, n_tops, under, -1)
                if n_tops < 0 or n_tops >= MAX_PENDING // 4:
                    return FULL
            exits = int(effects[record + RECORD_EXITS])
            n_out = add_alive(sets, effects, 0, record, effects[record + RECORD_SORT], under, target, n_out, out)
            if n_out < 0:
                return n_out
            left = int(effects[record + RECORD_EXIT])
            if left == NO_LETTER:
                continue
            # What is below the symbol reads the rest; where that may end, so does what is below it.
            first = MAX_PENDING // 4
            sets[PENDING + 2 * first] = under
            n = first + 1
            reading = first
            while reading < n:
                at = int(sets[PENDING + 2 * reading])
                reading += 1
                for k in range(sets[at + NODE_SIZE]):
                    deeper = int(sets[at + NODE_EDGES + 2 * k + 1])
                    rest = effect_of(effects, left, sets[at + NODE_EDGES + 2 * k])
                    n_out = add_alive(sets, effects, exits, rest, rest, deeper, target, n_out, out)
                    if n_out < 0 or n == MAX_PENDING // 2:
                        return FULL
                    if effects[rest + RECORD_ENDS] and deeper != EMPTY:
                        sets[PENDING + 2 * n] = deeper
                        n += 1
    return NEED_EFFECT if effects[N_NEEDED] else n_out


assert BOTTOM > EMPTY
