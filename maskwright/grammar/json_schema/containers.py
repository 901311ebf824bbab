"""Arrays and objects as grammar nodes.

Members in any order are one node, a `Permutation`. Members in the declared order are a graph of about 2n states for n
members, two per place i in their order:

    A_i   about to read a member; those before place i are behind us
    B_i   after a member, those before place i are behind us: a comma or the closing brace

Members with undeclared names come last: place n, which leads back to itself. Where members are counted, or some member
has to be of a kind, each state exists once for each count and each set of kinds seen.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
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
    choice,
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


@dataclass(frozen=True, slots=True)
class Others:
    """Members with undeclared names, each a node for the name and one for the value.

    `plain` ones may stand any number of times. A marker fulfils some of the `n_needs` needs, each of which must be
    fulfilled by some member.
    """

    plain: tuple[tuple[Node, Node], ...] = ()
    markers: tuple[tuple[Node, Node, tuple[int, ...]], ...] = ()
    n_needs: int = 0


def object_in_any_order(
    members: SequenceOf[Member], others: Others, minimum: int, maximum: int | None, layout: Layout
) -> Node:
    """An object of the members, each at most once, and any number of others, in any order, so many in all."""
    if not members and not others.markers and not minimum and maximum is None:
        return object_in_order(members, others, minimum, maximum, layout)  # nothing to keep apart
    if maximum == 0 or not (members or others.plain or others.markers):
        return _plain_sequence(Literal(b"{"), [], Literal(b"}"), EPSILON, layout)

    rests: dict[Node, Node] = {}  # most members have one of a few kinds of values

    def rest_of(value: Node) -> Node:
        rest = rests.get(value)
        if rest is None:
            rest = rests[value] = sequence(layout.colon, value, layout.after_item)
        return rest

    permutation = Permutation(
        items=tuple((member.name, rest_of(member.value)) for member in members),
        required=tuple(place for place, member in enumerate(members) if member.is_required),
        separator=sequence(COMMA, layout.after_comma),
        repeatable=choice(*[sequence(name, rest_of(value)) for name, value in others.plain]),
        minimum=minimum,
        maximum=maximum,
        n_obligations=others.n_needs,
        markers=tuple((sequence(name, rest_of(value)), needs) for name, value, needs in others.markers),
    )
    may_be_empty = not (permutation.required or minimum or others.n_needs)
    return _enclosed(Literal(b"{"), permutation, Literal(b"}"), layout, may_be_empty=may_be_empty)


def object_in_order(
    members: SequenceOf[Member], others: Others, minimum: int, maximum: int | None, layout: Layout
) -> Node:
    """An object of the members in order, then any number of others, so many in all."""
    pairs = [sequence(member.name, layout.colon, member.value, layout.after_item) for member in members]
    between = sequence(COMMA, layout.after_comma)
    n = len(members)
    has_others = bool(others.plain or others.markers)
    if maximum == 0 or not (members or has_others):
        return _plain_sequence(Literal(b"{"), [], Literal(b"}"), between, layout)
    if not has_others and all(member.is_required for member in members):
        return _plain_sequence(Literal(b"{"), pairs, Literal(b"}"), between, layout)
    last_required = max((place for place in range(n) if members[place].is_required), default=-1)
    all_needs = (1 << others.n_needs) - 1
    steps: list[tuple[Node, int]] = [
        *((sequence(name, layout.colon, value, layout.after_item), 0) for name, value in others.plain),
        *(
            (sequence(name, layout.colon, value, layout.after_item), sum(1 << need for need in needs))
            for name, value, needs in others.markers
        ),
    ]
    network = _NetworkBuilder()
    start = ("A", 0, 0, 0)
    network.name_start(start)
    seen = {start}
    todo = [start]

    def edge(source: _Place, label: Node, target: _Place) -> None:
        network.edge(source, label, target)
        if target not in seen:
            seen.add(target)
            todo.append(target)

    while todo:
        state = todo.pop()
        kind, place, count, needs = state
        if kind == "B":
            if maximum is None or count < maximum:
                edge(state, between, ("A", place, count, needs))
            if place > last_required and count >= minimum and needs == all_needs:
                network.edge(state, EPSILON, network.end)
            continue
        after = min(count + 1, minimum) if maximum is None else count + 1
        if place < n:
            edge(state, pairs[place], ("B", place + 1, after, needs))
            if not members[place].is_required:
                edge(state, EPSILON, ("A", place + 1, count, needs))
        else:
            for label, fulfilled in steps:
                edge(state, label, ("B", n, after, needs | fulfilled))
    may_be_empty = last_required < 0 and not minimum and not all_needs
    return _enclosed(Literal(b"{"), network.build(), Literal(b"}"), layout, may_be_empty=may_be_empty)


def graph_node(
    edges: Iterable[tuple[int, Node, int]], accepting: Container[int], first: Container[int], layout: Layout
) -> Node:
    """An array as a graph: edges (state, item, state after it) from state 0; `first` are states before any item."""
    between = sequence(COMMA, layout.after_comma)
    network = _NetworkBuilder()
    network.name_start(0)
    closed = set()
    for source, item, target in edges:
        step = sequence(item, layout.after_item)
        network.edge(source, step if source in first else sequence(between, step), target)
        if target in accepting and target not in closed:
            closed.add(target)
            network.edge(target, EPSILON, network.end)
    if not closed:
        return _plain_sequence(Literal(b"["), [], Literal(b"]"), between, layout)
    return _enclosed(Literal(b"["), network.build(), Literal(b"]"), layout, may_be_empty=0 in accepting)


def distinct_array(values: SequenceOf[Node], others: Node, minimum: int, maximum: int | None, layout: Layout) -> Node:
    """An array of the values, each at most once, and any number of `others` (`NOTHING`: none), so many in all."""
    if maximum == 0 or not (values or others != NOTHING):
        return _plain_sequence(Literal(b"["), [], Literal(b"]"), EPSILON, layout)
    permutation = Permutation(
        items=tuple((value, layout.after_item) for value in values),
        required=(),
        separator=sequence(COMMA, layout.after_comma),
        repeatable=sequence(others, layout.after_item),
        minimum=minimum,
        maximum=maximum,
    )
    return _enclosed(Literal(b"["), permutation, Literal(b"]"), layout, may_be_empty=not minimum)


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


_Place = tuple[str, int, int, int]
"""A state of an object in order: its kind, the place, members counted, needs fulfilled."""


class _NetworkBuilder:
    """Edges between named states; what does not lead to the end is left out, and the end comes last."""

    def __init__(self) -> None:
        self.start: object = "start"
        self.end = "end"
        self.edges: list[tuple[object, Node, object]] = []

    def name_start(self, state: object) -> None:
        """Begin in this state."""
        self.start = state

    def edge(self, source: object, label: Node, target: object) -> None:
        if label != NOTHING:
            self.edges.append((source, label, target))

    def build(self) -> Network:
        """The network, its states numbered in the order of first mention."""
        sources: dict[object, list[object]] = {}
        for source, _, target in self.edges:
            sources.setdefault(target, []).append(source)
        alive: set[object] = {self.end}
        todo: list[object] = [self.end]
        while todo:
            for source in sources.get(todo.pop(), ()):
                if source not in alive:
                    alive.add(source)
                    todo.append(source)
        kept = [edge for edge in self.edges if edge[2] in alive]
        numbers: dict[object, int] = {self.start: 0}
        for source, _, target in kept:
            for state in (source, target):
                if state != self.end:
                    numbers.setdefault(state, len(numbers))
        numbers[self.end] = len(numbers)
        return Network(
            len(numbers), tuple([(numbers[source], label, numbers[target]) for source, label, target in kept])
        )
