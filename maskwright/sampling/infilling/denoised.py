"""What came of denoising: the filled canvas, and for every step who decided what and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwright.matching.infilling.slots import OPEN
from maskwright.sampling.infilling.denoising_canvas import DenoisingCanvas
from maskwright.sampling.infilling.masked_model import Tokens

Decisions = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step did. Decisions are slot -> token, or BLANK.

    committed           accepted of the proposal, or everything that was open if the step finished the canvas
    confidence          slot -> probability under the constrained marginals, for `committed`
    forced              decided behind it without the model, for there was a single choice left
    rejected            proposed, and in contradiction to something surer
    reopened            decided before, and opened again by the scheduler
    finished            was everything decided at once: in the last step, or because the scheduler called for it?
    seconds_model       in the model; 0 where a host owns the loop
    seconds_constraint  in canvas and posterior
    seconds_scheduler   in the scheduler
    """

    step: int
    committed: Decisions
    confidence: Mapping[int, float]
    forced: Decisions
    rejected: Decisions
    reopened: tuple[int, ...]
    finished: bool
    seconds_model: float
    seconds_constraint: float
    seconds_scheduler: float


@dataclass(frozen=True, slots=True, eq=False)
class Denoised:
    """A filled canvas, and how it came about.

    canvas            complete; where it has a budget for more, `canvas.next_block` goes on from here
    given             int64[n], what was decided before the first step, OPEN elsewhere
    forced_at_start   decided before the model was asked for the first time, slot -> token
    """

    canvas: DenoisingCanvas
    given: Tokens
    forced_at_start: Decisions
    steps: tuple[StepRecord, ...]

    @property
    def tokens(self) -> Tokens:
        """int64[n]: the token of each slot, or BLANK."""
        return self.canvas.tokens

    @property
    def n_rejected(self) -> int:
        """Choices that a scheduler proposed and the grammar refused, over all steps."""
        return sum(len(record.rejected) for record in self.steps)

    @property
    def n_forced(self) -> int:
        """Slots that the model was never asked for, those opened again counted again."""
        return len(self.forced_at_start) + sum(len(record.forced) for record in self.steps)

    @property
    def trajectory(self) -> npt.NDArray[np.int64]:
        """int64[len(steps) + 1, n]: the tokens before the first step, and behind each."""
        rows = [self.given.copy()]
        _write(rows[0], self.forced_at_start)
        for record in self.steps:
            row = rows[-1].copy()
            row[list(record.reopened)] = OPEN
            _write(row, record.committed)
            _write(row, record.forced)
            rows.append(row)
        return np.array(rows)


def _write(tokens: Tokens, decisions: Decisions) -> None:
    tokens[list(decisions)] = list(decisions.values())
