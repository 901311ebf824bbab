"""What lint has to say of a specification: one record a finding, as `grammar.lint` has it for grammars.

A finding is a claim that holds: a rule that is called implied may be deleted. What could not be decided within the
limits is a finding of its own (`Kind.NOT_EXAMINED`), never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from maskwright.grammar.lint.finding import Severity


class Kind(Enum):
    """What was found, from worst to least."""

    UNSATISFIABLE = "unsatisfiable"
    """No trace at all satisfies it."""
    CANNOT_BE_FOLLOWED = "cannot-be-followed"
    """There are traces, but no policy that finishes one whatever the environment writes, or none can be made."""
    BUDGET_TOO_SMALL = "budget-too-small"
    VACUOUS = "vacuous-rule"
    """What the rule waits for never happens."""
    IMPLIED = "implied-rule"
    """The flow and the other rules say it already."""
    UNREACHABLE = "unreachable-segment"
    WARNING_CONTRADICTS = "warning-contradicts"
    """There are situations in which every legal ending breaks a warning."""
    NEVER_TRIGGERED = "never-triggered"
    """In none of the examples the rule was of any account."""
    NOT_EXAMINED = "not-examined"


_PLACE_OF_KIND = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    message: one sentence, with what to do. rules: the ids of the rules that it is about. segment: the segment, or "".
    witness: a trace, as names of segments with conditions, that shows it; "" where there is none.
    """

    kind: Kind
    severity: Severity
    message: str
    rules: tuple[str, ...] = ()
    segment: str = ""
    witness: str = ""

    def __str__(self) -> str:
        witness = f"\n  {self.witness}" if self.witness else ""
        return f"{self.severity.value}: {self.message} [{self.kind.value}]{witness}"

    def to_json(self) -> dict[str, Any]:
        """The finding as a JSON object."""
        return asdict(self) | {"kind": self.kind.value, "severity": self.severity.value, "rules": list(self.rules)}


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By kind, then by rules, segment and message."""
    return tuple(sorted(findings, key=lambda one: (_PLACE_OF_KIND[one.kind], one.rules, one.segment, one.message)))
