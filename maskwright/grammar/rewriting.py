"""Walking through nodes and rebuilding them: what passes over grammars share.

`map_calls` is the one place that knows how each kind of node is put together again after a part of it has changed or
become impossible. Cost: linear in the node. Nodes nest as deep as front ends let them, some dozens of levels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from maskwright.grammar.ir import (
    NOTHING,
    Call,
    Choice,
    Distinct,
    Document,
    Network,
    Node,
    Permutation,
    Repeat,
    Sequence,
    choice,
    distinct,
    document,
    repeat,
    sequence,
)


def called_names(node: Node) -> list[str]:
    """The names that a node calls, anywhere in it."""
    names: list[str] = []

    def note(call: Call) -> Node:
        names.append(call.name)
        return call

    map_calls(node, note)
    return names


def leaves(node: Node) -> list[Node]:
    """All that a node consists of in the end: literals, byte classes, automata, token sets and calls."""
    match node:
        case Sequence(parts) | Choice(parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case Repeat(body, _, _) | Distinct(body) | Document(body):
            return leaves(body)
        case Permutation():
            return [leaf for part in node.parts for leaf in leaves(part)]
        case Network(_, edges):
            return [leaf for _, label, _ in edges for leaf in leaves(label)]
    return [node]


def map_calls(node: Node, replace: Callable[[Call], Node]) -> Node:
    """Rebuild the node with every call replaced; `NOTHING` spreads as it must."""
    match node:
        case Call():
            return replace(node)
        case Sequence(parts):
            return sequence(*(map_calls(part, replace) for part in parts))
        case Choice(parts):
            return choice(*(map_calls(part, replace) for part in parts))
        case Distinct(body):
            return distinct(map_calls(body, replace))
        case Document(body):
            return document(map_calls(body, replace))
        case Repeat(body, minimum, maximum):
            return repeat(map_calls(body, replace), minimum, maximum)
        case Permutation():
            return without_impossible_entries(node.mapped(lambda part: map_calls(part, replace)))
        case Network(n_states, edges):
            mapped = [(source, map_calls(label, replace), target) for source, label, target in edges]
            return trim_network(Network(n_states, tuple(edge for edge in mapped if edge[1] != NOTHING)))
    return node


def without_impossible_entries(node: Permutation) -> Node:
    """Drop the entries that became `NOTHING`; the whole is `NOTHING` where one of them, or enough, cannot be missed."""
    possible = [i for i, item in enumerate(node.items) if NOTHING not in item]
    items = tuple(node.items[i] for i in possible)
    markers = tuple(marker for marker in node.markers if marker[0] != NOTHING)
    fulfilled = {obligation for _, obligations in markers for obligation in obligations}
    if not set(node.required) <= set(possible) or len(fulfilled) < node.n_obligations:
        return NOTHING
    repeats = bool(markers) or node.repeatable != NOTHING
    if not repeats and len(items) < max(1, node.minimum):
        return NOTHING
    if node.separator == NOTHING:
        return _single_entry(node, possible, markers)
    return dataclasses.replace(
        node, items=items, required=tuple(possible.index(i) for i in node.required), markers=markers
    )


def _single_entry(node: Permutation, possible: list[int], markers: tuple[tuple[Node, tuple[int, ...]], ...]) -> Node:
    """The entries that may stand alone: what is left of a permutation without a separator."""
    alone = [sequence(*node.items[i]) for i in possible if set(node.required) <= {i}]
    alone = [] if node.n_obligations else alone
    if not node.required:
        alone += [body for body, obligations in markers if len(set(obligations)) == node.n_obligations]
        alone += [] if node.n_obligations else [node.repeatable]
    return choice(*alone) if node.minimum <= 1 else NOTHING


def trim_network(network: Network) -> Node:
    """Drop the edges that lie on no path from the first to the last state; `NOTHING` if there is no path."""
    forward = _closure({0}, [(source, target) for source, _, target in network.edges])
    final = network.n_states - 1
    backward = _closure({final}, [(target, source) for source, _, target in network.edges])
    if final not in forward:
        return NOTHING
    live = forward & backward
    kept = tuple(edge for edge in network.edges if edge[0] in live and edge[2] in live)
    return Network(network.n_states, kept)


def _closure(start: set[int], arrows: list[tuple[int, int]]) -> set[int]:
    following: dict[int, list[int]] = {}
    for source, target in arrows:
        following.setdefault(source, []).append(target)
    reached = set(start)
    todo = list(start)
    while todo:
        for target in following.get(todo.pop(), ()):
            if target not in reached:
                reached.add(target)
                todo.append(target)
    return reached
