"""Where the nodes and edges of a picture lie: in layers from left to right, nothing on top of anything else.

After Sugiyama, Tagawa and Toda (1981), with the label of an edge as a box of its own halfway, so that labels too are
kept apart:

 1. edges that lead back are turned round (depth first from the start), so that there are no cycles;
 2. each box is in the layer behind the last one that leads to it; an edge across layers goes through a point in each;
 3. within layers, boxes are sorted by the mean place of their neighbours, back and forth, and the best order is kept;
 4. each box is pulled to the mean height of its neighbours, as far as the order and the gaps let it.

Cost: about n log n a sweep. Rejected: graphviz alone (a program that is often not there),
and a library (those in pure Python place nodes, but not the labels of edges, which are most of these pictures).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from maskwright.grammar.drawing.picture import Picture

LINE_HEIGHT: Final = 16.0
CHARACTER_WIDTH: Final = 7.3
"""Of a fixed-width font of 12 pixels, rounded up."""
MARGIN: Final = 8.0
LEAST_WIDTH, LEAST_HEIGHT = 24.0, 24.0
GAP_WITHIN, GAP_BETWEEN = 14.0, 22.0
"""Between boxes of a layer, and between layers."""
LOOP_HEIGHT: Final = 18.0
"""Above a node that leads to itself, without the label."""
N_SWEEPS: Final = 12
MOST_CHARACTERS: Final = 44
"""Of a line of a label; the rest is cut off, and shown where the mouse is."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its middle and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PlacedEdge:
    """points: from the border of the source to that of the target. label: where it lies; None without one."""

    points: tuple[Point, ...]
    label: Box | None


@dataclass(frozen=True, slots=True)
class Layout:
    """nodes[n] and edges[e] belong to those of the picture. A loop has no points: its label lies above its node."""

    width: float
    height: float
    nodes: tuple[Box, ...]
    edges: tuple[PlacedEdge, ...]


def lines_of(label: str) -> list[str]:
    """The lines of a label as they are drawn."""
    return [line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1] + "…" for line in label.split("\n")]


@dataclass(slots=True)
class _Item:
    """Something that takes room in a layer: a node, the label of an edge, or a point of one that passes through."""

    layer: int
    width: float
    height: float
    room: float = 0.0  # the width with its loops, whose labels may be wider than the box
    above: float = 0.0  # room for loops and their labels, over the box itself
    y: float = 0.0


def layout(picture: Picture) -> Layout:
    """The places of everything in a picture."""
    items = [_node_item(picture, number) for number in range(len(picture.nodes))]
    forward, is_turned = _without_cycles(picture)
    chains = _layered(picture, items, forward)
    layers: list[list[int]] = [[] for _ in range(1 + max(item.layer for item in items))]
    for number, item in enumerate(items):
        layers[item.layer].append(number)
    links = [pair for chain in chains.values() for pair in itertools.pairwise(chain)]
    _order(layers, links, len(items))
    _heights(layers, links, items)
    left, x_of = MARGIN + LEAST_WIDTH, []
    for layer in layers:
        width = max(max(items[one].width, items[one].room) for one in layer)
        x_of.append(left + width / 2)
        left += width + GAP_BETWEEN
    top = min(item.y - item.height / 2 - item.above for item in items) - MARGIN
    boxes = [Box(x_of[item.layer], item.y - top, item.width, item.height) for item in items]
    edges = [
        _placed(picture, number, chains.get(number), boxes, items, is_turned=number in is_turned)
        for number in range(len(picture.edges))
    ]
    height = max(item.y + item.height / 2 for item in items) - top + MARGIN
    return Layout(left + MARGIN, height, tuple(boxes[: len(picture.nodes)]), tuple(edges))


