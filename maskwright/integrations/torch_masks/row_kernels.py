"""Packed masks over rows of numbers in memory (kernels): in place, or while they are copied.

Idea. To −inf a float only its bits matter, so a row is a row of integers of the same width, and nothing is ever rounded
or made quiet on the way: what is allowed stays bit by bit what it was, a NaN too. The 32 bits of a word of the mask are
handed to the processor as they are, as 32 lanes of yes and no; LLVM makes stores under a mask of them (two of AVX-512
for float32, compares and blends elsewhere), so that in place nothing is read but the mask, and words without a
forbidden token are passed over. It comes to what filling the whole row costs, however the bits lie: 4 us for 128,256
columns of float32 in a cache, a word of the mask a nanosecond.

Rows are given by address, as everywhere a tensor's memory is written (`matching/_row_copies`): asking torch for a numpy
array, of integers, takes longer than masking it. The caller owns the memory while it calls.

The kernels are in this file and not in one with an underscore: the digest of those is in the name of all machine code
on disk (maskwright/_numba.py), and these call no kernel of another file.

Rejected: loops over the bits that are 0, as XGrammar has them: 50 to 100 times slower where most tokens are forbidden.
Rejected: a loop over 32 lanes in numba's own terms. It was not vectorised, in four spellings: 400 us for the same row.
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from maskwright._numba import allocating_kernel

SOMETHING: Final = 0
"""Some allowed token of a row has a score."""
NO_SCORE: Final = 1
"""The scores of all allowed tokens are −inf, or no numbers."""
NO_TOKEN: Final = 2
"""No column is allowed."""

CACHE_LINE: Final = 64
"""Bytes. A store under a mask that knows its memory to be aligned is 1.6 times as fast beyond the caches (Zen 5)."""

if numba.config.DISABLE_JIT:

    def values_at(address: int, n: int, like: Any) -> Any:
        """n integers of the width of `like` at an address."""
        return np.ctypeslib.as_array((np.ctypeslib.as_ctypes_type(like.dtype) * n).from_address(int(address)))

    def copy_word(source: int, destination: int, bits: int, fill: Any) -> None:
        """destination[j] = source[j] where bit j is 1, else fill, for j < 32; both are addresses."""
        old, new = values_at(source, 32, fill), values_at(destination, 32, fill)
        for j in range(32):
            new[j] = old[j] if (bits >> j) & 1 else fill

    def mask_word(address: int, bits: int, fill: Any) -> None:
        """values[j] = fill where bit j is 0, for the 32 values at an address."""
        copy_word(address, address, bits, fill)

    mask_aligned_word = mask_word

else:
    from llvmlite import ir

    @intrinsic  # type: ignore[untyped-decorator]
    def pointer_to(_context: Any, _address: Any, like: Any) -> Any:
        """An address as a pointer to integers of the width of `like`."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(like)(types.int64, like), generate

    @allocating_kernel
    def values_at(address: int, n: int, like: Any) -> Any:
        """n integers of the width of `like` at an address."""
        return numba.carray(pointer_to(address, like), (n,))

    def store_kept(builder: Any, source: Any, destination: Any, bits: Any, fill: Any, align: int) -> None:
        """Build 32 lanes that are loaded, kept where their bit is 1, else filled, and stored; both are addresses."""
        vector = ir.VectorType(fill.type, 32)
        undefined = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(undefined, fill, ir.Constant(ir.IntType(32), 0))
        filled = builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), 32), [0] * 32))
        is_kept = builder.bitcast(bits, ir.VectorType(ir.IntType(1), 32))
        loaded = builder.load(builder.inttoptr(source, vector.as_pointer()), align=align)
        kept = builder.select(is_kept, loaded, filled)
        builder.store(kept, builder.inttoptr(destination, vector.as_pointer()), align=align)

    @intrinsic  # type: ignore[untyped-decorator]
    def copy_word(_context: Any, _source: Any, _destination: Any, _bits: Any, fill: Any) -> Any:
        """destination[j] = source[j] where bit j is 1, else fill, for j < 32; both are addresses."""

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            source, destination, bits, filling = arguments
            store_kept(builder, source, destination, bits, filling, filling.type.width // 8)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int32, fill), generate

    @intrinsic  # type: ignore[untyped-decorator]
    def mask_word(_context: Any, _address: Any, _bits: Any, fill: Any) -> Any:
        """values[j] = fill where bit j is 0, for the 32 values at an address."""

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            address, bits, filling = arguments
            store_kept(builder, address, address, bits, filling, filling.type.width // 8)
            return context.get_dummy_value()

        return types.void(types.int64, types.int32, fill), generate

    @intrinsic  # type: ignore[untyped-decorator]
    def mask_aligned_word(_context: Any, _address: Any, _bits: Any, fill: Any) -> Any:
        """The same at an address that CACHE_LINE divides."""

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            address, bits, filling = arguments
            store_kept(builder, address, address, bits, filling, CACHE_LINE)
            return context.get_dummy_value()

        return types.void(types.int64, types.int32, fill), generate


@allocating_kernel
def mask_rows(
    logits: int,
    item_bytes: int,
    row_stride: int,
    column_stride: int,
    n_columns: int,
    fill: Any,
    words: int,
    n_words: int,
    n_masks: int,
    numbers: NDArray[np.int64],
    index: NDArray[np.int64],
) -> None:
    """Write `fill` where a mask forbids, in place: for i < n_masks,

        logits[index[i], c] = fill   unless bit c of words[numbers[i]] is 1

    logits: address of intN[rows, n_columns] with strides in items; fill: intN, the bits of −inf.  words: address of
    int32[any, n_words], contiguous; columns beyond their bits are forbidden.  numbers, index: int64[n_masks], or empty
    for 0, 1, 2, ...
    """
    no_bits = np.int32(0)
    n_whole = min(n_words, n_columns >> 5)
    for i in range(n_masks):
        bits = values_at(words + 4 * n_words * (numbers[i] if numbers.size else i), n_words, no_bits)
        begin = logits + item_bytes * row_stride * (index[i] if index.size else i)
        first = 0
        if column_stride == 1:
            is_aligned = begin & (CACHE_LINE - 1) == 0  # and so are all words, each 64 bytes or more of logits
            for word in range(n_whole):
                if bits[word] != -1:
                    if is_aligned:
                        mask_aligned_word(begin + item_bytes * (word << 5), bits[word], fill)
                    else:
                        mask_word(begin + item_bytes * (word << 5), bits[word], fill)
            first = n_whole << 5
        row = values_at(begin, (n_columns - 1) * column_stride + 1, fill)
        for column in range(first, n_columns):
            word = column >> 5
            if word >= n_words or not (bits[word] >> (column & 31)) & 1:
                row[column * column_stride] = fill


@allocating_kernel
def copy_masked(
    scores: int,
    item_bytes: int,
    n_columns: int,
    fill: Any,
    infinity: Any,
    words: int,
    n_words: int,
    masked: int,
    left: NDArray[np.int8],
) -> bool:
    """Copy rows and mask them on the way: for each row r, masked[r, c] = scores[r, c] if bit c of words[r], else fill.

    scores, masked: addresses of intN[rows, n_columns], contiguous.  fill, infinity: intN, the bits of −inf and +inf.
    words: address of int32[rows, n_words], contiguous.
    Out: left: int8[rows], SOMETHING, NO_SCORE or NO_TOKEN.  Returns whether it is SOMETHING everywhere.
    """
    no_bits = np.int32(0)
    n_whole = min(n_words, n_columns >> 5)
    is_something_everywhere = True
    for r in range(left.size):
        bits = values_at(words + 4 * n_words * r, n_words, no_bits)
        begin, target = scores + item_bytes * n_columns * r, masked + item_bytes * n_columns * r
        for word in range(n_whole):
            at = item_bytes * (word << 5)
            copy_word(begin + at, target + at, bits[word], fill)
        old, new = values_at(begin, n_columns, fill), values_at(target, n_columns, fill)
        for column in range(n_whole << 5, n_columns):
            word = column >> 5
            is_allowed = word < n_words and (bits[word] >> (column & 31)) & 1
            new[column] = old[column] if is_allowed else fill
        left[r] = what_is_left(old, bits, fill, infinity)
        is_something_everywhere &= left[r] == SOMETHING
    return is_something_everywhere


@allocating_kernel
def what_is_left(row: NDArray[Any], bits: NDArray[np.int32], fill: Any, infinity: Any) -> int:
    """SOMETHING, NO_SCORE or NO_TOKEN; looks up to the first allowed column with a score.

    As integers, negative numbers lie below −inf (`fill`), NaNs above it or above +inf (`infinity`).
    """
    found = NO_TOKEN
    for word in range(min(bits.size, (row.size + 31) >> 5)):
        if bits[word] != 0:
            for column in range(word << 5, min(row.size, (word + 1) << 5)):
                if (bits[word] >> (column & 31)) & 1:
                    found = NO_SCORE
                    if row[column] < fill or 0 <= row[column] <= infinity:
                        return SOMETHING
    return found
