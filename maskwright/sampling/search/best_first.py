"""Best-first search (A*): the n most probable texts of a language, with a proof.

    best_first_search(target, n=3)                                  # exact
    best_first_search(target, log_future=lambda draft: trie.log_future(draft.token_ids))
    best_first_search(target, known=beam_search(target).texts)      # proves or improves an answer

A prefix u waits with f(u) = log p(u) + h(u), where h(u) >= log of the most probable future of u: an admissible bound.
Prefixes are taken by falling f, and when n texts are found whose log p is at least the highest f that waits, they are
the best ones (Hart, Nilsson and Raphael 1968). h = 0 is admissible because log p only falls. The log of an upper bound
of the mass c(u) of all valid futures is so too, as no single future has more mass than all of them: what the prefix
trie learns from sampling.

Deviations from the textbook. f of a child is at most f of its parent, so h need not be consistent. Bounds are
raised by a slack: the logits of a neural model differ a little from call to call, and so does log p of a text from what
the trie knows of it. A bound that is lower by more than what is then found below it is an error (`InadmissibleBound`),
not a wrong answer; one that hides its own mistake cannot be found out. h is asked for when a prefix comes to the top,
not for each child of a row. Up to `batch` prefixes are taken for one call of the model; some of them an unbatched
search would have been spared.

When a limit stops the search, the result says how far it got: `log_bound` is the highest f that waits.

Cost: a row for each prefix whose f is above log p of the n-th text. That is few where a model is sure of itself and
exponentially many where it is not, which is what limits are for.
Rejected: the masked mass as a heuristic for the future. It estimates, and does not bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import final

import numpy as np

from maskwright.errors import InadmissibleBound, InvalidOption
from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.search.continuations import continuations, highest
from maskwright.sampling.search.frontier import CHUNK, Children, Frontier, Prefix
from maskwright.sampling.search.result import Best, FoundText, SearchResult
from maskwright.sampling.target import Draft, Ending, Target

ROUNDING = 1e-9
"""Of a sum of some thousand logarithms."""

LogFuture = Callable[[Draft], float]


def nothing_known(_: Draft) -> float:
    """The bound that holds for every model: no future has a probability above 1."""
    return 0.0


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How far a search goes.

    batch: prefixes for one call of the model.  max_rows: of the model.  max_waiting: prefixes on the frontier.
    slack_nats: how far log p of one text may differ between calls of the model; 1e-3 is enough for a hundred tokens of
    a float32 model.  Raises `InvalidOption`.
    """

    batch: int = 8
    max_rows: int = 100_000
    max_waiting: int = 1_000_000
    slack_nats: float = 1e-3

    def __post_init__(self) -> None:
        if not self.slack_nats >= 0:
            raise InvalidOption("slack_nats", self.slack_nats, "at least 0")
        for name, value in (("batch", self.batch), ("max_rows", self.max_rows), ("max_waiting", self.max_waiting)):
            if value < 1:
                raise InvalidOption(name, value, "at least 1")


@final
class BestFirst:
    """A search in progress (mutable): `step` it until `is_done`; `result()` is honest at any time."""

    def __init__(
        self, target: Target, n: int, log_future: LogFuture, known: Iterable[FoundText], limits: SearchLimits
    ) -> None:
        self.target = target
        self.limits = limits
        self.best = Best(n, known)
        self.n_rows = 0
        self.log_future = log_future
        root = target.start()
        self.frontier = Frontier(Prefix(root, self._bounded(root, 0.0)), self._bounded)
        self.log_dropped = -math.inf
        self.endings: set[Ending] = set()

    def _bounded(self, draft: Draft, score: float) -> float:
        log_future = self.log_future(draft)
        if math.isnan(log_future):
            raise InvalidOption(f"the bound after {draft.token_ids}", log_future, "a number")
        return min(score, draft.log_probability + log_future + self.limits.slack_nats)

    @property
    def is_proved(self) -> bool:
        """Nothing that waits can be better than the n-th text found."""
        return self.frontier.top <= self.best.bar

    @property
    def is_done(self) -> bool:
        """The search is at its end, or at a limit."""
        limits = self.limits
        return self.is_proved or self.n_rows >= limits.max_rows or len(self.frontier) > limits.max_waiting

    def step(self) -> None:
        """Take the highest prefixes and ask the model for their rows, in one call."""
        n = min(self.limits.batch, self.limits.max_rows - self.n_rows)
        prefixes = self.frontier.take(n, self.best.bar)
        self.n_rows += len(prefixes)
        for prefix, row in zip(prefixes, self.target.rows([prefix.draft for prefix in prefixes]), strict=True):
            if (ending := prefix.draft.why_stuck(row)) is None:
                self._expand(prefix, row)
            else:
                self.endings.add(ending)

    def _expand(self, prefix: Prefix, row: MaskedRow) -> None:
        draft = prefix.draft
        following = continuations(self.target, row)
        if following.ends and not prefix.done:
            log_probability = draft.log_probability + following.log_end
            token_ids = (*draft.token_ids, following.ends[0])
            if log_probability > prefix.score + ROUNDING:
                raise InadmissibleBound(token_ids, log_probability, prefix.score)
            self._let_go(self.best.add(FoundText(token_ids, log_probability, log_probability)))
        tokens, values = following.tokens, following.log_probabilities
        if prefix.done:
            is_new = ~np.isin(tokens, prefix.done)
            tokens, values = tokens[is_new], values[is_new]
        places = highest(values, CHUNK + 1)
        scores = np.minimum(values[places] + draft.log_probability, prefix.score).tolist()
        rest = scores[CHUNK] if len(scores) > CHUNK else -math.inf
        places = places[:CHUNK]
        if scores and scores[0] > self.best.bar:
            listed = tokens[places].tolist()
            done = (*prefix.done, *listed)
            self.frontier.put(
                Children(prefix, listed, values[places].tolist(), scores[: len(listed)], rest, done, row.log_mass)
            )
        elif scores:
            self._let_go(scores[0])

    def _let_go(self, score: float) -> None:
        self.log_dropped = max(self.log_dropped, score)

    def result(self) -> SearchResult:
        """The best texts so far, and what is known of all others."""
        bound = max(self.frontier.top, self.log_dropped)
        return SearchResult(
            self.target, tuple(self.best.texts), self.best.n, bound, self.n_rows, frozenset(self.endings)
        )


def best_first_search(
    target: Target,
    *,
    n: int = 1,
    log_future: LogFuture = nothing_known,
    known: Iterable[FoundText] = (),
    limits: SearchLimits | None = None,
) -> SearchResult:
    """The n most probable texts; `is_proved` unless a limit stopped the search.

    log_future: log of an upper bound of the probability of the most probable valid future of a draft, −inf if it has
    none.  known: texts of this target, found otherwise; nothing below the n-th of them is looked at.
    Raises `BadLogits`, `InadmissibleBound`, `InvalidOption`.
    """
    search = BestFirst(target, n, log_future, known, limits or SearchLimits())
    while not search.is_done:
        search.step()
    return search.result()
