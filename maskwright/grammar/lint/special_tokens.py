"""Check: literals in which a special token of the vocabulary is spelled out.

A grammar that says "</s>" means four characters, which ordinary tokens spell; the special token of that name is never
taken for them. Whoever meant the token has to name it, and whoever meant the characters should know that a chat
template may read them as the token afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from maskwright.grammar.lint.facts import Facts
from maskwright.grammar.lint.finding import Finding, Kind, Severity
from maskwright.grammar.lint.subject import Notation, Subject, Word


def special_token_clashes(facts: Facts, special_tokens: Iterable[str]) -> Iterator[Finding]:
    """A finding for each rule and special token whose spelling is in a literal of the rule."""
    subject = facts.subject
    is_bytes = subject.notation is Notation.NONE
    spelled = [(name, name.encode().decode("latin-1") if is_bytes else name) for name in special_tokens if name]
    told: set[tuple[str, str]] = set()
    for head, bodies in subject.productions.items():
        for symbol in (symbol for body in bodies for symbol in body):
            if not isinstance(symbol, Word):
                continue
            for name, spelling in spelled:
                owner = subject.owner(head)
                if spelling in symbol.text and (owner, name) not in told:
                    told.add((owner, name))
                    text = symbol.text.encode("latin-1").decode(errors="replace") if is_bytes else symbol.text
                    yield clash(subject, owner, f"rule '{owner}'", name, text)


def clash(subject: Subject, rule: str, where: str, token: str, literal: str) -> Finding:
    """The finding about one literal."""
    how = f"name the token, as in {token}" if subject.notation is Notation.GBNF and token.startswith("<") else (
        "name the token in the way of the notation instead of quoting it"
    )  # fmt: skip
    holds = "is" if literal == token else f"contains {token!r},"
    message = (
        f"the literal {literal!r} in {where} {holds} the spelling of a special token: the grammar means the "
        f"characters, and the special token is never taken for them; if it was meant, {how}"
    )
    return subject.finding(Kind.SPECIAL_TOKEN, Severity.WARNING, rule, message, example=literal)
