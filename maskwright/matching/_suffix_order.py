"""The order of parts of tokens as byte strings: a merge sort as a kernel, because Python's costs 10 us a token."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel, kernel
from maskwright.automata._frames import Int, Ints


@kernel
def comes_before(data: NDArray[np.uint8], begin: Int, end: Int, other: Int, other_end: Int) -> bool:
    """Is data[begin:end] less than data[other:other_end]?"""
    while begin < end and other < other_end:
        if data[begin] != data[other]:
            return bool(data[begin] < data[other])
        begin += 1
        other += 1
    return begin == end and other < other_end


@allocating_kernel
def suffix_order(data: NDArray[np.uint8], starts: Ints, ends: Ints) -> NDArray[np.int64]:
    """The indices that sort the strings data[starts[i]:ends[i]]; equal ones stay in their order."""
    n = starts.size
    order = np.arange(n)
    merged = np.empty(n, np.int64)
    width = 1
    while width < n:
        for left in range(0, n, 2 * width):
            middle = min(left + width, n)
            right = min(left + 2 * width, n)
            i = left
            j = middle
            for k in range(left, right):
                takes_right = i == middle
                if i < middle and j < right:
                    a = order[i]
                    b = order[j]
                    takes_right = comes_before(data, int(starts[b]), int(ends[b]), int(starts[a]), int(ends[a]))
                if takes_right:
                    merged[k] = order[j]
                    j += 1
                else:
                    merged[k] = order[i]
                    i += 1
        order, merged = merged, order
        width *= 2
    return order
