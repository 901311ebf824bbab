"""Where a session is, as a value: going back is taking an earlier one."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.grammar.behaviour.policy import Position
from maskwright.matching.behaviour.events import Event
from maskwright.matching.matcher import Matcher


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a session is; rollback goes back to earlier ones.

    matcher: of the turn, at `n_accepted`; position: where the turn began, `inside` which segment if its opener had been
    written; begin: where the turn's text begins in the trace's, length: how far it goes. pieces: how many segments had
    ended when the turn began. n_generated, n_context: tokens so far. plan: tokens that keep the budget, if it is tight.
    Where segments have limits, `segment` is the one in progress; it begins at `segment_begin` and has `n_in_segment`
    tokens so far; if it is full, `leaving` are the ways to write the opener of another.
    """

    matcher: Matcher
    n_accepted: int
    position: Position
    inside: str | None
    begin: int
    length: int
    pieces: int
    n_generated: int
    n_context: int
    event: Event | None
    is_finished: bool = False
    is_broken: bool = False
    plan: tuple[int, ...] = ()
    segment: str | None = None
    segment_begin: int = 0
    n_in_segment: int = 0
    leaving: tuple[tuple[int, ...], ...] = ()
