"""What sampling asks of a language model: one function.

A model is a callable from a batch of prefixes to their logits, and nothing else; `logits_of` asks one. Caches of keys
and values, forks and permutations of a batch are the model's own affair: prefixes say all there is to know, and whoever
has the keys and values of a prefix finds them by it (`maskwright.integrations.transformers_model`). So a plain function
is a model.

Rejected: handles for states of the model (`fork`, `drop`, `permute`). They save looking a prefix up, which costs
microseconds beside a forward pass, and every sampler would have to keep two states in step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskwright.errors import BadLogits

Logits = npt.NDArray[np.floating]


class LanguageModel(Protocol):
    """All that is asked of a model."""

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Logits:
        """The logits of the token after each prefix, prompt included: float[n, V], normalised or not.

        Prefixes of one call may have different lengths and may repeat; −inf says that a token is impossible.
        """


def logits_of(model: LanguageModel, prefixes: Sequence[Sequence[int]]) -> Logits:
    """The model's answer if it is one row of numbers for each prefix; raises `BadLogits`.

    Everything that asks a model asks here. What the numbers are is looked at where a row is used.
    """
    answer = model(prefixes)
    try:
        logits = np.asarray(answer)
    except ValueError as error:
        raise BadLogits(f"{len(prefixes)} rows of one length were asked for ({error})") from error
    if logits.ndim != 2 or len(logits) != len(prefixes):
        raise BadLogits(f"{len(prefixes)} rows were asked for, the answer has the shape {list(logits.shape)}")
    if logits.dtype.kind not in "fiu" or not logits.shape[1]:
        raise BadLogits(f"rows of numbers are needed, not an array {logits.dtype}{list(logits.shape)}")
    return logits
