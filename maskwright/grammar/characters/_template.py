"""Kernels: the template of a pattern of states, and its instances (see `template` and `spelling`, which say what for).

A `format` of 300 states has 200 such patterns, each of which looks at the whole tree: 10 us each here, 300 as lists.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel, kernel
from maskwright.grammar.byte_automaton import CLOSES, NO_UNIT, REFUSED

QUOTE = 0x22
DEAD, UNIVERSAL = -1, -2
"""Slots with a meaning of their own: nothing may follow, anything may follow."""
NO_PHASE = -1
"""The character is complete."""
SEVERAL = -9

TO_BODY, TO_UNIFORM, TO_NODE, TO_LINK, TO_END, TO_NOTHING = range(6)
"""What an edge leads to: the body of a slot's state (argument: slot); the rest of a character behind which that body
comes (slot, phase); a node of the template (node); a state of the automaton of all texts (-, phase); the end;
REFUSED."""


@kernel
def _replace(
    edges: NDArray[np.int32],
    begin: int,
    end: int,
    replaced: NDArray[np.int32],
    slot_of: NDArray[np.int32],
    made: NDArray[np.int32],
    first: int,
) -> int:
    """Write edges with slots for classes to `made` from row `first` on, neighbours with equal children joined: the end.

    Rows are (low, high, node, slot, phase, unit) in both.
    """
    n = first
    for edge in range(begin, end):
        node = edges[edge, 2]
        if node >= 0:
            new_node, slot, phase = replaced[node, 0], replaced[node, 1], replaced[node, 2]
        else:
            new_node, slot, phase = np.int32(-1), slot_of[edges[edge, 3]], edges[edge, 4]
        is_joined = (
            n > first
            and made[n - 1, 1] == edges[edge, 0] - 1
            and made[n - 1, 2] == new_node
            and made[n - 1, 3] == slot
            and made[n - 1, 4] == phase
        )
        if is_joined:
            n -= 1
        else:
            made[n, 0] = edges[edge, 0]
        made[n, 1] = edges[edge, 1]
        made[n, 2] = new_node
        made[n, 3] = slot
        made[n, 4] = phase
        made[n, 5] = edges[edge, 5]
        n += 1
    return n


@kernel
def _slot_behind(made: NDArray[np.int32], begin: int, end: int) -> int:
    """The only slot behind some edges, or SEVERAL."""
    slot = SEVERAL
    for edge in range(begin, end):
        if made[edge, 2] >= 0 or (edge > begin and made[edge, 3] != slot):
            return SEVERAL
        slot = made[edge, 3]
    return slot


@kernel
def _find_node(made: NDArray[np.int32], start: NDArray[np.int32], digests: NDArray[np.int64], n: int, end: int) -> int:
    """The node among the first `n` whose edges are those from start[n] to `end`, or n; its digest is noted."""
    begin = start[n]
    digest = np.int64(end - begin)
    for edge in range(begin, end):
        for column in range(6):
            digest = (digest * 1000003 + made[edge, column] + 16) & 0xFFFFFFFFFFF
    digests[n] = digest
    for node in range(n):
        if digests[node] == digest and start[node + 1] - start[node] == end - begin:
            is_same = True
            for k in range(end - begin):
                for column in range(6):
                    if made[start[node] + k, column] != made[begin + k, column]:
                        is_same = False
            if is_same:
                return node
    return n


@kernel
def _put(columns: NDArray[np.int32], row: int, index: int, edge: NDArray[np.int32], body: int, is_based: bool) -> int:
    """Write an edge of node `index` as a row of the template: the number of rows."""
    unit, kind, argument, phase = edge[5], TO_BODY, edge[3], edge[4]
    if phase == NO_PHASE:
        phase = np.int32(body)
    else:
        kind = TO_UNIFORM
    if edge[2] >= 0:
        kind, argument, phase = TO_NODE, edge[2], np.int32(0)
    elif edge[3] == UNIVERSAL:
        if is_based:
            return row
        kind, argument = TO_LINK, np.int32(0)
    elif edge[3] == DEAD:
        if not is_based:
            return row
        kind, argument, phase, unit = TO_NOTHING, np.int32(0), np.int32(0), np.int32(NO_UNIT)
    columns[row, 0] = index
    columns[row, 1] = edge[0]
    columns[row, 2] = edge[1]
    columns[row, 3] = unit
    columns[row, 4] = kind
    columns[row, 5] = argument
    columns[row, 6] = phase
    return row + 1


@allocating_kernel
def template_columns(
    start: NDArray[np.int32],
    edges: NDArray[np.int32],
    phase_of: NDArray[np.int32],
    slot_of: NDArray[np.int32],
    body: int,
    is_based: bool,
    is_accepting: bool,
    is_quoted: bool,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The columns and the phases of a template: see `template.Template`.

    start, edges: the tree of all classes (`template.FlatTree`), whose last node is the body. slot_of: for each class
    its slot; the last entry, that of class -1, is DEAD. body: the phase of the body.
    """
    n_nodes = start.size - 2
    replaced = np.empty((n_nodes + 1, 3), np.int32)
    made = np.empty((edges.shape[0] + 1, 6), np.int32)
    made_start = np.zeros(n_nodes + 2, np.int32)
    digests = np.empty(n_nodes + 1, np.int64)
    phases = np.empty(n_nodes + 1, np.int32)
    phases[0] = body
    n_made = 0
    for node in range(n_nodes):
        first = made_start[n_made]
        end = _replace(edges, start[node], start[node + 1], replaced, slot_of, made, first)
        replaced[node, 2] = phase_of[node]
        slot = _slot_behind(made, first, end)
        if slot != SEVERAL:
            replaced[node, 0] = -1
            replaced[node, 1] = slot
            continue
        found = _find_node(made, made_start, digests, n_made, end)
        if found == n_made:
            n_made += 1
            made_start[n_made] = end
            phases[n_made] = phase_of[node]
        replaced[node, 0] = found + 1
        replaced[node, 1] = 0
    first = made_start[n_made]
    end = _replace(edges, start[n_nodes], start[n_nodes + 1], replaced, slot_of, made, first)
    columns = np.empty((end + 1, 7), np.int32)
    row = 0
    for edge in range(first, end):
        row = _put(columns, row, 0, made[edge], body, is_based)
    if is_quoted and is_accepting != is_based:
        place = row
        while place > 0 and columns[place - 1, 1] > QUOTE:
            for column in range(7):
                columns[place, column] = columns[place - 1, column]
            place -= 1
        columns[place, 0] = 0
        columns[place, 1] = QUOTE
        columns[place, 2] = QUOTE
        columns[place, 3] = CLOSES if is_accepting else NO_UNIT
        columns[place, 4] = TO_END if is_accepting else TO_NOTHING
        columns[place, 5] = 0
        columns[place, 6] = 0
        row += 1
    for index in range(n_made):
        for edge in range(made_start[index], made_start[index + 1]):
            row = _put(columns, row, index + 1, made[edge], body, is_based)
    return columns[:row].copy(), phases[: n_made + 1].copy()


