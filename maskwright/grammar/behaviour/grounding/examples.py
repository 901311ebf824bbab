"""Some texts of a grammar, short or by chance: examples for witnesses and tests, where no automaton has them all.

    Examples(grammar).shortest()          always the cheapest way on: a text of the fewest bytes
    Examples(grammar).random(rng)         any way on while there is fuel, then the cheapest

Idea: the least number of bytes of each rule is a fixpoint (Knuth, "A generalization of Dijkstra's algorithm", IPL 6,
1977, without the queue: a few rounds over all rules). Values that must differ from their siblings may be equal here;
who asks checks the text and asks again.
Cost: linear in the rules, a few times. `automata.shortest_text` knows more, but lies above.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import inf

import numpy as np

from maskwright.grammar import ir
from maskwright.grammar.behaviour.grounding.leafwise import reached_rules
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, ByteAutomaton
from maskwright.grammar.ir import Grammar, Node

FUEL = 12
"""Choices that a random text may make freely."""

_PREFERRED = b"abcdefghijklmnopqrstuvwxyz 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORDER = bytes([*_PREFERRED, *(byte for byte in range(256) if byte not in _PREFERRED)])
_WEIGHTED = [*_PREFERRED, *(5 * b"abcdefghijklmnopqrstuvwxyz")]
"""Bytes of random words, small letters more often."""

_QUOTE = 0x22

_Place = tuple[ByteAutomaton, int, int]
"""An automaton, its state, and the units read."""


class Examples:
    """Texts of one grammar (mutable: the fuel that is left)."""

    def __init__(self, grammar: Grammar) -> None:
        self._fuel = 0
        self._is_random = False
        self._rng = np.random.default_rng(0)
        self._start = grammar.start
        self._rules = reached_rules(grammar)
        self._least: dict[str, float] = dict.fromkeys(self._rules, inf)
        before: dict[str, float] = {}
        while before != self._least:
            before = dict(self._least)
            for name, node in self._rules.items():
                self._least[name] = self._cost(node)

    def shortest(self) -> str:
        """A text of the fewest bytes."""
        self._fuel, self._is_random = 0, False
        return self._text(self._rules[self._start]).decode()

    def random(self, rng: np.random.Generator) -> str:
        """Some text."""
        self._fuel, self._is_random, self._rng = FUEL, True, rng
        return self._text(self._rules[self._start]).decode()

    def _cost(self, node: Node) -> float:
        """The least number of bytes, as far as it is known."""
        match node:
            case ir.Literal(text):
                return len(text)
            case ir.ByteClass():
                return 1
            case ir.Sequence(parts):
                return sum(map(self._cost, parts))
            case ir.Choice(parts):
                return min(map(self._cost, parts), default=inf)
            case ir.Repeat(body, minimum):
                return minimum * self._cost(body) if minimum else 0
            case ir.Call(name):
                return self._least[name]
            case ir.Distinct(body) | ir.Document(body):
                return self._cost(body)
            case ir.Automaton():
                return len(_shortest_word(node))
            case ir.Network():
                return self._distances(node)[0]
            case ir.Permutation():
                entries = self._entries(node)
                return sum(map(self._cost, entries)) + self._cost(node.separator) * (len(entries) - 1)
        raise AssertionError(f"{type(node).__name__} is no set of strings")

    def _is_free(self) -> bool:
        """May the next choice be any?  Takes some fuel."""
        self._fuel -= self._fuel > 0
        return self._fuel > 0

    def _text(self, node: Node) -> bytes:
        match node:
            case ir.Literal(text):
                return text
            case ir.ByteClass(mask):
                members = [byte for byte in _ORDER if mask >> byte & 1]
                return bytes([members[int(self._rng.integers(len(members))) if self._is_free() else 0]])
            case ir.Sequence(parts):
                return b"".join(map(self._text, parts))
            case ir.Choice(parts):
                possible = [part for part in parts if self._cost(part) < inf]
                if self._is_free():
                    return self._text(possible[int(self._rng.integers(len(possible)))])
                return self._text(min(possible, key=self._cost))
            case ir.Repeat(body, minimum, maximum):
                more = int(self._rng.integers(3)) if self._is_free() and self._cost(body) < inf else 0
                return b"".join(self._text(body) for _ in range(min(minimum + more, maximum or minimum + more)))
            case ir.Call(name):
                return self._text(self._rules[name])
            case ir.Distinct(body) | ir.Document(body):
                return self._text(body)
            case ir.Automaton():
                return self._word(node)
            case ir.Network():
                return b"".join(map(self._text, self._path(node)))
            case ir.Permutation():
                return self._text(node.separator).join(map(self._text, self._varied(node)))
        raise AssertionError(f"{type(node).__name__} is no set of strings")

    def _entries(self, node: ir.Permutation) -> list[Node]:
        """The cheapest entries that meet the counts: required items, a marker for each obligation, and others up to
        the least number."""
        items = [ir.sequence(*item) for item in node.items]
        entries = [items[place] for place in node.required]
        pending = set(range(node.n_obligations))
        while pending:
            able = [marker for marker in node.markers if pending & {*marker[1]}]
            body, fulfilled = min(able, key=lambda marker: self._cost(marker[0]) / len(pending & {*marker[1]}))
            entries.append(body)
            pending -= {*fulfilled}
        others = sorted((items[place] for place in range(len(items)) if place not in node.required), key=self._cost)
        repeating = [body for body in (node.repeatable, *(body for body, _ in node.markers)) if body != ir.NOTHING]
        while len(entries) < max(1, node.minimum):
            entries.append(min([*others[:1], *repeating], key=self._cost))
            others = others[1:] if others[:1] == entries[-1:] else others
        return entries

    def _varied(self, node: ir.Permutation) -> list[Node]:
        """These entries, perhaps in another order, and perhaps one more item."""
        entries = self._entries(node)
        if self._is_free():
            items = [ir.sequence(*item) for item in node.items]
            others = [item for item in items if item not in entries and self._cost(item) < inf]
            if others and (node.maximum is None or len(entries) < node.maximum):
                entries.append(others[int(self._rng.integers(len(others)))])
            entries = [entries[place] for place in self._rng.permutation(len(entries))]
        return entries

    def _distances(self, network: ir.Network) -> list[float]:
        """From each state the least number of bytes to the last one."""
        distances = [inf] * network.n_states
        distances[-1] = 0
        costs = [(source, self._cost(label), target) for source, label, target in network.edges]
        changed = True
        while changed:
            changed = False
            for source, cost, target in costs:
                if cost + distances[target] < distances[source]:
                    distances[source] = cost + distances[target]
                    changed = True
        return distances

    def _path(self, network: ir.Network) -> Iterator[Node]:
        """The labels of a way from the first state to the last one."""
        distances = self._distances(network)
        state = 0
        while state != network.n_states - 1:
            ways = [(label, target) for source, label, target in network.edges if source == state]
            ways = [(label, target) for label, target in ways if self._cost(label) + distances[target] < inf]
            if self._is_free():
                label, state = ways[int(self._rng.integers(len(ways)))]
            else:
                # of equal ways the one that leads nearer, lest empty labels go round in a circle
                label, state = min(ways, key=lambda way: (self._cost(way[0]) + distances[way[1]], distances[way[1]]))
            yield label

    def _word(self, leaf: ir.Automaton) -> bytes:
        """A word of an automaton: some steps by chance, and then the shortest way."""
        place: _Place = (leaf.automaton, leaf.state, 0)
        text = b""
        for byte in self._rng.choice(_WEIGHTED, self._rng.integers(10)).tolist() if self._is_random else ():
            tried = _QUOTE if not text and leaf.automaton.reads_only(leaf.state, _QUOTE) else byte
            after = _step(place, tried, leaf.counter)
            if after is not None:
                place, text = after, text + bytes([tried])
        rest = _completion(place, leaf.counter)
        return _shortest_word(leaf) if rest is None else text + rest


@lru_cache(maxsize=4096)
def _shortest_word(leaf: ir.Automaton) -> bytes:
    found = _completion((leaf.automaton, leaf.state, 0), leaf.counter)
    assert found is not None, "an automaton has no dead states, and counters lead into no dead end"
    return found


def _completion(start: _Place, counter: tuple[int, int | None] | None) -> bytes | None:
    """The shortest way to an end, breadth first, with as readable bytes as there are."""
    came: dict[_Place, tuple[_Place, int] | None] = {start: None}
    todo = [start]
    for place in todo:
        if place[0].accepting[place[1]] and (counter is None or place[2] >= counter[0]):
            text = b""
            at: tuple[_Place, int] | None = came[place]
            while at is not None:
                text = bytes([at[1]]) + text
                at = came[at[0]]
            return text
        for byte in _ORDER:
            after = _step(place, byte, counter)
            if after is not None and after not in came:
                came[after] = (place, byte)
                todo.append(after)
    return None


def _step(place: _Place, byte: int, counter: tuple[int, int | None] | None) -> _Place | None:
    """The place after a byte; units are counted up to what still matters."""
    following = place[0].successor(place[1], byte)
    if following is None:
        return None
    automaton, state, unit = following
    units = place[2]
    if counter is not None:
        minimum, maximum = counter
        if unit == CLOSES and units < minimum:
            return None
        if unit == BEGINS_UNIT:
            units = units + 1 if maximum is not None else min(units + 1, minimum)
        if maximum is not None and units + automaton.needs(state) > maximum:
            return None
    return automaton, state, units
