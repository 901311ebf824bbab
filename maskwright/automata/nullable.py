"""Which nodes match the empty string, and the rest of a node without it.

`nonempty_part(node)` -> (what the node matches except the empty string, whether it matched the empty string).
Calls are taken to match only nonempty strings: `passes.prepare` rewrites grammars until that is so. Raises
LimitExceeded for a sequence of too many optional parts.
Cost: linear in the node. A long sequence whose parts are all optional becomes a graph for that, as x y z without the
empty string is x' y z | y' z | z': quadratic in the number of parts, which is quicker for a few.
"""

from __future__ import annotations

from collections.abc import Mapping

from maskwright.errors import LimitExceeded
from maskwright.grammar.byte_automaton import REFUSED, ByteAutomaton, without_empty_string
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Automaton,
    ByteClass,
    Call,
    Choice,
    Distinct,
    Document,
    Lexed,
    Literal,
    Network,
    Node,
    Repeat,
    Sequence,
    choice,
    repeat,
    sequence,
)

MOST_WRITTEN_OUT = 16
"""Parts of a sequence of optional ones that is written out as alternatives."""
MAX_OPTIONAL = 2_000
"""Optional parts in a row: before each of them the machine is in as many states, and takes 8,192 at one point."""


def is_nullable(node: Node) -> bool:
    """Does the node match the empty string (calls never do)?"""
    match node:
        case Sequence(parts):
            return all(is_nullable(part) for part in parts)
        case Choice(parts):
            return any(is_nullable(part) for part in parts)
        case Repeat(body, minimum, _):
            return minimum == 0 or is_nullable(body)
        case Automaton(automaton, state, counter):
            return bool(automaton.accepting[state]) and (counter is None or counter[0] == 0)
        case Lexed(_, has_empty):
            return has_empty
        case Network():
            return node.n_states - 1 in reached_for_free(node)
    return False


def begins_with_quote(node: Node, rules: Mapping[str, Node]) -> bool:
    """Does every string of a node that matches no empty string begin with a quote?  (In doubt: no.)"""
    match node:
        case Literal(text):
            return text[:1] == b'"'
        case ByteClass(mask):
            return mask == 1 << ord('"')
        case Sequence(parts):
            return bool(parts) and not is_nullable(parts[0]) and begins_with_quote(parts[0], rules)
        case Choice(parts):
            return all(begins_with_quote(part, rules) for part in parts)
        case Repeat(body, minimum, _):
            return minimum > 0 and begins_with_quote(body, rules)
        case Distinct(body) | Document(body):
            return begins_with_quote(body, rules)
        case Automaton(automaton, state):
            return automaton.reads_only(state, ord('"'))
        case Call(name):
            # A rule that calls itself here is left-recursive, which no prepared grammar is.
            return begins_with_quote(rules[name], rules)
    return False


def may_have_parts(node: Node, rules: Mapping[str, Node]) -> bool:
    """May a string of a node that matches no empty string be a JSON array or object?  (In doubt: yes.)"""
    match node:
        case Literal(text):
            return text[:1] in {b"[", b"{"}
        case ByteClass(mask):
            return mask & (1 << ord("[") | 1 << ord("{")) != 0
        case Sequence(parts):
            return not parts or is_nullable(parts[0]) or may_have_parts(parts[0], rules)
        case Choice(parts):
            return any(may_have_parts(part, rules) for part in parts)
        case Repeat(body, minimum, _):
            return minimum == 0 or may_have_parts(body, rules)
        case Distinct(body) | Document(body):
            return may_have_parts(body, rules)
        case Automaton(automaton, state):
            return _reads_bracket(automaton, state)
        case Call(name):
            return may_have_parts(rules[name], rules)
    return True


def _reads_bracket(automaton: ByteAutomaton, state: int) -> bool:
    for low, high, target in automaton.edges[automaton.edge_start[state] : automaton.edge_start[state + 1]].tolist():
        if target != REFUSED and (low <= ord("[") <= high or low <= ord("{") <= high):
            return True
    if automaton.base is None or automaton.base_automaton is None or automaton.base[state] < 0:
        return False
    return _reads_bracket(automaton.base_automaton, int(automaton.base[state]))


def reached_for_free(network: Network) -> set[int]:
    """The states of a network that are reached from state 0 without reading."""
    leaving: dict[int, list[int]] = {}
    for source, label, target in network.edges:
        if is_nullable(label):
            leaving.setdefault(source, []).append(target)
    reached = {0}
    todo = [0]
    while todo:
        for target in leaving.get(todo.pop(), ()):
            if target not in reached:
                reached.add(target)
                todo.append(target)
    return reached


def nonempty_part(node: Node) -> tuple[Node, bool]:
    """The node without the empty string, and whether it had it."""
    if is_nullable(node):
        return _without_empty(node), True
    return node, False


def _without_empty(node: Node) -> Node:
    match node:
        case Sequence(()):
            return NOTHING
        case Sequence(parts) if len(parts) > MOST_WRITTEN_OUT:
            if len(parts) > MAX_OPTIONAL:
                stage = "A sequence of parts that may all be left out"
                raise LimitExceeded(stage, len(parts), MAX_OPTIONAL, remedy="repeat a choice of them instead")
            chain = tuple((place, part, place + 1) for place, part in enumerate(parts))
            return _network_without_empty(Network(len(parts) + 1, chain))
        case Sequence(parts):
            # x y ...  ->  x' y ... | y' ... | ...  as long as what was left out is nullable.
            ways = []
            for i, part in enumerate(parts):
                ways.append(sequence(_without_empty(part) if is_nullable(part) else part, *parts[i + 1 :]))
                if not is_nullable(part):
                    break
            return choice(*ways)
        case Choice(parts):
            return choice(*(_without_empty(part) if is_nullable(part) else part for part in parts))
        case Repeat(body, minimum, maximum):
            inner, had_empty = nonempty_part(body)
            return repeat(inner, 1 if had_empty else max(1, minimum), maximum)
        case Network():
            return _network_without_empty(node)
        case Automaton(automaton, state, counter):
            return Automaton(without_empty_string(automaton, state), 0, counter)
        case Lexed(language):
            return Lexed(language, has_empty=False)
    return node


def _network_without_empty(network: Network) -> Network:
    """Two copies of the graph: in the first nothing has been read yet, in the second something has."""
    n = network.n_states
    edges: list[tuple[int, Node, int]] = []
    for source, label, target in network.edges:
        edges.append((n + source, label, n + target))
        if is_nullable(label):
            edges.append((source, EPSILON, target))
            label = _without_empty(label)
        if label != NOTHING:
            edges.append((source, label, n + target))
    return Network(2 * n, tuple(edges))
