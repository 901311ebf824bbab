"""A counted automaton without what leads a table nowhere, its counter kept: `"maxLength": 2000` is not written out.

A counter promises that every text it lets through can be completed within its range, which a product may break
(`leaf_product` therefore multiplies with the counts). It is kept if, in the product, every place before the end

    (1) can come to the end without another unit, and
    (2) can go on by exactly one unit to another such place,

for then any number of units is possible everywhere, as in a string from which only some texts were taken out.
Cost: linear in the pairs of states that are reached, with 256 steps each.
"""

from __future__ import annotations

from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, ByteAutomaton, automaton_of
from maskwright.grammar.byte_table import DEAD, START, ByteTable

Edge = tuple[int, int, int, int]
"""First byte, last byte, target, unit."""


def counted_product(leaf: ir.Automaton, table: ByteTable) -> ir.Automaton | None:
    """The strings of a leaf that lead a table from START to START, if nothing leads elsewhere and (1) and (2) hold."""
    order: list[tuple[ByteAutomaton, int, int]] = [(leaf.automaton, leaf.state, START)]
    number = {order[0]: 0}
    edges: list[list[Edge]] = []
    for automaton, state, at in order:
        row: list[Edge] = []
        for byte, target in enumerate(table.rows[at]):
            step = automaton.successor(state, byte) if target != DEAD else None
            if step is None:
                continue
            after = (step[0], step[1], target)
            if after not in number:
                number[after] = len(order)
                order.append(after)
            edge = (byte, byte, number[after], step[2])
            if row and row[-1][1] == byte - 1 and row[-1][2:] == edge[2:]:
                edge = (row.pop()[0], *edge[1:])
            row.append(edge)
        edges.append(row)
    accepting = [bool(automaton.accepting[state]) for automaton, state, _ in order]
    if any(accepts and at != START for accepts, (_, _, at) in zip(accepting, order, strict=True)):
        return None
    if not _counts_everywhere(edges, accepting):
        return None
    return ir.Automaton(automaton_of(edges, accepting), 0, leaf.counter)


def _counts_everywhere(edges: list[list[Edge]], accepting: list[bool]) -> bool:
    """Do (1) and (2) hold?"""
    closed = _reached({edge[2] for row in edges for edge in row if edge[3] == CLOSES}, edges)
    places = range(len(edges))
    free = [[edge[2] for edge in row if edge[3] != BEGINS_UNIT] for row in edges]
    can_end = _leading({place for place in places if accepting[place]}, free)
    begins = {
        place for place in places if any(edge[3] == BEGINS_UNIT and edge[2] not in closed for edge in edges[place])
    }
    can_go_on = _leading(begins - closed, free)
    return len(can_end) == len(edges) and closed.isdisjoint(can_go_on) and len(can_go_on) + len(closed) == len(edges)


def _reached(begin: set[int], edges: list[list[Edge]]) -> set[int]:
    todo = list(begin)
    while todo:
        for edge in edges[todo.pop()]:
            if edge[2] not in begin:
                begin.add(edge[2])
                todo.append(edge[2])
    return begin


def _leading(ends: set[int], successors: list[list[int]]) -> set[int]:
    """The places from which one of `ends` can be reached."""
    before: dict[int, list[int]] = {}
    for place, targets in enumerate(successors):
        for target in targets:
            before.setdefault(target, []).append(place)
    todo = list(ends)
    while todo:
        for place in before.get(todo.pop(), ()):
            if place not in ends:
                ends.add(place)
                todo.append(place)
    return ends
