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
out of it.

Counters that have reached their minimum only matter where the maximum is near, as what is counted is ended with the
next token. So they are rounded: down to the minimum where two tokens fit, else up to the maximum. With few counts
between they are left as they are.

Objects with members in any order are ended with the members that they still need, and closed as soon as they may be;
where more than a few are needed, in the order of the schema. So the cost is one that can be kept, but need not be the
least (HAS_CHOSEN): another member, or another order, may share a token with its neighbours. The choice is the same all
along the way, so what was promised at one place holds at the next.

Values that must differ from their siblings: whether one does depends on the text, which is not known here. So a value
that asks must have a place, between two tokens, where the automaton of a string or a number reads on and comes back to
the same state: characters put in there make the value a new one. The class of suffixes then carries a flag (PADS_...),
until the value has asked, and asking costs so many tokens as are enough against a quarter of a million siblings. Of
what is called last the flag is: a string before the value does not count for it.

In a string most tokens stay: what is below a class of suffixes is not looked at where all its bytes lead back to the
same state, or are parts of longer characters, and the counter needs no more. So of 60,000 classes some hundred are
left.

Lexers are not looked into: a state that lexes has no edges here.

The store is one int32 array, after the pattern of the arena: a header, hash tables, lists by cost, then records.

 edge      [next in hash chain, context, state, chain, suffix, cost, is settled]     suffix: a class | flags
 context   [next in hash chain, state, chain, suffix, cost of its exit at a boundary or NO_WAY, exits, callers, wanted]
           wanted: the number of the set of bytes that may be read behind the rule (`followers`); others do not count
 exit      [next, suffix, cost]
 caller    [next, context, return state or EXIT_STATE, chain, cost]
           EXIT_STATE: the exits are exits of that context.
 waiting   [next, edge, cost]
 state     [next in hash chain, state, 4 words with a bit for each ASCII character that leads back to it, how many of
            these can be seen]
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._closing import count_one, follow_set_edge
from maskwright.automata._configurations import find_edge
from maskwright.automata._frames import BIT, Int, Ints, begin_items, intern_counter
from maskwright.automata._layout import (
    ACCEPTING,
    ASKS,
    CALL,
    CLOSE_SET,
    COUNT,
    COUNTER_COUNT,
    COUNTER_MAXIMUM,
    COUNTER_MINIMUM,
    COUNTER_PARENT,
    DEAD,
    EMPTY,
    END_FRAME,
    ENTER,
    FRAME_SIZE,
    HAS_BYTE_EDGES,
    IF_NEW,
    IF_REACHED,
    IS_COUNTER,
    IS_SET,
    LEAVE,
    LEXES,
    NEED_NONTERMINAL,
    NEEDED,
    NONTERMINALS,
    SCRATCH_ITEMS,
    SCRATCH_N_ITEMS,
    SET_N_WORDS,
    SET_WORDS,
    STATE_SIZE,
    TOKEN,
)
from maskwright.automata._spans import permits
from maskwright.grammar.byte_automaton import BEGINS_UNIT
from maskwright.matching.completion._suffixes import BOUNDARY, WORDS_INSIDE

NO_WAY = 1 << 28
"""More tokens than any text takes."""
MAX_COST = (1 << 14) - 1
"""Places that cost more are not looked at; a text that needs so many tokens has no budget."""

# The header of the store.
FREE, LEVEL, SPARE, HAS_CHOSEN, MAY_ASK, SLACK, LONGEST, IS_URGENT = 0, 1, 2, 3, 4, 5, 6, 7
"""LEVEL: no cost below it waits. SPARE: records of waiting edges that are free again. MAY_ASK: are there values that
must differ? SLACK: exits that cost so much more than the cheapest between two tokens are not looked for. LONGEST: the
bytes of the longest token. IS_URGENT: what is reached now comes before all others of its cost."""
STORE_HEADER = 16
LEVELS = STORE_HEADER
LAST_OF_LEVELS = LEVELS + MAX_COST + 1
EDGE_BUCKETS = LAST_OF_LEVELS + MAX_COST + 1
N_EDGE_BUCKETS = 1 << 17
CONTEXT_BUCKETS = EDGE_BUCKETS + N_EDGE_BUCKETS
N_CONTEXT_BUCKETS = 1 << 12
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
LOOP_STATE, LOOP_BYTES, LOOP_COUNT, LOOP_SIZE = 1, 2, 6, 7

PADS_WIDELY, PADS_NARROWLY = 1 << 24, 1 << 25
"""Flags beside a class: a place was met that at least WIDE bytes lead back to, or at least NARROW."""
CLASS_MASK = PADS_WIDELY - 1
WIDE, NARROW = 64, 10
ASCII_END = 128
FEW_COUNTS = 16
WIDE_PADDING, NARROW_PADDING = 3, 6
"""So many characters, each a token, make a value differ from 64 ** 3, or 10 ** 6, siblings."""

