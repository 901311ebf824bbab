"""Check: rules that no text of the grammar can use, because nothing leads to them from the start.

(Terminals of Lark are checked in `terminals`, where it is known which of them are parts of others.)
"""

from __future__ import annotations

from collections.abc import Iterator

from maskwright.grammar.lint.facts import Facts
from maskwright.grammar.lint.finding import Finding, Kind, Severity
from maskwright.grammar.lint.subject import listed


def unreachable_rules(facts: Facts) -> Iterator[Finding]:
    """A finding for each written rule that the start does not lead to."""
    subject = facts.subject
    reached = {subject.owner(name) for name in facts.reachable}
    users: dict[str, dict[str, None]] = {}
    for head, bodies in subject.productions.items():
        for symbol in (symbol for body in (*bodies, subject.mentions.get(head, ())) for symbol in body):
            if isinstance(symbol, str) and subject.owner(symbol) != subject.owner(head):
                users.setdefault(symbol, {})[subject.owner(head)] = None
    for name in subject.written:
        if name in reached:
            continue
        used_by = list(users.get(name, ()))
        why = f"only rules that are never used lead to it ({listed(used_by)})" if used_by else "no rule leads to it"
        advice = "use it, start from it, or remove it"
        message = f"rule '{name}' is never used: from the start '{subject.start}' {why}; {advice}"
        yield subject.finding(Kind.UNREACHABLE, Severity.WARNING, name, message)
