"""A text that is free until the model has ended its reasoning, and follows a grammar from there on.

    text = AfterReasoning(grammar.matcher(), ends=[[151668]])      # the token </think>
    text = AfterReasoning(grammar.matcher(), ends=[[524, 27963, 29]])   # the same where no token is made for it

It has the methods of a matcher, so servers, draft trees and processors need not know where the boundary is. Before it
every token is allowed but the end tokens, as a text that has not answered is not complete; the token that completes an
end is the last free one. Accepts, rollbacks and forks go over the boundary in both directions.

An end is a sequence of tokens; of several the first that is complete counts.

Rejected: reasoning as part of the grammar (`tool_calls.with_reasoning`) for this use. It is exact in bytes and the
better choice where the engine sees the whole text; a host that only knows the token of the end, or has begun the
reasoning in its prompt, has no bytes to match, and free text would still be read by the automaton.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InvalidOption, MatcherError, TokenRejected
from maskwright.matching.bitmask import check_row, n_mask_words, set_bits
from maskwright.matching.matcher import Matcher


class AfterReasoning:
    """A matcher behind free tokens. `ends`: token sequences, any of which ends the reasoning.

    Raises InvalidOption if there is no end, or an empty one.
    """

    def __init__(self, matcher: Matcher, ends: Iterable[Sequence[int]]) -> None:
        self._ends = tuple(tuple(end) for end in ends)
        if not self._ends or not all(self._ends):
            raise InvalidOption("ends", self._ends, "one sequence of tokens or more, none of them empty")
        self._matcher = matcher
        self._free: list[int] = []  # the tokens of the reasoning, the end included
        self._n_before = matcher.n_accepted
        self._has_ended = False
        vocabulary = matcher.vocabulary
        row = np.zeros(n_mask_words(vocabulary.size), np.int32)
        set_bits(row, range(len(vocabulary.token_bytes)))
        ends_row = np.zeros_like(row)
        set_bits(ends_row, vocabulary.eos_token_ids)
        self._free_row = row & ~ends_row

    @property
    def has_ended(self) -> bool:
        """Is the reasoning over?"""
        return self._has_ended

    @property
    def matcher(self) -> Matcher:
        """The text behind the reasoning; at its start until that is over."""
        return self._matcher

    @property
    def n_accepted(self) -> int:
        """How many accepts can be rolled back."""
        return len(self._free) + self._matcher.n_accepted - self._n_before

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the allowed tokens into int32[ceil(vocabulary size / 32)]."""
        if self._has_ended:
            self._matcher.fill_bitmask(row)
            return
        check_row(row, self._free_row.shape)
        row[:] = self._free_row

    def allows(self, token_id: int) -> bool:
        """Would `accept_token` take this token?"""
        if self._has_ended:
            return self._matcher.allows(token_id)
        vocabulary = self._matcher.vocabulary
        try:
            token_id = operator.index(token_id)
        except TypeError as error:
            raise MatcherError(f"Token ids must be integers, not {token_id!r}") from error
        return 0 <= token_id < len(vocabulary.token_bytes) and token_id not in vocabulary.eos_token_ids

    def accept_token(self, token_id: int) -> None:
        """Read one token; raises TokenRejected, and changes nothing, if it is not allowed."""
        if self._has_ended:
            self._matcher.accept_token(token_id)
            return
        if not self.allows(token_id):
            raise TokenRejected(token_id, self.n_accepted, "the reasoning has not ended, or it is no token")
        self._free.append(int(token_id))
        self._has_ended = any(tuple(self._free[-len(end) :]) == end for end in self._ends)

    def accept_tokens(self, token_ids: Iterable[int]) -> int:
        """Read tokens until one is refused; how many were read (those stay)."""
        count = 0
        for token in token_ids:
            if not self.allows(token):
                break
            self.accept_token(token)
            count += 1
        return count

    def validate_tokens(self, token_ids: Sequence[int]) -> int:
        """How many of the tokens `accept_tokens` would read; changes nothing."""
        n_before = self.n_accepted
        try:
            return self.accept_tokens(token_ids)
        finally:
            self.rollback(self.n_accepted - n_before)

    def rollback(self, n: int) -> None:
        """Take the last n accepts back, over the end of the reasoning too."""
        if not 0 <= n <= self.n_accepted:
            raise MatcherError(f"Cannot roll back {n} of {self.n_accepted} accepts")
        in_matcher = min(n, self._matcher.n_accepted - self._n_before)
        self._matcher.rollback(in_matcher)
        if n > in_matcher:
            del self._free[len(self._free) - (n - in_matcher) :]
            self._has_ended = False

    def fork(self) -> Self:
        """A text at the same place that goes its own way."""
        forked = type(self).__new__(type(self))
        forked._ends, forked._free_row, forked._n_before = self._ends, self._free_row, self._n_before
        forked._matcher, forked._free, forked._has_ended = self._matcher.fork(), self._free.copy(), self._has_ended
        return forked

    def is_accepting(self) -> bool:
        """May the text end here (or has it)?"""
        return self._has_ended and self._matcher.is_accepting()

    def is_finished(self) -> bool:
        """Was an end token taken?"""
        return self._has_ended and self._matcher.is_finished()

    def forced_tokens(self) -> list[int]:
        """Tokens that must come next; none while the model reasons."""
        return self._matcher.forced_tokens() if self._has_ended else []
