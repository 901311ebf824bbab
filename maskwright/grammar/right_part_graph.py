"""A node as a graph whose edges are leaves and calls, to walk through it together with an automaton.

Sequences, choices and networks are drawn out. Repetitions and permutations stay edges until one must be looked into,
because where the automaton accepts everything they may stay as they are: `opened` then draws one, with a node for each
count, and for each set of members seen. What is not a set of byte strings has no graph.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.errors import LimitExceeded, UnsupportedComposition
from maskwright.grammar import ir
from maskwright.grammar.ir import EPSILON, NOTHING, Node

MAX_GRAPH = 200_000
"""Edges of one graph: a repetition of 10 edges, counted to 20,000."""

MAX_SEEN = 4_096
"""Sets of members, times counts, that a permutation is drawn with: twelve members, all optional."""

Edge = tuple[Node, int]

_Seen = tuple[frozenset[int], int]
"""The items seen and (from -1 down) the obligations fulfilled, and how many entries there were."""


@dataclass(frozen=True, slots=True)
class RightPart:
    """edges[n] are (label, target) from node n; begin in 0, end in `final`. An edge labelled EPSILON reads nothing."""

    edges: list[list[Edge]]
    final: int


def drawn(node: Node, operation: str) -> RightPart:
    """The graph of a node; `operation` names what is being done in the errors."""
    drawing = _Drawing(operation)
    final = drawing.new_node()
    drawing.draw(node, 0, final)
    return RightPart(drawing.edges, final)


def opened(node: Node, operation: str) -> RightPart:
    """The graph of a repetition or a permutation."""
    drawing = _Drawing(operation)
    final = drawing.new_node()
    match node:
        case ir.Repeat():
            drawing.draw_repeat(node, final)
        case ir.Permutation():
            drawing.draw_permutation(node, final)
        case _:
            raise AssertionError(node)
    return RightPart(drawing.edges, final)


class _Drawing:
    """The graph so far (mutable)."""

    def __init__(self, operation: str) -> None:
        self.edges: list[list[Edge]] = [[]]
        self.n_edges = 0
        self.operation = operation

    def new_node(self) -> int:
        self.edges.append([])
        return len(self.edges) - 1

    def edge(self, source: int, label: Node, target: int) -> None:
        self.n_edges += 1
        if self.n_edges > MAX_GRAPH:
            raise LimitExceeded(f"{self.operation}: a counted repetition", self.n_edges, MAX_GRAPH)
        self.edges[source].append((label, target))

    def draw(self, node: Node, source: int, target: int) -> None:
        """Let the strings of the node lead from one node to another."""
        match node:
            case ir.Sequence(parts):
                for part in parts[:-1]:
                    middle = self.new_node()
                    self.draw(part, source, middle)
                    source = middle
                self.draw(parts[-1], source, target) if parts else self.edge(source, EPSILON, target)
            case ir.Choice(parts):
                for part in parts:
                    self.draw(part, source, target)
            case ir.Network(n_states, edges):
                nodes = [self.new_node() for _ in range(n_states)]
                self.edge(source, EPSILON, nodes[0])
                for begin, label, end in edges:
                    self.draw(label, nodes[begin], nodes[end])
                self.edge(nodes[-1], EPSILON, target)
            case _:
                self.edge(source, node, target)

    def draw_repeat(self, node: ir.Repeat, final: int) -> None:
        here = 0
        for _ in range(node.minimum):
            after = self.new_node()
            self.draw(node.body, here, after)
            here = after
        if node.maximum is None:
            loop = self.new_node()
            self.edge(here, EPSILON, loop)
            self.draw(node.body, loop, loop)
            self.edge(loop, EPSILON, final)
            return
        self.edge(here, EPSILON, final)
        for _ in range(node.maximum - node.minimum):
            after = self.new_node()
            self.draw(node.body, here, after)
            self.edge(after, EPSILON, final)
            here = after

    def draw_permutation(self, node: ir.Permutation, final: int) -> None:
        """A node for each set of items seen and obligations fulfilled, with the count as far as it matters."""
        needed = frozenset({*node.required, *(-1 - obligation for obligation in range(node.n_obligations))})
        repeats = [(node.repeatable, ()), *node.markers]
        entries: list[tuple[Node, frozenset[int], int]] = [
            (body, frozenset(-1 - obligation for obligation in obligations), -1)
            for body, obligations in repeats
            if body != NOTHING
        ]
        entries += [(ir.sequence(*item), frozenset({place}), place) for place, item in enumerate(node.items)]
        sets = self._sets_seen(node, entries)
        nodes = {one: self.new_node() for one in sets}
        self.edge(0, EPSILON, nodes[next(iter(sets))])
        for (seen, count), following in sets.items():
            for (body, _, _), after in zip(entries, following, strict=True):
                if after is None:
                    continue
                end = self.new_node()
                self.draw(body, nodes[seen, count], end)
                if needed <= after[0] and after[1] >= node.minimum:
                    self.edge(end, EPSILON, final)
                self.draw(node.separator, end, nodes[after])

    def _sets_seen(
        self, node: ir.Permutation, entries: list[tuple[Node, frozenset[int], int]]
    ) -> dict[_Seen, list[_Seen | None]]:
        """Each set of members with a count, and what it becomes by each entry."""
        start: _Seen = (frozenset(), 0)
        sets: dict[_Seen, list[_Seen | None]] = {start: []}
        todo = [start]
        for seen, count in todo:
            for _, adds, item in entries:
                after: _Seen | None = None
                if count != node.maximum and not (item >= 0 and item in seen):
                    more = count + 1 if node.maximum is not None else min(count + 1, node.minimum)
                    after = (seen | adds, more)
                    if after not in sets:
                        sets[after] = []
                        todo.append(after)
                sets[seen, count].append(after)
            if len(sets) > MAX_SEEN:
                raise UnsupportedComposition(
                    self.operation,
                    f"{len(node.items)} members that may stand in any order",
                    "fix their order, for JSON Schema with JSONSchemaOptions(property_order=PropertyOrder.DECLARED)",
                )
        return sets
