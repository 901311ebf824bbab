"""The kernel that turns a sorted list of byte strings into a trie; see `token_trie` for the idea and the layout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel, kernel


@kernel
def count_trie_nodes(data: NDArray[np.uint8], begins: NDArray[np.int32], ends: NDArray[np.int32]) -> int:
    """The number of distinct prefixes of the sorted strings `data[begins[i]:ends[i]]`, the empty one included.

    In sorted order each string adds exactly the prefixes that are longer than what it shares with its predecessor.
    """
    n_nodes = 1
    for i in range(begins.size):
        begin = begins[i]
        length = ends[i] - begin
        shared = 0
        if i > 0:
            previous = begins[i - 1]
            limit = min(length, ends[i - 1] - previous)
            while shared < limit and data[previous + shared] == data[begin + shared]:
                shared += 1
        n_nodes += length - shared
    return n_nodes


@kernel
def fill_trie(
    data: NDArray[np.uint8],
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
    nodes: NDArray[np.int32],
    pending: NDArray[np.int32],
) -> int:
    """Write the trie of the sorted strings `data[begins[i]:ends[i]]` and return its number of nodes.

    A node is taken from the stack, its children become the next rows, and they go on the stack in reverse order, so
    that the first child's block follows at once: depth-first order of sibling blocks. All strings below a node share
    its first `depth` bytes, hence a run of equal bytes at position `depth` is one child.

    nodes:   int32[count_trie_nodes(...), 6], written whole (columns as in `token_trie`).
    pending: int32[count_trie_nodes(...), 2], scratch: the stack of (node, depth).
    """
    nodes[0, 0] = 0
    nodes[0, 3] = 0
    nodes[0, 5] = begins.size
    n_nodes = 1
    pending[0, 0] = 0
    pending[0, 1] = 0
    n_pending = 1
    while n_pending > 0:
        n_pending -= 1
        node = pending[n_pending, 0]
        depth = pending[n_pending, 1]
        subtree_end = nodes[node, 5]
        i = nodes[node, 3]
        while i < subtree_end and ends[i] - begins[i] == depth:  # the shortest strings come first
            i += 1
        nodes[node, 4] = i
        nodes[node, 1] = n_nodes
        while i < subtree_end:
            byte = data[begins[i] + depth]
            nodes[n_nodes, 0] = byte
            nodes[n_nodes, 3] = i
            while i < subtree_end and data[begins[i] + depth] == byte:
                i += 1
            nodes[n_nodes, 5] = i
            n_nodes += 1
        nodes[node, 2] = n_nodes
        for child in range(n_nodes - 1, nodes[node, 1] - 1, -1):
            pending[n_pending, 0] = child
            pending[n_pending, 1] = depth + 1
            n_pending += 1
    return n_nodes


@allocating_kernel
def build_trie(data: NDArray[np.uint8], begins: NDArray[np.int32], ends: NDArray[np.int32]) -> NDArray[np.int32]:
    """The nodes of the trie over the strings `data[begins[i]:ends[i]]`, which must be sorted; repeats are allowed.

    Returns int32[n_nodes, 6]; `token_begin`, `own_end` and `subtree_end` are indices into the list of strings.
    """
    n_nodes = count_trie_nodes(data, begins, ends)
    nodes = np.empty((n_nodes, 6), np.int32)
    fill_trie(data, begins, ends, nodes, np.empty((n_nodes, 2), np.int32))
    return nodes
