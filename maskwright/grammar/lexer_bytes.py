"""The bytes that a lexed language may read, and what is left of it without some of them.

On texts without these bytes a lexer does the same whether it has edges for them or not, and so do its guards: dropping
the edges is exact. But a terminal may be left without a text, where the parser still counts on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.lexed_language import LexedLanguage, digest_of
from maskwright.grammar.lexer_labels import labels_ahead


def bytes_read(language: LexedLanguage) -> frozenset[int]:
    """The bytes of all edges of its lexer."""
    ranges = np.unique(language.edges[:, :2], axis=0).tolist()
    return frozenset(byte for low, high in ranges for byte in range(low, high + 1))


def without_bytes(language: LexedLanguage, missing: Collection[int]) -> LexedLanguage | None:
    """The language of the texts without these bytes; None where a match that could be begun has no text any more."""
    left = np.array([byte not in missing for byte in range(256)])
    starts, edges = [0], []
    for begin, end in zip(language.node_start[:-1].tolist(), language.node_start[1:].tolist(), strict=True):
        for low, high, target in language.edges[begin:end].tolist():
            edges += [(first, last, target) for first, last in _runs(left, low, high)]
        starts.append(len(edges))
    node_start = np.array(starts, dtype=np.int32)
    kept = np.array(edges, dtype=np.int32).reshape(-1, 3)
    of_node, sure = (
        labels_ahead(
            node_start,
            kept,
            language.chain_start,
            language.chain_parts,
            len(language.label_start) - 1,
            with_guards=with_guards,
        )
        for with_guards in (True, False)
    )
    before, after = (_labels_of_contexts(language, labels) for labels in (language.node_labels, of_node))
    if (before != after).any():
        return None
    cut = replace(language, node_start=node_start, edges=kept, node_labels=of_node, sure_labels=sure)
    return replace(cut, key=digest_of(cut))


def _runs(left: NDArray[np.bool_], low: int, high: int) -> list[tuple[int, int]]:
    """The ranges of bytes that are left of one."""
    if left[low : high + 1].all():
        return [(low, high)]
    bounds = np.flatnonzero(np.diff(left[low : high + 1].astype(np.int8), prepend=0, append=0)).tolist()
    return [(low + first, low + end - 1) for first, end in zip(bounds[::2], bounds[1::2], strict=True)]


def _labels_of_contexts(language: LexedLanguage, node_labels: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The labels that the lexer of each context can come to."""
    found = np.zeros((len(language.context_start) - 1, node_labels.shape[1]), dtype=np.uint32)
    context_of = np.repeat(np.arange(len(found)), np.diff(language.context_start))
    np.bitwise_or.at(found, context_of, node_labels[language.context_nodes])
    return found