EXIT_STATE = 0
"""In the place of a state: the rule has ended."""

FULL = -64
"""The store is full."""
SETTLED, PAUSED = 0, 1
"""What `settle` returns when the exits of a context are known, or when it has done as much as it was allowed to."""

FEW_MEMBERS = 4
"""Up to so many members that are needed are tried in all orders."""


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
def call(store: Ints, savings: Ints, arena: Ints, wanted: Ints, nonterminal: Int, state: Int, edge: Int) -> int:
    """Call a nonterminal from an edge, returning to a state: 0, or a code."""
    entry = arena[NONTERMINALS] + 4 * nonterminal
    if arena[entry] == 0:
        arena[NEEDED] = nonterminal
        return NEED_NONTERMINAL
    chain = END_FRAME
    if arena[entry + 1] != 0:
        chain = rounded(store, arena, intern_counter(arena, arena[entry + 2], arena[entry + 3], 0, END_FRAME))
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
def is_shared(store: Ints, arena: Ints, edge: Int) -> int:
    """1 between two tokens, and where a string begins within one: there a context of its own goes on. 0 or FULL."""
    context = store[edge + EDGE_CONTEXT]
    if store[edge + EDGE_CLASS] & CLASS_MASK == BOUNDARY:
        return 1 if store[edge + EDGE_COST] > 0 or store[context + CONTEXT_CLASS] & CLASS_MASK != BOUNDARY else 0
    if store[edge + EDGE_STATE] == store[context + CONTEXT_STATE]:
        return 0
    loop = loop_at(store, arena, store[edge + EDGE_STATE])
    return loop if loop < 0 else 1 if store[loop + LOOP_COUNT] >= WIDE else 0


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


@kernel
def follow_edges(store: Ints, savings: Ints, arena: Ints, scratch: Ints, choices: Ints, wanted: Ints, edge: Int) -> int:
    """Take the edges of a place that read nothing, and those that name tokens: 0, or a code."""
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
        chain = rounded(store, arena, intern_counter(arena, arena[operand], arena[operand + 1], 0, chain))
    elif kind == COUNT:
        chain = rounded(store, arena, count_one(arena, chain))
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
    store[loop] = store[bucket]
    store[loop + LOOP_STATE] = state
    for i in range(4):
        store[loop + LOOP_BYTES + i] = 0
    n = 0
    for byte in range(128):
        found = find_edge(arena, state, byte)
        if found != 0 and arena[found + 1] == state:
            store[loop + LOOP_BYTES + (byte >> 5)] |= BIT[byte & 31]
            if 32 <= byte < 127:
                n += 1
    store[loop + LOOP_COUNT] = n
    store[FREE] = loop + LOOP_SIZE
    store[bucket] = loop
    return loop


@kernel
def is_roomy(store: Ints, arena: Ints, chain: Int) -> bool:
    """Has a counter been rounded down, or no maximum?"""
    minimum = arena[chain + COUNTER_MINIMUM]
    maximum = arena[chain + COUNTER_MAXIMUM]
    if arena[chain + COUNTER_COUNT] != minimum:
        return False
    return maximum < 0 or maximum - minimum > max(FEW_COUNTS, 2 * store[LONGEST] + NARROW_PADDING)


@kernel
def rounded(store: Ints, arena: Ints, chain: Int) -> int:
    """The counter that stands for one: see the module; or what is no frame as it is, or NEED_MEMORY."""
    if chain <= 0 or arena[chain + FRAME_SIZE] != IS_COUNTER:
        return int(chain)
    minimum = arena[chain + COUNTER_MINIMUM]
    maximum = arena[chain + COUNTER_MAXIMUM]
    count = arena[chain + COUNTER_COUNT]
    if maximum < 0 or count < minimum or maximum - minimum <= FEW_COUNTS:
        return int(chain)
    fits = count + 2 * store[LONGEST] + NARROW_PADDING < maximum
    return intern_counter(arena, minimum, maximum, minimum if fits else maximum, arena[chain + COUNTER_PARENT])


@kernel
def stays(store: Ints, arena: Ints, inside: Ints, state: Int, chain: Int, suffix: Int) -> int:
    """1 if whatever is below a class of suffixes stays in a string that could as well be ended, 0 if not; or FULL."""
    if arena[chain + FRAME_SIZE] == IS_COUNTER and arena[chain + COUNTER_COUNT] < arena[chain + COUNTER_MINIMUM]:
        return 0
    loop = loop_at(store, arena, state)
    if loop < 0:
        return loop
    if store[loop + LOOP_COUNT] < WIDE:
        return 0
    for i in range(4):
        if inside[WORDS_INSIDE * suffix + i] & ~store[loop + LOOP_BYTES + i] != 0:
            return 0
    return 1


