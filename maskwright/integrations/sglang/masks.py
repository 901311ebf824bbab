"""Bitmasks as SGLang's tensors: torch.int32[rows, ceil(V / 32)], bit t % 32 of word t // 32, 1 = allowed.

This is XGrammar's layout. SGLang's draft trees read single bits of it, so no other would do. A row is filled on the
host through a numpy view of the tensor's memory, travels packed, and is applied where the logits are: by SGLang's own
kernel on NVIDIA's devices, by `torch_masks` elsewhere.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np
import torch

from maskwright.integrations.torch_masks import mask_logits
from maskwright.matching.bitmask import n_mask_words


def allocate_mask(vocab_size: int, batch_size: int) -> torch.Tensor:
    """int32[batch_size, ceil(vocab_size / 32)] with every token allowed; pinned where a device copies from it."""
    return torch.full((batch_size, n_mask_words(vocab_size)), -1, dtype=torch.int32, pin_memory=_has_pinned_memory())


@functools.cache
def _has_pinned_memory() -> bool:
    return bool(torch.cuda.is_available())


def move_mask(mask: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """The mask on a device; from pinned memory the copy does not wait."""
    return mask.to(device, non_blocking=True)


def apply_mask(logits: torch.Tensor, mask: torch.Tensor) -> None:
    """Write −inf into logits[row, token] where the bit is 0; columns without a bit stay as they are.

    logits: float[rows, V], modified; mask: int32[rows, words] on the same device.
    """
    if logits.device.type == "cuda" and torch.version.hip is None:
        from sglang.kernels.ops.grammar.bitmask_ops import apply_token_bitmask_inplace_triton

        apply_token_bitmask_inplace_triton(logits, mask)
        return
    mask_logits(logits[:, : 32 * mask.shape[1]], mask)


def filter_tokens(
    mask: torch.Tensor,
    token_ids: Iterable[int],
    row: int,
    is_allowed: bool,
    reset_vocab_mask: bool,
) -> None:
    """Allow or forbid some tokens of a row, which first, if it is reset, forbids or allows all.

    `filter_tokens(mask, [5], 0, is_allowed=True, reset_vocab_mask=True)` leaves token 5 alone.
    """
    words = mask[row].numpy().view(np.uint32)
    if reset_vocab_mask:
        words[:] = 0 if is_allowed else 0xFFFFFFFF
    for token in token_ids:
        bit = np.uint32(1 << (token & 31))
        words[token >> 5] = words[token >> 5] | bit if is_allowed else words[token >> 5] & ~bit
