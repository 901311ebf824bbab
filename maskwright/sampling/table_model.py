"""Models that are tables: the row of next-token logits is looked up, by the whole prefix or by its last token.

They are what exactness is shown with: every probability of every text is known, so a sampler's output can be compared
with an enumeration. A first-order Markov chain with an adjustment that depends on the prefix (its length, say, so that
long texts end) is the usual toy of this package's tests; trees of a few prefixes are written down row by row.

Cost: one look-up and one copy of a row for each prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidPrefix, UnsupportedModel

Rows = npt.NDArray[np.float64]
Prefix = tuple[int, ...]

#: From a prefix and a copy of its row of logits to the row that counts.
Adjustment = Callable[[Prefix, Rows], Rows]


def unadjusted(prefix: Prefix, row: Rows) -> Rows:  # noqa: ARG001  (it is an Adjustment)
    """The row as it stands in the table."""
    return row


@final
@dataclass(frozen=True, slots=True)
class TableModel:
    """A `LanguageModel` that looks its rows up; made by `by_last_token` or `by_prefix`.

    rows: float64[n, V].  row_of: the index of a prefix's row.  adjust: applied to a copy of each row.
    """

    rows: Rows
    row_of: Callable[[Prefix], int]
    adjust: Adjustment = unadjusted

    @classmethod
    def by_last_token(cls, table: npt.ArrayLike, adjust: Adjustment = unadjusted) -> Self:
        """A first-order Markov chain: float[V + 1, V], row t follows token t, the last row an empty prefix.

        `TableModel.by_last_token([[0.0, 1.0], [2.0, 0.0], [0.5, 0.5]])([(), (0,)])` -> `[[0.5, 0.5], [0.0, 1.0]]`
        Raises `UnsupportedModel` for a table of another shape; the model, `InvalidPrefix` for a token without a row.
        """
        rows = np.array(table, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[0] != rows.shape[1] + 1:
            raise UnsupportedModel(
                f"a table by last token has one row more than columns, this one has shape {rows.shape}"
            )
        n_tokens = rows.shape[1]

        def row_of(prefix: Prefix) -> int:
            last = prefix[-1] if prefix else n_tokens
            if not 0 <= last <= n_tokens or (prefix and last == n_tokens):
                raise InvalidPrefix(f"token {last} is none of the {n_tokens} tokens of this model")
            return last

        return cls(rows, row_of, adjust)

    @classmethod
    def by_prefix(cls, rows: Mapping[Prefix, npt.ArrayLike], adjust: Adjustment = unadjusted) -> Self:
        """A tree of prefixes with a row each; asking for another prefix raises `InvalidPrefix`.

        `TableModel.by_prefix({(): [0.0, 1.0], (1,): [0.0, 0.0]})([(1,)])` -> `[[0.0, 0.0]]`
        """
        table = np.array(list(rows.values()), dtype=np.float64)
        if table.ndim != 2:
            raise UnsupportedModel("a table by prefix needs at least one row")
        places: dict[Prefix, int] = {prefix: place for place, prefix in enumerate(rows)}

        def row_of(prefix: Prefix) -> int:
            place = places.get(prefix)
            if place is None:
                raise InvalidPrefix(f"this model has no row for the prefix {prefix}")
            return place

        return cls(table, row_of, adjust)

    @property
    def n_tokens(self) -> int:
        """The size of the vocabulary, V."""
        return int(self.rows.shape[1])

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Rows:
        """float64[n, V]."""
        out = np.empty((len(prefixes), self.n_tokens))
        for place, prefix in enumerate(prefixes):
            key = tuple(prefix)
            out[place] = self.adjust(key, self.rows[self.row_of(key)].copy())
        return out
