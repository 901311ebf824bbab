"""A model whose rows are transformed: the way to say that the tempered model is the target.

Exact sampling aims at the model conditioned on a grammar. Temperature, top-p and the like change the model, so whoever
wants them declares the changed one as the model, and every weight, log Ẑ and distortion report then speaks of it. A
transform with memory defines no distribution over texts that could be asked out of order, and does not fit here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.sampling.language_model import LanguageModel, logits_of
from maskwright.sampling.logits.distributions import Floats
from maskwright.sampling.logits.transform import Context, StatelessTransform


@dataclass(frozen=True, slots=True)
class TransformedModel:
    """A `LanguageModel` that passes each row of `model` through `transform`.

    `TransformedModel(model, chain(Temperature(0.7), TopP(0.9)))`
    """

    model: LanguageModel
    transform: StatelessTransform

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Floats:
        """float64[n, V], see `LanguageModel`."""
        rows = logits_of(self.model, prefixes)
        contexts = [Context(prefix, self.model) for prefix in prefixes]
        changed = [self.transform(None, context, row)[1] for context, row in zip(contexts, rows, strict=True)]
        return np.stack(changed) if changed else np.asarray(rows, dtype=np.float64)
