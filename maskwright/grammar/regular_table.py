"""The table of a grammar whose language is plainly regular: no rule calls itself but at its own end.

Idea. A place in a text is a place in a leaf, and behind it the places in right parts where the text goes on; a call at
the end of a right part leaves nothing behind, so right recursion adds none. Without other recursion these stacks are
finitely many, and sets of them are the states of a deterministic automaton, made as bytes lead to them.
Cost: that of a subset construction, exponential at worst, so there is a limit.

This is not a test of regularity, which is undecidable: a grammar that recurses in its middle has no table here, though
its language may be regular.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from maskwright.errors import LimitExceeded, UnsupportedComposition
from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.byte_table import DEAD, START, ByteTable, sealed
from maskwright.grammar.ir import EPSILON, Call, Grammar, Node
from maskwright.grammar.leaf_product import counted_units
from maskwright.grammar.lint.components import components
from maskwright.grammar.right_part_graph import RightPart, drawn, opened

MAX_TABLE_STATES: Final = 4_000
"""Some seconds."""

MAX_STACKS: Final = 200_000
"""The most places, with what is behind them, in all states together."""

_OPERATION: Final = "A comparison"


class _Behind(NamedTuple):
    """Where a text goes on: a node of a graph (by its number), and what is behind that in turn."""

    graph: int
    node: int
    rest: _Behind | None


class _Place(NamedTuple):
    """Within a leaf: how many bytes of a literal, or the state and units of an automaton."""

    leaf: Node
    at: int
    automaton: ByteAutomaton | None
    units: int
    behind: _Behind


_Edge = tuple[int, _Behind | None, _Place | None]
"""Bytes as a mask, what is behind the leaf if it may end with them, and the place in the leaf if it may go on."""


def regular_table(grammar: Grammar) -> ByteTable | None:
    """The texts of the grammar as a table; None where a rule recurses otherwise than at its end.

    Raises LimitExceeded, and UnsupportedComposition for constructs that are no sets of strings.
    `regular_table(Grammar.from_gbnf('root ::= "a" root | "b"'))` accepts `b"aab"`.
    """
    construction = _Construction(grammar)
    return construction.table() if construction.is_regular() else None


@dataclass(slots=True)
class _Construction:
    """Graphs and states so far (mutable)."""

    grammar: Grammar
    graphs: list[RightPart] = field(default_factory=list)
    numbers_of_graphs: dict[Node, int] = field(default_factory=dict)
    numbers: dict[frozenset[_Place | None], int] = field(default_factory=dict)
    n_stacks: int = 0

    def graph(self, entry: Node) -> int:
        """The number of the right part of a call, a repetition or a permutation."""
        known = self.numbers_of_graphs.get(entry)
        if known is None:
            known = self.numbers_of_graphs[entry] = len(self.graphs)
            if isinstance(entry, Call):
                self.graphs.append(drawn(self.grammar.rules[entry.name], _OPERATION))
            else:
                self.graphs.append(opened(entry, _OPERATION))
        return known

    def is_regular(self) -> bool:
        """Does no entry lead back to itself but at its end?"""
        calls: list[tuple[int, int, bool]] = []
        source = self.graph(Call(self.grammar.start))
        while source < len(self.graphs):
            graph = self.graphs[source]
            for label, behind in (edge for edges in graph.edges for edge in edges):
                called = _entry(label)
                if called is not None:
                    calls.append((source, self.graph(called), behind == graph.final))
            source += 1
        leads_to: dict[int, list[int]] = {number: [] for number in range(len(self.graphs))}
        for source, target, _ in calls:
            leads_to[source].append(target)
        component_of = {member: place for place, members in enumerate(components(leads_to)) for member in members}
        return all(is_last or component_of[source] != component_of[target] for source, target, is_last in calls)

    def table(self) -> ByteTable:
        """The subset construction."""
        rows: list[list[int]] = [[DEAD] * 256]
        accepting = [False]
        start = self.graph(Call(self.grammar.start))
        first = self._closed([_Behind(start, 0, None)])
        order = [first]
        self.numbers[first] = START
        for places in order:  # grows while it is read
            accepting.append(None in places)
            rows.append(self._row(places, order))
        return sealed(rows, accepting)

    def _row(self, places: frozenset[_Place | None], order: list[frozenset[_Place | None]]) -> list[int]:
        """Where each byte leads; sets of places that are new are added to `order`."""
        edges = [edge for place in places if place is not None for edge in self._edges(place)]
        row = [DEAD] * 256
        for mask in _classes({mask for mask, _, _ in edges}):
            done = [behind for members, behind, _ in edges if members & mask and behind is not None]
            within = frozenset(place for members, _, place in edges if members & mask and place is not None)
            after = self._closed(done) | within
            number = self.numbers.get(after)
            if number is None:
                number = self.numbers[after] = START + len(order)
                order.append(after)
                self.n_stacks += len(after)
                if len(order) > MAX_TABLE_STATES:
                    raise LimitExceeded(f"{_OPERATION}: states of a grammar", len(order), MAX_TABLE_STATES)
                if self.n_stacks > MAX_STACKS:
                    raise LimitExceeded(f"{_OPERATION}: places in a grammar", self.n_stacks, MAX_STACKS)
            for byte in range(256):
                if mask >> byte & 1:
                    row[byte] = number
        return row

    def _edges(self, place: _Place) -> list[_Edge]:
        """What may be read at a place, and where that leads."""
        match place.leaf:
            case ir.Literal(text):
                mask = 1 << text[place.at]
                ends = place.at + 1 == len(text)
                return [(mask, place.behind, None) if ends else (mask, None, place._replace(at=place.at + 1))]
            case ir.ByteClass(mask):
                return [(mask, place.behind, None)]
            case ir.Automaton(_, _, counter):
                return self._edges_of_automaton(place, counter)
        raise AssertionError(place.leaf)

    def _edges_of_automaton(self, place: _Place, counter: tuple[int, int | None] | None) -> list[_Edge]:
        assert place.automaton is not None
        edges: list[_Edge] = []
        for mask, automaton, state, unit in _steps(place.automaton, place.at):
            units = counted_units(place.units, unit, counter)
            if units is not None:
                is_end = automaton.accepting[state] and units >= (counter or (0,))[0]
                after = place._replace(automaton=automaton, at=state, units=units)
                edges.append((mask, place.behind if is_end else None, after))
        return edges

    def _closed(self, points: list[_Behind]) -> frozenset[_Place | None]:
        """The places in leaves that can be reached without reading; None among them if the text may end."""
        found: set[_Place | None] = set()
        seen = set(points)
        todo = list(points)
        while todo:
            number, node, rest = todo.pop()
            graph = self.graphs[number]
            following: list[_Behind] = []
            if node == graph.final:
                if rest is None:
                    found.add(None)
                else:
                    following.append(rest)
            for label, target in graph.edges[node]:
                behind = _Behind(number, target, rest)
                called = _entry(label)
                if label == EPSILON:
                    following.append(behind)
                elif called is not None:
                    # the end of a right part leaves nothing behind
                    following.append(_Behind(self.graph(called), 0, rest if target == graph.final else behind))
                else:
                    following += self._begun(label, behind, found)
            for point in following:
                if point not in seen:
                    seen.add(point)
                    todo.append(point)
        return frozenset(found)

    def _begun(self, leaf: Node, behind: _Behind, found: set[_Place | None]) -> list[_Behind]:
        """A leaf begins: its first place goes to `found`; what is behind it if it may be empty."""
        match leaf:
            case ir.Literal() | ir.ByteClass():
                found.add(_Place(leaf, 0, None, 0, behind))
                return []
            case ir.Automaton(automaton, state, counter):
                found.add(_Place(leaf, state, automaton, 0, behind))
                return [behind] if automaton.accepting[state] and not (counter or (0,))[0] else []
        kind = type(leaf).__name__
        raise UnsupportedComposition(_OPERATION, f"the construct {kind}", "it is not a set of byte strings")


def _entry(label: Node) -> Node | None:
    """What is entered at an edge, if it is no leaf."""
    if isinstance(label, ir.Document):
        label = label.body
    return label if isinstance(label, Call | ir.Repeat | ir.Permutation) else None


@lru_cache(maxsize=1 << 12)
def _steps(automaton: ByteAutomaton, state: int) -> list[tuple[int, ByteAutomaton, int, int]]:
    """Where a state leads: (bytes as a mask, automaton, state, unit)."""
    masks: dict[tuple[ByteAutomaton, int, int], int] = {}
    for byte in range(256):
        step = automaton.successor(state, byte)
        if step is not None:
            masks[step] = masks.get(step, 0) | 1 << byte
    return [(mask, *step) for step, mask in masks.items()]


def _classes(masks: set[int]) -> list[int]:
    """The bytes of any mask, in classes that no mask tells apart, as masks again."""
    classes: list[int] = []
    for mask in masks:
        split: list[int] = []
        for one in classes:
            split += [part for part in (one & mask, one & ~mask) if part]
            mask &= ~one
        classes = [*split, mask] if mask else split
    return classes
