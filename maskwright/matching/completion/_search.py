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

From between two tokens all tokens are read depth first, through a trie, for as long as places have nothing but edges of
bytes; so what lies within tokens takes no memory, and hundreds of copies of a place that a long pattern has take some
milliseconds each. Edges within a token are kept where something else goes on: a call, a counter, a set, a string. Rules
of very many places are read by tokens of one byte: a cost that can be kept, but need not be the least (HAS_CHOSEN).

Counters that have reached their minimum only matter where the maximum is near. Where what is counted can be ended with
the next token they are rounded: down to the minimum where two tokens fit, else up to the maximum. Elsewhere, in
patterns with a greatest length, down where many tokens fit. With few counts between they are left as they are.

Objects with members in any order are ended with the members that they still need, and closed as soon as they may be;
where more than a few are needed, in the order of the schema. So the cost is one that can be kept, but need not be the
least (HAS_CHOSEN): another member, or another order, may share a token with its neighbours. The choice is the same all
along the way, so what was promised at one place holds at the next. As those that need not be there are not chosen, it
does not matter which of them are there. So behind a member, while others are missing, the set is rounded to one with
all that need not be there, and a context of its own goes on: what is found for an object serves its other texts.

Values that must differ from their siblings: whether one does depends on the text, which is not known here. So a value
that asks must have a place, between two tokens, where the automaton of a string or a number reads on and comes back to
the same state: characters put in there make the value a new one. The class of suffixes then carries a flag (PADS_...),
until the value has asked, and asking costs so many tokens as are enough against a quarter of a million siblings. Of
what is called last the flag is: a string before the value does not count for it.

In a string most tokens stay: what is below a class of suffixes is not looked at where all its bytes lead back to the
same state, or are parts of longer characters, and the counter needs no more. So of 60,000 classes some hundred are
left.

Where characters are still to be counted before a string may end, tokens differ by how many they are, and by where they
end the string. So from between two tokens such a *run* is read at once: one edge for each number of characters, all of
one token, that leads back to the same state (found once for each state), and those that leave the string within the
token. Runs that must go on for long take the longest token. Tokens that end amid a character are left out.

Lexers are not looked into: a state that lexes has no edges here.

The store is one int32 array, after the pattern of the arena: a header, hash tables, lists by cost, then records.

 edge      [next in hash chain, context, state, chain, suffix, cost, is settled]     suffix: a class | flags
 context   [next in hash chain, state, chain, suffix, cost of its exit at a boundary or NO_WAY, exits, callers, wanted]
           wanted: the number of the sets of bytes that may be read behind the rule, and that it may end with
           (`followers`); other ends do not count
 exit      [next, suffix, cost]
 caller    [next, context, return state or EXIT_STATE, chain, cost]
           EXIT_STATE: the exits are exits of that context.
 waiting   [next, edge, cost]
 state     [next in hash chain, state, 4 words with a bit for each ASCII character that leads back to it, how many of
            these can be seen, 5 words of the bytes that close a string there, may a run be read there, the run in whose
            longer characters the state is or 0, the most characters of a token that leads back or UNKNOWN, where there
            is a bit for each number of such characters]
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._closing import count_one, follow_set_edge
from maskwright.automata._configurations import find_edge
from maskwright.automata._frames import BIT, Int, Ints, begin_items, intern_counter, intern_set
from maskwright.automata._layout import (
    ACCEPTING,
    ASKS,
    BEGINS,
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
    HAS_OTHER_EDGES,
    HAS_TOKEN_EDGES,
    IF_NEW,
    IF_REACHED,
    IS_COUNTER,
    IS_SET,
    LEAVE,
    LEXES,
    MAX_ITEMS,
    NEED_NONTERMINAL,
    NEEDED,
    NONTERMINALS,
    SCRATCH_ITEMS,
    SCRATCH_N_ITEMS,
    SET_N_WORDS,
    SET_PARENT,
    SET_WORDS,
    STATE_SIZE,
    TOKEN,
    UNKNOWN,
)
from maskwright.automata._spans import permits
from maskwright.grammar.byte_automaton import BEGINS_UNIT, NO_UNIT
from maskwright.matching.completion._suffixes import BOUNDARY, WORDS_INSIDE

RUN_SIZE = 4
RUN_ROOM = 2 * MAX_ITEMS
"""Words of the stack of a run, for each byte of a token; and of the scratch array for it."""

NO_WAY = 1 << 28
"""More tokens than any text takes."""
MAX_COST = (1 << 14) - 1
"""Places that cost more are not looked at; a text that needs so many tokens has no budget."""

# The header of the store.
FREE, LEVEL, SPARE, HAS_CHOSEN, MAY_ASK, SLACK, LONGEST, IS_URGENT, CHAIN_BEHIND, WORK = range(10)
"""LEVEL: no cost below it waits. SPARE: records of waiting edges that are free again. MAY_ASK: are there values that
must differ? SLACK: exits that cost so much more than the cheapest between two tokens are not looked for. LONGEST: the
bytes of the longest token. IS_URGENT: what is reached now comes before all others of its cost. CHAIN_BEHIND: the
counters behind a byte, see `target_of`. WORK: bytes that were read since an edge was settled."""
NODES_OF_EDGE = 32
"""So many bytes that are read depth first take as long as an edge."""
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
LOOP_STATE, LOOP_BYTES, LOOP_COUNT, LOOP_CLOSING, LOOP_IS_RUN, LOOP_RUN, LOOP_LONGEST, LOOP_LENGTHS = (
    1,
    2,
    6,
    7,
    12,
    13,
    14,
    15,
)
N_LENGTHS = 1024
"""Characters of the longest token of a run at most."""
LOOP_SIZE = LOOP_LENGTHS + 1

