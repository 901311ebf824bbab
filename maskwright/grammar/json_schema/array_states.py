"""Arrays whose items are counted: a graph of how many items were read and how many of them satisfied each condition.

An item either satisfies a counted condition or its negation, so with k conditions there are 2**k kinds of items at a
place, whose values have nothing in common; the counts after a prefix of an array are therefore known exactly. A count
without an upper bound stops at its lower one, and a place behind which nothing changes stays, so the graph is finite.

States are numbered in the order of discovery, 0 being the empty array. Cost: linear in the states, which multiply with
the bounds: `contains` at least once costs a factor of two, a hundred times a factor of a hundred (limit: `max_states`).
Rejected: counters in the engine's frames, as for `maxItems` alone, because several counts depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskwright.errors import SchemaTooComplex
from maskwright.grammar.json_schema.shapes import NOTHING_AT_ALL, ArrayShape, Conjunction, Counted, item_condition

if TYPE_CHECKING:
    from maskwright.grammar.json_schema.normal_form import NormalForm

MAX_COUNTED = 6
"""The most conditions counted in one array: 64 kinds of items."""

MAX_ARRAY_STATES = 20_000
"""The most states of one array: about half a second."""

State = tuple[int, tuple[int, ...]]
"""How many items there are, as far as it matters, and how many of them satisfied each condition."""


@dataclass(frozen=True, slots=True)
class ArrayGraph:
    """places: how many items there are in each state. edges: (state, condition of the next item, state after it)."""

    places: tuple[int, ...]
    edges: tuple[tuple[int, Conjunction, int], ...]
    accepting: frozenset[int]

    @property
    def conditions(self) -> list[Conjunction]:
        """Every condition on an item."""
        return list(dict.fromkeys(condition for _, condition, _ in self.edges))


def array_graph(form: NormalForm, shape: ArrayShape) -> ArrayGraph:
    """The graph of an array shape, by its conditions alone; edges that no value can take are in it too."""
    known = form.array_graphs.get(shape)
    if known is None:
        known = form.array_graphs[shape] = _array_graph(form, shape)
    return known


def _array_graph(form: NormalForm, shape: ArrayShape) -> ArrayGraph:
    if len(shape.counted) > MAX_COUNTED:
        raise SchemaTooComplex("conditions counted in one array", len(shape.counted), MAX_COUNTED)
    last = max(1, len(shape.prefix), shape.min_items, *(count.start for count in shape.counted))
    if shape.max_items is not None:
        last = shape.max_items
    start: State = (0, (0,) * len(shape.counted))
    numbers = {start: 0}
    order = [start]
    edges = []
    kinds: dict[tuple[Conjunction, tuple[bool, ...]], list[tuple[Conjunction, tuple[int, ...]]]] = {}
    for state in order:  # grows while it is read
        place, counts = state
        if place == shape.max_items:
            continue
        condition = item_condition(shape, place)
        concerned = tuple(count.start <= place for count in shape.counted)
        if (condition, concerned) not in kinds:
            kinds[condition, concerned] = _kinds(form, shape, condition, concerned)
        for kind, hits in kinds[condition, concerned]:
            reached = tuple(map(_next_count, shape.counted, counts, hits))
            if -1 in reached:
                continue
            following: State = (min(place + 1, last), reached)
            if following not in numbers:
                if len(order) >= form.max_states:
                    raise SchemaTooComplex("states of an array", len(order) + 1, form.max_states)
                numbers[following] = len(order)
                order.append(following)
            edges.append((numbers[state], kind, numbers[following]))
    accepting = [
        number
        for (place, counts), number in numbers.items()
        if place >= shape.min_items and all(n >= count.minimum for n, count in zip(counts, shape.counted, strict=True))
    ]
    return ArrayGraph(tuple([place for place, _ in order]), tuple(edges), frozenset(accepting))


def _next_count(count: Counted, n: int, hit: int) -> int:
    n += hit
    if count.maximum is None:
        return min(n, count.minimum)
    return n if n <= count.maximum else -1


def _kinds(
    form: NormalForm, shape: ArrayShape, condition: Conjunction, concerned: tuple[bool, ...]
) -> list[tuple[Conjunction, tuple[int, ...]]]:
    """The items at a place by which of the conditions they satisfy."""
    kinds: list[tuple[Conjunction, tuple[int, ...]]] = [(condition, ())]
    for count, is_concerned in zip(shape.counted, concerned, strict=True):
        if not is_concerned:
            kinds = [(known, (*hits, 0)) for known, hits in kinds]
            continue
        split = []
        for known, hits in kinds:
            split.append((form.join(known, count.condition), (*hits, 1)))
            split.append((form.join(known, form.terms.negate(count.condition)), (*hits, 0)))
        kinds = [(known, hits) for known, hits in split if known != NOTHING_AT_ALL]
    return kinds


def live_edges(graph: ArrayGraph, is_live: Callable[[Conjunction], bool]) -> list[tuple[int, Conjunction, int]]:
    """The edges that lie on a way from the empty array to an accepted one and that some value can take."""
    edges = [edge for edge in graph.edges if is_live(edge[1])]
    forward = _reached({0}, [(source, target) for source, _, target in edges])
    backward = _reached(set(graph.accepting), [(target, source) for source, _, target in edges])
    return [edge for edge in edges if edge[0] in forward and edge[2] in backward]


def can_be_accepted(graph: ArrayGraph, is_live: Callable[[Conjunction], bool]) -> bool:
    """Is there an array at all?"""
    reached = _reached({0}, [(source, target) for source, condition, target in graph.edges if is_live(condition)])
    return not reached.isdisjoint(graph.accepting)


def _reached(start: set[int], edges: list[tuple[int, int]]) -> set[int]:
    following: dict[int, list[int]] = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    reached = set(start)
    todo = list(start)
    while todo:
        for target in following.get(todo.pop(), ()):
            if target not in reached:
                reached.add(target)
                todo.append(target)
    return reached
