"""A specification as a monitor, for models that only an API reaches: nothing is masked, each segment is checked first.

    monitor = Monitor(Policy.of(spec))
    monitor.observe("What is 6 * 7?")                    # the user's segment, its delimiters made harmless
    text = ask_model(monitor.text, stop=monitor.stop_strings)
    refusal = monitor.read(text)                         # takes the segments of it, up to the first that is not allowed
    if refusal is not None:
        ask_model(monitor.text + monitor.completion(), refusal.instruction)

    monitor.check("call", '{"name": "delete", ...}')     # before a call is made: None, or a Refusal

It is the policy that masks are made of, so it anticipates: a segment is refused as soon as no ending keeps all rules,
or others could make it impossible to finish, not only when a rule is broken. Why is asked of the checker
(`analysis.checking`) and only then, for it reads the whole trace.

Source: the decoding monitor of Crouse et al. (2023), which generates up to the prompt of an environment's state, drops
what follows the first violation and goes on behind the longest common beginning of all that may come. Here the monitor
never writes anything else than that, and an agent's answer is never replaced.
Cost: a step of the policy for each segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, final

from maskwright.errors import TextRefused
from maskwright.grammar.behaviour.analysis.checking import Checker
from maskwright.grammar.behaviour.analysis.report import Expected
from maskwright.grammar.behaviour.analysis.verdicts import Verdicts, verdicts
from maskwright.grammar.behaviour.grounding.reading import Piece, Reader
from maskwright.grammar.behaviour.policy import Policy, Position
from maskwright.grammar.behaviour.specification.spec import OneOf, Segment, Writer

THE_END: Final = ""
"""As the segment of a refusal: the model ended the trace where it may not end."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a segment is not allowed.

    segment, text: what was refused, `THE_END` for an end.  message: what is wrong, a clause.  rules: the ids of those
    that it would break, or that could not be kept together after it; "flow" is one.  why: their reasons.
    expected: the segments that may come instead.  may_end: may the trace end instead?
    """

    segment: str
    text: str
    message: str
    rules: tuple[str, ...]
    why: tuple[str, ...]
    expected: tuple[Expected, ...]
    may_end: bool

    def __str__(self) -> str:
        rules = f" ({', '.join(self.rules)})" if self.rules else ""
        reasons = "".join(f"; {reason}" for reason in self.why)
        wanted = [*map(str, self.expected), *(["the end"] if self.may_end else [])]
        return f"{self.message}{rules}{reasons}; expected: {', '.join(wanted) or 'nothing can help here'}"

    @property
    def instruction(self) -> str:
        """What to tell a model that is asked again."""
        reasons = "".join(f" ({reason})" for reason in self.why)
        ways = [_way(one) for one in self.expected] + (["the end of your answer"] if self.may_end else [])
        return f"That was not allowed: {self.message}{reasons}. Go on with {' or '.join(ways)}."


def _way(expected: Expected) -> str:
    """An opener, and which texts may follow it if not all may."""
    name = expected.opener.strip() or expected.segment
    return name if expected.guard == expected.segment else f"{name} (where {expected.guard})"


def _common_beginning(texts: list[str]) -> str:
    """What all of them begin with: what the first and the last in order do."""
    first, last = min(texts, default=""), max(texts, default="")
    n = next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:n]


class Written(NamedTuple):
    """A segment that has ended, and its text without delimiters."""

    segment: str
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody else's turn: which segment, and what the model wrote since the turn before."""

    segment: str
    since: tuple[Written, ...]


