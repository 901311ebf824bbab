"""A matcher that ends in time: `grammar.matcher(max_tokens=n)`.

A token is allowed if the grammar allows it and the shortest completion behind it still fits. So some token always is,
the n-th at the latest is an end token, and the text is a whole member of the language. Tokens are those of the
vocabulary: the least budget is the length of the shortest text in tokens, end token included, and a smaller one is
refused before the first token.

Bytes that are accepted count as the fewest tokens that spell them. Rollback and fork give back what they take back.

Rejected: a count in the grammar's states (all masks would be the budget's own); cutting a text off at the end, or
mending it (it would be another text than the model's).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import BudgetTooSmall, TokenRejected
from maskwright.matching.behaviour.spellings import spellings_of
from maskwright.matching.bitmask import is_allowed, packed_row, set_bits
from maskwright.matching.completion._store import NO_WAY
from maskwright.matching.explaining import Reason, TokenExplanation
from maskwright.matching.finished_rows import FinishedRow
from maskwright.matching.matcher import Matcher
from maskwright.matching.place import Note, Place, Trail

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar

MOST_TRIED, ENOUGH = 64, 8
"""Tokens that are tried where none fits at once, and how many of them are enough."""


class BudgetedMatcher(Matcher):
    """One text in progress that has so many tokens at most; see `Matcher` for what it can do."""

    __slots__ = ("_ends", "_max_tokens", "_outlook", "_rescue", "_spelled")

    def __init__(self, grammar: CompiledGrammar, max_tokens: int, trail: Trail) -> None:
        super().__init__(grammar, trail)
        self._max_tokens = max_tokens
        self._outlook = grammar.outlook
        self._ends = sorted(grammar.vocabulary.eos_token_ids)
        self._rescue: tuple[tuple[int, Place, int], list[int]] | None = None
        self._spelled: dict[int, int] = {}  # for each step that read bytes, how many tokens it took beyond one

    @classmethod
    def begin(cls, grammar: CompiledGrammar, max_tokens: int, trail: Trail) -> BudgetedMatcher:
        """A new text, if one fits."""
        least = grammar.outlook.cost(trail)
        if max_tokens < least:
            raise BudgetTooSmall(max_tokens, f"the shortest text takes {least}, the end token included")
        return cls(grammar, max_tokens, trail)

    @property
    def max_tokens(self) -> int:
        """The most tokens of the text."""
        return self._max_tokens

    @property
    def n_left(self) -> int:
        """How many tokens may still be written, the end token included."""
        return self._max_tokens - len(self._reads) - sum(self._spelled.values())

    @property
    def n_needed(self) -> int:
        """How many tokens the shortest completion takes, the end token included; 0 when the text has ended."""
        return 0 if self.is_finished() else self._outlook.cost(self._trail)

    @property
    def finished_row(self) -> FinishedRow | None:
        """None: what may come depends on the budget."""
        return None

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the tokens that are allowed and behind which a whole text fits."""
        super().fill_bitmask(row)
        if self.is_finished():
            return
        left = self.n_left
        if left <= 0:
            row[:] = 0
        elif not self._outlook.is_far(self._trail, left) and not self._take_out(row, left):
            set_bits(row, self._rescued())

    def _take_out(self, row: NDArray[np.int32], left: int) -> bool:
        """Take the tokens that leave too few out of the mask of the grammar: is any left?"""
        ahead = self._outlook.ahead(self._trail)
        fits = ahead.fitting(left)
        doubtful = ahead.doubtful[fits[ahead.doubtful]].tolist()
        fits[[token for token in doubtful if is_allowed(row, token) and not self._fits(token)]] = False
        fitting = packed_row(fits)
        set_bits(fitting, self._ends)
        row &= fitting
        return bool(row.any())

    def _rescued(self) -> list[int]:
        """Tokens behind which the next one fits again, where none does at once.

        Where values must differ, a cost holds characters that make the value a new one, but not how many of them have
        been written. So behind a repetition nothing may seem to fit, though one more character is enough.
        """
        key = (self.n_accepted, self._places[-1], self.n_left)
        if self._rescue is None or self._rescue[0] != key:
            row = np.empty(self._shape, np.int32)
            super().fill_bitmask(row)
            self._rescue = (key, [] if self._take_out(row.copy(), self.n_left) else self._two_steps(row, self.n_left))
        return self._rescue[1]

    def _two_steps(self, row: NDArray[np.int32], left: int) -> list[int]:
        """Of the tokens of a mask, the cheapest first, those behind which another token fits."""
        costs = self._outlook.ahead(self._trail).costs
        tokens = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little"))
        tokens = tokens[np.argsort(costs[tokens], kind="stable")]
        tokens = tokens[costs[tokens] < NO_WAY]
        far_apart = tokens[:: max(1, len(tokens) // MOST_TRIED)]
        found: list[int] = []
        for token in [*tokens[:MOST_TRIED].tolist(), *far_apart.tolist()]:
            behind = Matcher(self._grammar, self._trail.fork())
            if token in self._ends or token in found or not behind.accept_tokens([token]):
                continue
            behind.fill_bitmask(row)
            follow = np.unpackbits(row.view(np.uint8), bitorder="little")[: self._size].astype(bool)
            if (follow & self._outlook.ahead(behind.trail).fitting(left - 1)).any():
                found.append(token)
                if len(found) == ENOUGH:
                    break
        return sorted(found)

    def landing_bias(self, strength: float = 1.0, window: int = 32) -> NDArray[np.float32] | None:
        """What to add to the logits so that the text comes to its end gently: float32[vocabulary size], or None.

        A token that makes the shortest completion longer, instead of shorter by one, costs `strength` for each token
        too many, the more the less slack is left: none with `window` tokens of slack, all of it with none. Where it is
        None nothing is to be added. Masks are what they are without it.
        """
        if self.is_finished():
            return None
        slack = self.n_left - self.n_needed
        if slack >= window:
            return None
        costs = self._outlook.ahead(self._trail).costs
        wasted = np.minimum(costs, NO_WAY).astype(np.float32) + 1 - self.n_needed
        wasted[costs >= NO_WAY] = 0
        weight = strength * (1 - slack / window)
        return (-weight * np.maximum(wasted, 0)).astype(np.float32)

    def allows(self, token_id: int) -> bool:
        """Would `accept_token` take this token?"""
        return self._after(token_id) is not None

    def _after(self, token_id: int) -> tuple[Place, Note | None] | None:
        following = super()._after(token_id)
        if following is None or self.is_finished():
            return following
        left = self.n_left
        if following[0].is_end:
            return following if left > 0 else None
        if left <= 0:
            return None
        token = int(token_id)
        if self._outlook.is_far(self._trail, left) or self._fits(token) or token in self._rescued():
            return following
        return None

    def _fits(self, token: int) -> bool:
        """Are enough tokens left behind a token that the grammar allows?"""
        following = super()._after(token)
        if following is None:
            return False
        behind = self._trail.fork()
        behind.go_on(following[0], token, following[1])
        return self._outlook.cost_behind(behind) < self.n_left

    def accept_token(self, token_id: int) -> None:
        """Read one token; raises TokenRejected, and changes nothing, if it is not allowed or leaves too few."""
        following = self._after(token_id)
        if following is None:
            raise TokenRejected(int(token_id), self.n_accepted, self._why_rejected(int(token_id)))
        self._trail.go_on(following[0], int(token_id), following[1])

    def _why_rejected(self, token_id: int) -> str:
        if super()._after(token_id) is None:
            return super()._why_rejected(token_id)
        return f"{self.n_left} tokens are left, which are too few to complete the text behind it"

    def explain(self, token_id: int) -> TokenExplanation:
        """Why the token is allowed here or refused; where too few tokens are left, how many it would take."""
        told = super().explain(token_id)
        behind = self.without_budget()
        if told.reason is not Reason.OVER_BUDGET or not behind.accept_tokens([token_id]):
            return told
        return replace(told, n_needed=1 + self._outlook.cost(behind.trail), n_left=self.n_left)

    def accept_bytes(self, text: bytes) -> None:
        """Read bytes, which count as the fewest tokens that spell them; raises TokenRejected."""
        n_spelled = spellings_of(self.vocabulary).count(text)
        left = self.n_left - n_spelled
        super().accept_bytes(text)
        if left < 0 or self._outlook.cost_behind(self._trail) > left:
            super().rollback(1)
            raise TokenRejected(-1, self.n_accepted, f"behind the bytes {text!r} too few tokens would be left")
        self._spelled[self.n_accepted - 1] = n_spelled - 1

    def rollback(self, n: int) -> None:
        """Take back the last n accepts, and what they took of the budget."""
        super().rollback(n)
        self._spelled = {step: more for step, more in self._spelled.items() if step < self.n_accepted}

    def reset(self) -> None:
        """Begin the text anew, with the whole budget."""
        super().reset()
        self._spelled = {}

    def fork(self) -> BudgetedMatcher:
        """A matcher at the same place with the same budget that goes its own way."""
        copy = BudgetedMatcher(self._grammar, self._max_tokens, self._trail.fork())
        copy._spelled = dict(self._spelled)
        return copy

    def forced_tokens(self) -> list[int]:
        """Tokens that spell forced bytes, as many as the budget allows."""
        tokens = self.without_budget().forced_tokens()
        return tokens[: self.validate_tokens(tokens)]
