"""What sampling asks of a language model: one function.

A model is a callable from a batch of prefixes to their logits, and nothing else. Caches of keys and values, forks and
permutations of a batch are the model's own affair: prefixes say all there is to know, and whoever has the keys and
values of a prefix finds them by it (`maskwright.integrations.transformers_model`). So a plain function is a model.

Rejected: handles for states of the model (`fork`, `drop`, `permute`). They save looking a prefix up, which costs
microseconds beside a forward pass, and every sampler would have to keep two states in step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.floating]


class LanguageModel(Protocol):
    """All that is asked of a model."""

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Logits:
        """The logits of the token after each prefix, prompt included: float[n, V], normalised or not.

        Prefixes of one call may have different lengths and may repeat; −inf says that a token is impossible.
        """
