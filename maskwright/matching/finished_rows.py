"""The masks of a grammar as rows of bits that a copy hands out, for places that are asked again.

A grammar keeps its masks in a short form (`_mask_records`): a row of the vocabulary, and what is added to it and taken
from it. Writing that into the caller's row takes a call of a kernel; copying a row that is finished takes a quarter of
it. A row is 16 KB for 128,256 tokens, so places with the same mask share one, and there are bounds: the first
FIRST_ROWS masks are finished at once, others only when they are asked for the LATER_FILLS-th time, as making a row
costs two such calls, and no more than MAX_ROWS. Nothing is thrown out. Rejected: throwing out the oldest, which for a
document with more masks than that finishes every row again and again.

Rows lie in blocks, which are used again by other grammars when theirs is gone (`RowPool`): memory that is touched for
the first time costs more than the copy.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskwright.matching.bitmask import allocate_bitmask, set_bits
from maskwright.matching.vocabulary import Vocabulary

ROWS_PER_BLOCK: Final = 16
"""256 KiB of a vocabulary of 128k tokens."""
FIRST_ROWS: Final = 64
LATER_FILLS: Final = 4
MAX_ROWS: Final = 512
"""8 MiB; long documents have some hundred masks, most have a few dozen."""
FIRST_BLOCKS: Final = 16
MAX_FREE_BLOCKS: Final = 32


class RowPool:
    """Blocks of rows for all grammars of a vocabulary, int32[ROWS_PER_BLOCK, n_words].

    The first ones are touched at once: pages that are new cost microseconds each on a virtual machine, and a row has
    four. Without a lock, for the reason that `ArenaPool` gives.
    """

    def __init__(self, n_words: int) -> None:
        self._n_words = n_words
        first = np.empty((FIRST_BLOCKS, ROWS_PER_BLOCK, n_words), dtype=np.int32)
        first[...] = 0
        self._free: deque[NDArray[np.int32]] = deque(first, maxlen=MAX_FREE_BLOCKS)

    @property
    def size_bytes(self) -> int:
        """Bytes of the blocks that no grammar has."""
        return len(self._free) * ROWS_PER_BLOCK * self._n_words * 4

    def block(self) -> NDArray[np.int32]:
        """A block with any content."""
        with contextlib.suppress(IndexError):
            return self._free.pop()
        return np.empty((ROWS_PER_BLOCK, self._n_words), dtype=np.int32)

    def give_back(self, blocks: list[NDArray[np.int32]]) -> None:
        """Take blocks that nobody uses any more."""
        self._free.extend(blocks)


class FinishedRow:
    """int32[words] as a memoryview; never changed."""

    __slots__ = ("_address", "_row", "words")

    def __init__(self, row: NDArray[np.int32]) -> None:
        self._row = row
        self._address = 0
        self.words = row.data

    @property
    def address(self) -> int:
        """Where the words lie, while this object lives; found when a batch asks for it, as numpy takes a while."""
        if not self._address:
            self._address = self._row.ctypes.data
        return self._address


class FinishedRows:
    """The finished rows of one grammar, by the name that its mask has in the arena; its owner holds a lock."""

    def __init__(self, pool: RowPool) -> None:
        self._pool = pool
        self._row_of: dict[int, FinishedRow] = {}
        self.blocks: list[NDArray[np.int32]] = []

    @property
    def size_bytes(self) -> int:
        """Bytes of all blocks."""
        return sum(block.nbytes for block in self.blocks)

    def row_of(self, mask: int, row: NDArray[np.int32], n_fills: int) -> FinishedRow | None:
        """The finished row of a mask that was just written into `row` for the n-th time, if there is one now."""
        known = self._row_of.get(mask)
        if known is None:
            n = len(self._row_of)
            if n < FIRST_ROWS or (n_fills >= LATER_FILLS and n < MAX_ROWS):
                at = n % ROWS_PER_BLOCK
                if at == 0:
                    self.blocks.append(self._pool.block())
                words = self.blocks[-1][at]
                words[...] = row
                known = self._row_of[mask] = FinishedRow(words)
        return known

    def clear(self) -> None:
        """Forget all, as masks get other names. Others may still be copying, so the blocks are not used again."""
        self._row_of.clear()
        self.blocks.clear()


def end_row(vocabulary: Vocabulary) -> FinishedRow:
    """The row in which nothing is allowed but the end tokens."""
    row = allocate_bitmask(1, vocabulary.size)[0]
    row[:] = 0
    set_bits(row, vocabulary.eos_token_ids)
    return FinishedRow(row)
