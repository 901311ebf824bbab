"""Context-aware decoding: strengthen what the given context changed in the model's opinion.

With z the row after the full prompt (documents and question) and z₀ the row after the prompt without the documents, in
log probabilities, the new row is z + α (z − z₀). That is softmax((1 + α) z − α z₀) of the papers.

`CAD`: α is fixed. Source: Shi et al., "Trusting Your Evidence: Hallucinate Less with Context-aware Decoding", NAACL
2024 (arXiv 2305.14739), section 2.
`AdaCAD`: α is the Jensen-Shannon divergence of the two distributions, new at each token, so that nothing is exaggerated
where both agree. Source: Wang et al., "AdaCAD", NAACL 2025 (arXiv 2409.07394), section 3. In nats, at most log 2, as in
the authors' program; its option `offset` is added to α.

Both ask the transform's model for one more row per token. A token that is possible with the context and impossible
without it has no finite contrast: α > 0 refuses such a row (`BadLogits`) instead of inventing a floor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from maskwright.errors import BadLogits, InvalidOption
from maskwright.sampling.logits.distributions import Floats, entropy_nats, log_probabilities, model_row
from maskwright.sampling.logits.transform import Context, StatelessTransform

LOG_2: Final = math.log(2)


@dataclass(frozen=True, slots=True)
class OtherPrompt:
    """The prompt without its context: it takes the place of the first `prompt_length` tokens of the text."""

    prompt_length: int
    bare_prompt: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.prompt_length < 0:
            raise InvalidOption("the length of the prompt", self.prompt_length, "at least 0")

    def log_probabilities(self, context: Context, size: int) -> Floats:
        """log p of the next token after the bare prompt and what was generated so far: float64[size]."""
        generated = context.token_ids[self.prompt_length :]
        row = model_row(context.model, (*self.bare_prompt, *generated))
        if row.size != size:
            raise BadLogits(f"{row.size} tokens without the context, but {size} with it", len(context.token_ids))
        return log_probabilities(row)


@dataclass(frozen=True, slots=True)
class CAD(StatelessTransform):
    """Contrast with a fixed weight α; α = 0 changes nothing. The paper uses 0.5 to 1."""

    other: OtherPrompt
    alpha: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.alpha < math.inf:
            raise InvalidOption("the weight alpha", self.alpha, "at least 0 and finite")

    def change(self, context: Context, row: Floats) -> Floats:
        """See `StatelessTransform`."""
        without = self.other.log_probabilities(context, row.size)
        return _contrasted(row, log_probabilities(row), without, self.alpha, len(context.token_ids))


@dataclass(frozen=True, slots=True)
class AdaCAD(StatelessTransform):
    """Contrast weighted by how much the two distributions differ; equal ones change nothing."""

    other: OtherPrompt
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.offset < math.inf:
            raise InvalidOption("the offset", self.offset, "at least 0 and finite")

    def change(self, context: Context, row: Floats) -> Floats:
        """See `StatelessTransform`."""
        without = self.other.log_probabilities(context, row.size)
        log_p = log_probabilities(row)
        alpha = jensen_shannon_nats(log_p, without) + self.offset
        return _contrasted(row, log_p, without, alpha, len(context.token_ids))


def jensen_shannon_nats(log_p: Floats, log_q: Floats) -> float:
    """H(½ (p + q)) − ½ H(p) − ½ H(q), in nats: 0 for equal, log 2 for disjoint distributions."""
    mean = np.exp(log_p)
    mean += np.exp(log_q)
    mean /= 2
    with np.errstate(divide="ignore"):
        np.log(mean, out=mean)
    return min(LOG_2, max(0.0, entropy_nats(mean) - (entropy_nats(log_p) + entropy_nats(log_q)) / 2))


def _contrasted(row: Floats, log_p: Floats, log_q: Floats, alpha: float, position: int) -> Floats:
    if alpha == 0:
        return row
    excluded = (log_q == -np.inf) & (row > -np.inf)
    if excluded.any():
        token = int(excluded.argmax())
        raise BadLogits(f"token {token} is impossible without the context, so that it has no finite contrast", position)
    with np.errstate(invalid="ignore"):  # −inf − −inf, and not looked at
        contrast = row + alpha * (log_p - log_q)
    return np.where(row > -np.inf, contrast, -np.inf)
