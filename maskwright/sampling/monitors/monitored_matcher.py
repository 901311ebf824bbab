"""A matcher with a monitor beside it: the tokens that both allow. Every sampler takes it like any other matcher.

    matcher = MonitoredMatcher(grammar.matcher(), monitor, vocabulary)

Bit t is set exactly if `accept_token(t)` succeeds, as for a grammar's matcher; a token that only the monitor forbids
raises TokenRejected and changes nothing. Several monitors are several `MonitoredMatcher`s, one around the other.
Once an end token was taken the monitor has nothing more to say. Where no token is left the row has no bits: monitors
look one step ahead only (`protocol`), so that can happen in the middle of a text, and is for the sampler to report.

Cost of a mask: the matcher's and the monitor's, and 1 us for the conjunction of two rows of 128,256 tokens.
"""

from __future__ import annotations

from typing import Protocol, final, runtime_checkable

import numpy as np

from maskwright.errors import MatcherError, TokenRejected
from maskwright.matching.bitmask import check_row, is_allowed, n_mask_words
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.distortion import rules_of
from maskwright.sampling.monitors.protocol import Monitor, Row
from maskwright.sampling.target import TokenMatcher


@runtime_checkable
class TakesBack(Protocol):
    """A matcher that can also take tokens back, as `maskwright.Matcher` can."""

    def rollback(self, n: int, /) -> None:
        """Take back the last n accepted tokens."""


@final
class MonitoredMatcher:
    """One text in progress that keeps a grammar and a monitor's rule; see the module.

    The matcher is taken over: whoever still wants to use it alone passes a fork of it.
    """

    __slots__ = ("_matcher", "_path", "_vocabulary")

    def __init__(self, matcher: TokenMatcher, monitor: Monitor, vocabulary: Vocabulary) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._path = [monitor]  # the monitor after each prefix of the accepted tokens; the same one after an end token

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""
        return self._vocabulary

    @property
    def row_shape(self) -> tuple[int]:
        """The shape of a row of bits: (ceil(vocabulary size / 32),)."""
        return (n_mask_words(self._vocabulary.size),)

    def rules(self) -> tuple[str, ...]:
        """The grammar's rules that the text is in, as far as the matcher can say."""
        return rules_of(self._matcher)

    @property
    def monitor(self) -> Monitor:
        """The monitor of the text so far."""
        return self._path[-1]

    def fill_bitmask(self, row: Row) -> None:
        """Write the tokens that both allow into int32[ceil(vocabulary size / 32)]; no bits at a dead end."""
        check_row(row, self.row_shape)
        self._matcher.fill_bitmask(row)
        legal = self._legal()
        if legal is not None:
            np.bitwise_and(row, legal, out=row)

    def _legal(self) -> Row | None:
        return None if self._matcher.is_finished() else self._path[-1].legal_tokens()

    def accept_token(self, token_id: int) -> None:
        """Read one token; raises TokenRejected, and changes nothing, if the grammar or the monitor forbids it here."""
        if self._matcher.is_finished():
            self._matcher.accept_token(token_id)
            self._path.append(self._path[-1])
            return
        text = self._vocabulary.text_of(token_id)  # raises for what is no token
        legal = self._legal()
        if legal is not None and not is_allowed(legal, token_id):
            raise TokenRejected(int(token_id), len(self._path) - 1, f"the monitor forbids its text {text!r}")
        following = self._path[-1].after(token_id, text)
        self._matcher.accept_token(token_id)
        self._path.append(following)

    def is_finished(self) -> bool:
        """Was an end token taken?"""
        return self._matcher.is_finished()

    def fork(self) -> MonitoredMatcher:
        """A matcher at the same place that goes its own way."""
        copy = MonitoredMatcher(self._matcher.fork(), self._path[-1], self._vocabulary)
        copy._path = self._path.copy()
        return copy

    def rollback(self, n: int) -> None:
        """Take back the last n tokens; raises MatcherError if there were fewer or the matcher cannot."""
        if not isinstance(self._matcher, TakesBack):
            raise MatcherError(
                f"A {type(self._matcher).__name__} cannot take tokens back; fork it before it accepts them"
            )
        n_accepted = len(self._path) - 1
        if not 0 <= n <= n_accepted:
            raise MatcherError(f"Cannot roll back {n} of {n_accepted} accepts")
        self._matcher.rollback(n)
        del self._path[n_accepted + 1 - n :]
