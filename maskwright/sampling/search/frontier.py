"""The frontier of a best-first search: prefixes that may still hold a text worth having, highest score first.

The score of a prefix is at least that of every text below it. Searches take the highest prefixes, ask the model for
their rows, and put their children back; they end when the best texts found reach the highest score of the frontier.

Idea: children are lazy. A row has V of them and a search looks at a few, so a row puts one entry on the heap, a cursor
over its best `CHUNK` children in descending order, and their drafts are made when the cursor comes to them. Where a
search needs more than these, the entry behind them is the prefix itself, whose row is asked for once more: one more
row for each `CHUNK` children, and rows of logits are never kept.

Cost of a child that is looked at: a fork of its matcher and two operations on the heap. Memory of a row: its listed
children. Rejected: all children on the heap (128,000 for a row of free text), and rows kept for as long as any child of
theirs waits (half a megabyte each).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from maskwright.sampling.target import Draft

CHUNK = 64


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix whose row is wanted.

    score: no text below it has a higher one.  log_masses: Σ log Z over its tokens.  done: what its row gave when it
    was known before.
    """

    draft: Draft
    score: float
    log_masses: float = 0.0
    done: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Children:
    """Children of a prefix in descending order of score.

    rest: the highest score of those that are not listed, −inf if there are none.  done: the tokens of the row that were
    listed now or before, or that ended a text.  log_mass: log Z of the row.
    """

    parent: Prefix
    tokens: list[int]
    log_probabilities: list[float]
    scores: list[float]
    rest: float
    done: tuple[int, ...]
    log_mass: float


Tighten = Callable[[Draft, float], float]


def as_it_is(_: Draft, score: float) -> float:
    """No better bound is known than the score itself."""
    return score


@final
class Frontier:
    """A heap of prefixes and of cursors over children (mutable).

    tighten: a lower score for a draft that was just made, from what else is known of it; never above the given one.
    """

    def __init__(self, root: Prefix, tighten: Tighten = as_it_is) -> None:
        self._tighten = tighten
        self._heap: list[tuple[float, int, Prefix | Children, int]] = []
        self._n_pushed = 0
        self._push(root.score, root, 0)

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def top(self) -> float:
        """The highest score; −inf if nothing is left."""
        return -self._heap[0][0] if self._heap else -math.inf

    def _push(self, score: float, entry: Prefix | Children, place: int) -> None:
        if score > -math.inf:
            # Of equal scores the newest comes first: it is the deepest, and nearest to a text.
            self._n_pushed += 1
            heapq.heappush(self._heap, (-score, -self._n_pushed, entry, place))

    def put(self, children: Children) -> None:
        """Let the children of a prefix wait."""
        self._push_child(children, 0)

    def _push_child(self, children: Children, place: int) -> None:
        if place < len(children.tokens):
            self._push(children.scores[place], children, place)
        elif children.rest > -math.inf:
            parent = children.parent
            self._push(children.rest, Prefix(parent.draft, children.rest, parent.log_masses, children.done), 0)

    def take(self, n: int, bar: float) -> list[Prefix]:
        """The highest prefixes, at most n, all above the bar; they leave the frontier."""
        taken: list[Prefix] = []
        while len(taken) < n and self.top > bar:
            _, _, entry, place = heapq.heappop(self._heap)
            if isinstance(entry, Prefix):
                taken.append(entry)
                continue
            self._push_child(entry, place + 1)
            draft = entry.parent.draft.fork()
            draft.read(entry.tokens[place], entry.log_probabilities[place])
            score = self._tighten(draft, entry.scores[place])
            prefix = Prefix(draft, score, entry.parent.log_masses + entry.log_mass)
            if score < self.top or score <= bar:
                self._push(score, prefix, 0)
            else:
                taken.append(prefix)
        return taken
