"""What is left of tokens: classes of trie nodes below which the same suffixes lie, and what such a suffix saves.

A rule may end in the middle of a token. How the text goes on then depends on the bytes that the token still has, of
which a node of the trie knows all at once, and on nothing else: so nodes with equal subtrees are one *class*. A leaf is
the class of the boundary between two tokens.

A class *saves* at most s tokens against the boundary: so many tokens spell the longest to spell of its suffixes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel, kernel
from maskwright.automata._frames import BIT, Int, Ints

BOUNDARY = 0
"""The class of leaves, and of the place between two tokens."""

NEVER = 1 << 20
"""More tokens than any suffix takes: no tokens spell it."""

WORDS_INSIDE = 5
"""Words that say which bytes stand below a class: a bit for each of ASCII, and whether there are others."""

ASCII_END = 128

NODE_BYTE, NODE_BEGIN, NODE_END, NODE_TOKENS, NODE_OWN_END = 0, 1, 2, 3, 4
"""Columns of `token_trie`, as constants of kernels."""


@kernel
def child_of(nodes: NDArray[np.int32], node: Int, byte: Int) -> int:
    """The child of a trie's node for a byte, or -1."""
    low = int(nodes[node, NODE_BEGIN])
    end = int(nodes[node, NODE_END])
    high = end
    while low < high:
        middle = (low + high) // 2
        if nodes[middle, NODE_BYTE] < byte:
            low = middle + 1
        else:
            high = middle
    return low if low < end and nodes[low, NODE_BYTE] == byte else -1


@kernel
def measure_savings(
    nodes: NDArray[np.int32],
    tokens: Ints,
    token_start: Ints,
    token_data: NDArray[np.uint8],
    fewest: Ints,
    savings: Ints,
) -> None:
    """savings[node]: the most tokens that spelling anew takes for what a token still has behind this node.

    fewest: int32[longest token + 1], scratch. savings: int32[n_nodes], 0 at first.
    """
    for i in range(tokens.size):
        begin = int(token_start[tokens[i]])
        n = int(token_start[tokens[i] + 1]) - begin
        fewest[n] = 0
        for first in range(n - 1, 0, -1):
            fewest[first] = NEVER
            node = 0
            for last in range(first, n):
                node = child_of(nodes, node, token_data[begin + last])
                if node < 0:
                    break
                if nodes[node, NODE_TOKENS] < nodes[node, NODE_OWN_END]:
                    fewest[first] = min(fewest[first], 1 + fewest[last + 1])
        node = 0
        for first in range(1, n):
            node = child_of(nodes, node, token_data[begin + first - 1])
            savings[node] = max(savings[node], fewest[first])


@allocating_kernel
def sort_into_classes(
    nodes: NDArray[np.int32],
    savings_of_node: Ints,
    first: Ints,
    edges: Ints,
    ends: Ints,
    savings: Ints,
    inside: Ints,
    following: Ints,
    root: Ints,
) -> int:
    """Write the classes of all nodes but the root; how many there are.

    first: int32[n + 1], ends: int32[n], savings: int32[n]; edges: int32[n, 2] of (byte, class), flat. root: int32[256],
    -1 at first: the class behind each first byte of a token. inside: int32[n, WORDS_INSIDE],
    flat, 0 at first: the bytes that stand below; following: those that stand right behind.
    """
    n_nodes = nodes.shape[0]
    n_slots = 1
    while n_slots < 2 * n_nodes:
        n_slots *= 2
    slots = np.full(n_slots, -1, dtype=np.int32)
    class_of = np.zeros(n_nodes, dtype=np.int32)
    n_classes = 1
    first[0] = 0
    first[1] = 0
    ends[0] = 1
    savings[0] = 0
    for node in range(n_nodes - 1, 0, -1):  # children stand behind their parents
        begin = nodes[node, NODE_BEGIN]
        end = nodes[node, NODE_END]
        if begin == end:
            continue
        is_end = 1 if nodes[node, NODE_TOKENS] < nodes[node, NODE_OWN_END] else 0
        hashed = np.int64(is_end)
        for child in range(begin, end):
            hashed = (
                (hashed ^ (np.int64(class_of[child]) * 256 + nodes[child, NODE_BYTE])) * 0x9E3779B1
            ) & 0x7FFFFFFFFFF
            hashed ^= hashed >> 15
        slot = hashed & (n_slots - 1)
        known = -1
        while slots[slot] >= 0:
            candidate = slots[slot]
            at = first[candidate]
            if ends[candidate] == is_end and first[candidate + 1] - at == end - begin:
                same = True
                for child in range(begin, end):
                    if edges[2 * at] != nodes[child, NODE_BYTE] or edges[2 * at + 1] != class_of[child]:
                        same = False
                        break
                    at += 1
                if same:
                    known = candidate
                    break
            slot = (slot + 1) & (n_slots - 1)
        if known < 0:
            known = n_classes
            slots[slot] = known
            at = first[known]
            for child in range(begin, end):
                edges[2 * at] = nodes[child, NODE_BYTE]
                edges[2 * at + 1] = class_of[child]
                at += 1
                byte = nodes[child, NODE_BYTE]
                if byte < ASCII_END:
                    following[WORDS_INSIDE * known + (byte >> 5)] |= BIT[byte & 31]
                else:
                    following[WORDS_INSIDE * known + 4] = 1
                for i in range(WORDS_INSIDE):
                    below = inside[WORDS_INSIDE * class_of[child] + i]
                    inside[WORDS_INSIDE * known + i] |= following[WORDS_INSIDE * known + i] | below
            ends[known] = is_end
            savings[known] = savings_of_node[node]
            n_classes += 1
            first[n_classes] = at
        class_of[node] = known
    for child in range(nodes[0, NODE_BEGIN], nodes[0, NODE_END]):
        root[nodes[child, NODE_BYTE]] = class_of[child]
    return n_classes
