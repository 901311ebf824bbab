"""Left recursion removed by reading the left-linear part of a group of rules as one graph.

Take rules A1..Ak that call each other in leftmost position (a strongly connected component). Each body splits into

    Ai = A1 a(i,1) | ... | Ak a(i,k) | b(i)        a, b: what follows a leftmost call of the group, and all the rest

A string of Ai then begins with some b(j) and goes on with a(m,j), which turns a finished Aj into an Am, until it is a
finished Ai: the paths of a graph with one state a rule. So  A = A x | y  becomes  y x*, and mutual, hidden (through
nullable parts, made visible by `remove_empty_strings` before) and cyclic (A = A) recursion need no special case.
The graph is linear in the size of the bodies; each of the k rules gets its own copy with its own final state, all of
them together of MAX_EDGES at most.
Rejected: Paull's substitution, which is exponential in the worst case.
"""

from __future__ import annotations

from maskwright.automata.nullable import is_nullable, nonempty_part, reached_for_free
from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Call,
    Choice,
    Distinct,
    Document,
    Grammar,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    choice,
    repeat,
    sequence,
)

MAX_EDGES = 300_000
"""Of the graphs of one group of rules: fifty rules of a hundred alternatives are 250,000."""


def remove_left_recursion(grammar: Grammar) -> Grammar:
    """The same language with no rule that can call itself before it has read something."""
    leftmost = {name: _leftmost_calls(body) for name, body in grammar.rules.items()}
    rules = dict(grammar.rules)
    for component in components(leftmost):
        if len(component) > 1 or component[0] in leftmost[component[0]]:
            rules.update(_without_left_recursion(component, grammar))
    return Grammar(grammar.start, rules, report=grammar.report)


def _without_left_recursion(component: list[str], grammar: Grammar) -> dict[str, Node]:
    state_of = {name: 1 + i for i, name in enumerate(component)}
    final = len(component) + 1
    edges: list[tuple[int, Node, int]] = []
    for name in component:
        after, rest = split_leftmost(grammar.rules[name], state_of)
        if rest != NOTHING:
            edges.append((0, rest, state_of[name]))
        edges += [(state_of[callee], follow, state_of[name]) for callee, follow in after.items()]
        if len(component) * len(edges) > MAX_EDGES:
            stage, asked = "The graphs of rules that call each other first", len(component) * len(edges)
            raise LimitExceeded(stage, asked, MAX_EDGES, name, "let fewer rules call each other at their beginning")
    return {name: without_detours(Network(final + 1, (*edges, (state_of[name], EPSILON, final)))) for name in component}


def without_detours(network: Network) -> Network:
    """The same strings, without empty loops and without states that lead on for free and nowhere else.

    So a call before which the network may end is seen to be a tail call, which returns to nobody.
    """
    final = network.n_states - 1
    free: dict[str, set[str]] = {str(state): set() for state in range(network.n_states)}
    for source, label, target in network.edges:
        if label == EPSILON:
            free[str(source)].add(str(target))
    stands_for = {int(state): int(group[0]) for group in components(free) for state in group}
    edges = {(stands_for[source], label, stands_for[target]): None for source, label, target in network.edges}
    kept = [(source, label, target) for source, label, target in edges if label != EPSILON or source != target]
    leaving: dict[int, list[tuple[Node, int]]] = {}
    for source, label, target in kept:
        leaving.setdefault(source, []).append((label, target))
    onward = {state: ways[0][1] for state, ways in leaving.items() if len(ways) == 1 and ways[0][0] == EPSILON}

    def end_of(state: int) -> int:
        while state in onward:
            state = onward[state]
        return state

    start = stands_for[0]
    ends = [(s, label, end_of(t)) for s, label, t in kept if s == start or s not in onward]
    numbers = {start: 0}
    for source, _, target in ends:
        for state in (source, target):
            if state != final:
                numbers.setdefault(state, len(numbers))
    numbers[final] = len(numbers)
    return Network(len(numbers), tuple(dict.fromkeys((numbers[s], label, numbers[t]) for s, label, t in ends)))


