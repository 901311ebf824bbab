"""Unions along a relation, the one step that all questions about nullable prefixes, reads and includes come down to.

    F(x) = G(x) and all F(y) with x R y

Sets are the bits of integers. Source: DeRemer and Pennello (1982), "digraph", after Eve and Kurki-Suonio (1977).
Cost: one depth-first walk along the relation, without recursion.
"""

from __future__ import annotations

from collections.abc import Sequence


def united(relation: Sequence[Sequence[int]], sets: Sequence[int]) -> list[int]:
    """For each node the union of the sets, as bits, of all that it reaches along the relation, itself included."""
    return walked(relation, sets)[0]


def walked(relation: Sequence[Sequence[int]], sets: Sequence[int]) -> tuple[list[int], list[int]]:
    """The same, and for each node the first of its strongly connected component, all of which share their union.

    One depth-first walk (Tarjan's, with a stack of its own).
    """
    done = len(relation) + 1
    found = list(sets)
    first = list(range(len(relation)))
    depth_of = [0] * len(relation)
    stack: list[int] = []
    for root in range(len(relation)):
        if depth_of[root]:
            continue
        stack.append(root)
        depth_of[root] = len(stack)
        path = [(root, len(stack), iter(relation[root]))]
        while path:
            node, depth, rest = path[-1]
            for other in rest:
                if not depth_of[other]:
                    stack.append(other)
                    depth_of[other] = len(stack)
                    path.append((other, len(stack), iter(relation[other])))
                    break
                found[node] |= found[other]
                depth_of[node] = min(depth_of[node], depth_of[other])
            else:
                path.pop()
                if depth_of[node] == depth:
                    for member in stack[depth - 1 :]:
                        found[member] = found[node]
                        first[member] = node
                        depth_of[member] = done
                    del stack[depth - 1 :]
                if path:
                    above = path[-1][0]
                    found[above] |= found[node]
                    depth_of[above] = min(depth_of[above], depth_of[node])
    return found, first


def bits_of(number: int) -> list[int]:
    """The places of the bits that are set, ascending: `bits_of(0b1010)` -> [1, 3]."""
    places = []
    while number:
        lowest = number & -number
        places.append(lowest.bit_length() - 1)
        number ^= lowest
    return places
