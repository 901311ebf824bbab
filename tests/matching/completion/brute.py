"""The fewest tokens to the end of a text, by trying all tokens: breadth first over places."""

from __future__ import annotations

import numpy as np

import maskwright as mw
from maskwright.matching.matcher import Matcher

MOST_PLACES = 4_000


def vocabulary_of(*words: str) -> mw.Vocabulary:
    """All bytes, these words, and an end token."""
    tokens = [*(bytes([byte]) for byte in range(256)), *(word.encode() for word in words), b""]
    return mw.Vocabulary(tokens, eos_token_ids=[len(tokens) - 1])


def allowed(matcher: Matcher) -> list[int]:
    """The tokens of the mask."""
    row = np.zeros(matcher.row_shape, np.int32)
    matcher.fill_bitmask(row)
    found: list[int] = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist()
    return found


def fewest_tokens(matcher: Matcher) -> int | None:
    """The tokens that the shortest completion takes, the end token included; None if the search grows too large."""
    ends = set(matcher.vocabulary.eos_token_ids)
    level, seen, n = [matcher.fork()], {matcher.place}, 1
    while level and len(seen) < MOST_PLACES:
        if any(one.is_accepting() for one in level):
            return n
        following = []
        for one in level:
            for token in allowed(one):
                if token not in ends:
                    after = one.fork()
                    after.accept_token(token)
                    if after.place not in seen:
                        seen.add(after.place)
                        following.append(after)
        level, n = following, n + 1
    return None
