"""From where a letter leads into a set of stacks, whatever was before: `pre` of all stacks that could be.

`_stack_sets.pre` looks for the stacks of a given set. Here no set is given, only which symbols may lie right below
which (a *graph*, read off all sets met so far). So what comes out depends on what follows and on nothing else: the
sets from which the end can be reached in k tokens, whose nodes are shared by all slots of a canvas.

    L(a, T) = { x·w : some string of a turns x into v with v·w in T, or takes x off and leads from w into T }

Where a symbol may end without reading, what lies below it may be any stack of L itself. That is found by iteration, and
ends if no such symbol lies below itself (so it is when lists and sums are loops, as `left_recursion` and tail calls see
to); else the set has no bound, `ENDLESS` is returned, and the caller takes `pre`.
"""

from __future__ import annotations

from maskwright._numba import kernel
from maskwright.automata._frames import BIT, Int, Ints
from maskwright.automata.infilling._layout import (
    EMPTY,
    ENDLESS,
    FULL,
    GRAPH_BELOW,
    GRAPH_IS_BELOW,
    GRAPH_IS_LOWEST,
    GRAPH_N_SYMBOLS,
    GRAPH_N_WORDS,
    GRAPH_SYMBOLS,
    MAX_PENDING,
    N_NEEDED,
    N_SEEN,
    NEED_EFFECT,
    NO_LETTER,
    NODE_BOTTOM,
    NODE_EDGES,
    NODE_SIZE,
    PENDING,
    RECORD_ENDS,
    RECORD_EXIT,
    RECORD_N_WORDS,
    RECORD_WORDS,
    SCRATCH,
    SCRATCH_SIZE,
    SEEN_SLOTS,
    STAMP,
    TOP,
)
from maskwright.automata.infilling._stack_sets import (
    begin_seeing,
    below_word,
    effect_of,
    found_with,
    intern_node,
    note_seen,
    place_seen,
    union,
    wait_for,
)

MOST_ROUNDS = 24
"""How often symbols that end are gone through; as often as so many of them lie on each other."""
_ANY = 1
"""In the place of a node where what is found hangs on a letter alone: no node has this number."""


@kernel
def row_of(graph: Ints, symbol: Int) -> int:
    """Where a graph says what it knows of a symbol."""
    return GRAPH_SYMBOLS + int(symbol) * (GRAPH_BELOW + int(graph[GRAPH_N_WORDS]))


@kernel
def lies_below(graph: Ints, symbol: Int, below: Int) -> bool:
    """May a symbol lie right below another?"""
    return graph[row_of(graph, symbol) + GRAPH_BELOW + (below >> 5)] & BIT[below & 31] != 0


@kernel
def note_pairs(sets: Ints, begin: Int, end: Int, graph: Ints) -> bool:
    """Note which symbols lie below which in the nodes from `begin` to `end`: is anything new?"""
    changed = False
    node = begin
    while node < end:
        for i in range(sets[node + NODE_SIZE]):
            row = row_of(graph, sets[node + NODE_EDGES + 2 * i])
            under = int(sets[node + NODE_EDGES + 2 * i + 1])
            if sets[under + NODE_BOTTOM] and not graph[row + GRAPH_IS_LOWEST]:
                graph[row + GRAPH_IS_LOWEST] = 1
                changed = True
            for k in range(sets[under + NODE_SIZE]):
                symbol = int(sets[under + NODE_EDGES + 2 * k])
                word = row + GRAPH_BELOW + (symbol >> 5)
                if graph[word] & BIT[symbol & 31] == 0:
                    graph[word] |= BIT[symbol & 31]
                    graph[row_of(graph, symbol) + GRAPH_IS_BELOW] = 1
                    changed = True
        node += NODE_EDGES + 2 * int(sets[node + NODE_SIZE])
    return changed


@kernel
def within(sets: Ints, graph: Ints, node: Int, symbol: Int) -> int:
    """The stacks of a set that may lie below a symbol; or FULL."""
    if node == EMPTY:
        return EMPTY
    begin = int(sets[TOP])
    n_edges = int(sets[node + NODE_SIZE])
    if begin + 2 * n_edges > SCRATCH + SCRATCH_SIZE:
        return FULL
    n = 0
    for i in range(n_edges):
        if lies_below(graph, symbol, sets[node + NODE_EDGES + 2 * i]):
            sets[begin + 2 * n] = sets[node + NODE_EDGES + 2 * i]
            sets[begin + 2 * n + 1] = sets[node + NODE_EDGES + 2 * i + 1]
            n += 1
    bottom = sets[node + NODE_BOTTOM] & graph[row_of(graph, symbol) + GRAPH_IS_LOWEST]
    if n == n_edges and bottom == sets[node + NODE_BOTTOM]:
        return int(node)
    return intern_node(sets, begin, n, bottom)


