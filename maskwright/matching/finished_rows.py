"""The masks of a grammar that were asked for more than once, as rows of bits that a copy hands out.

A grammar keeps its masks in a short form (`_masks`): a list of tokens, or what is added to and taken from a row of the
vocabulary. Writing one into the caller's row takes a call of a kernel; copying a row that is finished takes a quarter
of that. A row is 16 KB for 128,256 tokens, so only masks that were asked for again are finished, places with the same
mask share one, and there are at most MAX_ROWS of a grammar, the first that came again: they tend to be the frequent
ones, and nothing has to be thrown out. Rejected: throwing out the oldest, which for a document with more masks than
that finishes every row again and again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwright.matching.bitmask import allocate_bitmask
from maskwright.matching.vocabulary import Vocabulary

MAX_ROWS: Final = 512
"""8 MiB of a vocabulary of 128k tokens; long documents have some hundred masks, most have a few dozen."""


class FinishedRow:
    """int32[words] as a memoryview, and where it lies; never changed."""

    __slots__ = ("address", "words")

    def __init__(self, row: NDArray[np.int32]) -> None:
        self.words = row.data
        self.address: int = row.ctypes.data


class FinishedRows:
    """The finished rows of one grammar, by the name that its mask has in the arena; its owner holds a lock."""

    def __init__(self) -> None:
        self._row_of: dict[int, FinishedRow] = {}

    def __len__(self) -> int:
        return len(self._row_of)

    def row_of(self, mask: int, row: NDArray[np.int32], *, is_wanted: bool) -> FinishedRow | None:
        """The finished row of a mask that was just written into `row`; a new one is made only if it is wanted."""
        known = self._row_of.get(mask)
        if known is None and is_wanted and len(self._row_of) < MAX_ROWS:
            known = self._row_of[mask] = FinishedRow(row.copy())
        return known

    def clear(self) -> None:
        """Forget all, as masks get other names."""
        self._row_of.clear()


def end_row(vocabulary: Vocabulary) -> FinishedRow:
    """The row in which nothing is allowed but the end tokens."""
    row = allocate_bitmask(1, vocabulary.size)[0]
    row[:] = 0
    for token in vocabulary.eos_token_ids:
        row[token >> 5] |= np.array(1 << (token & 31), dtype=np.uint32).view(np.int32)
    return FinishedRow(row)
