"""How much must still be written, at most, from anywhere within a text: `longest_rest(rules, node)`, in bytes.

The rest of a place is the least completion from it; this is the greatest over all places. By recursion over nodes, from
two numbers of each: its least text, and the rest at its worst place. So a budget that is larger than this and all that
comes behind need not be looked at (`outlook`).

    sequence    the worst part, and the least texts of those behind it
    choice      the least of the least, the worst of the worst
    automaton   the farthest state from acceptance; with a counter also all units asked for, BYTES_OF_A_UNIT each

None where it is not bounded (rules that call themselves), is not a matter of lengths (values that must differ), or
where more than MAX_NODES nodes, or MAX_RULES rules, would have to be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import REFUSED, ByteAutomaton
from maskwright.grammar.ir import Node
from maskwright.matching.behaviour.automaton_ways import ways_of

MAX_NODES = 2_000
MAX_RULES = 100
"""A grammar whose rules are made on demand may have any number of them."""
MAX_STATES = 20_000
BYTES_OF_A_UNIT = 12
"""A character in UTF-8 has four bytes, its escape in JSON twelve; one that is plain ASCII, one."""


class Lengths(NamedTuple):
    """Of a node: bytes enough for its least text, and for the least completion from its worst place, its start too."""

    least: int
    worst: int


class _Unbounded(Exception):
    """There is no bound."""


def longest_rest(rules: Mapping[str, Node], node: Node) -> int | None:
    """The bytes that must still be written at the worst place within a node, or None."""
    try:
        return _Measure(rules).of(node).worst
    except _Unbounded:
        return None


class _Measure:
    def __init__(self, rules: Mapping[str, Node]) -> None:
        self._rules = rules
        self._known: dict[str, Lengths | None] = {}
        self._n_nodes = 0

    def of(self, node: Node) -> Lengths:
        self._n_nodes += 1
        if self._n_nodes > MAX_NODES:
            raise _Unbounded
        match node:
            case ir.Literal(text):
                return Lengths(len(text), len(text))
            case ir.ByteClass():
                return Lengths(1, 1)
            case ir.Sequence(parts):
                return _in_a_row([self.of(part) for part in parts])
            case ir.Choice(parts) if parts:
                found = [self.of(part) for part in parts]
                return Lengths(min(one.least for one in found), max(one.worst for one in found))
            case ir.Repeat(body, minimum, _):
                least, worst = self.of(body)
                return Lengths(minimum * least, worst + minimum * least)
            case ir.Call(name):
                return self._of_rule(name)
            case ir.Document(body):
                return self.of(body)
            case ir.Automaton(automaton, state, counter):
                return _of_automaton(automaton, state, counter)
            case ir.Permutation():
                return self._of_permutation(node)
            case ir.Network():
                return self._of_network(node)
        raise _Unbounded

    def _of_rule(self, name: str) -> Lengths:
        if name in self._known:
            known = self._known[name]
            if known is None:  # it calls itself
                raise _Unbounded
            return known
        if len(self._known) == MAX_RULES:
            raise _Unbounded
        self._known[name] = None
        found = self._known[name] = self.of(self._rules[name])
        return found

    def _of_permutation(self, node: ir.Permutation) -> Lengths:
        if node.n_obligations or node.minimum > len(node.required):
            raise _Unbounded
        separator = self.of(node.separator)
        entries = [_in_a_row([self.of(head), self.of(tail)]) for head, tail in node.items]
        required = sum(entries[i].least + separator.least for i in node.required)
        more = [self.of(node.repeatable)] if node.repeatable != ir.NOTHING else []
        worst = max([one.worst for one in (*entries, *more)], default=0)
        return Lengths(required, worst + required + separator.least)

    def _of_network(self, node: ir.Network) -> Lengths:
        lengths = [self.of(label) for _, label, _ in node.edges]
        final = node.n_states - 1
        rest = [1 << 40] * node.n_states
        rest[final] = 0
        for _ in range(node.n_states):
            before = rest.copy()
            for (source, _, target), one in zip(node.edges, lengths, strict=True):
                rest[source] = min(rest[source], one.least + rest[target])
            if rest == before:
                break
        worst = max(
            [one.worst + rest[target] for (_, _, target), one in zip(node.edges, lengths, strict=True)], default=0
        )
        return Lengths(rest[0], worst)


def _in_a_row(parts: list[Lengths]) -> Lengths:
    least, worst = 0, 0
    for part in reversed(parts):
        worst = max(worst, part.worst + least)
        least += part.least
    return Lengths(least, worst)


@lru_cache(maxsize=256)
def _of_automaton(automaton: ByteAutomaton, state: int, counter: tuple[int, int | None] | None) -> Lengths:
    """Breadth first from the accepting states backwards, over all automata that it leads to."""
    units = 0 if counter is None else counter[0]
    if (worst := ways_of(automaton).worst(units)) is not None:
        return Lengths(worst, worst)
    order = [automaton]
    for part in order:  # grows while it is read
        bases = [part.base_automaton] if part.base_automaton else []
        order += [one for one in dict.fromkeys([*(linked for linked, _ in part.links), *bases]) if one not in order]
    if sum(part.n_states for part in order) > MAX_STATES:
        raise _Unbounded
    before: dict[tuple[ByteAutomaton, int], list[tuple[ByteAutomaton, int]]] = {}
    for part in order:
        for here in range(part.n_states):
            for target in part.edges[part.edge_start[here] : part.edge_start[here + 1], 2].tolist():
                if target != REFUSED:
                    there = (part, target) if target >= 0 else part.links[-1 - target]
                    before.setdefault(there, []).append((part, here))
            if part.base is not None and part.base_automaton is not None and part.base[here] >= 0:
                before.setdefault((part.base_automaton, int(part.base[here])), []).append((part, here))
    level = [(part, here) for part in order for here in range(part.n_states) if part.accepting[here]]
    distance = dict.fromkeys(level, 0)
    for place in level:  # grows while it is read
        for earlier in before.get(place, ()):
            if earlier not in distance:
                distance[earlier] = distance[place] + 1
                level.append(earlier)
    # What a counter still asks for; where a state refuses what its base would read, one character more leads past that.
    more = BYTES_OF_A_UNIT * (units + any(part.base is not None for part in order))
    return Lengths(distance[automaton, state] + more, max(distance.values()) + more)
