"""`maskwright behaviour lint`: what is doubtful in a specification, and whether its examples follow it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.integrations.command_line.behaviour.checking import Checked, check
from maskwright.integrations.command_line.behaviour.traces import FileTrace
from maskwright.integrations.command_line.messages import compiling

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


def least_budget(spec: Spec, tokenizer: str) -> int | None:
    """The fewest tokens of this tokenizer that always suffice; None if no trace can be finished at all.

    Raises VocabularyGap if it cannot spell the traces.
    """
    from maskwright.errors import SpecError
    from maskwright.grammar.behaviour.specification.spec import Budget
    from maskwright.integrations.command_line.vocabularies import load_vocabulary

    named = load_vocabulary(tokenizer)
    with compiling():
        from maskwright import Compiler

        try:
            return Compiler(named.vocabulary).compile_behaviour(spec, budget=Budget()).least_budget
        except SpecError:  # what is wrong with it is among the findings
            return None


def lint(spec: Spec, examples: Sequence[FileTrace], least_tokens: int | None) -> Linted:
    """Look at a specification, at examples of it, and at the least budget for some tokenizer if it is known."""
    from maskwright.grammar.behaviour.analysis.linting import lint as findings_of

    findings = findings_of(spec, [example.trace for example in examples], least_tokens=least_tokens)
    return Linted(findings, tuple(one for one in check(spec, examples) if not one.report.is_ok))


def print_linted(linted: Linted, as_json: bool) -> None:
    """All of it, on stdout."""
    print(json.dumps(linted.to_json(), indent=2, ensure_ascii=False) if as_json else "\n".join(linted.lines()))
