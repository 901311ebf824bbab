"""The bitmask of an engine as numpy rows.

vLLM allocates one bitmask for its whole life and gives it to every fill. Turning a row of a torch tensor into an array
takes longer (15 µs) than filling it, so the view of the whole is made once, and each row of it is an index away.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray


class BitmaskRows:
    """Allocates bitmasks of `n_words` words a row, all bits set, and knows the last one as an array."""

    def __init__(self, n_words: int) -> None:
        self._n_words: Final = n_words
        self._known: tuple[Any, list[NDArray[np.int32]]] = (None, [])  # replaced as a whole: threads may read it

    def allocate(self, n_rows: int) -> Any:
        """int32[n_rows, n_words] as a torch tensor on the CPU."""
        bitmask = torch.full((n_rows, self._n_words), -1, dtype=torch.int32)
        self._known = (bitmask, list(bitmask.numpy()))
        return bitmask

    def of(self, bitmask: Any) -> list[NDArray[np.int32]]:
        """The rows of a bitmask, each int32[n_words], writable."""
        known, rows = self._known
        if bitmask is not known:
            rows = list(bitmask.numpy())
            self._known = (bitmask, rows)
        return rows
