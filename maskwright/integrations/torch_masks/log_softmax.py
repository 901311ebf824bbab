"""Mask, log-softmax and the mass that the mask keeps, of a step: what sampling from a masked model wants to know.

    log_probabilities, log_mass = masked_log_softmax(logits, masks)

With p(t) the model's distribution and A the allowed tokens, log_mass = log Z = log Σ p(t) over A, and the
log-probabilities are those of p(t) / Z on A. Z says how much of what the model wanted the mask has left it; a sampler
that corrects for masks multiplies by it (docs/sampling.md).

On the CPU each row is a `sampling.rows.MaskedRow`, in float64 whatever the logits are; on CUDA three kernels of Triton
do it (`triton_kernels`); elsewhere and in graphs torch's operations. Bad logits (a NaN, +inf, or nothing but −inf) are
refused on the CPU; on a device, which is not waited for, the mass of such a row is NaN.

Rejected: log_softmax of masked logits alone, as processors do. It hides Z, and reads the row three times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from maskwright.errors import BadLogits
from maskwright.integrations.torch_masks.arguments import (
    Masks,
    Rows,
    check_logits,
    for_device,
    mask_words,
    row_list,
)
from maskwright.integrations.torch_masks.masking import mask_logits, operations_on
from maskwright.sampling.rows import MaskedRow


class MaskedLogSoftmax(NamedTuple):
    """log_probabilities: float[n, V], −inf for forbidden tokens; log_mass: float[n], at most 0.

    Both are −inf where nothing is left. They are float64 for float64 logits, else float32.
    """

    log_probabilities: Any
    log_mass: Any


def masked_log_softmax(logits: Any, masks: Masks, index: Rows | None = None) -> MaskedLogSoftmax:
    """The model's distribution on the allowed tokens of each row, and the log of the mass that they have together.

    Arguments as for `mask_logits`; row i of the result is of mask i, so of row index[i] of the logits, which stay as
    they are. Where nothing is left, all log-probabilities are −inf. Raises `MatcherError`, on the CPU also `BadLogits`.

        masked_log_softmax(torch.log(torch.tensor([[0.2, 0.3, 0.5]])), np.int32([[0b101]]))
        # -> log_probabilities [[log 2/7, -inf, log 5/7]], log_mass [log 0.7]
    """
    if not torch.compiler.is_compiling():
        check_logits(logits)
        if logits.is_cpu:
            return _on_host(logits, masks, index)
    operations = operations_on(logits)
    words, numbers, rows = for_device(logits, masks, index)
    logs = operations.log_sums(logits, words, numbers, rows)
    return MaskedLogSoftmax(operations.log_probabilities(logits, words, logs, numbers, rows), _mass(logs))


def kept_log_mass(logits: Any, masks: Masks, index: Rows | None = None) -> Any:
    """`masked_log_softmax(...).log_mass` alone, float[n], for less: nothing is written but it."""
    if not torch.compiler.is_compiling():
        check_logits(logits)
        if logits.is_cpu:
            masses = [row.log_mass for row in _masked_rows(logits, masks, index)]
            return torch.tensor(masses, dtype=_dtype_of_sums(logits))
    return _mass(operations_on(logits).log_sums(logits, *for_device(logits, masks, index)))


def _mass(logs: Any) -> Any:
    """float[n, 2], log Σ over all tokens and over the allowed ones -> the log of their quotient, at most 0."""
    return (logs[:, 1] - logs[:, 0]).clamp(max=0.0)


def _dtype_of_sums(logits: Any) -> Any:
    return torch.float64 if logits.dtype == torch.float64 else torch.float32


def _on_host(logits: Any, masks: Masks, index: Rows | None) -> MaskedLogSoftmax:
    rows = list(_masked_rows(logits, masks, index))
    log_probabilities = torch.empty((len(rows), logits.shape[1]), dtype=_dtype_of_sums(logits))
    for row, written in zip(rows, log_probabilities.numpy(), strict=True):
        if row.log_mass == -math.inf:
            written[:] = -np.inf
        else:
            np.subtract(row.logits, row.log_total + row.log_mass, out=written, dtype=np.float64)
    mask_logits(log_probabilities, masks)
    return MaskedLogSoftmax(
        log_probabilities, torch.tensor([row.log_mass for row in rows], dtype=log_probabilities.dtype)
    )


def _masked_rows(logits: Any, masks: Masks, index: Rows | None) -> Iterator[MaskedRow]:
    """The rows that are asked for; BadLogits says which of the logits is at fault."""
    words, n_masks, _, numbers = mask_words(masks, logits.device)
    places = row_list(index, n_masks, len(logits))
    words = words if isinstance(words, np.ndarray) else words.numpy()
    for i in range(n_masks):
        place = int(places[i]) if places.size else i
        row = logits[place].detach()
        row = row if row.dtype in (torch.float32, torch.float64) else row.float()
        try:
            yield MaskedRow(row.numpy(), words[numbers[i] if numbers.size else i])
        except BadLogits as error:
            raise BadLogits(f"in row {place}, {error.reason}", error.position) from error
