"""The naive twin of every way to mask logits: one bit at a time, on the integers that the floats are made of.

Cases are drawn with a generator of numpy: shapes, float types, strides, lists of rows and values with NaN, both zeros,
both infinities and denormal numbers among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

INTEGERS = {
    torch.float16: torch.int16,
    torch.bfloat16: torch.int16,
    torch.float32: torch.int32,
    torch.float64: torch.int64,
}
STRIDES = ["contiguous", "transposed", "sliced columns", "sliced rows", "every third column", "offset"]


@dataclass(frozen=True, slots=True)
class Case:
    """`base` is the memory, `logits` a view of it; `expected` is what the memory must be afterwards, as integers."""

    base: Any
    logits: Any
    masks: NDArray[np.int32]
    index: list[int] | None
    expected: Any


def bits_of(tensor: Any) -> Any:
    """float[...] -> the same memory as integers."""
    return tensor.view(INTEGERS[tensor.dtype])


def random_logits(rng: np.random.Generator, rows: int, size: int, dtype: Any, strides: str) -> tuple[Any, Any]:
    """The memory, and a view float[rows, size] of it."""
    shapes = {
        "contiguous": (rows, size),
        "transposed": (size, rows),
        "sliced columns": (rows, size + 7),
        "sliced rows": (2 * rows + 1, size),
        "every third column": (rows, 3 * size + 2),
        "offset": (rows + 1, size + 3),
    }
    values = rng.normal(size=shapes[strides])
    odd = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, 1e-40])
    chosen = rng.random(values.shape) < 0.1
    values[chosen] = rng.choice(odd, int(chosen.sum()))
    base = torch.from_numpy(values).to(dtype)
    views = {
        "contiguous": lambda: base,
        "transposed": lambda: base.T,
        "sliced columns": lambda: base[:, :size],
        "sliced rows": lambda: base[1::2],
        "every third column": lambda: base[:, 1 : 3 * size : 3],
        "offset": lambda: base[1:, 3:],
    }
    return base, views[strides]()


def random_masks(rng: np.random.Generator, n: int, n_words: int) -> NDArray[np.int32]:
    """int32[n, n_words], each row with few, many, all, none or half of the tokens."""
    masks = rng.integers(-(2**31), 2**31, (n, n_words), dtype=np.int64).astype(np.int32)
    for row, kind in zip(masks, rng.choice(["few", "many", "all", "none", "half"], n), strict=True):
        if kind in ("few", "many"):
            row[rng.random(n_words) > 0.2] = 0 if kind == "few" else -1
        elif kind != "half":
            row[:] = -1 if kind == "all" else 0
    return masks


def random_case(rng: np.random.Generator, dtype: Any, strides: str) -> Case:
    """A case, with its answer by loops."""
    rows, size = int(rng.integers(1, 6)), int(rng.integers(1, 300))
    base, logits = random_logits(rng, rows, size, dtype, strides)
    index = rng.permutation(rows)[: rng.integers(0, rows + 1)].tolist() if rng.random() < 0.6 else None
    masks = random_masks(rng, rows if index is None else len(index), max(1, -(-size // 32) + int(rng.integers(-2, 3))))
    return Case(base, logits, masks, index, masked_by_loops(base, logits, masks, index))


def masked_by_loops(base: Any, logits: Any, masks: NDArray[np.int32], index: list[int] | None) -> Any:
    """The memory as integers after the masks, from a copy of it."""
    copy = base.clone()
    view = bits_of(copy.as_strided(logits.shape, logits.stride(), logits.storage_offset()))
    minus_infinity = bits_of(torch.tensor(-torch.inf, dtype=base.dtype)).item()
    for i, mask in enumerate(masks):
        row = i if index is None else index[i]
        for token in range(logits.shape[1]):
            word = int(mask[token // 32]) if token // 32 < len(mask) else 0
            if not word >> (token % 32) & 1:
                view[row, token] = minus_infinity
    return bits_of(copy)
