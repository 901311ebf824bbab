"""The spelling of one kind of character state, before it is known which states follow.

States of a character automaton whose classes lead to states in the same *pattern* (class 0 and 2 to one state, class 1
to none, class 3 to anything) are spelled alike up to the names of the targets. `template` turns the tree of the
alphabet, which tells all classes apart, into the one that tells only the targets of a pattern apart, as columns of
numbers that `spelling` instantiates for all such states at once. The work is done in `_template`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.characters._template import DEAD, NO_PHASE, template_columns
from maskwright.grammar.characters.any_text import AnyText, any_text
from maskwright.grammar.characters.encoding import Encoding, Tree


@dataclass(frozen=True, slots=True)
class FlatTree:
    """The tree that tells all classes of an alphabet apart, as numbers; the last node is the body.

    start: int32[n_nodes + 2]; the edges of node i are rows start[i] to start[i + 1].
    edges: int32[n_edges, 6], rows (low, high, node, class, phase, unit) as in `encoding.Child`, phases as numbers.
    phase_of: int32[n_nodes], the phase of each node but the body.
    """

    start: NDArray[np.int32]
    edges: NDArray[np.int32]
    phase_of: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Template:
    """The edges of the nodes of one pattern; node 0 is the body, the others lie within a character.

    columns: int32[n_edges, 7]: node, low, high, unit, kind, argument, phase; sorted by node, then low.
    phases: int32[n_nodes], for each node its phase. is_based: the nodes have the automaton of all texts as base.
    """

    columns: NDArray[np.int32]
    phases: NDArray[np.int32]
    is_based: bool


@lru_cache(maxsize=128)
def class_tree(encoding: Encoding, intervals: tuple[tuple[int, int], ...]) -> FlatTree:
    """The tree that tells all classes of an alphabet apart."""
    tree = Tree(encoding, list(intervals))
    body = tree.body()
    state_of = any_text(encoding).state_of
    rows: list[tuple[int, int, int, int, int, int]] = []
    start = [0]
    for edges in (*(node.edges for node in tree.nodes), body):
        for low, high, child, unit in edges:
            phase = NO_PHASE if child.phase is None else state_of[child.phase]
            rows.append((low, high, child.node, child.slot, phase, unit))
        start.append(len(rows))
    return FlatTree(
        np.array(start, dtype=np.int32),
        np.array(rows, dtype=np.int32).reshape(len(rows), 6),
        np.array([state_of[node.phase] for node in tree.nodes], dtype=np.int32),
    )


def template(
    tree: FlatTree, everything: AnyText, slots: Sequence[int], *, is_based: bool, is_accepting: bool
) -> Template:
    """The template of a pattern; `slots` gives the slot of each class."""
    slot_of = np.array([*slots, DEAD], dtype=np.int32)  # class -1 is the last entry
    columns, phases = template_columns(
        tree.start, tree.edges, tree.phase_of, slot_of, everything.body, is_based, is_accepting, everything.end >= 0
    )
    return Template(columns, phases, is_based)
