"""Bitmasks: one bit a token, 32 tokens a word, the layout that vLLM, XGrammar and llguidance use.

    mask[row, t // 32] >> (t % 32) & 1 == 1   <=>   token t is allowed

Words are int32 because that is what the hosts' tensors hold; the highest bit is the sign.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import MatcherError

_INT32 = np.dtype(np.int32)


def n_mask_words(size: int) -> int:
    """Words of a row for a vocabulary of `size` ids: `n_mask_words(33)` -> 2."""
    return (size + 31) // 32


def allocate_bitmask(batch: int, size: int) -> NDArray[np.int32]:
    """int32[batch, ceil(size / 32)] with every token allowed (all bits set)."""
    return np.full((batch, n_mask_words(size)), -1, dtype=np.int32)


def is_allowed(row: NDArray[np.int32], token_id: int) -> bool:
    """Is the token's bit set in one row?"""
    return bool(int(row[token_id >> 5]) >> (token_id & 31) & 1)


def allowed_tokens(row: NDArray[np.int32], size: int | None = None) -> NDArray[np.int64]:
    """The ids allowed in one row, ascending; only those below `size` when it is given."""
    flags = np.unpackbits(np.ascontiguousarray(row).view(np.uint8), bitorder="little")
    return np.flatnonzero(flags if size is None else flags[:size])


def set_bits(row: NDArray[np.int32], token_ids: Iterable[int]) -> None:
    """Allow these tokens in one row."""
    words = row.view(np.uint32)
    for token in token_ids:
        words[token >> 5] |= np.uint32(1 << (token & 31))


def packed_row(allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """One row from flags: bool[size] -> int32[ceil(size / 32)]."""
    row = np.zeros(4 * n_mask_words(len(allowed)), np.uint8)
    packed = np.packbits(allowed, bitorder="little")
    row[: len(packed)] = packed
    return row.view(np.int32)


def unpack_bitmask(bitmask: NDArray[np.int32], size: int) -> NDArray[np.bool_]:
    """The first `size` bits of each row: int32[..., words] -> bool[..., size]; missing words count as zeros.

    `unpack_bitmask(np.int32([5]), 4)` -> `[True, False, True, False]`
    """
    bits = np.unpackbits(np.ascontiguousarray(bitmask).view(np.uint8), axis=-1, bitorder="little", count=None)
    missing = size - bits.shape[-1]
    if missing > 0:
        bits = np.concatenate((bits, np.zeros((*bits.shape[:-1], missing), np.uint8)), axis=-1)
    return bits[..., :size].view(np.bool_)


def check_row(row: NDArray[np.int32], shape: tuple[int]) -> None:
    """Raise MatcherError unless a mask can be written into the row: a writable contiguous int32 array of that shape."""
    if not (type(row) is np.ndarray and row.dtype == _INT32 and row.shape == shape and row.flags.carray):
        raise MatcherError(f"A bitmask row must be a writable contiguous numpy array int32[{shape[0]}]")
