"""What budgets and `max_tokens` take out of a mask, so that the end always fits.

A token is kept if the place behind it costs less than what is left (`outlook`), in its segment too, or if it is the
next one of a plan that keeps the promise. Where the budget is larger than anything could cost, nothing is looked at.
A segment with a limit may have so many tokens behind its opener. One without a closer that is full is left by the
opener of another: one of the ways to write these must be followed then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.behaviour.grounding.reading import Piece as Read
from maskwright.matching.behaviour.moment import Moment
from maskwright.matching.behaviour.outlook import Outlook
from maskwright.matching.behaviour.prices import NO_WAY
from maskwright.matching.behaviour.trace_rules import TraceRules
from maskwright.matching.bitmask import packed_row, set_bits
from maskwright.matching.place import Place, Trail

if TYPE_CHECKING:
    from maskwright.matching.behaviour.program import Program


class Limits:
    """Of the traces of one grammar."""

    def __init__(self, program: Program, rules: TraceRules, outlook: Outlook) -> None:
        self._program = program
        self._rules = rules
        self._outlook = outlook
        names = program.vocabulary.special_token_names
        self._special = {token: name.encode() for name, token in names.items()}
        budget = program.budget
        has_budget = budget.generated_tokens is not None or budget.context_tokens is not None
        self.is_bounded = has_budget or program.smallest_limit is not None

    def left_at(self, now: Moment) -> int | None:
        """How many tokens may still be written, None without a budget."""
        budget = self._program.budget
        left = []
        if budget.generated_tokens is not None:
            left.append(budget.generated_tokens - now.n_generated)
        if budget.context_tokens is not None:
            left.append(budget.context_tokens - now.n_context)
        return min(left, default=None)

    def left_in_segment(self, now: Moment) -> int | None:
        """How many tokens the segment in progress may still have, None where it has no limit."""
        left = self._limit_at(now) - now.n_in_segment
        return None if left > NO_WAY // 2 else left

    def narrowed(self, row: NDArray[np.int32], now: Moment, text: bytearray) -> Moment:
        """Take away the tokens behind which the end, of the trace or of the segment, would not fit any more.

        row: the mask, changed; text: the trace so far. The result is `now`, with the plan that keeps the promise.
        """
        remaining, smallest = self.left_at(now), self._program.smallest_limit
        if remaining is None and smallest is None:
            return now
        left = NO_WAY if remaining is None else remaining
        here = self._limit_at(now) - now.n_in_segment
        outlook = self._outlook
        trail = now.matcher.trail
        facts = outlook.facts(trail)
        ceiling = outlook.ceiling()
        if left > ceiling and (smallest is None or min(here, smallest) > outlook.ceiling_of_limited()):
            return now
        if facts.highest is None:
            behind = [_behind(trail, *one) for one in self._places(now)]
            facts.highest = max([outlook.cost(one) for one in behind], default=NO_WAY)
            if smallest is not None:
                facts.longest = max([outlook.to_exit(one) for one in behind], default=0)
        if left > facts.highest and (smallest is None or min(here, smallest) > facts.longest):
            return now
        if here <= 0:
            return self._leaving(row, now, left)
        groups = outlook.behind_tokens(trail)
        costs = np.full(len(groups.places) + 1, NO_WAY, np.int64)  # the last one is that of tokens that lead nowhere
        for number, one in enumerate(groups.places):
            if one[1] not in self._rules.mark_tokens:
                costs[number] = outlook.cost(_behind(trail, *one), self._limit_behind(now, text, one[1]))
        plan = now.plan or outlook.plan(trail, here)
        fitting = packed_row(costs[groups.group_of] < left)
        fitting |= self._program.end_row
        set_bits(fitting, plan[:1])
        row &= fitting
        return replace(now, plan=plan)

    def _places(self, now: Moment) -> list[tuple[Place, int]]:
        """The places behind the tokens that may be written now, each with a token."""
        marks = self._rules.mark_tokens
        groups = self._outlook.behind_tokens(now.matcher.trail)
        return [one for one in groups.places if one[1] not in marks]

    def _leaving(self, row: NDArray[np.int32], now: Moment, left: int) -> Moment:
        """The segment has as many tokens as it may have, so one of the openers that may follow it must be written."""
        ways = now.leaving or self._outlook.openers_ahead(now.matcher.trail, left)
        fitting = self._program.end_row.copy()
        set_bits(fitting, [way[0] for way in ways if way])
        row &= fitting
        return replace(now, leaving=ways)

    def _limit_at(self, now: Moment) -> int:
        """The `max_tokens` of the segment in progress; NO_WAY, more than any number, without one."""
        segment = None if now.segment is None else self._program.spec.segment(now.segment)
        return NO_WAY if segment is None or segment.max_tokens is None else segment.max_tokens

    def _limit_behind(self, now: Moment, text: bytearray, token_id: int) -> int:
        """How many tokens the segment that is in progress behind a token may still take."""
        if self._program.smallest_limit is None:
            return NO_WAY
        following = self.in_segment(now, text, self.bytes_of(token_id))
        return self._limit_at(following) - following.n_in_segment

    def in_segment(self, now: Moment, text: bytearray, more: bytes) -> Moment:
        """The moment with the segment in progress once more bytes have been written, and its tokens."""
        if self._program.smallest_limit is None:
            return now
        written = text[now.segment_begin : now.length] + more
        opener = (
            b""
            if now.inside is None or now.segment_begin > now.begin
            else self._program.spec.segment(now.inside).open.encode()
        )
        pieces = self._program.reader.split((opener + written).decode("utf-8", "replace"))
        last = pieces[-1]
        if len(pieces) == 1 and not self.has_ended(last) and now.segment == last.segment:
            return replace(now, n_in_segment=now.n_in_segment + 1)
        now = replace(now, leaving=())
        before = (opener + written).decode("utf-8", "replace")[: last.begin]
        begin = now.segment_begin + len(before.encode()) - (len(opener) if before else 0)
        name = None if self.has_ended(last) else last.segment
        return replace(now, segment=name, segment_begin=begin, n_in_segment=0)

    def has_ended(self, last: Read) -> bool:
        """Has the last segment ended, whatever is written next?"""
        return last.segment is not None and last.is_closed and bool(self._program.spec.segment(last.segment).close)

    def bytes_of(self, token_id: int) -> bytes:
        """What a token adds to the text; a special one is spelled by its name."""
        vocabulary = self._program.vocabulary
        if token_id in vocabulary.special_token_ids:
            return self._special.get(token_id) or vocabulary.token_bytes[token_id]
        return vocabulary.text_of(token_id)


def _behind(trail: Trail, place: Place, token: int) -> Trail:
    """The trail after one more token."""
    following = trail.fork()
    following.go_on(place, token)
    return following
