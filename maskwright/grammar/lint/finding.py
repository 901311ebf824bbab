"""What lint has to say: one record a finding, in an order that depends on nothing but the grammar.

A finding is a claim that holds: whoever is told that a terminal can never occur may delete it. What could not be
decided within the limits is a finding of its own (`Kind.NOT_EXAMINED`), never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any


class Severity(Enum):
    """How bad it is, from worst to best."""

    ERROR = "error"
    """No text, or no parser, comes of this."""
    WARNING = "warning"
    """Very likely not what was meant."""
    INFORMATION = "information"
    """Worth knowing; often meant."""


class Kind(Enum):
    """What was found; `docs/lint.md` has an example of each."""

    UNREACHABLE = "unreachable"
    UNPRODUCTIVE = "unproductive"
    CYCLE = "cycle"
    NULLABLE_LOOP = "nullable-loop"
    LEFT_RECURSION = "left-recursion"
    DUPLICATE = "duplicate-alternative"
    AMBIGUITY = "ambiguity"
    CONFLICT = "conflict"
    EMPTY_TERMINAL = "empty-terminal"
    SHADOWED = "shadowed-terminal"
    OVERLAP = "overlapping-terminals"
    SPECIAL_TOKEN = "special-token"
    NOT_EXAMINED = "not-examined"


_PLACE_OF_KIND = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    rule: the rule or terminal that it is about, None where it is about the whole grammar.
    message: one sentence, with what to do.
    position: characters from the beginning of the grammar's text, counted from 0, with `line` and `column` from 1;
        None where there is no text or no place in it.
    example: a text that shows it.
    """

    kind: Kind
    severity: Severity
    rule: str | None
    message: str
    position: int | None = None
    line: int | None = None
    column: int | None = None
    example: str | None = None

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}: " if self.position is not None else ""
        return f"{where}{self.severity.value}: {self.message} [{self.kind.value}]"

    def translated(self, place: Callable[[int], int], text: str, shown: Mapping[str, str]) -> Finding:
        """The finding about a text that was made of another: `place` leads back, `shown` is what names stand for."""
        message = self.message
        for name, written in shown.items():
            message = message.replace(name, written)
        if self.position is None:
            return replace(self, message=message)
        position = place(self.position)
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        return replace(self, message=message, position=position, line=line, column=column)

    def to_json(self) -> dict[str, Any]:
        """The finding as a JSON object."""
        return asdict(self) | {"kind": self.kind.value, "severity": self.severity.value}


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By place in the text, those without a place last; then by kind, rule and message."""

    def key(finding: Finding) -> tuple[bool, int, int, str, str]:
        kind = _PLACE_OF_KIND[finding.kind]
        return finding.position is None, finding.position or 0, kind, finding.rule or "", finding.message

    return tuple(sorted(findings, key=key))