@kernel
def with_ends(sets: Ints, effects: Ints, graph: Ints, letter: Int, begin: Int, bottom: Int, is_exit: Int) -> int:
    """The set of the children at `begin`, one for each symbol, where those that end may lie on all that is in it.

    `bottom`: is the empty stack in it too? `is_exit`: only symbols that lie below others count. A code otherwise.
    """
    n_symbols = int(graph[GRAPH_N_SYMBOLS])
    out = begin + n_symbols
    for _ in range(MOST_ROUNDS):
        n = 0
        for symbol in range(n_symbols):
            if sets[begin + symbol] != EMPTY:
                sets[out + 2 * n] = symbol
                sets[out + 2 * n + 1] = sets[begin + symbol]
                n += 1
        node = intern_node(sets, out, n, bottom)
        if node < 0:
            return node
        settled = True
        for symbol in range(n_symbols):
            if is_exit and not graph[row_of(graph, symbol) + GRAPH_IS_BELOW]:
                continue
            if effects[effect_of(effects, letter, symbol) + RECORD_ENDS]:
                more = within(sets, graph, node, symbol)
                both = more if more < 0 else union(sets, sets[begin + symbol], more)
                if both < 0:
                    return both
                if both != sets[begin + symbol]:
                    sets[begin + symbol] = both
                    settled = False
        if settled:
            return node
    return ENDLESS


@kernel
def child_of(sets: Ints, effects: Ints, graph: Ints, letter: Int, symbol: Int, target: Int) -> int:
    """What may lie below a symbol so that the letter leads into the target, ends aside; exits being found.  Or FULL."""
    record = effect_of(effects, letter, symbol)
    found = EMPTY
    for k in range(effects[record + RECORD_N_WORDS]):
        rest = below_word(sets, effects, target, int(effects[record + RECORD_WORDS + k]))
        found = rest if rest < 0 else union(sets, found, rest)
        if found < 0:
            return found
    if effects[record + RECORD_EXIT] != NO_LETTER:
        found = union(sets, found, found_with(sets, _ANY, effects[record + RECORD_EXIT]))
    return found if found < 0 else within(sets, graph, found, symbol)


@kernel
def set_of_letter(sets: Ints, effects: Ints, graph: Ints, letter: Int, target: Int, is_exit: Int) -> int:
    """From where a letter leads into the target, what it leaves of strings being found; or a code."""
    begin = int(sets[TOP])
    n_symbols = int(graph[GRAPH_N_SYMBOLS])
    if begin + 3 * n_symbols + 64 > SCRATCH + SCRATCH_SIZE // 2:
        return FULL
    sets[TOP] = begin + 3 * n_symbols
    for symbol in range(n_symbols):
        sets[begin + symbol] = EMPTY
        if is_exit and not graph[row_of(graph, symbol) + GRAPH_IS_BELOW]:
            continue
        child = child_of(sets, effects, graph, letter, symbol, target)
        if child < 0:
            return child
        sets[begin + symbol] = child
    node = with_ends(sets, effects, graph, letter, begin, 0, is_exit)
    sets[TOP] = begin
    return node


@kernel
def wait_for_exits(sets: Ints, effects: Ints, graph: Ints, n: Int, letter: Int, is_exit: Int) -> int:
    """Put on the list what strings of a letter may leave and what is not found yet: how many, or FULL."""
    for symbol in range(graph[GRAPH_N_SYMBOLS]):
        if is_exit and not graph[row_of(graph, symbol) + GRAPH_IS_BELOW]:
            continue
        left = int(effects[effect_of(effects, letter, symbol) + RECORD_EXIT])
        if left != NO_LETTER:
            n = wait_for(sets, n, _ANY, left)
            if n < 0:
                return n
    return n


@kernel
def leading(sets: Ints, effects: Ints, graph: Ints, letter: Int, target: Int) -> int:
    """The stacks from which some string of a letter leads into the target; or a code."""
    begin_seeing(sets)
    sets[TOP] = SCRATCH
    n = wait_for_exits(sets, effects, graph, 0, letter, 0)
    while n > 0:
        reading = int(sets[PENDING + 2 * n - 1])
        at = place_seen(sets, _ANY, reading)
        if sets[at] == sets[STAMP]:
            n -= 1
            continue
        more = wait_for_exits(sets, effects, graph, n, reading, 1)
        if more < 0 or more >= MAX_PENDING or sets[N_SEEN] >= SEEN_SLOTS // 2:
            return FULL
        if more > n:
            n = more
            continue
        n -= 1
        result = set_of_letter(sets, effects, graph, reading, target, 1)
        if result < 0:
            return result
        note_seen(sets, at, _ANY, reading, result)
    result = set_of_letter(sets, effects, graph, letter, target, 0)
    return NEED_EFFECT if effects[N_NEEDED] else result


@kernel
def endings(sets: Ints, effects: Ints, graph: Ints) -> int:
    """All stacks that may be taken off to the bottom without reading; or a code."""
    n_symbols = int(graph[GRAPH_N_SYMBOLS])
    sets[TOP] = SCRATCH + 3 * n_symbols
    for symbol in range(n_symbols):
        sets[SCRATCH + symbol] = EMPTY
    node = with_ends(sets, effects, graph, NO_LETTER, SCRATCH, 1, 0)
    return NEED_EFFECT if effects[N_NEEDED] else node
