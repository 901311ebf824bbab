"""Packed masks over logits in place, wherever the logits are: the one way by which tokens are forbidden.

    mask_logits(logits, bitmask)              # row i by mask i
    mask_logits(logits, bitmask, [4, 0])      # row 4 by mask 0, row 0 by mask 1, the others stay as they are

Three implementations of one contract, equal bit by bit: a kernel on the CPU (`row_kernels`), one of Triton on CUDA
(`triton_kernels`), and torch's own operations (`tensor_ops`), for any device and for `torch.compile`.
On the GPU only packed words travel, 4 · ceil(V / 32) bytes a sequence, or 4 bytes with `ResidentRows`.

Forbidden columns become −inf, also columns that the mask has no bits for (rows of logits are often padded), and all
others keep every bit. Nothing is read but masks, and nothing is looked at: a row whose mask allows nothing is −inf
throughout. `apply_bitmask` (scores.py) is the one that copies and looks.

Rejected: a look at what is left here too; on a device it would wait for everything that was asked of it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from maskwright.integrations.torch_masks import row_kernels, tensor_ops
from maskwright.integrations.torch_masks.arguments import (
    IN_ORDER,
    INFINITIES,
    Masks,
    StepMasks,
    check_logits,
    mask_words,
    row_list,
)

Rows = Sequence[int] | NDArray[np.integer[Any]] | Any


def mask_logits(logits: Any, masks: Masks, index: Rows | None = None) -> None:
    """Write −inf into the logits of all tokens that are forbidden, in place.

    Args:
        logits: torch float16, bfloat16, float32 or float64[rows, V], of any strides, without shared memory.
        masks: int32[n, words], bit t % 32 of word t // 32 is 1 if token t is allowed: a numpy array, a tensor there
            or on the CPU, or `StepMasks`. Columns from 32 * words on are forbidden.
        index: mask i is for row index[i] of the logits; without it there must be as many masks as rows.

    Raises `MatcherError` for what does not fit together, with nothing changed. Inside `torch.compile` masks are tensors
    and so may be `index`, whose numbers are not looked at there.

        logits = torch.zeros(1, 4)
        mask_logits(logits, np.int32([[0b0101]]))     # logits -> [[0, -inf, 0, -inf]]
    """
    if torch.compiler.is_compiling():
        tensor_ops.mask_rows(logits, *_tensors(masks), _as_tensor(index, logits))
        return
    check_logits(logits)
    words, n_masks, n_words, numbers = mask_words(masks, logits.device)
    rows = row_list(index, n_masks, len(logits))
    if not n_masks or not logits.shape[1]:
        return
    if logits.is_cpu:
        row_kernels.mask_rows(
            logits.data_ptr(),
            logits.element_size(),
            logits.stride(0),
            logits.stride(1),
            logits.shape[1],
            INFINITIES[logits.dtype][0],
            words.data_ptr() if isinstance(words, torch.Tensor) else words.ctypes.data,
            n_words,
            n_masks,
            numbers,
            rows,
        )
        torch.autograd.graph.increment_version(logits)  # as torch's own operations in place do
        return
    on_device = masks.numbers if isinstance(masks, StepMasks) else None
    places = None if rows is IN_ORDER else torch.from_numpy(rows).to(logits.device, torch.int32, non_blocking=True)
    mask_on_device = _triton_or_torch() if logits.is_cuda else tensor_ops.mask_rows
    mask_on_device(logits, words, on_device, places)


@functools.cache
def _triton_or_torch() -> Any:
    """What masks on CUDA: Triton's kernels, or torch's operations where Triton is not installed."""
    try:
        from maskwright.integrations.torch_masks import triton_kernels
    except ImportError:
        return tensor_ops.mask_rows
    return triton_kernels.mask_rows


def _tensors(masks: Any) -> tuple[Any, Any]:
    """The words of some masks, and which rows of them, as a graph takes them."""
    return (masks.words, masks.numbers) if isinstance(masks, StepMasks) else (masks, None)


def _as_tensor(index: Any, logits: Any) -> Any:
    if index is None or isinstance(index, torch.Tensor):
        return index
    return torch.tensor(row_list(list(index), len(index), len(logits)).tolist(), device=logits.device)
