"""The leaves of a grammar together with an automaton over bytes: what of each leads from which state to which.

A byte automaton becomes one automaton for each state to end in, its bases and links resolved. Counts are written out,
because a count promises that every text may still be completed within it, which the product would break. A value that
must differ from its siblings stays exact as long as infinitely many values lie ahead at every point of what is left of
it; else a text could get stuck, and the product is refused. A special token has no text, so it has no product.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maskwright.errors import LimitExceeded, UnsupportedComposition
from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, NO_UNIT, ByteAutomaton, automaton_of
from maskwright.grammar.byte_table import DEAD, START, ByteTable
from maskwright.grammar.ir import Node

MAX_PAIRS = 200_000
"""Pairs of states, times counts, of one leaf: some seconds."""

_ADVICE = {
    "Lexed": "read the grammar character by character, with lexer='dynamic_complete'",
    "TokenSet": "special tokens have no text that a pattern could match; combine the grammars around them",
}


@dataclass(slots=True)
class LeafProducts:
    """Products with one table, remembered (mutable)."""

    table: ByteTable
    operation: str
    _known: dict[tuple[Node, int], list[tuple[Node, int]]] = field(default_factory=dict)

    def product(self, leaf: Node, state: int) -> list[tuple[Node, int]]:
        """What the leaf reads from a state, with the states where that ends; these can still lead to acceptance."""
        known = self._known.get((leaf, state))
        if known is None:
            found = self._product(leaf, state)
            known = self._known[leaf, state] = [one for one in found if one[1] in self.table.live]
        return known

    def _product(self, leaf: Node, state: int) -> list[tuple[Node, int]]:
        match leaf:
            case ir.Literal(text):
                return [(leaf, self.table.run(state, text))]
            case ir.ByteClass(mask):
                row = self.table.rows[state]
                bytes_to: dict[int, list[int]] = {}
                for byte in range(256):
                    if mask >> byte & 1:
                        bytes_to.setdefault(row[byte], []).append(byte)
                return [(ir.byte_class(members), end) for end, members in bytes_to.items()]
            case ir.Automaton():
                return self._automata(leaf, state)
            case ir.Distinct(ir.Automaton() as body) if body.automaton.reads_only(body.state, ord('"')):
                # a string: only finitely many spellings have one value, so infinitely many texts are enough
                found = [one for one in self._automata(body, state) if one[1] in self.table.live]
                if all(isinstance(part, ir.Automaton) and is_free(part.automaton) for part, _ in found):
                    return [(ir.Distinct(part), end) for part, end in found]
        kind = type(leaf).__name__
        if kind == "Distinct":
            raise UnsupportedComposition(
                self.operation,
                "values that must differ from their siblings (uniqueItems, names of additional properties)",
                "the pattern may leave too few of them; allow no additional properties, or drop the pattern",
            )
        advice = _ADVICE.get(kind, "it is not a set of byte strings")
        raise UnsupportedComposition(self.operation, f"the construct {kind}", advice)

    def _automata(self, leaf: ir.Automaton, state: int) -> list[tuple[Node, int]]:
        """An automaton for each state of the table that it can end in."""
        places = _Places(self.table, leaf, self.operation)
        places.explore((leaf.automaton, leaf.state, 0, state))
        return [(places.ending_in(end), end) for end in places.ends()]


@dataclass(slots=True)
class LeavesOfText:
    """The same for the table of one text (`byte_table.table_of_text`), along which a leaf can be followed directly."""

    text: bytes
    table: ByteTable
    operation: str
    _known: dict[tuple[Node, int], list[tuple[Node, int]]] = field(default_factory=dict)

    def product(self, leaf: Node, state: int) -> list[tuple[Node, int]]:
        """What `LeafProducts.product` gives, with the leaf itself in place of what is left of it."""
        if not isinstance(leaf, ir.Literal | ir.ByteClass | ir.Automaton):
            return LeafProducts(self.table, self.operation).product(leaf, state)
        if (leaf, state) not in self._known:
            self._known[leaf, state] = [(leaf, START + end) for end in self._ends(leaf, state - START)]
        return self._known[leaf, state]

    def _ends(self, leaf: ir.Literal | ir.ByteClass | ir.Automaton, begin: int) -> list[int]:
        match leaf:
            case ir.Literal(text):
                return [begin + len(text)] if self.text.startswith(text, begin) else []
            case ir.ByteClass(mask):
                return [begin + 1] if begin < len(self.text) and mask >> self.text[begin] & 1 else []
        automaton, state, units = leaf.automaton, leaf.state, 0
        least = 0 if leaf.counter is None else leaf.counter[0]
        ends = [begin] if automaton.accepting[state] and least == 0 else []
        for place in range(begin, len(self.text)):
            step = automaton.successor(state, self.text[place])
            counted = None if step is None else counted_units(units, step[2], leaf.counter)
            if step is None or counted is None:
                break
            automaton, state, units = step[0], step[1], counted
            if automaton.accepting[state] and units >= least:
                ends.append(place + 1)
        return ends


_Place = tuple[ByteAutomaton, int, int, int]
"""An automaton, a state of it, the units so far as they matter, and a state of the table."""


class _Places:
    """The product of one leaf with the table (mutable while it is explored)."""

    def __init__(self, table: ByteTable, leaf: ir.Automaton, operation: str) -> None:
        self.table = table
        self.counter = leaf.counter
        self.operation = operation
        self.order: list[_Place] = []
        self.following: list[list[int]] = []
        """By place, the number of the place after each byte, or -1."""
        self.accepting: list[bool] = []

    def explore(self, start: _Place) -> None:
        number = {start: 0}
        self.order = [start]
        for place in self.order:
            automaton, state, units, at = place
            self.accepting.append(bool(automaton.accepting[state]) and units >= (self.counter or (0,))[0])
            row = [-1] * 256
            targets = self.table.rows[at]
            for byte in range(256):
                if targets[byte] == DEAD and DEAD not in self.table.live:
                    continue
                step = automaton.successor(state, byte)
                counted = None if step is None else counted_units(units, step[2], self.counter)
                if step is not None and counted is not None:
                    after = (step[0], step[1], counted, targets[byte])
                    if after not in number:
                        if len(number) >= MAX_PAIRS:
                            raise LimitExceeded(self.operation, len(number) + 1, MAX_PAIRS)
                        number[after] = len(number)
                        self.order.append(after)
                    row[byte] = number[after]
            self.following.append(row)

    def ends(self) -> list[int]:
        """The states of the table in which the leaf can end."""
        return list(
            dict.fromkeys(place[3] for place, accepts in zip(self.order, self.accepting, strict=True) if accepts)
        )

    def ending_in(self, end: int) -> Node:
        """The automaton of the strings that lead the table there, trimmed."""
        accepts = [is_end and place[3] == end for place, is_end in zip(self.order, self.accepting, strict=True)]
        before: dict[int, set[int]] = {}
        for source, row in enumerate(self.following):
            for target in set(row):
                before.setdefault(target, set()).add(source)
        live = {place for place, is_end in enumerate(accepts) if is_end}
        todo = list(live)
        while todo:
            for source in before.get(todo.pop(), ()):
                if source not in live:
                    live.add(source)
                    todo.append(source)
        kept = sorted(live)  # the start comes first: whatever accepts was reached from it
        number = {place: new for new, place in enumerate(kept)}
        states = [_ranges([number.get(target, -1) for target in self.following[place]]) for place in kept]
        return ir.Automaton(automaton_of(states, [accepts[place] for place in kept]))


def counted_units(units: int, unit: int, counter: tuple[int, int | None] | None) -> int | None:
    """The units after an edge, kept at the least number where there is no greatest; None if it is not allowed."""
    if counter is None or unit == NO_UNIT:
        return units
    minimum, maximum = counter
    if unit == CLOSES:
        return units if units >= minimum else None
    assert unit == BEGINS_UNIT
    if maximum is None:
        return min(units + 1, minimum)
    return units + 1 if units < maximum else None


def _ranges(row: list[int]) -> list[tuple[int, int, int, int]]:
    """The edges of a full row: `[..., 7, 7, -1, ...]` -> `[(low, high, 7, NO_UNIT)]`."""
    edges: list[tuple[int, int, int, int]] = []
    for byte, target in enumerate(row):
        if target >= 0:
            if edges and edges[-1][1] == byte - 1 and edges[-1][2] == target:
                edges[-1] = (edges[-1][0], byte, target, NO_UNIT)
            else:
                edges.append((byte, byte, target, NO_UNIT))
    return edges


def is_free(automaton: ByteAutomaton) -> bool:
    """Do infinitely many strings lie ahead of every state that can go on?"""
    following = [
        {int(target) for target in automaton.edges[automaton.edge_start[s] : automaton.edge_start[s + 1], 2]}
        for s in range(automaton.n_states)
    ]
    finite = {state for state, targets in enumerate(following) if not targets}
    size = -1
    while len(finite) != size:
        size = len(finite)
        finite |= {state for state, targets in enumerate(following) if targets <= finite}
    return all(not following[state] for state in finite)
