"""Rows of logits: what may be in one, the distribution it stands for, and the rows along a given text.

A row is float64[V], known only up to an additive constant; −inf says that a token is impossible. NaN, +inf and a row
without any possible token are no distribution: the model is at fault, and `BadLogits` says after how many tokens.
(`sampling/rows.py` is about a row under a mask, which comes later and never writes as much as a row.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from maskwright.errors import BadLogits
from maskwright.sampling.language_model import LanguageModel, logits_of

Floats = npt.NDArray[np.float64]

#: Rows asked for in one call along a text: 64 rows of 128k tokens in float32 are 32 MiB.
ROWS_AT_ONCE: Final = 64


def checked_row(logits: npt.NDArray[np.floating], position: int = -1) -> Floats:
    """The row in float64, or `BadLogits`; float64 is not copied, so a transform writes into arrays of its own only."""
    row = np.asarray(logits, dtype=np.float64)
    if row.ndim != 1:
        raise BadLogits(f"a row is needed, not an array of the shape {list(row.shape)}", position)
    top = float(row.max(initial=-np.inf))  # NaN if any entry is
    if top == -np.inf:
        raise BadLogits("every token is impossible", position)
    if not top < np.inf:
        token = int(np.argmax(~(row < np.inf)))
        raise BadLogits(f"that of token {token} is {row[token]}", position)
    return row


def model_row(model: LanguageModel, token_ids: Sequence[int]) -> Floats:
    """The checked row after one text."""
    return checked_row(logits_of(model, [token_ids])[0], len(token_ids))


def log_probabilities(row: Floats) -> Floats:
    """log softmax of a checked row."""
    below_top = row - row.max()
    log_p: Floats = below_top - np.log(np.exp(below_top).sum())
    return log_p


def entropy_nats(log_p: Floats) -> float:
    """H(p) = −Σ p log p, in nats; impossible tokens add nothing.

    `entropy_nats(np.log([0.5, 0.5]))` -> `0.693...`
    """
    terms = np.exp(log_p)
    np.multiply(terms, log_p, out=terms, where=terms > 0)  # in place: new arrays of this size cost more than the exp
    return max(0.0, -float(terms.sum()))


def rows_along(model: LanguageModel, token_ids: Sequence[int]) -> Iterator[tuple[int, Floats]]:
    """(i, the row that was to predict `token_ids[i]`) for every i but the first, which nothing predicts."""
    for begin in range(1, len(token_ids), ROWS_AT_ONCE):
        places = range(begin, min(begin + ROWS_AT_ONCE, len(token_ids)))
        rows = logits_of(model, [token_ids[:place] for place in places])
        for place, row in zip(places, rows, strict=True):
            yield place, checked_row(row, place)
