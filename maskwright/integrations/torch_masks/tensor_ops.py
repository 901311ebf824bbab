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


def log_sums(logits: Any, words: Any, numbers: Any = None, index: Any = None) -> Any:
    """float[n, 2]: log Σ exp(logit) over all tokens and over the allowed ones, in float32, or float64 for float64.

    NaN where a NaN or +inf is among them.
    """
    rows = _chosen(logits, index)
    kept = rows.masked_fill(forbidden(words if numbers is None else words[numbers], logits.shape[1]), -torch.inf)
    logs = torch.stack([torch.logsumexp(rows, dim=-1), torch.logsumexp(kept, dim=-1)], dim=-1)
    return torch.where(logs == torch.inf, torch.nan, logs)


def log_probabilities(logits: Any, words: Any, logs: Any, numbers: Any = None, index: Any = None) -> Any:
    """float[n, V]: logit − log Σ exp over the allowed tokens, −inf for the others; logs as `log_sums` leaves them."""
    log_kept = logs[:, 1:]
    is_forbidden = forbidden(words if numbers is None else words[numbers], logits.shape[1])
    return (_chosen(logits, index) - log_kept).masked_fill(is_forbidden | (log_kept == -torch.inf), -torch.inf)


def _chosen(logits: Any, index: Any) -> Any:
    """The rows that are asked for, in the float type of sums."""
    rows = logits if index is None else logits[index.to(torch.int64)]
    return rows if rows.dtype == torch.float64 else rows.to(torch.float32)