PADS_WIDELY, PADS_NARROWLY = 1 << 24, 1 << 25
"""Flags beside a class: a place was met that at least WIDE bytes lead back to, or at least NARROW."""
CLASS_MASK = PADS_WIDELY - 1
WIDE, NARROW = 64, 10
ASCII_END = 128
FEW_COUNTS = 16
TOKENS_AHEAD = 8
"""So many of the longest tokens fit before a maximum that does not matter, where what is counted cannot end at once."""
WIDE_PADDING, NARROW_PADDING = 3, 6
"""So many characters, each a token, make a value differ from 64 ** 3, or 10 ** 6, siblings."""

WORDS_OF_SETS = 2 * WORDS_INSIDE
MAY_BE_EMPTY, BY_BYTES = 2, 4
"""Bits of the last of these words, see `followers`."""

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
def is_by_bytes(store: Ints, sets: Ints, context: Int) -> bool:
    """Is the rule of a context so large that only tokens of one byte are read there?"""
    return sets[WORDS_OF_SETS * store[context + CONTEXT_WANTED] + WORDS_OF_SETS - 1] & BY_BYTES != 0


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
    for i in range(5):
        store[loop + LOOP_CLOSING + i] = 0
    n = 0
    is_run = arena[state] & (ACCEPTING | ASKS | HAS_OTHER_EDGES | HAS_TOKEN_EDGES) == 0
    for byte in range(256):
        found = find_edge(arena, state, byte)
        if found == 0 or arena[found + 1] == DEAD:
            continue
        begins = arena[found] >> 16 & 3 == BEGINS_UNIT
        if arena[found + 1] == state:
            is_run = is_run and begins
            if byte < ASCII_END:
                store[loop + LOOP_BYTES + (byte >> 5)] |= BIT[byte & 31]
            if 32 <= byte < 127:
                n += 1
        elif begins:
            is_run = is_run and is_amid_character(arena, arena[found + 1])
        else:
            store[loop + LOOP_CLOSING + (min(byte, ASCII_END) >> 5)] |= BIT[byte & 31] if byte < ASCII_END else 1
    store[loop + LOOP_COUNT] = n
    store[loop + LOOP_IS_RUN] = 1 if is_run and n >= WIDE else 0
    store[loop + LOOP_RUN] = 0
    store[loop + LOOP_LONGEST] = UNKNOWN
    store[loop + LOOP_LENGTHS] = 0
    store[FREE] = loop + LOOP_SIZE
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
    n_ahead = 2 if may_end != 0 else TOKENS_AHEAD
    if count + n_ahead * store[LONGEST] + NARROW_PADDING < maximum:
        return intern_counter(arena, minimum, maximum, minimum, arena[chain + COUNTER_PARENT])
    if may_end == 0:
        return int(chain)
    return intern_counter(arena, minimum, maximum, maximum, arena[chain + COUNTER_PARENT])


@kernel
def rounded_at(store: Ints, arena: Ints, state: Int, chain: Int) -> int:
    """The counter that stands for that of a place, which may end where a run is read; or a code."""
    loop = loop_at(store, arena, state)
    return loop if loop < 0 else rounded(store, arena, chain, store[loop + LOOP_IS_RUN])


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
def closes_in(store: Ints, inside: Ints, loop: Int, suffix: Int) -> bool:
    """Does a byte that closes a string stand below a class?"""
    for i in range(WORDS_INSIDE):  # noqa: SIM110 - numba compiles no generators
        if inside[WORDS_INSIDE * suffix + i] & store[loop + LOOP_CLOSING + i] != 0:
            return True
    return False


@kernel
def run_of(store: Ints, arena: Ints, state: Int, target: Int, unit: Int) -> int:
    """What is known of the state of a run, if an edge leads into or goes on in a longer character of it; 0; or FULL."""
    loop = loop_at(store, arena, state)
    if loop < 0:
        return loop
    run = loop if store[loop + LOOP_IS_RUN] != 0 and unit & 3 == BEGINS_UNIT else int(store[loop + LOOP_RUN])
    if run == 0 or target == store[run + LOOP_STATE]:
        return 0
    behind = loop_at(store, arena, target)
    if behind < 0:
        return behind
    store[behind + LOOP_RUN] = run
    return run


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
        if run > 0:  # amid a character; within this token the string must be closed
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
def under_counters(arena: Ints, chain: Int) -> int:
    """What lies below the counters that have reached their minimum."""
    while arena[chain + FRAME_SIZE] == IS_COUNTER and arena[chain + COUNTER_COUNT] >= arena[chain + COUNTER_MINIMUM]:
        chain = arena[chain + COUNTER_PARENT]
    return int(chain)


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
def is_plain(store: Ints, arena: Ints, state: Int, begin: Int) -> int:
    """1 if a state has no edges but those of bytes, and no context of its own is to go on there; 0; or FULL."""
    if arena[state] & (ASKS | HAS_OTHER_EDGES | HAS_TOKEN_EDGES | LEXES | BEGINS) != 0:
        return 0
    if state == begin:
        return 1
    loop = loop_at(store, arena, state)
    return loop if loop < 0 else 0 if store[loop + LOOP_COUNT] >= WIDE else 1


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
def at_top(depth: Int) -> int:
    """Where the last entry of a stack lies in the scratch array."""
    return SCRATCH_ITEMS + RUN_SIZE * (int(depth) - 1)


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
