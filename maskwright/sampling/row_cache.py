"""A model that remembers its rows: each prefix is asked of the model behind it once, while its row is kept.

Samplers come back to prefixes all the time: particles with one ancestor, descents of a trie from the root, chains that
cut a text and go on. A row of logits is then worth more than the forward pass that would make it again. Rows lie in one
table by prefix, least recently used first; when they exceed `max_bytes` the first are dropped.

Answers are the model's own arrays, value for value, so they are bit-identical with and without this wrapper if the
model's row does not depend on the other rows of a call. That is so for tables and n-grams; for a neural network in
floating point it is not promised (see `integrations/transformers_model.py`), and here a row that is kept is the one of
the call in which it was computed first.

Cost: a hash of the prefix (5 ns a token) and a copy of a row. Rejected: a trie of prefixes, which shares the memory of
their tokens; a row of 4,096 logits weighs as much as 2,000 tokens, so there is little to share.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, final

import numpy as np

from maskwright.sampling.language_model import LanguageModel, Logits, logits_of

#: What a kept row weighs beside its numbers: the table's entry, the array's head, the tuple and 8 bytes a token.
ENTRY_BYTES: Final = 256
TOKEN_BYTES: Final = 8

Prefix = tuple[int, ...]


@final
class CachedModel:
    """A `LanguageModel` in front of another one; equal prefixes are computed once, within a call and across calls.

    max_bytes: the weight of the rows that are kept; 0 keeps none, and equal prefixes of one call are still asked once.
    `rows_asked` and `rows_computed` count since construction; `size_bytes` is the weight of what is kept now.
    Not to be called by two threads at once.
    """

    def __init__(self, model: LanguageModel, max_bytes: int = 256 << 20) -> None:
        self._model: Final = model
        self._max_bytes: Final = max_bytes
        self._rows: Final[OrderedDict[Prefix, Logits]] = OrderedDict()
        self.size_bytes = 0
        self.rows_asked = 0
        self.rows_computed = 0

    def __call__(self, prefixes: Sequence[Sequence[int]], /) -> Logits:
        """float[n, V], of the model's own dtype."""
        keys = [tuple(prefix) for prefix in prefixes]
        found = {key: self._rows.get(key) for key in keys}
        missing = [key for key, row in found.items() if row is None]
        if missing or not keys:  # a call without prefixes goes through: only the model knows how wide nothing is
            computed = logits_of(self._model, missing)
            found.update(zip(missing, computed, strict=True))
        self.rows_asked += len(keys)
        self.rows_computed += len(missing)
        if not keys:
            return computed
        answer = np.stack([row for key in keys if (row := found[key]) is not None])
        self._keep(found)
        return answer

    def _keep(self, rows: dict[Prefix, Logits | None]) -> None:
        for key, row in rows.items():
            if key in self._rows:
                self._rows.move_to_end(key)
            elif row is not None:
                self._rows[key] = row.copy()  # a view would keep all rows of its call alive
                self.size_bytes += _weight(key, row)
        while self.size_bytes > self._max_bytes:
            self.size_bytes -= _weight(*self._rows.popitem(last=False))


def _weight(key: Prefix, row: Logits) -> int:
    return row.nbytes + ENTRY_BYTES + TOKEN_BYTES * len(key)
