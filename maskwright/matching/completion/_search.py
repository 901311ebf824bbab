"""The fewest tokens from a place of a rule to the ends of the rule: shortest paths in a pushdown machine, as a kernel.

A *context* is a place of a rule with nothing below it: a state, the counters and sets on top of its frame, and the
class of suffixes of the token that is being read (`_suffixes`). Its *edges* are the places that the bytes of one token
lead to, each with its *cost*, the tokens begun on the way. Where the token or a call ends, another context goes on, and
where the rule ends the edge is an *exit*; the exits of a context are those of all that go on from it, the costs added.
So what is called in one place and in another is one context, recursion costs nothing, and each place between two tokens
is looked at once, however a text comes to it.

Costs are settled in ascending order over all contexts together (Knuth, "A generalization of Dijkstra's algorithm",
1977; context-free reachability with weights). Three things keep that small. To be inside of a token saves at most so
many tokens as spell the rest of it anew; what costs that much more than the boundary between tokens at the same place
is not looked at. An end within a token only counts if a byte that the token goes on with may follow the rule
(`followers`). And a rule that can be ended for e tokens begins no further token for e or more: that gives nothing away
for the end of a text, and elsewhere only a detour, a token more that stays in the rule so that the next one may reach
out of it. Once it can be ended so, it must be within this token: nothing is read that holds no byte with which the rule
may end.

What is read of tokens is said in `_tokens`, of strings and counters in `_strings`, of objects in `_members`, of values
that must differ in `_padding`; what is kept, in `_store`.

Lexers are not looked into: a state that lexes has no edges here.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._closing import count_one, follow_set_edge
from maskwright.automata._frames import Int, Ints, begin_items, intern_counter
from maskwright.automata._layout import (
    ASKS,
    CALL,
    CLOSE_SET,
    COUNT,
    COUNTER_COUNT,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    EMPTY,
    END_FRAME,
    ENTER,
    FRAME_SIZE,
    HAS_BYTE_EDGES,
    IF_REACHED,
    IS_SET,
    LEAVE,
    LEXES,
    NEED_NONTERMINAL,
    NEEDED,
    NONTERMINALS,
    SCRATCH_ITEMS,
    SCRATCH_N_ITEMS,
    STATE_SIZE,
    TOKEN,
)
from maskwright.matching.completion._members import (
    goes_on_for,
    is_left_out,
    may_close,
    n_items_missing,
    required_of,
    with_optional,
)
from maskwright.matching.completion._padding import ask, note_padding
from maskwright.matching.completion._store import (
    CLASS_MASK,
    CONTEXT_CLASS,
    CONTEXT_END,
    CONTEXT_STATE,
    CONTEXT_WANTED,
    EDGE_CHAIN,
    EDGE_CLASS,
    EDGE_CONTEXT,
    EDGE_COST,
    EDGE_SETTLED,
    EDGE_STATE,
    EXIT_STATE,
    HAS_CHOSEN,
    IS_URGENT,
    LAST_OF_LEVELS,
    LEVEL,
    LEVELS,
    MAX_COST,
    MAY_ASK,
    N_EDGES_LOOKED_AT,
    SLACK,
    SPARE,
    WAITING_EDGE,
    WORK,
    attach,
    context_at,
    edge_at,
    end_rule,
    hand_over,
    reach,
)
from maskwright.matching.completion._strings import LOOP_COUNT, WIDE, loop_at, rounded
from maskwright.matching.completion._suffixes import BOUNDARY
from maskwright.matching.completion._tokens import (
    MAY_BE_EMPTY,
    WORDS_OF_SETS,
    end_at,
    is_by_bytes,
    is_wanted,
    may_end_in,
    read_bytes,
)

NODES_OF_EDGE = 32
"""So many bytes that are read depth first take as long as an edge."""
SETTLED, PAUSED = 0, 1
"""What `settle` returns when the exits of a context are known, or when it has done as much as it was allowed to."""


@kernel
def call(store: Ints, savings: Ints, arena: Ints, wanted: Ints, nonterminal: Int, state: Int, edge: Int) -> int:
    """Call a nonterminal from an edge, returning to a state: 0, or a code."""
    entry = arena[NONTERMINALS] + 4 * nonterminal
    if arena[entry] == 0:
        arena[NEEDED] = nonterminal
        return NEED_NONTERMINAL
    chain = END_FRAME
    if arena[entry + 1] != 0:
        chain = rounded(store, arena, intern_counter(arena, arena[entry + 2], arena[entry + 3], 0, END_FRAME), 0)
        if chain < 0:
            return chain
    suffix = store[edge + EDGE_CLASS] & CLASS_MASK
    callee = context_at(store, arena[entry], chain, suffix, wanted[nonterminal])
    if callee < 0:
        return callee
    return attach(
        store, savings, callee, store[edge + EDGE_CONTEXT], state, store[edge + EDGE_CHAIN], store[edge + EDGE_COST]
    )


@kernel
def is_shared(store: Ints, arena: Ints, sets: Ints, edge: Int, goes_on: Int) -> int:
    """Does a context of its own go on from a place: 1, 0, or FULL.

    So it is between two tokens, and within one where a string begins, or where an object goes on behind a member.
    """
    context = store[edge + EDGE_CONTEXT]
    if store[edge + EDGE_CLASS] & CLASS_MASK == BOUNDARY:
        is_first = store[edge + EDGE_COST] == 0 and store[context + CONTEXT_CLASS] & CLASS_MASK == BOUNDARY
        return 0 if is_first or is_by_bytes(store, sets, context) else 1
    if store[edge + EDGE_STATE] == store[context + CONTEXT_STATE]:
        return 0
    if goes_on != 0:
        return 1
    loop = loop_at(store, arena, store[edge + EDGE_STATE])
    return loop if loop < 0 else 1 if store[loop + LOOP_COUNT] >= WIDE else 0


@kernel
def follow_edges(
    store: Ints,
    savings: Ints,
    arena: Ints,
    scratch: Ints,
    choices: Ints,
    wanted: Ints,
    sets: Ints,
    edge: Int,
    reads_on: Int,
) -> int:
    """Take the edges of a place that read nothing, and those that name tokens: 0, or a code.

    reads_on: 0 where only what may be empty is called.
    """
    context = store[edge + EDGE_CONTEXT]
    state = int(store[edge + EDGE_STATE])
    chain = store[edge + EDGE_CHAIN]
    suffix = store[edge + EDGE_CLASS]
    cost = store[edge + EDGE_COST]
    required = 0
    n_missing = 0
    closes = False
    if arena[chain + FRAME_SIZE] == IS_SET:
        required = required_of(choices, state)
        if required != 0:
            n_missing = n_items_missing(arena, state, chain, required)
            store[HAS_CHOSEN] = 1
        else:
            closes = may_close(arena, state, chain)
    at = state + STATE_SIZE + 2 * arena[state + 3]
    for _ in range(arena[state + 4]):
        kind = arena[at]
        operand = arena[at + 1]
        target = arena[at + 2]
        at += 3
        if required != 0 and is_left_out(arena, chain, kind, operand, required, n_missing):
            continue
        if closes and kind not in (CLOSE_SET, IF_REACHED):
            continue
        if kind == EMPTY:
            code = reach(store, savings, context, target, chain, suffix, cost)
        elif kind == CALL:
            code = 0
            if reads_on != 0 or sets[WORDS_OF_SETS * wanted[operand] + WORDS_OF_SETS - 1] & MAY_BE_EMPTY:
                code = call(store, savings, arena, wanted, operand, target, edge)
        elif kind == TOKEN:
            code = 0
            if suffix & CLASS_MASK == BOUNDARY and arena[operand] > 0:
                code = reach(store, savings, context, target, chain, suffix, cost + 1)
        else:
            code = follow_frame_edge(store, savings, arena, scratch, kind, operand, target, edge)
        if code < 0:
            return code
    return 0


@kernel
def follow_frame_edge(
    store: Ints, savings: Ints, arena: Ints, scratch: Ints, kind: Int, operand: Int, target: Int, edge: Int
) -> int:
    """Take an edge that asks or changes counters and sets: 0, or a code."""
    context = store[edge + EDGE_CONTEXT]
    chain = store[edge + EDGE_CHAIN]
    suffix = store[edge + EDGE_CLASS]
    cost = store[edge + EDGE_COST]
    if kind == ENTER:
        chain = rounded(store, arena, intern_counter(arena, arena[operand], arena[operand + 1], 0, chain), 1)
    elif kind == COUNT:
        chain = rounded(store, arena, count_one(arena, chain), 1)
    elif kind == LEAVE:
        if arena[chain + COUNTER_COUNT] < arena[chain + COUNTER_MINIMUM]:
            return 0
        chain = arena[chain + COUNTER_PARENT]
    else:
        begin_items(scratch)
        code = follow_set_edge(arena, scratch, kind, operand, target, chain)
        if code < 0 or scratch[SCRATCH_N_ITEMS] == 0:
            return code
        chain = scratch[SCRATCH_ITEMS + 1]
    if chain <= 0:
        return int(chain)  # DEAD: the counter is full; or a code
    return reach(store, savings, context, target, chain, suffix, cost)


@kernel
def go_through(
    store: Ints,
    savings: Ints,
    ends: Ints,
    inside: Ints,
    following: Ints,
    first: Ints,
    edges: Ints,
    root: Ints,
    choices: Ints,
    wanted: Ints,
    sets: Ints,
    arena: Ints,
    scratch: Ints,
    edge: Int,
) -> int:
    """Follow everything that leads on from a place: 0, or a code."""
    state = store[edge + EDGE_STATE]
    if state == EXIT_STATE:
        return end_rule(store, savings, edge)
    flags = arena[state]
    suffix = store[edge + EDGE_CLASS] & CLASS_MASK
    if flags & ASKS:
        return ask(store, savings, arena, edge)
    if flags & LEXES:
        return 0
    context = store[edge + EDGE_CONTEXT]
    chain = int(store[edge + EDGE_CHAIN])
    required = goes_on_for(arena, state, chain)
    if required != 0:
        whole = with_optional(arena, chain, required)
        if whole != chain:
            own, cost = store[edge + EDGE_CLASS], store[edge + EDGE_COST]
            return whole if whole < 0 else reach(store, savings, context, state, whole, own, cost)
    # Where the rule can be ended for that, all that could still be won is another end within this token.
    is_alike = (store[edge + EDGE_CLASS] ^ store[context + CONTEXT_CLASS]) & ~CLASS_MASK == 0
    is_late = is_alike and store[edge + EDGE_COST] >= store[context + CONTEXT_END]
    if is_late and suffix == BOUNDARY:
        can_pad = flags & HAS_BYTE_EDGES and store[MAY_ASK] != 0
        return note_padding(store, savings, arena, edge) if can_pad else 0
    reads_on = 1
    if is_late:
        if not is_wanted(inside, sets, suffix, store[context + CONTEXT_WANTED]):
            return 0
        reads_on = 1 if may_end_in(inside, sets, suffix, store[context + CONTEXT_WANTED]) else 0
    else:
        goes_on = is_shared(store, arena, sets, edge, required)
        if goes_on != 0:
            return goes_on if goes_on < 0 else hand_over(store, savings, edge)
    own, cost = store[edge + EDGE_CLASS], store[edge + EDGE_COST]
    code = end_at(store, savings, following, sets, arena, context, state, chain, own, cost)
    if code < 0:
        return code
    store[IS_URGENT] = 0
    code = follow_edges(store, savings, arena, scratch, choices, wanted, sets, edge, reads_on)
    if code >= 0 and flags & HAS_BYTE_EDGES and store[MAY_ASK] != 0:
        code = note_padding(store, savings, arena, edge)
    if code < 0 or reads_on == 0 or not flags & HAS_BYTE_EDGES:
        return code
    late = 1 if is_late else 0
    return read_bytes(store, savings, ends, inside, following, first, edges, root, sets, arena, scratch, edge, late)


@kernel
def settle(
    arena: Ints,
    scratch: Ints,
    store: Ints,
    savings: Ints,
    ends: Ints,
    inside: Ints,
    following: Ints,
    first: Ints,
    edges: Ints,
    root: Ints,
    choices: Ints,
    wanted: Ints,
    sets: Ints,
    context: Int,
    slack: Int,
    most: Int,
) -> int:
    """Find the exits of a context: SETTLED, PAUSED after `most` edges, or a code.

    All those are found that cost less than the cheapest between two tokens and `slack`. It may be called again at any
    time and goes on where it was. wanted: int32[nonterminals], the number of each in sets: int32[n, WORDS_OF_SETS],
    flat: the bytes that may follow, and those that the nonterminal may end with, of which it may have none.
    """
    n = 0
    while True:
        store[N_EDGES_LOOKED_AT] = n
        level = int(store[LEVEL])
        while level <= MAX_COST and store[LEVELS + level] == 0:
            level += 1
        store[LEVEL] = level
        if level > MAX_COST or level >= store[context + CONTEXT_END] + slack:
            return SETTLED
        if n >= most:
            return PAUSED
        n += 1
        waiting = int(store[LEVELS + level])
        edge = int(store[waiting + WAITING_EDGE])
        store[LEVELS + level] = store[waiting]
        if store[edge + EDGE_SETTLED] == 0 and store[edge + EDGE_COST] == level and is_worth(store, savings, edge):
            code = go_through(
                store, savings, ends, inside, following, first, edges, root, choices, wanted, sets, arena, scratch, edge
            )
            if code < 0:
                if store[LEVELS + level] == 0:
                    store[LAST_OF_LEVELS + level] = waiting
                store[waiting] = store[LEVELS + level]
                store[LEVELS + level] = waiting
                store[LEVEL] = min(store[LEVEL], level)
                return code
            store[edge + EDGE_SETTLED] = 1
            n += store[WORK] // NODES_OF_EDGE
            store[WORK] = 0
        store[waiting] = store[SPARE]
        store[SPARE] = waiting


@kernel
def is_worth(store: Ints, savings: Ints, edge: Int) -> bool:
    """May anything cheaper than what is known come of a place?"""
    cost = store[edge + EDGE_COST]
    if cost >= store[store[edge + EDGE_CONTEXT] + CONTEXT_END] + store[SLACK]:
        return False
    suffix = store[edge + EDGE_CLASS]
    if suffix & CLASS_MASK == BOUNDARY:
        return True
    boundary = suffix & ~CLASS_MASK
    other = edge_at(store, store[edge + EDGE_CONTEXT], store[edge + EDGE_STATE], store[edge + EDGE_CHAIN], boundary)
    return other < 0 or cost < store[other + EDGE_COST] + savings[suffix & CLASS_MASK]
