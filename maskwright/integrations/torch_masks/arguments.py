"""Logits, masks and lists of rows as callers have them, checked once; behind this everything is addresses or kernels.

Masks come as packed rows (numpy, or torch; what is not on the device of the logits is sent there) or as the `StepMasks`
of rows that lie there already. A list of rows says where each mask belongs. It is read on the host: a kernel that
writes where a number on a device says could not refuse that number.

Rejected: memory that several logits share (`expand`) masked all the same: the masks of two rows would meet in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from maskwright.errors import MatcherError

#: The bits of −inf and +inf of each float type, as an integer of its width.
INFINITIES: Final[dict[Any, tuple[Any, Any]]] = {
    torch.float16: (np.int16(-0x0400), np.int16(0x7C00)),
    torch.bfloat16: (np.int16(-0x0080), np.int16(0x7F80)),
    torch.float32: (np.int32(-0x0080_0000), np.int32(0x7F80_0000)),
    torch.float64: (np.int64(-0x0010_0000_0000_0000), np.int64(0x7FF0_0000_0000_0000)),
}

#: Stands for 0, 1, 2, ... in the kernels.
IN_ORDER: Final[NDArray[np.int64]] = np.empty(0, np.int64)
_INT32: Final = np.dtype(np.int32)


@dataclass(frozen=True, slots=True)
class StepMasks:
    """The masks of one step on a device: that of sequence i is words[numbers[i]].  `ResidentRows.step` makes them.

    words: torch int32[slots, ceil(vocabulary size / 32)].  numbers: torch int32[n], on the same device; `host_numbers`:
    the same, int64[n], on the host.
    """

    words: Any
    numbers: Any
    host_numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.host_numbers)


#: int32[n, words]: a numpy array, a torch tensor, or what lies on a device.
Masks = NDArray[np.int32] | Any | StepMasks
#: Distinct rows of logits: numbers, an array or a tensor of them.
Rows = Sequence[int] | NDArray[np.integer[Any]] | Any


def check_logits(logits: Any) -> None:
    """Raise MatcherError unless these are rows of logits that nobody differentiates."""
    if logits.dim() != 2 or logits.dtype not in INFINITIES or logits.layout != torch.strided:
        raise MatcherError(
            f"Logits must be rows of float16, bfloat16, float32 or float64, not {logits.dtype}{list(logits.shape)}"
        )
    if logits.requires_grad and torch.is_grad_enabled():
        raise MatcherError("Masks have no gradients: detach the logits, or mask under torch.no_grad")


def check_memory(logits: Any) -> None:
    """Raise MatcherError unless every logit has memory of its own, so that it can be masked in place."""
    if logits.is_neg():
        raise MatcherError(
            "Logits whose sign torch has yet to change cannot be masked in place; use resolve_neg() first"
        )
    if not logits.is_contiguous():
        (stride, size), (wide_stride, wide_size) = sorted(zip(logits.stride(), logits.shape, strict=True))
        if (size > 1 and stride < 1) or (wide_size > 1 and size > 0 and wide_stride <= (size - 1) * stride):
            raise MatcherError("Logits that share memory with each other cannot be masked in place; clone them first")


def mask_words(masks: Masks, device: Any) -> tuple[Any, int, int, NDArray[np.int64]]:
    """Masks -> contiguous int32[any, words] where the logits are, how many masks, how many words, which row is whose.

    On the CPU it may be a numpy array. The last is int64[n], the row of each mask, or IN_ORDER.
    """
    numbers = IN_ORDER
    words: Any = masks
    if isinstance(masks, StepMasks):
        words, numbers = masks.words, masks.host_numbers
    if isinstance(words, np.ndarray):
        if words.dtype != _INT32 or words.ndim != 2:
            raise MatcherError(f"Masks must be int32[rows, words], not {words.dtype}{list(words.shape)}")
        words = np.ascontiguousarray(words)
        if device.type != "cpu":
            words = torch.from_numpy(words).to(device)
    else:
        if words.dtype != torch.int32 or words.dim() != 2:
            raise MatcherError(f"Masks must be int32[rows, words], not {words.dtype}{list(words.shape)}")
        if words.device != device:
            if not words.is_cpu:
                raise MatcherError(
                    f"The masks are on {words.device}, the logits on {device}: move the ones to the other"
                )
            words = words.to(device)
        words = words.contiguous()
    n_rows, n_words = words.shape
    return words, (len(masks) if numbers is not IN_ORDER else n_rows), n_words, numbers


def row_list(index: Rows | None, n_masks: int, n_rows: int) -> Any:
    """Where each mask belongs: int64[n_masks], or IN_ORDER.  Raises MatcherError for what is no place, or is one twice.

    `row_list([4, 0], 2, 6)` -> `[4, 0]`
    """
    if index is None:
        if n_masks != n_rows:
            raise MatcherError(f"There are {n_masks} masks for {n_rows} rows of logits: say which by `index`")
        return IN_ORDER
    if isinstance(index, torch.Tensor):
        if not index.is_cpu:
            raise MatcherError("A list of rows must be on the host, where it can be checked: index.cpu(), or a list")
        index = index.numpy()
    rows = np.asarray(index)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise MatcherError(f"A list of rows must be integers in one dimension, not {rows.dtype}{list(rows.shape)}")
    check_places(rows.tolist(), n_masks, n_rows)
    return np.ascontiguousarray(rows, np.int64)


def check_places(places: list[int], n_masks: int, n_rows: int) -> None:
    """Raise MatcherError unless these are distinct rows of the logits, one for each mask."""
    if len(places) != n_masks:
        raise MatcherError(f"There are {n_masks} masks and {len(places)} rows to mask by them")
    if places and (min(places) < 0 or max(places) >= n_rows):
        raise MatcherError(
            f"A list of rows must lie in 0 to {n_rows - 1}, and goes from {min(places)} to {max(places)}"
        )
    if len(set(places)) != n_masks:
        raise MatcherError("A row is in the list twice, and would be masked by two masks")


def for_device(logits: Any, masks: Masks, index: Rows | None) -> tuple[Any, Any, Any]:
    """What operations on a device take: words, numbers and rows, tensors where the logits are; None for 0, 1, 2, ...

    Inside `torch.compile`, where numbers in tensors are not there yet to be looked at, they are passed on as they are.
    """
    words, numbers = (masks.words, masks.numbers) if isinstance(masks, StepMasks) else (masks, None)
    if torch.compiler.is_compiling():
        if index is not None and not isinstance(index, torch.Tensor):
            places = list(index)
            check_places(places, len(words if numbers is None else numbers), len(logits))
            index = torch.tensor(places, device=logits.device)
        return words, numbers, index
    words, n_masks, _, _ = mask_words(masks, logits.device)
    rows = row_list(index, n_masks, len(logits))
    if index is None:
        return words, numbers, None
    return words, numbers, torch.from_numpy(rows).to(logits.device, torch.int32, non_blocking=True)