@kernel
def read_byte_into(
    store: Ints, savings: Ints, ends: Ints, inside: Ints, arena: Ints, edge: Int, byte: Int, suffix: Int, cost: Int
) -> int:
    """Read a byte from a place, which leads into a class of suffixes: 0, or a code."""
    context = store[edge + EDGE_CONTEXT]
    chain = store[edge + EDGE_CHAIN]
    found = find_edge(arena, store[edge + EDGE_STATE], byte)
    if found == 0 or arena[found + 1] == DEAD:
        return 0
    unit = arena[found] >> 16
    if not permits(arena, unit, chain):
        return 0
    if unit & 3 == BEGINS_UNIT and arena[chain + FRAME_SIZE] == IS_COUNTER:
        chain = rounded(store, arena, count_one(arena, chain))
        if chain < 0:
            return int(chain)
    if byte >= ASCII_END:  # from within a string, a longer character is worth reading for what may follow it
        code = stays(store, arena, inside, store[edge + EDGE_STATE], store[edge + EDGE_CHAIN], suffix)
        if code != 0:
            return min(code, 0)
    target = arena[found + 1]
    flags = store[edge + EDGE_CLASS] & ~CLASS_MASK
    store[IS_URGENT] = arena[target] & ACCEPTING
    if suffix != BOUNDARY and ends[suffix] != 0:
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
    return reach(store, savings, context, target, chain, suffix | flags, cost)


@kernel
def read_bytes(
    store: Ints, savings: Ints, ends: Ints, inside: Ints, first: Ints, edges: Ints, root: Ints, arena: Ints, edge: Int
) -> int:
    """Read the bytes that the token may have next, or that a token may begin with: 0, or a code."""
    suffix = int(store[edge + EDGE_CLASS]) & CLASS_MASK
    cost = int(store[edge + EDGE_COST])
    if suffix == BOUNDARY:
        for byte in range(256):
            if root[byte] >= 0:
                code = read_byte_into(store, savings, ends, inside, arena, edge, byte, root[byte], cost + 1)
                if code < 0:
                    return code
        return 0
    for i in range(first[suffix], first[suffix + 1]):
        code = read_byte_into(store, savings, ends, inside, arena, edge, edges[2 * i], edges[2 * i + 1], cost)
        if code < 0:
            return code
    return 0


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


@kernel
def is_wanted(following: Ints, sets: Ints, suffix: Int, wanted: Int) -> bool:
    """May one of the bytes behind a class be read behind the rule?  following: the bytes there, of each class."""
    if suffix == BOUNDARY:
        return True
    for i in range(WORDS_INSIDE):  # noqa: SIM110 - numba compiles no generators
        if following[WORDS_INSIDE * suffix + i] & sets[WORDS_INSIDE * wanted + i] != 0:
            return True
    return False


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
    # Where the rule can be ended for that, all that could still be won is another end within this token.
    is_alike = (store[edge + EDGE_CLASS] ^ store[context + CONTEXT_CLASS]) & ~CLASS_MASK == 0
    is_late = is_alike and store[edge + EDGE_COST] >= store[context + CONTEXT_END]
    if is_late and suffix == BOUNDARY:
        can_pad = flags & HAS_BYTE_EDGES and store[MAY_ASK] != 0
        return note_padding(store, savings, arena, edge) if can_pad else 0
    if is_late and not is_wanted(inside, sets, suffix, store[context + CONTEXT_WANTED]):
        return 0
    goes_on = is_shared(store, arena, edge)
    if goes_on != 0:
        return goes_on if goes_on < 0 else hand_over(store, savings, edge)
    if flags & ACCEPTING:
        chain = int(store[edge + EDGE_CHAIN])
        while (
            arena[chain + FRAME_SIZE] == IS_COUNTER and arena[chain + COUNTER_COUNT] >= arena[chain + COUNTER_MINIMUM]
        ):
            chain = int(arena[chain + COUNTER_PARENT])
        if chain == END_FRAME and is_wanted(
            following, sets, suffix, store[store[edge + EDGE_CONTEXT] + CONTEXT_WANTED]
        ):
            code = reach(
                store,
                savings,
                store[edge + EDGE_CONTEXT],
                EXIT_STATE,
                END_FRAME,
                store[edge + EDGE_CLASS],
                store[edge + EDGE_COST],
            )
            if code < 0:
                return code
    store[IS_URGENT] = 0
    code = follow_edges(store, savings, arena, scratch, choices, wanted, edge)
    if code >= 0 and flags & HAS_BYTE_EDGES and store[MAY_ASK] != 0:
        code = note_padding(store, savings, arena, edge)
    if code < 0:
        return code
    return read_bytes(store, savings, ends, inside, first, edges, root, arena, edge) if flags & HAS_BYTE_EDGES else 0


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
    time and goes on where it was. wanted: int32[nonterminals], the set of bytes that may follow each; sets: int32[n,
    WORDS_INSIDE], flat.
    """
    n = 0
    while True:
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
