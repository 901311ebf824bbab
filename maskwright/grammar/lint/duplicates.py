"""Check: alternatives that are written twice in one rule or group. Cost: a look at each alternative."""

from __future__ import annotations

from collections.abc import Iterator

from maskwright.grammar.lint.facts import Facts
from maskwright.grammar.lint.finding import Finding, Kind, Severity


def duplicate_alternatives(facts: Facts) -> Iterator[Finding]:
    """A finding for each alternative that repeats an earlier one."""
    subject = facts.subject
    for head, bodies in subject.productions.items():
        place_of: dict[object, int] = {}
        for place, body in enumerate(bodies, 1):
            first = place_of.setdefault(body, place)
            if first != place:
                where = f"rule '{subject.owner(head)}'" if head not in subject.owners else (
                    f"a group in rule '{subject.owner(head)}'"
                )  # fmt: skip
                message = f"alternative {place} of {where} is the same as alternative {first}; remove one of them"
                yield subject.finding(Kind.DUPLICATE, Severity.WARNING, subject.owner(head), message)
