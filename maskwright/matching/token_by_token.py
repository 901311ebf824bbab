"""A mask found token by token, for places whose tokens together lead to more than memory holds.

All tokens of a mask are read in one walk, and what they lead to must lie in memory side by side. Where that is more
than there is, each token is read by itself: the configuration in which the text is was carried over, so memory may
start over between any two of them, and the row is the same. It takes a second for a vocabulary of 128,000 where the
walk takes milliseconds; `MemoryUse.n_rows_by_token` counts how often that was so.

A token that cannot be read even alone (a single byte of it asks for more than a limit allows) could not be accepted
either, so it is left out, together with all tokens that begin like it, and counted (`n_tokens_left_out`). So a bit is
set if and only if the token can be accepted, as always. The error stays what it was if no token is left, or where more
than MOST_FAULTS beginnings ask for too much, as each of them may fill the whole memory before that is known.
CompletionUndecided is no lack of memory: it ends the mask, for each further token might cost another search.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import CompletionUndecided, LimitExceeded
from maskwright.matching.bitmask import set_bits
from maskwright.matching.vocabulary import Vocabulary

MOST_FAULTS: Final = 32


def fill_by_token(
    vocabulary: Vocabulary,
    named: list[int],
    can_take: Callable[[int], bool],
    can_read: Callable[[bytes], bool],
    row: NDArray[np.int32],
) -> int:
    """Set the bits of all tokens that can be taken and clear the others, end tokens too: how many were left out.

    `named`: tokens that are no text. `can_take` and `can_read` raise LimitExceeded where they cannot tell; the first of
    these errors is raised where no token can be taken.
    """
    faults: list[LimitExceeded] = []
    allowed: list[int] = []
    n_left_out = 0
    too_much = b""  # what no token may begin with, for the tokens are sorted
    for token in [*named, *vocabulary.trie.tokens.tolist()]:
        if too_much and vocabulary.text_of(token).startswith(too_much):
            n_left_out += 1
            continue
        try:
            if can_take(token):
                allowed.append(token)
        except CompletionUndecided:
            raise
        except LimitExceeded as error:
            faults.append(error)
            if len(faults) > MOST_FAULTS:
                break
            n_left_out += 1
            too_much = _beginning_at_fault(vocabulary.text_of(token), can_read)
    if faults and (not allowed or len(faults) > MOST_FAULTS):
        raise faults[0]
    row[:] = 0
    set_bits(row, allowed)
    return n_left_out


def _beginning_at_fault(text: bytes, can_read: Callable[[bytes], bool]) -> bytes:
    """The shortest beginning of a text that cannot be read for want of memory; nothing if all of it can."""
    for end in range(1, len(text) + 1):
        try:
            can_read(text[:end])
        except LimitExceeded:
            return text[:end]
    return b""