@allocating_kernel
def template_instances(
    columns: NDArray[np.int32],
    sources: NDArray[np.int64],
    targets: NDArray[np.int64],
    uniform_of: NDArray[np.int64],
    first_inner: int,
    n_inner: int,
    end: int,
) -> NDArray[np.int64]:
    """int64[n_edges, 5], rows (source, low, high, target, unit): the template for each state of a group.

    sources, targets: the body of each state, and those of its slots. uniform_of: see `spelling._uniform_states`.
    A link is -1 - phase here; `spelling._number_links` makes them dense.
    """
    n, m = sources.size, columns.shape[0]
    rows = np.empty((n * m, 5), np.int64)
    row = 0
    for state in range(n):
        inner = first_inner + n_inner * state - 1
        for k in range(m):
            node, kind, argument, phase = columns[k, 0], columns[k, 4], columns[k, 5], columns[k, 6]
            target = np.int64(REFUSED)
            if kind == TO_BODY:
                target = targets[state, argument]
            elif kind == TO_UNIFORM:
                target = uniform_of[targets[state, argument], phase]
            elif kind == TO_NODE:
                target = np.int64(inner + argument)
            elif kind == TO_LINK:
                target = np.int64(-1 - phase)
            elif kind == TO_END:
                target = np.int64(end)
            rows[row, 0] = sources[state] if node == 0 else inner + node
            rows[row, 1] = columns[k, 1]
            rows[row, 2] = columns[k, 2]
            rows[row, 3] = target
            rows[row, 4] = columns[k, 3]
            row += 1
    return rows
