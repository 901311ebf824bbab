"""Kernel over a trimmed transition table: how long the members of a language are.

Table: `transitions` int32[n_states, n_classes] with -1 for no transition, start state 0; every state is reached and
leads to a member, so a cycle means members of any length. Cost: one look at each transition for either bound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel

UNBOUNDED = -1


@allocating_kernel
def length_bounds(transitions: NDArray[np.int32], accepting: NDArray[np.bool_]) -> tuple[int, int]:
    """Least and greatest length of a member (UNBOUNDED: no end).

    The least: breadth first until a state accepts. The greatest: states in topological order, each one further than
    the furthest before it; where that order does not reach every state there is a cycle.
    """
    n, k = transitions.shape
    distance = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int32)
    distance[0] = 0
    queue[0] = 0
    begin, end = 0, 1
    while not accepting[queue[begin]]:
        s = queue[begin]
        begin += 1
        for c in range(k):
            t = transitions[s, c]
            if t >= 0 and distance[t] < 0:
                distance[t] = distance[s] + 1
                queue[end] = t
                end += 1
    least = distance[queue[begin]]
    n_before = np.zeros(n, np.int32)
    for s in range(n):
        for c in range(k):
            if transitions[s, c] >= 0:
                n_before[transitions[s, c]] += 1
    if n_before[0] > 0:
        return least, UNBOUNDED
    furthest = np.zeros(n, np.int32)
    queue[0] = 0
    begin, end = 0, 1
    while begin < end:
        s = queue[begin]
        begin += 1
        for c in range(k):
            t = transitions[s, c]
            if t >= 0:
                furthest[t] = max(furthest[t], furthest[s] + 1)
                n_before[t] -= 1
                if n_before[t] == 0:
                    queue[end] = t
                    end += 1
    return least, furthest.max() if end == n else UNBOUNDED
