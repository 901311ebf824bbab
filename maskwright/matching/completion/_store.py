"""What the search for the fewest tokens has found, and what waits to be looked at: one int32 array, and its kernels.

It is built after the pattern of the arena: a header, hash tables, lists by cost, then records, named by their offsets.

 edge      [next in hash chain, context, state, chain, suffix, cost, is settled]     suffix: a class | flags
 context   [next in hash chain, state, chain, suffix, cost of its exit at a boundary or NO_WAY, exits, callers, wanted]
           wanted: the number of the sets of bytes that may be read behind the rule, and that it may end with
           (`followers`); other ends do not count
 exit      [next, suffix, cost]
 caller    [next, context, return state or EXIT_STATE, chain, cost]
           EXIT_STATE: the exits are exits of that context.
 waiting   [next, edge, cost]
 state     [next in hash chain, state, 4 words with a bit for each ASCII character that leads back to it, how many of
            these can be seen, 5 words of the bytes that close a string there, do many of them count, may a run be read
            there, the state amid whose longer characters it is or 0, the most characters of a token that leads back or
            UNKNOWN, where there is a bit for each number of such characters]
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import Int, Ints
from maskwright.automata._layout import END_FRAME
from maskwright.matching.completion._suffixes import BOUNDARY

NO_WAY = 1 << 28
"""More tokens than any text takes."""
MAX_COST = (1 << 14) - 1
"""Places that cost more are not looked at; a text that needs so many tokens has no budget."""
# The header of the store.
FREE, LEVEL, SPARE, HAS_CHOSEN, MAY_ASK, SLACK, LONGEST, IS_URGENT, CHAIN_BEHIND, WORK, N_EDGES_LOOKED_AT = range(11)
"""LEVEL: no cost below it waits. SPARE: records of waiting edges that are free again. MAY_ASK: are there values that
must differ? SLACK: exits that cost so much more than the cheapest between two tokens are not looked for. LONGEST: the
bytes of the longest token. IS_URGENT: what is reached now comes before all others of its cost. CHAIN_BEHIND: the
counters behind a byte, see `target_of`. WORK: bytes that were read since an edge was settled. N_EDGES_LOOKED_AT: edges
that the last call of `settle` has looked at, and what takes as long."""
STORE_HEADER = 16
LEVELS = STORE_HEADER
LAST_OF_LEVELS = LEVELS + MAX_COST + 1
EDGE_BUCKETS = LAST_OF_LEVELS + MAX_COST + 1
N_EDGE_BUCKETS = 1 << 19
CONTEXT_BUCKETS = EDGE_BUCKETS + N_EDGE_BUCKETS
N_CONTEXT_BUCKETS = 1 << 15
STATE_BUCKETS = CONTEXT_BUCKETS + N_CONTEXT_BUCKETS
N_STATE_BUCKETS = 1 << 10
FIRST_RECORD = STATE_BUCKETS + N_STATE_BUCKETS

EDGE_CONTEXT, EDGE_STATE, EDGE_CHAIN, EDGE_CLASS, EDGE_COST, EDGE_SETTLED, EDGE_SIZE = 1, 2, 3, 4, 5, 6, 7
CONTEXT_STATE, CONTEXT_CHAIN, CONTEXT_CLASS, CONTEXT_END, EXITS, CALLERS, CONTEXT_WANTED, CONTEXT_SIZE = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
)
EXIT_CLASS, EXIT_COST, EXIT_SIZE = 1, 2, 3
CALLER_CONTEXT, CALLER_STATE, CALLER_CHAIN, CALLER_COST, CALLER_SIZE = 1, 2, 3, 4, 5
WAITING_EDGE, WAITING_COST, WAITING_SIZE = 1, 2, 3
PADS_WIDELY, PADS_NARROWLY = 1 << 24, 1 << 25
"""Flags beside a class: a place was met that at least WIDE bytes lead back to, or at least NARROW."""
CLASS_MASK = PADS_WIDELY - 1
WIDE_PADDING, NARROW_PADDING = 3, 6
"""So many characters, each a token, make a value differ from 64 ** 3, or 10 ** 6, siblings."""
EXIT_STATE = 0
"""In the place of a state: the rule has ended."""
FULL = -64
"""The store is full."""


@kernel
def context_at(store: Ints, state: Int, chain: Int, suffix: Int, wanted: Int) -> int:
    """The context of a place, begun if it is new; or FULL."""
    hashed = (int(state) * 0x9E3779B1 + int(chain) * 0x85EBCA6B + int(suffix) * 0xC2B2AE35) & 0x7FFFFFFFFFF
    hashed ^= int(wanted) * 0x27D4EB2F
    bucket = CONTEXT_BUCKETS + ((hashed ^ (hashed >> 15)) & (N_CONTEXT_BUCKETS - 1))
    context = int(store[bucket])
    while context != 0:
        if (
            store[context + CONTEXT_STATE] == state
            and store[context + CONTEXT_CHAIN] == chain
            and store[context + CONTEXT_CLASS] == suffix
            and store[context + CONTEXT_WANTED] == wanted
        ):
            return context
        context = int(store[context])
    context = int(store[FREE])
    if context + CONTEXT_SIZE > store.size:
        return FULL
    store[context] = store[bucket]
    store[context + CONTEXT_STATE] = state
    store[context + CONTEXT_CHAIN] = chain
    store[context + CONTEXT_CLASS] = suffix
    store[context + CONTEXT_WANTED] = wanted
    store[context + CONTEXT_END] = NO_WAY
    store[context + EXITS] = 0
    store[context + CALLERS] = 0
    store[FREE] = context + CONTEXT_SIZE
    store[bucket] = context
    edge = new_edge(store, -edge_at(store, context, state, chain, suffix), context, state, chain, suffix, 0)
    if edge < 0:
        return FULL
    code = wait(store, edge, 0)
    return code if code < 0 else context


@kernel
def edge_at(store: Ints, context: Int, state: Int, chain: Int, suffix: Int) -> int:
    """The edge of a context to a place, or the negative of the bucket where it belongs."""
    hashed = (
        int(context) * 0x27D4EB2F + int(state) * 0x9E3779B1 + int(chain) * 0x85EBCA6B + int(suffix) * 0xC2B2AE35
    ) & 0x7FFFFFFFFFF
    bucket = EDGE_BUCKETS + ((hashed ^ (hashed >> 17)) & (N_EDGE_BUCKETS - 1))
    edge = int(store[bucket])
    while edge != 0:
        if (
            store[edge + EDGE_STATE] == state
            and store[edge + EDGE_CLASS] == suffix
            and store[edge + EDGE_CONTEXT] == context
            and store[edge + EDGE_CHAIN] == chain
        ):
            return edge
        edge = int(store[edge])
    return -bucket


@kernel
def reach(store: Ints, savings: Ints, context: Int, state: Int, chain: Int, suffix: Int, cost: Int) -> int:
    """A place of a context is reached at a cost: 0, or FULL."""
    if cost > MAX_COST:
        return 0
    if suffix & CLASS_MASK != BOUNDARY:
        other = edge_at(store, context, state, chain, suffix & ~CLASS_MASK)
        if other > 0 and cost >= store[other + EDGE_COST] + savings[suffix & CLASS_MASK]:
            return 0
    edge = edge_at(store, context, state, chain, suffix)
    if edge > 0:
        if store[edge + EDGE_COST] <= cost:
            return 0
        store[edge + EDGE_COST] = cost
        store[edge + EDGE_SETTLED] = 0
    else:
        edge = new_edge(store, -edge, context, state, chain, suffix, cost)
        if edge < 0:
            return FULL
    return wait(store, edge, cost)


@kernel
def new_edge(store: Ints, bucket: Int, context: Int, state: Int, chain: Int, suffix: Int, cost: Int) -> int:
    """A new edge; or FULL."""
    edge = int(store[FREE])
    if edge + EDGE_SIZE > store.size:
        return FULL
    store[edge] = store[bucket]
    store[edge + EDGE_CONTEXT] = context
    store[edge + EDGE_STATE] = state
    store[edge + EDGE_CHAIN] = chain
    store[edge + EDGE_CLASS] = suffix
    store[edge + EDGE_COST] = cost
    store[edge + EDGE_SETTLED] = 0
    store[FREE] = edge + EDGE_SIZE
    store[bucket] = edge
    return edge


@kernel
def wait(store: Ints, edge: Int, cost: Int) -> int:
    """Put an edge at the end of the list of its cost, or where a rule may end at its front: 0, or FULL.

    Once the end of a rule is found, little else of it must be looked at.
    """
    waiting = int(store[SPARE])
    if waiting != 0:
        store[SPARE] = store[waiting]
    else:
        waiting = int(store[FREE])
        if waiting + WAITING_SIZE > store.size:
            return FULL
        store[FREE] = waiting + WAITING_SIZE
    store[waiting] = 0
    store[waiting + WAITING_EDGE] = edge
    store[waiting + WAITING_COST] = cost
    if store[LEVELS + cost] == 0:
        store[LEVELS + cost] = waiting
        store[LAST_OF_LEVELS + cost] = waiting
    elif store[IS_URGENT] != 0 or store[edge + EDGE_STATE] == EXIT_STATE:
        store[waiting] = store[LEVELS + cost]
        store[LEVELS + cost] = waiting
    else:
        store[store[LAST_OF_LEVELS + cost]] = waiting
        store[LAST_OF_LEVELS + cost] = waiting
    store[LEVEL] = min(store[LEVEL], cost)
    return 0


@kernel
def attach(store: Ints, savings: Ints, callee: Int, context: Int, state: Int, chain: Int, cost: Int) -> int:
    """Let a context go on wherever another one ends: 0, or FULL."""
    caller = int(store[FREE])
    if caller + CALLER_SIZE > store.size:
        return FULL
    store[caller] = store[callee + CALLERS]
    store[caller + CALLER_CONTEXT] = context
    store[caller + CALLER_STATE] = state
    store[caller + CALLER_CHAIN] = chain
    store[caller + CALLER_COST] = cost
    store[FREE] = caller + CALLER_SIZE
    store[callee + CALLERS] = caller
    exit_ = int(store[callee + EXITS])
    while exit_ != 0:
        code = go_back(store, savings, caller, exit_)
        if code < 0:
            return code
        exit_ = int(store[exit_])
    return 0


@kernel
def go_back(store: Ints, savings: Ints, caller: Int, exit_: Int) -> int:
    """Go on behind a call, or where another context has ended: 0, or FULL."""
    context = store[caller + CALLER_CONTEXT]
    cost = store[caller + CALLER_COST] + store[exit_ + EXIT_COST]
    suffix = store[exit_ + EXIT_CLASS]
    if store[caller + CALLER_STATE] == EXIT_STATE:
        return reach(store, savings, context, EXIT_STATE, END_FRAME, suffix, cost)
    return reach(store, savings, context, store[caller + CALLER_STATE], store[caller + CALLER_CHAIN], suffix, cost)


@kernel
def hand_over(store: Ints, savings: Ints, edge: Int) -> int:
    """Let the context of a place go on for the one that has come there: 0, or FULL."""
    wanted = store[store[edge + EDGE_CONTEXT] + CONTEXT_WANTED]
    other = context_at(store, store[edge + EDGE_STATE], store[edge + EDGE_CHAIN], store[edge + EDGE_CLASS], wanted)
    if other < 0:
        return other
    return attach(store, savings, other, store[edge + EDGE_CONTEXT], EXIT_STATE, END_FRAME, store[edge + EDGE_COST])


@kernel
def end_rule(store: Ints, savings: Ints, edge: Int) -> int:
    """The rule of a context has ended: 0, or FULL."""
    context = int(store[edge + EDGE_CONTEXT])
    suffix = store[edge + EDGE_CLASS]
    cost = store[edge + EDGE_COST]
    if suffix != BOUNDARY and suffix == suffix & CLASS_MASK:
        if cost >= store[context + CONTEXT_END] + savings[suffix]:
            return 0
    elif suffix & CLASS_MASK == BOUNDARY:
        store[context + CONTEXT_END] = min(store[context + CONTEXT_END], cost)
    exit_ = int(store[FREE])
    if exit_ + EXIT_SIZE > store.size:
        return FULL
    store[exit_] = store[context + EXITS]
    store[exit_ + EXIT_CLASS] = suffix
    store[exit_ + EXIT_COST] = cost
    store[FREE] = exit_ + EXIT_SIZE
    store[context + EXITS] = exit_
    caller = int(store[context + CALLERS])
    while caller != 0:
        code = go_back(store, savings, caller, exit_)
        if code < 0:
            return code
        caller = int(store[caller])
    return 0
