"""What several checks want to know of a grammar: textbook fixpoints over its productions, computed once.

Cost: linear in the productions, each fixpoint with a counter of what is still missing (Dowling and Gallier's
algorithm for Horn clauses), since a schema has tens of thousands of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from maskwright.grammar.lint.subject import Body, Leaf, Some, Subject


@dataclass(frozen=True, slots=True)
class Facts:
    """A subject with: what derives the empty text, what derives any text, and what the start leads to (in order)."""

    subject: Subject
    nullable: frozenset[str]
    productive: frozenset[str]
    reachable: tuple[str, ...]


def facts_of(subject: Subject) -> Facts:
    """Compute all of it."""
    return Facts(
        subject,
        nullable=_derivers(subject.productions, is_nullable_leaf),
        productive=_derivers(subject.productions, lambda _: True),
        reachable=reachable_from([subject.start], subject),
    )


def is_nullable_leaf(leaf: Leaf) -> bool:
    """Is the empty text among the texts of a leaf?"""
    return isinstance(leaf, Some) and leaf.texts[:1] == ("",)


def _derivers(productions: Mapping[str, tuple[Body, ...]], is_fine: Callable[[Leaf], bool]) -> frozenset[str]:
    """The nonterminals with a derivation whose leaves are all fine."""
    users: dict[str, list[int]] = {}
    heads: list[str] = []
    missing: list[int] = []
    found: set[str] = set()
    todo: list[str] = []
    for head, bodies in productions.items():
        for body in bodies:
            if all(isinstance(symbol, str) or is_fine(symbol) for symbol in body):
                needed = {symbol for symbol in body if isinstance(symbol, str)}
                for name in needed:
                    users.setdefault(name, []).append(len(heads))
                heads.append(head)
                missing.append(len(needed))
                if not needed and head not in found:
                    found.add(head)
                    todo.append(head)
    while todo:
        for place in users.get(todo.pop(), ()):
            missing[place] -= 1
            if missing[place] == 0 and heads[place] not in found:
                found.add(heads[place])
                todo.append(heads[place])
    return frozenset(found)


def reachable_from(names: Iterable[str], subject: Subject) -> tuple[str, ...]:
    """The nonterminals that these lead to, themselves included, in the order of a breadth-first search."""
    found = dict.fromkeys(names)
    todo = list(found)
    for name in todo:
        bodies = (*subject.productions.get(name, ()), subject.mentions.get(name, ()))
        for symbol in (symbol for body in bodies for symbol in body):
            if isinstance(symbol, str) and symbol not in found:
                found[symbol] = None
                todo.append(symbol)
    return tuple(found)
