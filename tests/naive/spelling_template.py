"""The template of a pattern of states as lists, straight from the tree of `encoding`: the twin of the kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import CLOSES, NO_UNIT
from maskwright.grammar.characters._template import (
    DEAD,
    TO_BODY,
    TO_END,
    TO_LINK,
    TO_NODE,
    TO_NOTHING,
    TO_UNIFORM,
    UNIVERSAL,
)
from maskwright.grammar.characters.any_text import QUOTE, AnyText
from maskwright.grammar.characters.encoding import BODY, Child, Edge, Phase, Tree


def template(
    tree: Tree, everything: AnyText, slots: Sequence[int], *, is_based: bool, is_accepting: bool
) -> tuple[NDArray[np.int32], list[int]]:
    """The columns and the phases of a template; `slots` gives the slot of each class."""
    body = tree.body()
    slot_of = [*slots, DEAD]  # class -1 is the last entry
    replaced: list[Child] = []
    nodes: list[tuple[Phase, list[Edge]]] = [(BODY, [])]
    known: dict[tuple[Edge, ...], int] = {}
    for node in tree.nodes:
        edges = _replaced_edges(node.edges, replaced, slot_of)
        behind = {edge[2].slot if edge[2].node < 0 else -9 for edge in edges}
        if len(behind) == 1 and -9 not in behind:
            replaced.append(Child(-1, behind.pop(), node.phase))
            continue
        key = tuple(edges)
        if key not in known:
            known[key] = len(nodes)
            nodes.append((node.phase, edges))
        replaced.append(Child(known[key], 0, node.phase))
    nodes[0] = (BODY, _replaced_edges(body, replaced, slot_of))
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    state_of = everything.state_of
    for index, (_, edges) in enumerate(nodes):
        begin = len(rows)
        for low, high, child, unit in edges:
            phase = everything.body if child.phase is None else state_of[child.phase]
            if child.node >= 0:
                rows.append((index, low, high, unit, TO_NODE, child.node, 0))
            elif child.slot == UNIVERSAL:
                if not is_based:
                    rows.append((index, low, high, unit, TO_LINK, 0, phase))
            elif child.slot == DEAD:
                if is_based:
                    rows.append((index, low, high, NO_UNIT, TO_NOTHING, 0, 0))
            else:
                kind = TO_BODY if child.phase is None else TO_UNIFORM
                rows.append((index, low, high, unit, kind, child.slot, phase))
        if index == 0 and everything.end >= 0 and is_accepting != is_based:
            if is_accepting:
                rows.append((0, QUOTE, QUOTE, CLOSES, TO_END, 0, 0))
            else:
                rows.append((0, QUOTE, QUOTE, NO_UNIT, TO_NOTHING, 0, 0))
            rows[begin:] = sorted(rows[begin:])
    columns = np.array(rows, dtype=np.int32).reshape(len(rows), 7)
    return columns, [state_of[phase] for phase, _ in nodes]


def _replaced_edges(edges: list[Edge], replaced: list[Child], slot_of: list[int]) -> list[Edge]:
    """The edges with slots for classes, neighbours with equal children joined."""
    result: list[Edge] = []
    for low, high, child, unit in edges:
        new = replaced[child.node] if child.node >= 0 else Child(-1, slot_of[child.slot], child.phase)
        if result and result[-1][1] == low - 1 and result[-1][2] == new:
            result[-1] = (result[-1][0], high, new, unit)
        else:
            result.append((low, high, new, unit))
    return result
