"""Check: rules that derive no text at all, because each of their alternatives needs one that never ends.

The reason that is told is a way through the rules: from the rule to the first that cannot end in each alternative,
until a rule comes back (then the cycle has no way out) or one without alternatives is met.
"""

from __future__ import annotations

from collections.abc import Iterator

from maskwright.grammar.lint.facts import Facts
from maskwright.grammar.lint.finding import Finding, Kind, Severity
from maskwright.grammar.lint.subject import Notation


def unproductive_rules(facts: Facts) -> Iterator[Finding]:
    """A finding for each written rule without any text; an error if it is the start."""
    subject = facts.subject
    for name in subject.written:
        if name not in facts.productive and name in subject.productions:
            severity = Severity.ERROR if name == subject.start else Severity.WARNING
            yield subject.finding(Kind.UNPRODUCTIVE, severity, name, f"rule '{name}' {_reason(name, facts)}")


def _reason(name: str, facts: Facts) -> str:
    way = _way(name, facts)
    if way[-1] not in way[:-1]:
        end = way[-1]
        if end == name:
            return "derives no text: it has no alternative that matches anything"
        return f"derives no text: it needs '{end}', which matches nothing"
    if way[-1] == name:
        chain = " -> ".join(way)
        again = f"needs '{name}' again" + (f" ({chain})" if len(way) > 2 else "")
        return f"derives no text: every alternative {again}, without end; {_remedy(facts)}"
    return f"derives no text: it needs '{way[-1]}', which derives none"


def _way(name: str, facts: Facts) -> list[str]:
    """Written rules from `name` on, each needed by the one before it, up to the first that comes back."""
    way = [name]
    while True:
        following = _needed(way[-1], facts)
        if following is None:
            return way
        # A rule that needs itself is the shortest reason for itself.
        way.append(following)
        if following in way[:-1]:
            return way


def _needed(name: str, facts: Facts) -> str | None:
    """A written rule without text in an alternative of this one; itself if possible."""
    subject = facts.subject
    todo = [name]
    seen = {name}
    needed: dict[str, None] = {}
    for part in todo:
        for body in subject.productions.get(part, ()):
            for symbol in body:
                if not isinstance(symbol, str) or symbol in facts.productive:
                    continue
                if symbol not in subject.owners:
                    needed[symbol] = None
                elif symbol not in seen:
                    seen.add(symbol)
                    todo.append(symbol)
    return name if name in needed else next(iter(needed), None)


def _remedy(facts: Facts) -> str:
    if facts.subject.notation is Notation.LARK:
        return (
            "add an alternative that ends, as in `list: item | item list`, or make the repetition optional with ? or *"
        )
    return (
        "add an alternative that ends, as in `list ::= item | item list`, or make the repetition optional with ? or *"
    )