@final
class Monitor:
    """Plays along with a trace, segment by segment; changes as it does.

    text: the trace so far, with its delimiters.  segments: its segments and their texts.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy: Final = policy
        self.text = ""
        self.segments: tuple[Written, ...] = ()
        self._position: Position = policy.begin()
        self._reader: Final = Reader(policy.spec)
        self._checker: Checker | None = None
        self._asked: str | None = None
        self._n_before_turn = 0

    @property
    def turn(self) -> Turn | None:
        """Whose turn it is if not the model's: it stopped at somebody else's opener, or only others may write."""
        others = self.policy.segments_of_others(self._position)
        asked = self._asked if self._asked in others else None
        if asked is None and others and not self.policy.letters_of_model(self._position) and not self.may_end:
            asked = others[0]
        return None if asked is None else Turn(asked, self.segments[self._n_before_turn :])

    @property
    def may_end(self) -> bool:
        """May the trace end here?"""
        return bool(self.segments) and self.policy.is_accepting(self._position)

    @property
    def stop_strings(self) -> tuple[str, ...]:
        """Where the model has to stop: the openers of all segments that others write."""
        others = (segment for segment in self.policy.spec.segments if segment.writer is not Writer.MODEL)
        return tuple(segment.open for segment in others if segment.open)

    def check(self, segment: str, text: str) -> Refusal | None:
        """May the model write this segment now, before anything is done about it? Changes nothing."""
        return None if self._after(segment, text) is not None else self._refusal(segment, text)

    def take(self, segment: str, text: str) -> Refusal | None:
        """The same, and if it may, the segment belongs to the trace."""
        after = self._after(segment, text)
        if after is None:
            return self._refusal(segment, text)
        self._put(segment, text, after)
        return None

    def read(self, written: str, stop: str = "") -> Refusal | None:
        """What the model wrote, delimiters and all; from the first segment that is refused on it is dropped.

        stop: at which of the stop strings it was stopped; then the segment of that opener is next.
        """
        for piece in self._reader.split(written):
            refusal = self._read(piece)
            if refusal is not None:
                return refusal
        owners = [one.name for one in self.policy.spec.segments if stop and one.open == stop]
        if owners and owners[0] not in self.policy.segments_of_others(self._position):
            return self._refusal(owners[0], "")
        self._asked = owners[0] if owners else None
        return None

    def end(self) -> Refusal | None:
        """May the model end the trace here?"""
        if self.may_end:
            return None
        return Refusal(THE_END, "", "the trace may not end here", (), (), self._expected(), may_end=False)

    def observe(self, text: str | bytes, segment: str | None = None) -> str:
        """The text of somebody else's segment (that of `turn`, if none is named); what was put into the trace for it.

        Its delimiters are broken up, and it is cut to its greatest length. Raises TextRefused if it is then no text of
        that segment, or may not come here.
        """
        turn = self.turn
        name = segment if segment is not None else turn.segment if turn is not None else ""
        if not name:
            raise TextRefused("", "it is the model's turn")
        admitted = self.policy.bodies.admitted(name, text)
        after = self._after(name, admitted)
        if after is None:
            raise TextRefused(name, self._refusal(name, admitted).message)
        begin = len(self.text)
        self._put(name, admitted, after)
        self._n_before_turn = len(self.segments)
        return self.text[begin:]

    def verdicts(self) -> Verdicts:
        """Where the trace stands with the flow and with every rule, those of level warn included, and as a whole."""
        return verdicts(self._why().judge, self.segments)

    def completion(self) -> str:
        """What all that may come begins with: an opener or the beginning of several, and of the texts of a choice."""
        if self.may_end:
            return ""
        letters = self.policy.letters_at(self._position)
        names = dict.fromkeys(self.policy.letters[letter].segment for letter in letters)
        begins = [
            segment.open + text for segment in map(self.policy.spec.segment, names) for text in self._texts(segment)
        ]
        return _common_beginning(begins)

    def _texts(self, segment: Segment) -> tuple[str, ...]:
        """The texts that may come of a choice, the empty beginning of all others."""
        if segment.writer is not Writer.MODEL or not isinstance(segment.text, OneOf):
            return ("",)
        return tuple(text for text in segment.text.texts if self._after(segment.name, text) is not None)

    def _after(self, segment: str, text: str) -> Position | None:
        if not self._is_known(segment):
            return None
        letter = self.policy.bodies.letter_of(segment, text, dict(self._position.bound))
        return None if letter is None else self.policy.after(self._position, letter, text)

    def _is_known(self, segment: str) -> bool:
        return any(one.name == segment for one in self.policy.spec.segments)

    def _put(self, segment: str, text: str, after: Position) -> None:
        one = self.policy.spec.segment(segment)
        self.text += one.open + text + one.close
        self.segments = (*self.segments, Written(segment, text))
        self._position = after
        self._asked = None

    def _read(self, piece: Piece) -> Refusal | None:
        if piece.segment is None:
            return self._because("?", piece.text, "no segment begins here")
        segment = self.policy.spec.segment(piece.segment)
        if segment.writer is not Writer.MODEL:
            return self._because(segment.name, piece.text, f"segment '{segment.name}' is not the model's to write")
        if not piece.is_closed:
            return self._because(
                segment.name, piece.text, f"segment '{segment.name}' is not ended by {segment.close!r}"
            )
        return self.take(segment.name, piece.text)

    def _refusal(self, segment: str, text: str) -> Refusal:
        """Why a segment is refused: asked of the checker, which reads the whole trace."""
        found = self._why().check([*self.segments, (segment, text)]).violation
        if found is None and self.policy.letter_of(segment, text) is None:
            return self._because(segment, text, self.policy.bodies.why_not(segment, text))
        if found is None:
            return self._because(
                segment, text, f"after segment '{segment}' it would depend on others whether the trace can be finished"
            )
        return Refusal(segment, text, found.message, found.rules, found.why, found.expected, found.may_end)

    def _why(self) -> Checker:
        if self._checker is None:
            self._checker = Checker.of(self.policy)
        return self._checker

    def _because(self, segment: str, text: str, message: str) -> Refusal:
        return Refusal(segment, text, message, (), (), self._expected(), self.may_end)

    def _expected(self) -> tuple[Expected, ...]:
        letters = self.policy.letters_at(self._position)
        names = dict.fromkeys(self.policy.letters[letter].segment for letter in letters)
        return tuple(Expected(name, self.policy.spec.segment(name).open, name) for name in names)
