"""The fewest tokens that spell a text, and which.

A shortest path over the places of the text, from the end backwards: an edge is a token. Cost: the length of the text
times that of the longest token, in look-ups; texts here are a few segments long, and are kept.
"""

from __future__ import annotations

from functools import lru_cache

from maskwright.errors import VocabularyGap
from maskwright.matching.vocabulary import Vocabulary

MOST_KEPT = 1 << 14
"""Texts whose spelling is kept."""


@lru_cache(maxsize=8)
def spellings_of(vocabulary: Vocabulary) -> Spellings:
    """The spellings of a vocabulary, which are kept: 50 ms for 128,000 tokens."""
    return Spellings(vocabulary)


class Spellings:
    """Of one vocabulary. `of(b"...")` raises VocabularyGap for a text that its tokens cannot spell."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._token_of: dict[bytes, int] = {}
        for token, text in enumerate(vocabulary.token_bytes):
            if text and token not in vocabulary.special_token_ids and token not in vocabulary.eos_token_ids:
                self._token_of.setdefault(text, token)
        self._lengths = sorted({len(text) for text in self._token_of})
        self._longest = max(self._lengths, default=0)
        self.of = lru_cache(MOST_KEPT)(self._of)

    def count(self, text: bytes) -> int:
        """The fewest tokens."""
        return len(self.of(text))

    def fewest(self, text: bytes, most: int | None = None) -> tuple[int, int]:
        """The fewest tokens that a text of others takes, and how many of its bytes these are: not more than `most`
        tokens, if a number is given. A byte that no token spells counts as one."""
        if most is not None:
            text = text[: most * self._longest]
        counts = [0]
        for end in range(1, len(text) + 1):
            fewest = counts[end - 1] + 1
            for length in self._lengths:
                if length > end:
                    break
                if counts[end - length] + 1 < fewest and text[end - length : end] in self._token_of:
                    fewest = counts[end - length] + 1
            counts.append(fewest)
        if most is None:
            return counts[-1], len(text)
        fits = max(end for end, count in enumerate(counts) if count <= most)
        return counts[fits], fits

    def by_bytes(self, text: bytes) -> tuple[int, ...]:
        """One token for each byte where there are such tokens, else the fewest: quick, for texts that are long."""
        tokens = [self._token_of.get(text[place : place + 1]) for place in range(len(text))]
        return self.of(text) if None in tokens else tuple([token for token in tokens if token is not None])

    def _of(self, text: bytes) -> tuple[int, ...]:
        n = len(text)
        fewest = [n + 1] * n + [0]
        first = [(-1, 0)] * n
        for begin in range(n - 1, -1, -1):
            for end in range(begin + 1, min(n, begin + self._longest) + 1):
                if fewest[end] + 1 < fewest[begin]:
                    token = self._token_of.get(text[begin:end])
                    if token is not None:
                        fewest[begin] = fewest[end] + 1
                        first[begin] = (token, end)
        if fewest[0] > n:
            raise VocabularyGap(bytes(sorted(set(text).difference(*[t for t in self._token_of if len(t) == 1]))))
        tokens: list[int] = []
        at = 0
        while at < n:
            token, at = first[at]
            tokens.append(token)
        return tuple(tokens)
