"""Arrays and objects as grammar nodes.

An object with n optional members is a graph of about 3n states, three per place i in the order of members:

    E_i   no member yet, members before place i are behind us
    C_i   a comma was read, the next member stands at place i or later
    B_i   after a member, those before place i are behind us: a comma or the closing brace

Members with undeclared names come last: place n, which leads back to itself.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Choice,
    Literal,
    Network,
    Node,
    Permutation,
    repeat,
    sequence,
)
from maskwright.grammar.json_schema.layout import Layout

COMMA = Literal(b",")


@dataclass(frozen=True, slots=True)
class Member:
    """One place in the order of members: its name and value spelled out, and whether it must be there."""

    name: Node
    value: Node
    is_required: bool


def object_in_any_order(members: SequenceOf[Member], extra: tuple[Node, Node] | None, layout: Layout) -> Node:
    """An object of the members, each at most once, and any number of `extra` ones, in any order."""
    if not members:
        return object_node(members, extra, layout)  # nothing to keep apart

    def rest_of(value: Node) -> Node:
        return sequence(layout.colon, value, layout.after_item)

    permutation = Permutation(
        items=tuple((member.name, rest_of(member.value)) for member in members),
        required=tuple(place for place, member in enumerate(members) if member.is_required),
        separator=sequence(COMMA, layout.after_comma),
        repeatable=NOTHING if extra is None else sequence(extra[0], rest_of(extra[1])),
    )
    return _enclosed(Literal(b"{"), permutation, Literal(b"}"), layout, may_be_empty=not permutation.required)


def object_node(members: SequenceOf[Member], extra: tuple[Node, Node] | None, layout: Layout) -> Node:
    """An object of the members in order, then any number of `extra` ones: a node for names and one for values."""
    pairs = [sequence(member.name, layout.colon, member.value, layout.after_item) for member in members]
    between = sequence(COMMA, layout.after_comma)
    if extra is None and all(member.is_required for member in members):
        return _plain_sequence(Literal(b"{"), pairs, Literal(b"}"), between, layout)
    network = _NetworkBuilder()
    close, end = sequence(layout.before_close, Literal(b"}")), network.end
    n = len(members)
    last_required = max((place for place in range(n) if members[place].is_required), default=-1)
    first_required = next((place for place in range(n) if members[place].is_required), n)
    start = network.start
    opened = ("E", 0)
    if layout.closes_after_open:
        network.edge(start, sequence(Literal(b"{"), layout.after_open), opened)
        if first_required == n:
            network.edge(("E", n), Literal(b"}"), end)
    else:
        network.edge(start, Literal(b"{"), "opened")
        network.edge("opened", layout.after_open, opened)
        if first_required == n:
            network.edge("opened", sequence(layout.inside_empty, Literal(b"}")), end)
    for place in range(n):
        if place <= first_required:
            network.edge(("E", place), pairs[place], ("B", place + 1))
            if not members[place].is_required and (place + 1 < n or extra or layout.closes_after_open):
                network.edge(("E", place), EPSILON, ("E", place + 1))
        if place > 0:
            network.edge(("B", place), between, ("C", place))
            network.edge(("C", place), pairs[place], ("B", place + 1))
            if not members[place].is_required and (place + 1 < n or extra):
                network.edge(("C", place), EPSILON, ("C", place + 1))
            if last_required < place:
                network.edge(("B", place), close, end)
    if n:
        network.edge(("B", n), close, end)
    if extra is not None:
        name, value = extra
        pair = sequence(name, layout.colon, value, layout.after_item)
        after = ("B", n) if n else ("B", 1)
        if first_required == n:
            network.edge(("E", n), pair, after)
        network.edge(after, between, ("C", n))
        network.edge(("C", n), pair, after)
        if not n:
            network.edge(after, close, end)
    return network.build()


def array_node(prefix: SequenceOf[Node], items: Node | None, minimum: int, maximum: int | None, layout: Layout) -> Node:
    """An array of at least `minimum` and at most `maximum` items: those of `prefix`, then `items` (None: no others)."""
    opening, closing = Literal(b"["), Literal(b"]")
    prefix = prefix if maximum is None else prefix[:maximum]
    if items is None:
        maximum = len(prefix) if maximum is None else min(maximum, len(prefix))
    parts = [sequence(part, layout.after_item) for part in prefix]
    between = sequence(COMMA, layout.after_comma)
    n = len(parts)
    if maximum is not None and minimum == maximum <= n:
        return _plain_sequence(opening, parts, closing, between, layout)
    rest: Node = EPSILON
    if items is not None and (maximum is None or maximum > n):
        item = sequence(items, layout.after_item)
        # With a prefix every further item follows a comma; without one the first item stands alone.
        n_before = max(n, 1)
        rest = repeat(
            sequence(between, item), max(minimum - n_before, 0), None if maximum is None else maximum - n_before
        )
        if n == 0:
            rest = sequence(item, rest)
    inner = _chain(parts, between, rest, minimum) if n else rest
    return _enclosed(opening, inner, closing, layout, may_be_empty=minimum == 0)


def _chain(parts: SequenceOf[Node], between: Node, rest: Node, minimum: int) -> Node:
    """The parts one after the other and then the rest, where one may stop after at least `minimum` parts.

    A graph, because nested options would nest as deeply as there are parts.
    """
    if len(parts) <= minimum:
        return sequence(parts[0], *[node for part in parts[1:] for node in (between, part)], rest)
    network = _NetworkBuilder()
    network.edge(network.start, parts[0], 1)
    for place, part in enumerate(parts[1:], start=1):
        network.edge(place, sequence(between, part), place + 1)
        if place >= minimum:
            network.edge(place, EPSILON, network.end)
    network.edge(len(parts), rest, network.end)
    return network.build()


def _enclosed(opening: Node, inner: Node, closing: Node, layout: Layout, *, may_be_empty: bool) -> Node:
    """The inner part between brackets, with the blanks that belong there, or the empty brackets too."""
    filled = sequence(layout.after_open, inner, layout.before_close, closing)
    if not may_be_empty:
        return sequence(opening, filled)
    if layout.closes_after_open:
        tail = Choice((sequence(inner, layout.before_close, closing), closing))
        return sequence(opening, layout.after_open, tail)
    return sequence(opening, Choice((filled, sequence(layout.inside_empty, closing))))


def _plain_sequence(opening: Node, parts: SequenceOf[Node], closing: Node, between: Node, layout: Layout) -> Node:
    if not parts:
        return sequence(opening, layout.inside_empty, closing)
    inner = [parts[0]]
    for part in parts[1:]:
        inner += [between, part]
    return sequence(opening, layout.after_open, *inner, layout.before_close, closing)


class _NetworkBuilder:
    """Edges between named states; numbers are given in the order of first mention, the end comes last."""

    def __init__(self) -> None:
        self.start = "start"
        self.end = "end"
        self.numbers: dict[object, int] = {self.start: 0}
        self.edges: list[tuple[object, Node, object]] = []

    def edge(self, source: object, label: Node, target: object) -> None:
        if target != self.end:
            self.numbers.setdefault(target, len(self.numbers))
        self.numbers.setdefault(source, len(self.numbers))
        self.edges.append((source, label, target))

    def build(self) -> Network:
        self.numbers[self.end] = len(self.numbers)
        edges = tuple([(self.numbers[source], label, self.numbers[target]) for source, label, target in self.edges])
        return Network(len(self.numbers), edges)
