"""Packed masks over logits in torch's own operations: for any device, and a graph of `torch.compile` without a break.

Idea. A word is cut into four bytes, and each byte meets 1, 2, 4, ... 128, so that temporary tensors have one byte a
column, where words of 32 bits against 32 shifts would take four. `torch.compile` makes one loop of it all, and nothing
of the size of the vocabulary is written but the logits.
"""

from __future__ import annotations

from typing import Any

import torch


def mask_rows(logits: Any, words: Any, numbers: Any = None, index: Any = None) -> None:
    """logits[index[i], c] = −inf unless bit c of words[numbers[i]] is 1, in place.

    logits: float[rows, V].  words: int32[any, n_words].  numbers, index: int[n], or None for 0, 1, 2, ...
    """
    is_forbidden = forbidden(words if numbers is None else words[numbers], logits.shape[1])
    if index is None:
        logits.masked_fill_(is_forbidden, -torch.inf)
    else:
        rows = index.to(torch.int64)
        logits[rows] = logits[rows].masked_fill(is_forbidden, -torch.inf)


def forbidden(words: Any, n_columns: int) -> Any:
    """int32[n, n_words] -> bool[n, n_columns]: is the bit 0, or is there none?"""
    shifts = torch.arange(0, 32, 8, dtype=torch.int32, device=words.device)
    powers = 1 << torch.arange(8, dtype=torch.int32, device=words.device)
    quarters = (words[:, :, None] >> shifts).to(torch.uint8)
    is_zero = (quarters[..., None] & powers.to(torch.uint8)).flatten(1)[:, :n_columns] == 0
    return torch.nn.functional.pad(is_zero, (0, n_columns - is_zero.shape[1]), value=True)
