"""What a session tells its host: others are to write, or the trace is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished segment: its name and its text, without delimiters."""

    segment: str
    text: str


@dataclass(frozen=True, slots=True)
class Handover:
    """It is the turn of others: the host gives the text of one of these segments to `Session.observe`.

    `since`: the segments that the model has finished since the last handover. `call`: the tool and the arguments of the
    last of them that is a call of a tool (`{"name": ..., "arguments": {...}}`), or None. `may_end`: the trace may also
    end here. `reason` says what is unusual: the environment broke an assumption.
    """

    segments: tuple[str, ...]
    since: tuple[Piece, ...]
    call: tuple[str, dict[str, object]] | None = None
    may_end: bool = False

    @property
    def segment(self) -> str:
        """The segment, or the first of several."""
        return self.segments[0]


@dataclass(frozen=True, slots=True)
class Done:
    """The trace has ended. `may_continue`: segments of others that may still follow (a chat goes on).

    `is_broken`: others have done what was assumed that they do not, so nothing is promised of this trace any more.
    """

    may_continue: tuple[str, ...] = ()
    is_broken: bool = False


Event = Handover | Done
