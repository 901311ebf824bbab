"""Views from tables of probabilities, and a canvas by enumeration, for the tests of schedulers.

The canvas here is the naive one: a language is a set of words of one length, marginals are sums over its members, and
a commit tries its choices one by one. Nothing is shared with the library but the record of a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from maskwright.matching.infilling.slots import BLANK, OPEN
from maskwright.sampling.infilling.schedulers import Proposal, Scheduler, StepView

#: In a table: this choice stands in the slot.
Decided = int
Word = tuple[int, ...]


def view(
    table: Sequence[Sequence[float] | Decided], step: int = 0, n_steps: int = 10, forced: Sequence[int] = ()
) -> StepView:
    """A view from a row of probabilities for each open slot, and the token (or BLANK) of each decided one.

    The last column is "blank". Rows need not sum to one, but they do in all tests of rules.
    """
    width = max(len(row) for row in table if not isinstance(row, int))
    tokens = np.full(len(table), OPEN)
    probabilities = np.zeros((len(table), width))
    for slot, row in enumerate(table):
        if isinstance(row, int):
            tokens[slot] = row
            probabilities[slot, row if row >= 0 else -1] = 1
        else:
            probabilities[slot] = row
    with np.errstate(divide="ignore"):
        log_marginals = np.log(probabilities).astype(np.float32)
    flags = np.zeros(len(table), dtype=np.bool_)
    flags[list(forced)] = True
    return frozen(StepView(step, n_steps, tokens, log_marginals, flags))


def frozen(step_view: StepView) -> StepView:
    """The same view; whoever writes into it fails."""
    for array in (step_view.tokens, step_view.log_marginals, step_view.forced):
        array.flags.writeable = False
    return step_view


def sure(confidence: float, token: int = 0, width: int = 4) -> list[float]:
    """A row with one choice of this confidence, the rest spread evenly over the others; no blank."""
    row = [(1 - confidence) / (width - 2)] * (width - 1) + [0.0]
    row[token] = confidence
    return row


def chosen(proposal: Proposal) -> dict[int, int]:
    """Slot -> token, in the order of the proposal."""
    return dict(zip(proposal.slots.tolist(), proposal.tokens.tolist(), strict=True))


@dataclass
class NaiveCanvas:
    """Words of one length over tokens 0 … n_tokens − 1 and BLANK; `tokens` changes."""

    words: list[Word]
    n_tokens: int
    tokens: np.ndarray

    @classmethod
    def of(cls, words: Sequence[Word], n_tokens: int) -> NaiveCanvas:
        return cls(list(words), n_tokens, np.full(len(words[0]), OPEN))

    @property
    def alive(self) -> list[Word]:
        return [w for w in self.words if all(t in (OPEN, c) for t, c in zip(self.tokens.tolist(), w, strict=True))]

    def log_marginals(self, scores: np.ndarray) -> np.ndarray:
        """float32[n, V + 1] from positive scores[n, V + 1], the weights of each choice at each slot."""
        sums = np.zeros_like(scores)
        for word in self.alive:
            columns = [c if c >= 0 else self.n_tokens for c in word]
            weight = np.prod([scores[slot, c] for slot, c in enumerate(columns)])
            for slot, column in enumerate(columns):
                sums[slot, column] += weight
        with np.errstate(divide="ignore"):
            return np.log(sums / sums.sum(axis=1, keepdims=True)).astype(np.float32)

    def most_probable(self, scores: np.ndarray) -> Word:
        return max(self.alive, key=lambda w: np.prod([scores[slot, c] for slot, c in enumerate(w)]))

    def forced(self) -> dict[int, int]:
        choices = [set(column) for column in zip(*self.alive, strict=True)]
        return {slot: min(c) for slot, c in enumerate(choices) if len(c) == 1 and self.tokens[slot] == OPEN}

    def commit(self, choices: dict[int, int]) -> None:
        for slot, token in choices.items():
            before = self.tokens.copy()
            self.tokens[slot] = token
            if not self.alive:
                self.tokens = before


@dataclass(frozen=True)
class Taken:
    """One step of a run: what was seen and proposed, and what the canvas held afterwards."""

    view: StepView
    proposal: Proposal
    tokens: np.ndarray


def run(
    scheduler: Scheduler,
    canvas: NaiveCanvas,
    rng: np.random.Generator,
    n_steps: int = 4,
    commits_forced: bool = True,
    heeds_finish: bool = True,
    max_calls: int = 60,
) -> Iterator[Taken]:
    """Steps until nothing is open; the scores of a step are drawn, those of decided slots do not matter."""
    state = scheduler.init(len(canvas.tokens))
    for step in range(max_calls):
        scores = np.exp(2 * rng.normal(size=(len(canvas.tokens), canvas.n_tokens + 1)))
        forced = canvas.forced()
        if commits_forced:
            canvas.commit(forced)
        if not (canvas.tokens == OPEN).any():
            return
        flags = np.isin(np.arange(len(canvas.tokens)), list(forced))
        seen = frozen(StepView(step, n_steps, canvas.tokens.copy(), canvas.log_marginals(scores), flags))
        proposal, state = scheduler.step(seen, state)
        if proposal.finish and heeds_finish:
            canvas.tokens = np.array(canvas.most_probable(scores))
        else:
            canvas.tokens[proposal.reopen] = OPEN
            canvas.commit(chosen(proposal))
        yield Taken(seen, proposal, canvas.tokens.copy())


N_TOKENS = 3


@st.composite
def languages(draw: st.DrawFn) -> list[Word]:
    """1 to 12 words of one length, 1 to 6 choices each; some have blanks."""
    n = draw(st.integers(1, 6))
    choices = st.integers(0, N_TOKENS - 1) | st.just(BLANK)
    words = draw(st.lists(st.tuples(*[choices] * n), min_size=1, max_size=12, unique=True))
    return sorted(words)
