"""An n-gram model: the next token given the last n − 1, by counts with add-k smoothing. No weights, no network.

    p(t | c) = (N(c, t) + k) / (N(c) + k V),   c the last n − 1 tokens

with N the counts in the training sequences, each begun by n − 1 marks that are no token. k > 0, so every token has a
probability and every row is exact and sums to one; a context that was never seen has the uniform row. It is the model
for benchmarks and documentation that need something text-like without a neural network.

Source: add-k smoothing as in Jurafsky and Martin, "Speech and Language Processing", 3rd edition, section 3.6.
Cost: a row is one constant fill and a scatter of the tokens seen in its context. Rejected: backing off to shorter
contexts, which fits text better, but whose rows are no longer one line of arithmetic to check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, final

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidOption

#: Stands before the first token of a sequence; no token has this id.
BEGIN: Final = -1


@final
class NgramModel:
    """A `LanguageModel` from counts; immutable once trained.

    sequences: token ids, each in range(n_tokens), end tokens included where texts end.  order: n, at least 1.
    smoothing: k, above 0.  Raises `InvalidOption` otherwise.

    `NgramModel([[0, 1], [0, 1]], n_tokens=2, order=2, smoothing=1.0)([(0,)])` -> `log [[0.25, 0.75]]`
    """

    def __init__(self, sequences: Iterable[Sequence[int]], n_tokens: int, order: int, smoothing: float = 0.1) -> None:
        if order < 1:
            raise InvalidOption("order", order, "at least 1")
        if not 0 < smoothing < np.inf:
            raise InvalidOption("smoothing", smoothing, "a number above 0")
        counts: dict[tuple[int, ...], Counter[int]] = {}
        for sequence in sequences:
            tokens = (*[BEGIN] * (order - 1), *sequence)
            for end in range(order - 1, len(tokens)):
                if not 0 <= tokens[end] < n_tokens:
                    raise InvalidOption("a token of the sequences", tokens[end], f"from 0 to {n_tokens - 1}")
                counts.setdefault(tokens[end - order + 1 : end], Counter())[tokens[end]] += 1
        self.n_tokens: Final = n_tokens
        self.order: Final = order
        self._smoothing: Final = float(smoothing)
        self._seen: Final = {
            context: (np.fromiter(seen, np.int64, len(seen)), np.fromiter(seen.values(), np.float64, len(seen)))
            for context, seen in counts.items()
        }

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> npt.NDArray[np.float64]:
        """float64[n, V]: normalised log-probabilities."""
        out = np.empty((len(prefixes), self.n_tokens))
        for row, prefix in zip(out, prefixes, strict=True):
            self._fill(row, prefix)
        return out

    def _fill(self, row: npt.NDArray[np.float64], prefix: Sequence[int]) -> None:
        width = self.order - 1
        last = tuple(prefix[len(prefix) - min(width, len(prefix)) :])
        tokens, counts = self._seen.get((BEGIN,) * (width - len(last)) + last, (_NO_TOKENS, _NO_COUNTS))
        k = self._smoothing
        log_total = np.log(counts.sum() + k * self.n_tokens)
        row.fill(np.log(k) - log_total)
        row[tokens] = np.log(counts + k) - log_total


_NO_TOKENS: Final = np.empty(0, np.int64)
_NO_COUNTS: Final = np.empty(0, np.float64)
