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
import importlib
from typing import Any

import torch

from maskwright.integrations.torch_masks import row_kernels, tensor_ops
from maskwright.integrations.torch_masks.arguments import (
    INFINITIES,
    Masks,
    Rows,
    check_logits,
    check_memory,
    for_device,
    mask_words,
    row_list,
)


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
    if not torch.compiler.is_compiling():
        check_logits(logits)
        check_memory(logits)
        if logits.is_cpu:
            _mask_on_host(logits, masks, index)
            return
    operations_on(logits).mask_rows(logits, *for_device(logits, masks, index))


def operations_on(logits: Any) -> Any:
    """The module with the operations for these logits where they are not on the CPU, or in a graph."""
    return _triton_or_torch() if logits.is_cuda and not torch.compiler.is_compiling() else tensor_ops


def _mask_on_host(logits: Any, masks: Masks, index: Rows | None) -> None:
    words, n_masks, n_words, numbers = mask_words(masks, logits.device)
    rows = row_list(index, n_masks, len(logits))
    if n_masks and logits.shape[1]:
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


@functools.cache
def _triton_or_torch() -> Any:
    """For CUDA: Triton's kernels, or torch's operations where Triton is not installed."""
    try:
        return importlib.import_module("maskwright.integrations.torch_masks.triton_kernels")
    except ImportError:
        return tensor_ops
