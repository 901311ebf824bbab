"""What a check has to say of one trace: values, and how they are printed.

violation at line 3, column 1: segment 'action' may not come here (flow)
  expected: label ("[Action Label]")
  nearest legal trace:
      question
      plan
    + label
      action
      input
      answer
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from maskwright.grammar.behaviour.analysis.joint_words import EditKind
from maskwright.grammar.behaviour.analysis.traces import Place, WrittenTrace

_MARKS = {EditKind.KEEP: " ", EditKind.INSERT: "+", EditKind.DELETE: "-", EditKind.REPLACE: "~"}


class Outcome(Enum):
    """What a trace is."""

    OK = "ok"
    INCOMPLETE = "incomplete"
    """A beginning of a trace that satisfies everything, but none itself."""
    VIOLATION = "violation"


@dataclass(frozen=True, slots=True)
class Expected:
    """A segment that could have come. `guard`: with which letters, as short as it can be said."""

    segment: str
    opener: str
    guard: str

    def __str__(self) -> str:
        return f"{self.guard} ({_quoted(self.opener)})" if self.opener else self.guard


@dataclass(frozen=True, slots=True)
class Violation:
    """The first segment after which no ending could make the trace a legal one.

    rules: the ids of those that it breaks, or that cannot be kept together after it; "flow" is one. why: their reasons.
    may_end: could the trace have ended before it? note: what may be the cause, a clause, or "".
    """

    place: Place
    segment: str
    message: str
    expected: tuple[Expected, ...]
    may_end: bool
    rules: tuple[str, ...]
    why: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        rules = f" ({', '.join(self.rules)})" if self.rules else ""
        lines = [f"violation at {self.place}: {self.message}{rules}", *(f"  because: {reason}" for reason in self.why)]
        wanted = [*map(str, self.expected), *(["the end"] if self.may_end else [])]
        lines.append(f"  expected: {', '.join(wanted) or 'nothing can help here'}")
        return "\n".join([*lines, *([f"  note: {self.note}"] if self.note else [])])


@dataclass(frozen=True, slots=True)
class Warned:
    """A rule of level warn that does not hold. place: from where on nothing mends it; None: it could to the end."""

    rule: str
    why: str
    place: Place | None

    def __str__(self) -> str:
        where = f"at {self.place}" if self.place is not None else "at the end"
        return f"warning {where}: rule '{self.rule}' does not hold" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a diff: `written` is the segment in the trace, `legal` what a legal one has there; "" for nothing."""

    kind: EditKind
    written: str
    legal: str

    def __str__(self) -> str:
        name = f"{self.written} -> {self.legal}" if self.kind is EditKind.REPLACE else self.written or self.legal
        return f"{_MARKS[self.kind]} {name}"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check.

    changes: how the nearest legal trace differs (empty if the trace is legal, or there is no legal one).
    is_nearest: is that proved? ending: the segments of a short legal ending of an incomplete trace.
    avoided: the first segment where a policy would not have gone, since others could have made it impossible to finish.
    """

    outcome: Outcome
    trace: WrittenTrace
    violation: Violation | None = None
    warnings: tuple[Warned, ...] = ()
    changes: tuple[Change, ...] = ()
    is_nearest: bool = True
    ending: tuple[str, ...] = ()
    avoided: Place | None = None

    @property
    def is_ok(self) -> bool:
        """Is it a legal trace?"""
        return self.outcome is Outcome.OK

    def __str__(self) -> str:
        lines = [self.outcome.value if self.violation is None else str(self.violation)]
        if self.outcome is Outcome.INCOMPLETE:
            lines.append(f"  could go on: {', '.join(self.ending)}")
        if self.violation is not None and self.changes:
            lines.append(f"  {'nearest' if self.is_nearest else 'a near'} legal trace:")
            lines += [f"    {change}" for change in self.changes]
        if self.avoided is not None:
            lines.append(f"  legal, but at {self.avoided} it depends on others whether it can be finished")
        return "\n".join([*lines, *(f"  {warning}" for warning in self.warnings)])


def _quoted(opener: str) -> str:
    return '"' + opener.replace("\n", "\\n") + '"'
