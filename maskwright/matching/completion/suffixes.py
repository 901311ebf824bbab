"""The classes of a vocabulary's suffixes, as arrays: see `_suffixes` for what they are.

Cost: 0.1 s for 128,000 tokens, when the first budget is asked for; kept with the vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from maskwright.matching.completion._suffixes import NEVER, WORDS_INSIDE, measure_savings, sort_into_classes
from maskwright.matching.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class Suffixes:
    """Class c has the edges first[c] ... first[c + 1] - 1, each (byte, class); class 0 is the boundary between tokens.

    first: int32[n + 1]. edges: int32[n_edges, 2]. ends: int32[n], may a token end here? savings: int32[n], how many
    tokens it saves at most to be here and not at the boundary. root: int32[256], the class behind a token's first byte,
    or -1. inside: int32[n, 5], a bit for each ASCII byte that stands below a class, and whether
    others do. following: the same of the bytes right behind a class.
    """

    first: NDArray[np.int32]
    edges: NDArray[np.int32]
    ends: NDArray[np.int32]
    savings: NDArray[np.int32]
    root: NDArray[np.int32]
    inside: NDArray[np.int32]
    following: NDArray[np.int32]

    @property
    def greatest(self) -> int:
        """The most tokens that any class saves."""
        return int(self.savings.max(initial=0))


@lru_cache(maxsize=8)
def suffixes_of(vocabulary: Vocabulary) -> Suffixes:
    """Those of a vocabulary, which are kept."""
    trie = vocabulary.trie
    n = trie.n_nodes
    of_nodes = np.zeros(n, np.int32)
    fewest = np.zeros(vocabulary.longest + 1, np.int32)
    measure_savings(trie.nodes, trie.tokens, vocabulary.token_start, vocabulary.token_data, fewest, of_nodes)
    first, ends, savings = np.zeros(n + 1, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
    edges, root, inside = np.zeros(2 * n, np.int32), np.full(256, -1, np.int32), np.zeros(WORDS_INSIDE * n, np.int32)
    following = np.zeros_like(inside)
    count = sort_into_classes(trie.nodes, of_nodes, first, edges, ends, savings, inside, following, root)
    n_edges = int(first[count])
    return Suffixes(
        first[: count + 1].copy(),
        edges[: 2 * n_edges].reshape(-1, 2).copy(),
        ends[:count].copy(),
        np.minimum(savings[:count], NEVER),
        root,
        inside[: WORDS_INSIDE * count].reshape(-1, WORDS_INSIDE).copy(),
        following[: WORDS_INSIDE * count].reshape(-1, WORDS_INSIDE).copy(),
    )