def split_leftmost(node: Node, group: dict[str, int]) -> tuple[dict[str, Node], Node]:
    """({A: what follows a leftmost call of A}, what begins otherwise), without the empty string."""
    match node:
        case Call(name) if name in group:
            return {name: EPSILON}, NOTHING
        case Permutation() | Distinct() | Document() if not group.keys().isdisjoint(_leftmost_calls(node)):
            # What follows would depend on what was seen before; no front end writes such a thing.
            where = "a permutation, a distinct value or a document"
            raise GrammarSyntaxError(f"a rule calls itself at the start of {where}", "", 0)
        case Sequence(parts):
            return _split_sequence(parts, group)
        case Choice(parts):
            return _join([split_leftmost(part, group) for part in parts])
        case Repeat(body, minimum, maximum):
            after, rest = split_leftmost(body, group)
            rounds = repeat(body, max(0, minimum - 1), None if maximum is None else maximum - 1)
            return {name: sequence(follow, rounds) for name, follow in after.items()}, sequence(rest, rounds)
        case Network():
            return _split_network(node, group)
    return {}, nonempty_part(node)[0]


def _split_sequence(parts: tuple[Node, ...], group: dict[str, int]) -> tuple[dict[str, Node], Node]:
    ways = []
    for i, part in enumerate(parts):
        after, rest = split_leftmost(part, group)
        tail = parts[i + 1 :]
        ways.append(({name: sequence(follow, *tail) for name, follow in after.items()}, sequence(rest, *tail)))
        if not is_nullable(part):
            break
    return _join(ways)


def _split_network(network: Network, group: dict[str, int]) -> tuple[dict[str, Node], Node]:
    """Every edge that can come first: what it begins with, then the graph from where it leads."""
    ways = []
    free = reached_for_free(network)
    for source, label, target in network.edges:
        if source in free:
            after, rest = split_leftmost(label, group)
            tail = network_from(network, target)
            ways.append(({name: sequence(follow, tail) for name, follow in after.items()}, sequence(rest, tail)))
    return _join(ways)


def network_from(network: Network, state: int) -> Network:
    """The same graph, begun in another state (states 0 and `state` exchange their numbers)."""
    if state == network.n_states - 1:
        n = network.n_states  # the last state must stay last: a new first state leads to it for free
        shifted = tuple((source + 1, label, target + 1) for source, label, target in network.edges)
        return Network(n + 1, ((0, EPSILON, n), *shifted))
    swap = {0: state, state: 0}
    edges = tuple(
        (swap.get(source, source), label, swap.get(target, target)) for source, label, target in network.edges
    )
    return Network(network.n_states, edges)


def _join(ways: list[tuple[dict[str, Node], Node]]) -> tuple[dict[str, Node], Node]:
    after: dict[str, Node] = {}
    for found, _ in ways:
        for name, follow in found.items():
            after[name] = choice(after[name], follow) if name in after else follow
    return {name: follow for name, follow in after.items() if follow != NOTHING}, choice(*(rest for _, rest in ways))


def _leftmost_calls(node: Node) -> set[str]:
    """The rules that the node may call before it has read anything."""
    match node:
        case Call(name):
            return {name}
        case Sequence(parts):
            found: set[str] = set()
            for part in parts:
                found |= _leftmost_calls(part)
                if not is_nullable(part):
                    break
            return found
        case Choice(parts):
            return {name for part in parts for name in _leftmost_calls(part)}
        case Repeat(body, _, _) | Distinct(body) | Document(body):
            return _leftmost_calls(body)
        case Permutation(items, _, _, repeatable):
            firsts = (repeatable, *(head for head, _ in items), *(marker for marker, _ in node.markers))
            return {name for first in firsts for name in _leftmost_calls(first)}
        case Network():
            free = reached_for_free(node)
            return {name for source, label, _ in node.edges if source in free for name in _leftmost_calls(label)}
    return set()


def components(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components (Tarjan 1972), without recursion: grammars may be deep chains."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root, callees_of_root in arrows.items():
        if root in number:
            continue
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(sorted(callees_of_root)))]
        while work:
            name, callees = work[-1]
            for callee in callees:
                if callee not in number:
                    number[callee] = low[callee] = len(number)
                    stack.append(callee)
                    on_stack.add(callee)
                    work.append((callee, iter(sorted(arrows[callee]))))
                    break
                if callee in on_stack:
                    low[name] = min(low[name], number[callee])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    component: list[str] = []
                    while not component or component[-1] != name:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    found.append(component[::-1])
    return found
