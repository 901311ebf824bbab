"""`maskwright behaviour check`: do prompt examples follow a specification, and if not, where not and what then?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from maskwright.integrations.command_line.behaviour.traces import FileTrace

if TYPE_CHECKING:
    from maskwright.grammar.behaviour.analysis.report import Report
    from maskwright.grammar.behaviour.analysis.traces import Place
    from maskwright.grammar.behaviour.specification.spec import Spec


@dataclass(frozen=True, slots=True)
class Checked:
    """A trace of a file and what the checker says of it, its lines counted as in the file."""

    source: FileTrace
    report: Report

    @property
    def name(self) -> str:
        """Where: file, line, and if something is wrong there, its column."""
        violation = self.report.violation
        if violation is None or not isinstance(self.source.trace, str):
            return f"{self.source.file}: trace {self.source.number}"
        place = violation.place
        return f"{self.source.file}:{place.line}:{place.column}: trace {self.source.number}"

    def lines(self) -> list[str]:
        """For people: the first line says where and what, the others what could be done."""
        return [f"{self.name}: {self.report}"]

    def to_json(self) -> dict[str, Any]:
        """The same for programs; `position` counts characters of the trace."""
        report, violation = self.report, self.report.violation
        return {
            "file": self.source.file,
            "trace": self.source.number,
            "line": self.source.line,
            "outcome": report.outcome.value,
            "violation": None
            if violation is None
            else {
                **_place(violation.place),
                "segment": violation.segment,
                "message": violation.message,
                "rules": list(violation.rules),
                "why": list(violation.why),
                "expected": [one.segment for one in violation.expected],
                "may_end": violation.may_end,
            },
            "nearest": [str(change) for change in report.changes],
            "ending": list(report.ending),
            "warnings": [
                {"rule": one.rule, "why": one.why} | ({} if one.place is None else _place(one.place))
                for one in report.warnings
            ],
        }


def check(spec: Spec, traces: Sequence[FileTrace]) -> list[Checked]:
    """Every one of the traces."""
    from maskwright.grammar.behaviour.analysis.checking import Checker

    checker = Checker.of(spec)
    return [Checked(trace, _in_file(checker.check(trace.trace), trace)) for trace in traces]


def print_checked(checked: Sequence[Checked], as_json: bool) -> None:
    """All of it, on stdout; what is in order takes no line of its own."""
    if as_json:
        print(json.dumps([one.to_json() for one in checked], indent=2, ensure_ascii=False))
        return
    for one in checked:
        if not one.report.is_ok or one.report.warnings or one.report.avoided:
            print("\n".join(one.lines()))
    counts = Counter(one.report.outcome.value for one in checked)
    print(f"{len(checked)} traces: " + ", ".join(f"{n} {outcome}" for outcome, n in counts.items()))


def _in_file(report: Report, trace: FileTrace) -> Report:
    """The report with the lines of the file."""

    def moved(place: Place) -> Place:
        return replace(place, line=place.line + trace.line - 1)

    violation, avoided = report.violation, report.avoided
    return replace(
        report,
        violation=None if violation is None else replace(violation, place=moved(violation.place)),
        warnings=tuple(one if one.place is None else replace(one, place=moved(one.place)) for one in report.warnings),
        avoided=None if avoided is None else moved(avoided),
    )


def _place(place: Place) -> dict[str, int]:
    return {"line": place.line, "column": place.column, "position": place.position}
