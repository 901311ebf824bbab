"""Which labels the nodes of a lexer can still lead to: what `LexedLanguage` says of its automata beforehand.

A fixpoint over the nodes, from the ends backwards. Cost: linear in the edges, times the labels that meet on the way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.lexed_language import GO, NO_GUARD, Ints


def labels_ahead(
    node_start: Ints, edges: Ints, chain_start: Ints, chain_parts: Ints, n_labels: int, *, with_guards: bool
) -> NDArray[np.uint32]:
    """uint32[n_nodes, ceil(n_labels / 32)]: also (with_guards) labels at ends that depend on what follows."""
    n_nodes = len(node_start) - 1
    goes_to, ends_as = _chains(chain_start, chain_parts, with_guards)
    ahead = [0] * n_nodes
    callers: list[set[int]] = [set() for _ in range(n_nodes)]
    source_of = np.repeat(np.arange(n_nodes), np.diff(node_start))
    for source, target in np.unique(np.stack([source_of, edges[:, 2]], axis=1), axis=0).tolist():
        if target >= 0:
            callers[target].add(source)
            continue
        ahead[source] |= ends_as[-1 - target]
        for node in goes_to[-1 - target]:
            callers[node].add(source)
    todo = [node for node, labels in enumerate(ahead) if labels]
    while todo:
        node = todo.pop()
        for caller in callers[node]:
            if ahead[node] & ~ahead[caller]:
                ahead[caller] |= ahead[node]
                todo.append(caller)
    words = np.zeros((n_nodes, max(1, (n_labels + 31) // 32)), dtype=np.uint32)
    for word in range(words.shape[1]):
        words[:, word] = [labels >> 32 * word & 0xFFFFFFFF for labels in ahead]
    return words


def _chains(chain_start: Ints, chain_parts: Ints, with_guards: bool) -> tuple[list[list[int]], list[int]]:
    """For each chain the nodes that read on, and its labels as the bits of an integer."""
    goes_to: list[list[int]] = [[] for _ in range(len(chain_start) - 1)]
    ends_as = [0] * len(goes_to)
    chain_of = np.repeat(np.arange(len(goes_to)), np.diff(chain_start)).tolist()
    for chain, (first, second) in zip(chain_of, chain_parts.tolist(), strict=True):
        if first == GO:
            goes_to[chain].append(second)
        elif with_guards or second == NO_GUARD:
            ends_as[chain] |= 1 << first
    return goes_to, ends_as
