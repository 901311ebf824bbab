"""`maskwright behaviour lint`: what is doubtful in a specification, and whether its examples follow it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.integrations.command_line.behaviour.checking import Checked, check
from maskwright.integrations.command_line.behaviour.traces import FileTrace

if TYPE_CHECKING:
    from maskwright.grammar.behaviour.analysis.findings import Finding
    from maskwright.grammar.behaviour.specification.spec import Spec


@dataclass(frozen=True, slots=True)
class Linted:
    """The findings about a specification, and the examples that do not follow it."""

    findings: tuple[Finding, ...]
    broken: tuple[Checked, ...]

    @property
    def is_fine(self) -> bool:
        """Is there no error and no warning?"""
        from maskwright.grammar.lint.finding import Severity

        return not self.broken and all(finding.severity is Severity.INFORMATION for finding in self.findings)

    def lines(self) -> list[str]:
        """The findings for people, and how many there are of each severity."""
        counts = Counter(finding.severity.value for finding in self.findings)
        counts["error"] += len(self.broken)
        shown = [*map(str, self.findings), *(f"error: example {line}" for one in self.broken for line in one.lines())]
        words = {"error": ("error", "errors"), "warning": ("warning", "warnings")}
        told = [f"{n} {words.get(name, ('for information',) * 2)[n > 1]}" for name, n in counts.items() if n]
        return [*shown, ", ".join(told) or "nothing found"]

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        findings = [finding.to_json() for finding in self.findings]
        return {"findings": findings, "examples": [one.to_json() for one in self.broken]}


def lint(spec: Spec, examples: Sequence[FileTrace]) -> Linted:
    """Look at a specification and at examples of it."""
    from maskwright.grammar.behaviour.analysis.linting import lint as findings_of

    findings = findings_of(spec, [example.trace for example in examples])
    return Linted(findings, tuple(one for one in check(spec, examples) if not one.report.is_ok))


def print_linted(linted: Linted, as_json: bool) -> None:
    """All of it, on stdout."""
    print(json.dumps(linted.to_json(), indent=2, ensure_ascii=False) if as_json else "\n".join(linted.lines()))
