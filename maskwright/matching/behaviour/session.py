"""One trace in progress: masks for the model's segments, texts of others, events, verdicts.

A session is at every moment in a *turn* of the model, or waits for others (`event`). A turn is a text of the trace
grammar that begins with the rule of a position (`trace_rules`); where it comes to an exit, the session looks at what
was written, finds the position behind it, and begins the next turn or hands over. A token that would leave too little
of the budget, or of a segment's `max_tokens`, is taken out of the mask (`outlook`).

A session behaves like a matcher (`fill_bitmask`, `accept_token`, `rollback`, `fork`), so samplers and processors take
it; while others are to write only end tokens are allowed, which end the model's turn and nothing else.
Every accepted token and every observed text is one step for `rollback`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import BudgetTooSmall, MatcherError, TextRefused, TokenRejected, UnsupportedInCanvas
from maskwright.grammar.behaviour.analysis.verdicts import Verdicts, verdicts
from maskwright.grammar.behaviour.policy import Position
from maskwright.grammar.behaviour.specification.spec import Segment, ToolCall, Writer
from maskwright.matching.behaviour.events import Done, Event, Handover, Piece
from maskwright.matching.behaviour.explaining import explain_in_trace, where_in_trace
from maskwright.matching.behaviour.limits import Limits
from maskwright.matching.behaviour.moment import Moment
from maskwright.matching.behaviour.outlook import Outlook
from maskwright.matching.behaviour.trace_rules import ToResolve, TraceRules, TurnEnd
from maskwright.matching.bitmask import check_row, n_mask_words
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.explaining import Reason, TokenExplanation
from maskwright.matching.matcher import Matcher
from maskwright.matching.vocabulary import Vocabulary
from maskwright.matching.where import Where

if TYPE_CHECKING:
    from maskwright.matching.behaviour.program import Program
    from maskwright.matching.infilling.canvas import Canvas
    from maskwright.matching.infilling.slots import Slot


MOST_DIGITS = 4_000


def _whole_number(digits: str) -> int | float:
    """The number, or the nearest of floating point where Python refuses to read so many digits."""
    return int(digits) if len(digits) < MOST_DIGITS else float(digits)


@dataclass(frozen=True, slots=True)
class Turn:
    """What may be written from a moment of a session on: `matcher()` begins there, as with a compiled grammar."""

    session: Session

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""
        return self.session.vocabulary

    def matcher(self) -> Session:
        """A session of its own."""
        return self.session.fork()


class Session:
    """See the module. Made by `Program.start`; `program` and `vocabulary` are its program's."""

    def __init__(
        self,
        program: Program,
        rules: TraceRules,
        grammar: CompiledGrammar,
        outlook: Outlook,
        n_prompt_tokens: int,
        count_tokens: Callable[[str], int] | None,
    ) -> None:
        self.program = program
        self._count_tokens = count_tokens
        self._rules = rules
        self._grammar = grammar
        self._outlook = outlook
        self._limits = Limits(program, rules, outlook)
        self._text = bytearray()
        self._pieces: list[Piece] = []
        self._moments: list[Moment] = []
        position = program.policy.begin()
        with program.lock:
            matcher = grammar.matcher(rules.start_rule(position))
            event = self._handover(position, 0)
        self._now = Moment(matcher, 0, position, None, 0, 0, 0, 0, n_prompt_tokens, event)
        left = self.remaining()
        if left is not None and left < program.least_budget:
            raise BudgetTooSmall(left, f"{program.spec.name} can take {program.least_budget} tokens behind the prompt")

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads."""
        return self.program.vocabulary

    @property
    def event(self) -> Event | None:
        """Others are to write, or the trace is done; None while the model writes."""
        return self._now.event

    @property
    def text(self) -> str:
        """The trace so far."""
        return self._text.decode("utf-8", "replace")

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The segments that have ended."""
        return (*self._pieces, *self._ended_in_turn(has_ended=self._now.is_finished))

    @property
    def n_accepted(self) -> int:
        """How many steps can be rolled back."""
        return len(self._moments)

    @property
    def row_shape(self) -> tuple[int]:
        """The shape of a row of bits: (ceil(vocabulary size / 32),)."""
        return (n_mask_words(self.vocabulary.size),)

    def remaining(self) -> int | None:
        """How many tokens may still be written, None without a budget."""
        return self._limits.left_at(self._now)

    def is_accepting(self) -> bool:
        """May the trace end here (or has it)?"""
        now = self._now
        if isinstance(now.event, Handover):
            return now.event.may_end
        return now.is_finished or now.matcher.is_accepting()

    def is_finished(self) -> bool:
        """Has an end token been taken: at the end of the trace, or of a turn?"""
        return self._now.is_finished

    # The model's turn.

    def fill_bitmask(self, row: NDArray[np.int32]) -> None:
        """Write the allowed tokens into int32[ceil(vocabulary size / 32)]; only end tokens while others must write."""
        check_row(row, self.row_shape)
        now = self._now
        if now.event is not None:
            row[:] = self.program.end_row
            return
        now.matcher.fill_bitmask(row)
        for word, kept in self._rules.mark_words:
            row[word] &= kept
        self._now = self._limits.narrowed(row, now, self._text)

    def allows(self, token_id: int) -> bool:
        """Would `accept_token` take this token?"""
        row = np.zeros(self.row_shape, np.int32)
        self.fill_bitmask(row)
        return 0 <= token_id < self.vocabulary.size and bool(row[token_id >> 5] >> (token_id & 31) & 1)

    def explain(self, token_id: int) -> TokenExplanation:
        """Why the token is allowed or refused, as `Matcher.explain` has it, and which rules of the specification forbid
        what it would write. Nothing changes; it takes milliseconds to a second.
        """
        return explain_in_trace(
            self.program,
            self._rules,
            self._limits,
            self._now,
            bytes(self._text),
            token_id,
            is_allowed=self.allows(token_id),
        )

    def where(self) -> Where:
        """The segment in progress, and the place in its text, as `Matcher.where` has it."""
        return where_in_trace(self.program, self._limits, self._now, bytes(self._text))

    def accept_token(self, token_id: int) -> None:
        """Read one token of the model; raises TokenRejected, and changes nothing, if it is not allowed."""
        now = self._now
        if now.event is not None and token_id not in self.vocabulary.eos_token_ids:
            raise TokenRejected(token_id, self.n_accepted, Reason.NOT_ITS_TURN.value)
        if now.event is not None:
            self._go_on(replace(now, is_finished=True))
            return
        if token_id in self._rules.mark_tokens:
            raise TokenRejected(token_id, self.n_accepted, "no text has this byte")
        if self._limits.is_bounded and not self.allows(token_id):
            raise TokenRejected(token_id, self.n_accepted, Reason.OVER_BUDGET.value)
        now = self._now  # its mask may have come with a plan
        now.matcher.accept_token(token_id)
        n_generated, n_context = now.n_generated + 1, now.n_context + 1
        plan = now.plan[1:] if now.plan[:1] == (token_id,) else ()
        leaving = tuple([way[1:] for way in now.leaving if way[:1] == (token_id,)])
        if now.matcher.is_finished():
            self._end(n_generated, n_context)
            return
        more = self._limits.bytes_of(token_id)
        counted = self._limits.in_segment(replace(now, leaving=leaving), self._text, more)
        self._text += more
        following = replace(
            counted,
            n_accepted=now.matcher.n_accepted,
            length=len(self._text),
            n_generated=n_generated,
            n_context=n_context,
            plan=plan,
        )
        n_pieces = len(self._pieces)
        try:
            exit_ = self._outlook.facts(now.matcher.trail).exit
            if isinstance(exit_, TurnEnd | ToResolve):
                following = self._at_exit(following, exit_)
        except Exception:
            now.matcher.rollback(1)
            del self._text[now.length :]
            del self._pieces[n_pieces:]
            raise
        self._go_on(following)

    def accept_tokens(self, token_ids: Iterable[int]) -> int:
        """Read tokens until one is refused, or an end token was taken; how many were read (those stay)."""
        count = 0
        for token in token_ids:
            if self._now.is_finished:
                break
            try:
                self.accept_token(token)
            except TokenRejected:
                break
            count += 1
        return count

    def forced_tokens(self) -> list[int]:
        """Tokens that must come next, as `Matcher.forced_tokens` has them, as far as budget and turn allow them."""
        if self._now.event is not None:
            return []
        tokens = self._now.matcher.forced_tokens()
        n_read = self.accept_tokens(tokens)
        self.rollback(n_read)
        return tokens[:n_read]

    def turn(self) -> Turn:
        """What the model may write now, as a grammar: for logits processors, which end a text with an end token.

        Give the tokens to `accept_tokens` afterwards.
        """
        return Turn(self)

    def canvas(self, slots: Iterable[Slot], eos_ids: Iterable[int] = (), budget: int | None = None) -> Canvas:
        """The rest of the trace as a text that is filled in any order, if nobody else is to write in it.

        As `CompiledGrammar.canvas`, at the beginning of a turn of the model's; the session stays where it is, so give
        the finished tokens to `accept_tokens`. What is left of the session's budget bounds that of the canvas. Raises
        UnsupportedInCanvas where values or limits of segments matter, MatcherError in the midst of a turn,
        CanvasNotCompletable also where the trace cannot end without others.
        """
        from maskwright.matching.infilling.making import canvas_of

        now = self._now
        if self.program.is_about_values or self.program.smallest_limit is not None:
            raise UnsupportedInCanvas(
                "What a behaviour specification says of values and of the length of segments",
                "leave rules with variables and max_tokens out, or write the trace from left to right",
            )
        if now.event is not None or now.is_finished or now.matcher.n_accepted:
            raise MatcherError("a canvas begins where a turn of the model begins")
        left = self.remaining()
        if left is not None:
            budget = left if budget is None else min(left, budget)
        rule = self._rules.start_rule(now.position, now.inside)
        stacks = self._grammar.stacks(False, rule, tuple(self._rules.mark_tokens))
        return canvas_of(stacks, slots, eos_ids, budget)

    def _go_on(self, following: Moment) -> None:
        self._moments.append(self._now)
        self._now = following

    def _end(self, n_generated: int, n_context: int) -> None:
        """An end token was taken where the trace may end."""
        now = self._now
        self._go_on(
            replace(
                now,
                n_accepted=now.matcher.n_accepted,
                n_generated=n_generated,
                n_context=n_context,
                event=Done(is_broken=now.is_broken),
                is_finished=True,
            )
        )
        if now.is_broken:
            return
        position = self.position()
        with self.program.lock:
            self._now = replace(self._now, event=Done(self.program.policy.segments_of_others(position)))

    def _at_exit(self, now: Moment, exit_: TurnEnd | ToResolve) -> Moment:
        """The moment behind an exit that a turn has come to."""
        is_opened = exit_.is_opened if isinstance(exit_, TurnEnd) else exit_.opened is not None
        ended = self._ended_in_turn(has_ended=True, is_next_opened=is_opened)
        with self.program.lock:
            if isinstance(exit_, TurnEnd):
                position, opened = exit_.position, exit_.segments[0] if exit_.is_opened else None
            else:
                position = self._resolved(exit_, ended[-1])
                opened = exit_.opened
            self._pieces += ended
            return self._begun(now, position, opened)

    def _resolved(self, exit_: ToResolve, piece: Piece) -> Position:
        position = self.program.policy.after(exit_.position, exit_.letter, piece.text)
        assert position is not None, "only values that lead on are in the mask"
        return position

    def _begun(self, now: Moment, position: Position, opened: str | None) -> Moment:
        """The moment in which a turn begins at a position, perhaps behind an opener that has been written."""
        policy = self.program.policy
        here = len(self._text)
        now = replace(now, position=position, begin=here, length=here, pieces=len(self._pieces), plan=())
        now = replace(now, segment=opened, segment_begin=here, n_in_segment=0)
        if opened is not None and policy.spec.segment(opened).writer is not Writer.MODEL:
            event = self._handover(position, now.pieces, opened)
            return replace(now, inside=opened, event=event)
        event = self._handover(position, now.pieces) if opened is None else None
        matcher = self._grammar.matcher(self._rules.start_rule(position, opened))
        return replace(now, inside=opened, matcher=matcher, n_accepted=0, event=event)

    def _handover(self, position: Position, n_pieces: int, opened: str | None = None) -> Handover | None:
        """Others are to write if only they can."""
        policy = self.program.policy
        segments = (opened,) if opened is not None else policy.segments_of_others(position)
        if not segments or (opened is None and policy.letters_of_model(position)):
            return None
        since = []
        for piece in reversed(self._pieces[:n_pieces]):
            if policy.spec.segment(piece.segment).writer is not Writer.MODEL:
                break
            since.append(piece)
        call = next((found for piece in since if (found := self._call_of(piece)) is not None), None)
        may_end = opened is None and policy.is_accepting(position)
        return Handover(segments, tuple(reversed(since)), call, may_end)

    def _call_of(self, piece: Piece) -> tuple[str, dict[str, object]] | None:
        if not isinstance(self.program.spec.segment(piece.segment).text, ToolCall):
            return None
        try:
            call = json.loads(piece.text, parse_int=_whole_number)
        except RecursionError:  # so deep that Python does not read it
            return None
        return call["name"], call["arguments"]

    # Others.

    def observe(self, text: str | bytes, segment: str | None = None, n_tokens: int | None = None) -> str:
        """Take the text of another's segment; what was put into the trace, its opener (unless written) and closer too.

        Delimiters in it are broken up or refused, as the specification says, and it is cut to its limits. `segment`
        names one of several. `n_tokens` is how many tokens the result takes in the context, if the host knows better.
        If others break what is assumed of them the trace goes on with the fallback segment, or ends (`Done.is_broken`).
        Raises TextRefused if it is no text of the segment or breaks a rule, MatcherError if it is not others' turn,
        BudgetTooSmall if what must follow would not fit any more; then nothing has changed.
        """
        now = self._now
        policy = self.program.policy
        segments = self._expected()
        name = segments[0] if segment is None else segment
        if name not in segments:
            raise MatcherError(f"Segment '{name}' cannot come next, only {' or '.join(segments)}")
        one = policy.spec.segment(name)
        admitted = self._within_limit(one, policy.bodies.admitted(name, text))
        if one.bind is not None and set(admitted.encode()).intersection(self.vocabulary.missing_bytes):
            raise TextRefused(name, "later texts repeat it, and the vocabulary cannot spell it")
        written = ("" if now.inside == name else one.open) + admitted + one.close
        n_context = now.n_context + self._tokens_of(written) if n_tokens is None else now.n_context + n_tokens
        began = replace(now, n_context=n_context, is_finished=False)
        with self.program.lock:
            position = self.position()
            letter = policy.letter_of(name, admitted)
            assert letter is not None, "what is admitted is a text of the segment"
            following = policy.after(position, letter, admitted)
            is_broken = following is None and policy.breaks_assumption(position, letter)
            if following is None and not is_broken:
                raise TextRefused(name, "it breaks a rule, or leaves no way to finish")
            if following is not None:
                needed, left = self._outlook.cost_at(following), self._limits.left_at(began)
                if left is not None and needed > left:
                    raise BudgetTooSmall(left, f"what must follow can take {needed}")
            ended = self._ended_in_turn(has_ended=True) if isinstance(now.event, Done) else ()
            n_pieces, n_bytes = len(self._pieces), len(self._text)
            try:
                self._pieces += [*ended, Piece(name, admitted)]
                self._text += written.encode()
                moment = self._fallen_back(began) if following is None else self._begun(began, following, None)
            except Exception:
                del self._pieces[n_pieces:]
                del self._text[n_bytes:]
                raise
            self._go_on(moment)
        return written

    def _fallen_back(self, now: Moment) -> Moment:
        """The moment behind a text that breaks what is assumed of others."""
        fallback = self.program.spec.fallback
        left = self._limits.left_at(now)
        if fallback is not None and left is not None and self.program.prices.of_fallback(fallback) > left:
            fallback = None
        here = len(self._text)
        now = replace(now, inside=None, begin=here, length=here, pieces=len(self._pieces), plan=(), is_broken=True)
        if fallback is None:
            return replace(now, event=Done(is_broken=True), is_finished=True)
        matcher = self._grammar.matcher(self._rules.fallback_rule(fallback))
        return replace(now, matcher=matcher, n_accepted=0, event=None, segment=None, segment_begin=here, n_in_segment=0)

    def _within_limit(self, segment: Segment, text: str) -> str:
        """The text, or as much of it as `max_tokens` permits."""
        most, count = segment.max_tokens, self._count_tokens
        if most is None:
            return text
        written = text.encode()
        if count is None:
            fits = self.program.spellings.fewest(written, most)[1]
            cut = written[:fits].decode("utf-8", "ignore")
        elif count(text) <= most:
            return text
        else:
            fits, too_long = 0, len(text)
            while fits + 1 < too_long:
                middle = (fits + too_long) // 2
                fits, too_long = (middle, too_long) if count(text[:middle]) <= most else (fits, middle)
            cut = text[:fits]
        return text if cut == text else self.program.policy.bodies.admitted(segment.name, cut)

    def _tokens_of(self, text: str) -> int:
        """How many tokens a text takes in the context, where a budget asks."""
        if self.program.budget.context_tokens is None:
            return 0
        if self._count_tokens is not None:
            return self._count_tokens(text)
        return self.program.spellings.fewest(text.encode())[0]

    def _expected(self) -> tuple[str, ...]:
        match self._now.event:
            case Handover(segments):
                return segments
            case Done(segments) if segments:
                return segments
        raise MatcherError("It is the model's turn, not that of the environment or the user")

    # Looking back.

    def rollback(self, n: int) -> None:
        """Take back the last n steps: accepted tokens, end tokens and observed texts."""
        if not 0 <= n <= self.n_accepted:
            raise MatcherError(f"Cannot roll back {n} of {self.n_accepted} steps")
        if n:
            self._now = self._moments[-n]
            del self._moments[-n:]
            del self._text[self._now.length :]
            del self._pieces[self._now.pieces :]
            self._now.matcher.rollback(self._now.matcher.n_accepted - self._now.n_accepted)

    def fork(self) -> Session:
        """A session at the same place that goes its own way."""
        other = object.__new__(Session)
        other.program, other._count_tokens = self.program, self._count_tokens
        other._rules, other._grammar = self._rules, self._grammar
        other._outlook, other._limits = self._outlook, self._limits
        other._text, other._pieces = bytearray(self._text), self._pieces.copy()
        matchers: dict[int, Matcher] = {}

        def moved(moment: Moment) -> Moment:
            key = id(moment.matcher)
            if key not in matchers:
                matchers[key] = moment.matcher.fork()
            return replace(moment, matcher=matchers[key])

        other._moments = [moved(moment) for moment in self._moments]
        other._now = moved(self._now)
        return other

    def _ended_in_turn(self, *, has_ended: bool = False, is_next_opened: bool = False) -> list[Piece]:
        """The segments of the model that have ended in this turn.

        The last one is in progress unless it has a closer, the turn `has_ended`, or the next one is opened.
        """
        now = self._now
        spec = self.program.spec
        if now.inside is not None and spec.segment(now.inside).writer is not Writer.MODEL:
            return []  # it is others' opener that has been written
        opener = "" if now.inside is None else spec.segment(now.inside).open
        written = opener + self._text[now.begin :].decode("utf-8", "replace")
        pieces = self.program.reader.split(written)
        if is_next_opened or (pieces and not has_ended and not self._limits.has_ended(pieces[-1])):
            pieces = pieces[:-1]
        return [Piece(str(piece.segment), piece.text) for piece in pieces]

    def verdicts(self) -> Verdicts:
        """Where the trace stands with each rule, and with all of them, after the segments that have ended."""
        return verdicts(self.program.judge, [(piece.segment, piece.text) for piece in self.pieces])

    def position(self) -> Position:
        """The position of the policy behind the last segment that has ended, as long as others keep to assumptions."""
        now = self._now
        with self.program.lock:
            position = now.position
            if now.is_broken:
                return position
            for piece in self._ended_in_turn(has_ended=now.is_finished):
                letter = self.program.policy.letter_of(piece.segment, piece.text)
                assert letter is not None
                following = self.program.policy.after(position, letter, piece.text)
                assert following is not None, "what was allowed has a way to finish"
                position = following
            return position
