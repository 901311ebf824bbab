"""What a search returns: the best texts that it found, and what it knows of all others.

    result = beam_search(target, width=8, n=3)
    result.texts                    # best first
    result.is_proved                # no text that is left out is better
    result.gap                      # else: how much better one may be, in nats

Every search here keeps the highest score that anything it let go of can still reach (`log_bound`). So a beam says for
itself whether it happened to be exact, and an exact search that was stopped says how far it got.

The score is log p of the text under the model, where all end tokens are one event. Texts of equal score are listed in
ascending order of their tokens; which of several that equal the last one is left out is not specified.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, final

from maskwright.errors import EmptyLanguage, InvalidOption, NoContinuation
from maskwright.sampling.target import Ending, Target

Text = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FoundText:
    """A text of the target.

    token_ids: with its end token, the most probable one where several are allowed.  log_probability: log p under the
    model, all end tokens together.  score: what it is ranked by, the same unless the search says otherwise.
    """

    token_ids: Text
    log_probability: float
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best texts found, best first.

    n_wanted: how many were asked for.  log_bound: no text outside the list has a higher score; −inf if there is none.
    n_rows: rows of logits asked of the model.  endings: why prefixes could not go on, if some could not.
    declared: what makes the ranking differ from log p, in words; empty if nothing does.
    """

    target: Target
    texts: tuple[FoundText, ...]
    n_wanted: int
    log_bound: float
    n_rows: int
    endings: frozenset[Ending] = frozenset()
    declared: tuple[str, ...] = ()

    @property
    def n_proved(self) -> int:
        """So many texts at the head of the list are certainly the best ones, and in the right order."""
        return sum(text.score >= self.log_bound for text in self.texts)

    @property
    def is_proved(self) -> bool:
        """All texts that were asked for are certainly the best ones, or there are no others."""
        return self.log_bound == -math.inf or len(self.texts) == self.n_proved == self.n_wanted

    @property
    def gap(self) -> float:
        """How much better than the last listed text one outside the list may be, at most; 0 if all is proved."""
        if self.is_proved:
            return 0.0
        is_full = len(self.texts) == self.n_wanted
        return max(0.0, self.log_bound - self.texts[-1].score) if is_full else math.inf

    @property
    def best(self) -> FoundText:
        """The first text; raises `EmptyLanguage` if it is certain that there is none, else `NoContinuation`."""
        if self.texts:
            return self.texts[0]
        reasons = ", ".join(sorted(ending.value for ending in self.endings)) or "the search was stopped"
        if self.log_bound == -math.inf:
            raise EmptyLanguage(f"none has at most {self.target.max_tokens} tokens and any probability ({reasons})")
        raise NoContinuation(f"no text was found ({reasons})", 0)


class Ranked(Protocol):
    """What is ranked by a score."""

    @property
    def token_ids(self) -> Text:
        """The tokens, with the end token."""

    @property
    def score(self) -> float:
        """Higher is better."""


R = TypeVar("R", bound=Ranked)


@final
class Best(Generic[R]):
    """The n best texts so far, each text once, whichever end token it has (mutable)."""

    __slots__ = ("_order", "n", "texts")

    def __init__(self, n: int, texts: Iterable[R] = ()) -> None:
        if n < 1:
            raise InvalidOption("n", n, "at least 1")
        self.n = n
        self.texts: list[R] = []
        self._order: list[tuple[float, Text]] = []
        for text in texts:
            self.add(text)

    def add(self, text: R) -> float:
        """Let a text in, in place of an older record of it; the score of what found no place, −inf if all did."""
        for place, known in enumerate(self.texts):
            if known.token_ids[:-1] == text.token_ids[:-1]:
                del self.texts[place], self._order[place]
                break
        key = (-text.score, text.token_ids)
        place = bisect.bisect(self._order, key)
        self._order.insert(place, key)
        self.texts.insert(place, text)
        if len(self.texts) <= self.n:
            return -math.inf
        self._order.pop()
        return self.texts.pop().score

    @property
    def bar(self) -> float:
        """What a text must exceed to come in: the score of the last one, −inf while there is room."""
        return self.texts[-1].score if len(self.texts) == self.n else -math.inf
