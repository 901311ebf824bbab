"""The int32 array in which all that is known of a vocabulary lies (`_table_layout`); it only grows, at its end.

Room for everything that the limits of its users allow is reserved at once: untouched memory costs nothing, but growing
means to copy, a tenth of a second for a hundred megabytes, while every thread waits. Whoever writes holds `lock`, for
as long as it takes to copy what was made before. A kernel reads the array that was current when it was called, and all
that its grammar refers to lies in it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from maskwright.automata.arena_pool import reserved
from maskwright.locks import Rank, shared_lock
from maskwright.matching._table_layout import FIRST_FREE


class TableArena:
    """words: int32[n]; the first `n_used` of them are in use. Its owners hold `lock` around every call."""

    def __init__(self, n_reserved: int) -> None:
        self.lock = shared_lock(Rank.TABLES)
        self.words = reserved(n_reserved)
        self.words[:FIRST_FREE] = 0
        self.n_used = FIRST_FREE

    def append(self, words: NDArray[np.int32]) -> int:
        """The offset at which the words lie now."""
        offset = self.n_used
        end = offset + words.size
        if end > len(self.words):
            larger = np.zeros(end + len(self.words) // 4, dtype=np.int32)
            larger[:offset] = self.words[:offset]
            self.words = larger
        self.words[offset:end] = words.ravel()
        self.n_used = end
        return offset

    def append_record(self, size: int, entries: Mapping[int, int]) -> int:
        """The offset of a record of so many words, which are 0 but for the entries."""
        record = np.zeros(size, dtype=np.int32)
        record[[*entries]] = [*entries.values()]
        return self.append(record)


def bits_of(tokens: NDArray[np.int32], n_words: int) -> NDArray[np.int32]:
    """A bitmask row with exactly these tokens: `bits_of([0, 33], 2)` -> [1, 2]."""
    flags = np.zeros(32 * n_words, dtype=np.uint8)
    flags[tokens] = 1
    return np.packbits(flags, bitorder="little").view(np.int32)