def _node_item(picture: Picture, number: int) -> _Item:
    width, height = _size(picture.nodes[number].label)
    width, height = max(LEAST_WIDTH, width + 2 * MARGIN), max(LEAST_HEIGHT, height + MARGIN)
    loops = [_size(edge.label) for edge in picture.edges if edge.source == edge.target == number]
    above = sum(height + LOOP_HEIGHT for _, height in loops)
    return _Item(0, width, height, max([wide for wide, _ in loops], default=0.0), above)


def _size(label: str) -> tuple[float, float]:
    """Width and height of a label."""
    if not label:
        return 0.0, 0.0
    lines = lines_of(label)
    return CHARACTER_WIDTH * max(map(len, lines)), LINE_HEIGHT * len(lines)


def _without_cycles(picture: Picture) -> tuple[dict[int, tuple[int, int]], set[int]]:
    """The edges between different nodes, those that lead back turned round, and which those are."""
    leaving: list[list[int]] = [[] for _ in picture.nodes]
    for number, edge in enumerate(picture.edges):
        if edge.source != edge.target:
            leaving[edge.source].append(number)
    is_open, is_done = set[int](), set[int]()
    turned: set[int] = set()
    for start in range(len(picture.nodes)):
        stack = [(start, iter(leaving[start]))] if start not in is_done else []
        is_open.update(node for node, _ in stack)
        while stack:
            node, edges = stack[-1]
            for number in edges:
                target = picture.edges[number].target
                if target in is_open:
                    turned.add(number)
                elif target not in is_done:
                    is_open.add(target)
                    stack.append((target, iter(leaving[target])))
                    break
            else:
                is_open.discard(node)
                is_done.add(node)
                stack.pop()
    forward = {
        number: (edge.target, edge.source) if number in turned else (edge.source, edge.target)
        for number, edge in enumerate(picture.edges)
        if edge.source != edge.target
    }
    return forward, turned


