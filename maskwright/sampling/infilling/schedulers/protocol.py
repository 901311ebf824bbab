"""What a scheduler sees of one denoising step, what it proposes, and what a scheduler is.

    state = scheduler.init(canvas.n_slots)
    while not canvas.is_complete:
        tokens = np.where(canvas.is_open, OPEN, canvas.tokens)
        view = StepView(step, n_steps, tokens, posterior.log_marginals, forced)
        proposal, state = scheduler.step(view, state)
        canvas.commit(dict(zip(proposal.slots, proposal.tokens)), ...)

A scheduler decides *which* slots of a canvas are committed next; what may stand there is not its business. Therefore it
never sees the model's softmax, only log p(x_i | canvas, language): confidence, gap and entropy are those of the
constrained marginals, and a token outside the exact mask of its slot has −inf. A proposal is no more than a wish, for
marginals that are allowed one by one need not be allowed together: `canvas.commit` takes it in order of confidence and
keeps what leaves the canvas completable.

Source of the shape (init and step as pure functions, states as values): blackjax `base.py`.

What holds for every scheduler here: while a slot is open, at least one open slot is proposed, each at most once, with a
token of finite log marginal; so a canvas of n slots is done in at most n steps, if the most confident wish is granted.

Cost: what is read of the rows is found when it is first asked for, once a step, and of the open slots only. Peaks are
two passes over a row without a copy; the entropy is one exponential for every token of the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar, cast

import numpy as np
import numpy.typing as npt

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import BLANK, OPEN

Slots = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Row = npt.NDArray[np.floating]

#: Lower log probabilities are taken as this one: 262,144 of them add less than 1e-18 nats to an entropy.
NEGLIGIBLE: Final = -60.0

StateT = TypeVar("StateT")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Peaks:
    """The most probable choice of every slot and the next one: int64[n] (token or BLANK) and float64[n] logarithms."""

    best: Slots
    log_best: Floats
    log_second: Floats


@dataclass(frozen=True, slots=True, eq=False)
class StepView:
    """One step as a scheduler sees it. Its arrays are never written to, by anyone: states may refer to them.

    step, n_steps  steps taken so far and steps planned in all; more may be taken than were planned
    tokens         int64[n], OPEN where undecided (soft slots too, whose token may still change), BLANK where empty
    log_marginals  floats[n, V + 1], log p(x_i | canvas, language); column V is "blank"; −inf outside the masks
    forced         bool[n], slots that had a single choice in this step. As a rule they are committed before a scheduler
                   is asked; a view in which they are still open is as good, their choice has probability one

    Raises `InvalidOption` if the arrays do not fit together.
    """

    step: int
    n_steps: int
    tokens: Slots
    log_marginals: Row
    forced: Flags
    _known: dict[str, Any] = field(default_factory=dict, init=False, repr=False)  # properties already computed

    def __post_init__(self) -> None:
        n = len(self.tokens)
        if self.log_marginals.ndim != 2 or len(self.log_marginals) != n or self.log_marginals.shape[1] < 2:
            raise InvalidOption("the shape of the log marginals", self.log_marginals.shape, f"({n}, V + 1)")
        if self.forced.shape != (n,):
            raise InvalidOption("the shape of the forced slots", self.forced.shape, f"({n},)")

    @property
    def n_slots(self) -> int:
        """How many slots the canvas has, decided ones included."""
        return len(self.tokens)

    @property
    def open(self) -> Flags:
        """bool[n]: the slots that are not decided."""
        return self._once("open", lambda: self.tokens == OPEN)

    @property
    def best(self) -> Slots:
        """int64[n]: the most probable choice, the lowest of equals; a token or BLANK; where decided, what stands there.

        Raises `InvalidOption`, as all that follow, if an open slot has no choice at all.
        """
        return self._peaks.best

    @property
    def confidence(self) -> Floats:
        """float64[n]: the probability of `best`; 1 where decided."""
        return self._once("confidence", lambda: np.exp(self._peaks.log_best))

    @property
    def second(self) -> Floats:
        """float64[n]: the probability of the second choice; 0 where there is a single one, or where decided."""
        return self._once("second", lambda: np.exp(self._peaks.log_second))

    @property
    def gap(self) -> Floats:
        """float64[n]: log of `confidence` over `second`, which is the gap of logits; +inf where there is no second."""
        return self._once("gap", lambda: self._peaks.log_best - self._peaks.log_second)

    @property
    def entropy(self) -> Floats:
        """float64[n]: of each slot's marginal, in nats; 0 where there is a single choice, or where decided."""
        return self._once("entropy", self._entropies)

    @property
    def _peaks(self) -> _Peaks:
        return self._once("peaks", self._find_peaks)

    def _once(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._known:
            self._known[name] = compute()
        return cast(T, self._known[name])

    def _find_peaks(self) -> _Peaks:
        best, log_best, log_second = self.tokens.copy(), np.zeros(self.n_slots), np.full(self.n_slots, -np.inf)
        blank = self.log_marginals.shape[1] - 1
        for slot in np.flatnonzero(self.open):
            row = self.log_marginals[slot]
            column = int(row.argmax())
            if not row[column] > -np.inf:  # or not a number
                raise InvalidOption(f"the marginal of slot {slot}", "nothing", "the distribution of a live canvas")
            best[slot] = BLANK if column == blank else column
            log_best[slot] = min(0.0, float(row[column]))  # rounding may lift it
            log_second[slot] = max(row[:column].max(initial=-np.inf), row[column + 1 :].max(initial=-np.inf))
        return _Peaks(best, log_best, log_second)

    def _entropies(self) -> Floats:
        entropy = np.zeros(self.n_slots)
        for slot in np.flatnonzero(self._peaks.log_second > -np.inf):
            # No product by BLAS here: its threads cost more than they save on rows of this length.
            logs = np.maximum(self.log_marginals[slot], NEGLIGIBLE)
            entropy[slot] = max(0.0, -float((np.exp(logs) * logs).sum(dtype=np.float64)))
        return entropy


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """What a scheduler would have done next: `tokens` (or BLANK) at `slots`, most confident first.

    slots, tokens  int64[k], to be committed jointly in order of `confidence`, float64[k]
    finish         decide everything that is open now, by the most probable completion of the whole canvas; the slots
                   are then only what would have been proposed otherwise, and need not be committed first
    reopen         int64[m], decided slots to open again (renoising models)

    Raises `InvalidOption` if these do not fit together.
    """

    slots: Slots
    tokens: Slots
    confidence: Floats
    finish: bool = False
    reopen: Slots = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        lengths = {len(self.slots), len(self.tokens), len(self.confidence)}
        if len(lengths) > 1:
            raise InvalidOption("the lengths of slots, tokens and confidence", sorted(lengths), "the same")
        touched = np.concatenate([self.slots, self.reopen])
        if len(np.unique(touched)) < len(touched):
            raise InvalidOption("the slots of a proposal", touched.tolist(), "named once each")


class Scheduler(Protocol[StateT]):
    """Chooses the slots to commit, step by step; itself a frozen record of options, its states values."""

    def init(self, n_slots: int) -> StateT:
        """The state before the first step."""

    def step(self, view: StepView, state: StateT) -> tuple[Proposal, StateT]:
        """The proposal for a view, and the state after it; with nothing open, a proposal of nothing."""
