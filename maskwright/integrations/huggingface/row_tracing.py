"""The trace of a logits processor: each row of a batch is a text of it.

A processor sees the token that was taken in one call only in the next, and the last one never; so a row's token is
written one call late, and the last ones are handed in at the end. Rows that are found in another order or at an earlier
place (beams, drafts that were dropped) begin new texts in the trace, as the file is written forwards only.

The mass is that of the scores as the processor is given them: what other processors did before it counts, what others
do after it does not. Cost of a step: the mass of each row, which is one more pass over its scores, and a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt

from maskwright import Matcher, Vocabulary
from maskwright.errors import BadLogits
from maskwright.integrations.torch_masks.log_softmax import kept_log_mass
from maskwright.integrations.tracing import TraceRecorder
from maskwright.matching.behaviour.session import Session


@final
class RowTracing:
    """Tells a recorder of the rows of a batch, call by call (mutable)."""

    def __init__(self, trace: TraceRecorder, vocabulary: Vocabulary) -> None:
        self._trace = trace
        self._ends = frozenset(vocabulary.eos_token_ids)
        self._first = 0  # the number of the text that the first row is
        self._open: list[bool] = []  # for each row, does its text have a mask that awaits a token?

    def step(
        self,
        matchers: Sequence[Matcher | Session | None],
        tokens: list[int] | None,
        bitmask: npt.NDArray[np.int32],
        scores: Any,
    ) -> None:
        """A call of the processor: the token that each row has taken, None where a batch begins, and the next masks."""
        if tokens is None:
            self._first += len(self._open)
            self._open = [False] * len(matchers)
        else:
            self._take(tokens)
        for row, matcher in enumerate(matchers):
            if matcher is None or matcher.is_finished():
                continue
            try:
                mass: float | None = float(kept_log_mass(scores[row : row + 1], bitmask[row : row + 1])[0])
            except BadLogits:
                mass = None
            self._trace.masked(matcher, bitmask[row], mass, self._first + row)
            self._open[row] = True

    def end(self, tokens: list[int]) -> None:
        """The generation has ended with these tokens."""
        was_open = self._open.copy()
        self._take(tokens)
        for row, is_open in enumerate(was_open):
            if is_open and tokens[row] not in self._ends:
                self._trace.ended(is_complete=False, text=self._first + row)
        self._first += len(self._open)
        self._open = []

    def _take(self, tokens: list[int]) -> None:
        """The tokens that were taken from the last masks."""
        for row, token in enumerate(tokens):
            if self._open[row]:
                self._trace.took(token, self._first + row)
                self._open[row] = False
                if token in self._ends:
                    self._trace.ended(is_complete=True, text=self._first + row)