def _layered(picture: Picture, items: list[_Item], forward: dict[int, tuple[int, int]]) -> dict[int, list[int]]:
    """Put nodes into even layers, and into those between the labels and points of edges: the chain of each edge."""
    waits_for = [0] * len(picture.nodes)
    leaving: list[list[int]] = [[] for _ in picture.nodes]
    for source, target in forward.values():
        waits_for[target] += 1
        leaving[source].append(target)
    todo = [node for node, count in enumerate(waits_for) if not count]
    for node in todo:  # grows while it is read
        for target in leaving[node]:
            items[target].layer = max(items[target].layer, items[node].layer + 2)
            waits_for[target] -= 1
            if not waits_for[target]:
                todo.append(target)
    chains: dict[int, list[int]] = {}
    for number, (source, target) in forward.items():
        first, last = items[source].layer, items[target].layer
        label_at = first + 1 + 2 * ((last - first - 2) // 4)
        chain = [source]
        for layer in range(first + 1, last):
            width, height = _size(picture.edges[number].label) if layer == label_at else (0.0, 0.0)
            items.append(_Item(layer, width, height))
            chain.append(len(items) - 1)
        chains[number] = [*chain, target]
    return chains


def _order(layers: list[list[int]], links: Sequence[tuple[int, int]], n_items: int) -> None:
    """Sort each layer so that few edges cross."""
    before: list[list[int]] = [[] for _ in range(n_items)]
    behind: list[list[int]] = [[] for _ in range(n_items)]
    for one, other in links:
        behind[one].append(other)
        before[other].append(one)
    place = [0.0] * n_items
    best, fewest = [layer.copy() for layer in layers], _crossings(layers, behind)

    def sort(layer: list[int], neighbours: list[list[int]]) -> None:
        mean = {one: _mean([place[n] for n in neighbours[one]], place[one]) for one in layer}
        layer.sort(key=mean.__getitem__)
        for number, one in enumerate(layer):
            place[one] = float(number)

    for layer in layers:
        for number, one in enumerate(layer):
            place[one] = float(number)
    for sweep in range(N_SWEEPS):
        for layer in layers[1:] if sweep % 2 == 0 else reversed(layers[:-1]):
            sort(layer, before if sweep % 2 == 0 else behind)
        crossings = _crossings(layers, behind)
        if crossings < fewest:
            best, fewest = [layer.copy() for layer in layers], crossings
    layers[:] = best


def _crossings(layers: list[list[int]], behind: list[list[int]]) -> int:
    """How often edges between neighbouring layers cross."""
    count = 0
    for layer, following in itertools.pairwise(layers):
        place = {one: number for number, one in enumerate(following)}
        ends = [sorted(place[n] for n in behind[one]) for one in layer]
        seen: list[int] = []
        for targets in ends:
            count += sum(1 for target in targets for earlier in seen if earlier > target)
            seen += targets
    return count


def _heights(layers: list[list[int]], links: Sequence[tuple[int, int]], items: list[_Item]) -> None:
    """Give each item a height, in the order of its layer and without overlaps."""
    before: list[list[int]] = [[] for _ in items]
    behind: list[list[int]] = [[] for _ in items]
    for one, other in links:
        behind[one].append(other)
        before[other].append(one)
    for layer in layers:
        _spread(layer, items, lambda _: 0.0)
    for sweep in range(N_SWEEPS):
        for layer in layers[1:] if sweep % 2 == 0 else reversed(layers[:-1]):
            sides = before if sweep % 2 == 0 else behind
            wanted = {one: _mean([items[n].y for n in sides[one]], items[one].y) for one in layer}
            _spread(layer, items, wanted.__getitem__)
    for layer in layers:
        wanted = {one: _mean([items[n].y for n in before[one] + behind[one]], items[one].y) for one in layer}
        _spread(layer, items, wanted.__getitem__)


def _spread(layer: list[int], items: list[_Item], wanted: Callable[[int], float]) -> None:
    """The heights nearest to what is wanted with which the items of a layer stand apart in their order.

    Least squares under order constraints: blocks of items that touch move together to the mean of their wishes (pool
    adjacent violators).
    """
    offset, offsets = 0.0, []
    for number, one in enumerate(layer):
        item = items[one]
        if number:
            offset += items[layer[number - 1]].height / 2 + GAP_WITHIN + item.above + item.height / 2
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []  # mean of (wish - offset), how many items
    for one, shift in zip(layer, offsets, strict=True):
        mean, size = wanted(one) - shift, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    means = [mean for mean, size in blocks for _ in range(size)]
    for one, shift, mean in zip(layer, offsets, means, strict=True):
        items[one].y = mean + shift


def _placed(
    picture: Picture, number: int, chain: list[int] | None, boxes: list[Box], items: list[_Item], *, is_turned: bool
) -> PlacedEdge:
    """The points of an edge, in its own direction; of a loop only where its label is."""
    edge = picture.edges[number]
    width, height = _size(edge.label)
    if chain is None:
        box = boxes[edge.source]
        loops = [n for n, one in enumerate(picture.edges) if one.source == one.target == edge.source]
        above = sum(_size(picture.edges[n].label)[1] + LOOP_HEIGHT for n in loops[: loops.index(number)])
        y = box.y - box.height / 2 - above - LOOP_HEIGHT - height / 2
        return PlacedEdge((), Box(box.x, y, width, height))
    points: list[Point] = []
    for place, one in enumerate(chain):
        box = boxes[one]
        if place == 0:
            points.append((box.x + box.width / 2, box.y))
        elif place == len(chain) - 1:
            points.append((box.x - box.width / 2, box.y))
        elif items[one].width:
            points += [(box.x - box.width / 2, box.y), (box.x + box.width / 2, box.y)]
        else:
            points.append((box.x, box.y))
    label = next((boxes[one] for one in chain[1:-1] if items[one].width), None)
    return PlacedEdge(tuple(reversed(points)) if is_turned else tuple(points), label)


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default
