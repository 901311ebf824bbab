"""Short texts of the terminals of a lexed language, as its lexer may take them.

Idea. Dijkstra's algorithm over the nodes of the lexer, from where any context begins: a word costs its length and, far
behind, how hard its bytes are to read (`shortest_words`). Where a match may end stands a label; a word counts for the
first terminal of its label, the one that the lexer prefers (`if` is no name), and for the others only if they have no
word of their own. What else the lexer prefers at that place, and what must follow, is not asked: words are candidates.
Cost: the nodes, each left `n_words` times at most; MAX_PATHS bounds it, as a lexer may have nodes for all of Unicode.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from maskwright.automata.shortest_words import ONE_BYTE
from maskwright.automata.shortest_words import RANK as RANK_IN_WORDS
from maskwright.grammar.lexed_language import GO, LexedLanguage

RANK: Final = [byte - 256 if byte in range(ord("a"), ord("z") + 1) else RANK_IN_WORDS[byte] for byte in range(256)]
"""As in words of automata, but lower-case letters first, all of them: terminals without case are written small."""

MAX_PATHS: Final = 400_000
"""About a second."""


def words_of_terminals(language: LexedLanguage, n_words: int) -> dict[int, list[bytes]]:
    """At most `n_words` words of each terminal, by symbol, in the order of their cost; none where none was found."""
    words: dict[int, list[bytes]] = {}
    of_others: dict[int, list[bytes]] = {}
    label_start, label_terminals = language.label_start.tolist(), language.label_terminals.tolist()
    for label, word in _matches(language, n_words):
        first, *others = label_terminals[label_start[label] : label_start[label + 1]]
        _note(words, first, word, n_words)
        for symbol in others:
            _note(of_others, symbol, word, n_words)
    return of_others | words


def _note(words: dict[int, list[bytes]], symbol: int, word: bytes, n_words: int) -> None:
    """Add a word, unless there are enough, or one that differs only in case."""
    found = words.setdefault(symbol, [])
    if len(found) < n_words and word.lower() not in map(bytes.lower, found):
        found.append(word)


def _matches(language: LexedLanguage, n_words: int) -> Iterator[tuple[int, bytes]]:
    """(label, word) in the order of cost; as many of each label as there may be `n_words` different ones."""
    paths: list[tuple[int, int]] = [(0, 0)]  # path p ends with byte paths[p][1] after path paths[p][0]
    queue = [(0, 0, node) for node in sorted(set(language.context_nodes.tolist()))]  # cost, path, node or ~label
    n_visits: dict[int, int] = {}
    targets_of = _Targets(language, n_words)
    while queue:
        cost, path, place = heapq.heappop(queue)
        n_visits[place] = n_visits.get(place, 0) + 1
        if place < 0:
            yield ~place, _spelled(paths, path)
        elif n_visits[place] <= n_words:
            for byte, targets in targets_of(place):
                if len(paths) == MAX_PATHS:
                    return
                paths.append((path, byte))
                for target in targets:
                    heapq.heappush(queue, (cost + ONE_BYTE + RANK[byte], len(paths) - 1, target))


class _Targets:
    """Where the nodes of a lexer lead (mutable only in what it remembers)."""

    def __init__(self, language: LexedLanguage, n_best: int) -> None:
        self.n_best = n_best
        self.node_start, self.edges = language.node_start.tolist(), language.edges.tolist()
        self.chain_start, self.chain_parts = language.chain_start.tolist(), language.chain_parts.tolist()
        self.known: dict[int, list[tuple[int, list[int]]]] = {}

    def __call__(self, node: int) -> list[tuple[int, list[int]]]:
        """(byte, the nodes and ~labels that follow it), for each target by its `n_best` most readable bytes."""
        if node not in self.known:
            ranges: dict[int, list[tuple[int, int]]] = {}
            for low, high, target in self.edges[self.node_start[node] : self.node_start[node + 1]]:
                ranges.setdefault(target, []).append((low, high))
            self.known[node] = [
                (byte, self._of(target)) for target, rows in ranges.items() for byte in _best(tuple(rows), self.n_best)
            ]
        return self.known[node]

    def _of(self, target: int) -> list[int]:
        if target >= 0:
            return [target]
        chain = -1 - target
        parts = self.chain_parts[self.chain_start[chain] : self.chain_start[chain + 1]]
        return [argument if kind == GO else ~kind for kind, argument in parts]


@lru_cache(maxsize=1 << 14)
def _best(ranges: tuple[tuple[int, int], ...], n_best: int) -> list[int]:
    """The most readable bytes of some ranges."""
    return sorted((byte for low, high in ranges for byte in range(low, high + 1)), key=RANK.__getitem__)[:n_best]


def _spelled(paths: list[tuple[int, int]], path: int) -> bytes:
    spelled = bytearray()
    while path:
        path, byte = paths[path]
        spelled.append(byte)
    return bytes(reversed(spelled))
