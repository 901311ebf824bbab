"""What denoising asks of a masked language model: one function.

    model.logits(tokens)      # int64[n], OPEN where a slot is undecided -> float[n, V]

A prompt before the canvas, the model's mask token, a shift of its rows and the width of its logits are the model's own
affair (`maskwright.integrations.infilling.masked_lm` has them for transformers). Slots that hold no token are BLANK in
`tokens`: a model leaves them out of what it reads, and what it answers for them is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskwright.errors import BadLogits

Tokens = npt.NDArray[np.int64]
Rows = npt.NDArray[np.floating]


class MaskedModel(Protocol):
    """All that is asked of a model."""

    def logits(self, tokens: Tokens, /) -> Rows:
        """The logits of every slot of a canvas, decided ones included: float[n, V], normalised or not."""


class MaskedBatchModel(Protocol):
    """A model that reads many canvases in one pass; they may have different lengths."""

    def batch_logits(self, canvases: Sequence[Tokens], /) -> Sequence[Rows]:
        """The answer of `MaskedModel.logits` for each."""


def checked_rows(answer: object, n_slots: int, size: int) -> Rows:
    """The model's answer if it is one row of `size` numbers for each slot; raises `BadLogits`."""
    try:
        rows = np.asarray(answer)
    except ValueError as error:
        raise BadLogits(f"{n_slots} rows of {size} numbers were asked for ({error})") from error
    if rows.dtype.kind not in "fiu" or rows.shape != (n_slots, size):
        raise BadLogits(
            f"{n_slots} rows of {size} numbers were asked for, the answer is an array {rows.dtype}{list(rows.shape)}"
        )
    return rows
