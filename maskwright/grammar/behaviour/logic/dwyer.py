"""The patterns of properties that are met in practice, each in five scopes, as published.

Scopes: the whole trace; before the first r; after a q; between each q and the next r, if there is one; after each q
until the next r, or the end. Source: Dwyer, Avrunin and Corbett 1999, "Patterns in property specifications for
finite-state verification", and the tables on their site; they mean infinite traces, and are read here over finite ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from maskwright.grammar.behaviour.logic.formula import (
    FALSE,
    Formula,
    conjunction,
    disjunction,
    eventually,
    globally,
    implies,
    negation,
    next_,
    once,
    until,
    weak_until,
)


class Extent(Enum):
    """Which part of a trace a pattern speaks of."""

    GLOBAL = "global"
    BEFORE = "before"
    AFTER = "after"
    BETWEEN = "between"
    AFTER_UNTIL = "after-until"


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of a trace: `after` is its q and `before` its r, where the extent has them."""

    extent: Extent = Extent.GLOBAL
    after: Formula = FALSE
    before: Formula = FALSE

    @property
    def opened(self) -> Formula:
        """Where a scope that has an end begins: a q that is no r."""
        return conjunction(self.after, negation(self.before))


def absence(p: Formula, scope: Scope) -> Formula:
    """No p in the scope."""
    return universality(negation(p), scope)


def universality(p: Formula, scope: Scope) -> Formula:
    """All of the scope is p."""
    return _lasting(scope, p, scope.before, globally(p))


def existence(p: Formula, scope: Scope) -> Formula:
    """Some p in the scope."""
    q, r = scope.after, scope.before
    inside = conjunction(p, negation(r))
    match scope.extent:
        case Extent.GLOBAL:
            return eventually(p)
        case Extent.BEFORE:
            return weak_until(negation(r), inside)
        case Extent.AFTER:
            return disjunction(globally(negation(q)), eventually(conjunction(q, eventually(p))))
        case Extent.BETWEEN:
            return globally(implies(scope.opened, weak_until(negation(r), inside)))
    return globally(implies(scope.opened, until(negation(r), inside)))


def precedence(p: Formula, s: Formula, scope: Scope) -> Formula:
    """Before the first p of the scope, or with it, there is an s in the scope."""
    if scope.extent is Extent.AFTER:
        q = scope.after
        first = weak_until(negation(p), s)
        return disjunction(globally(negation(q)), eventually(conjunction(q, first)))
    return _lasting(scope, negation(p), disjunction(s, scope.before), globally(implies(p, once(s))))


def response(p: Formula, s: Formula, scope: Scope) -> Formula:
    """Every p of the scope has an s at it or later in the scope."""
    r = scope.before
    answered = implies(p, until(negation(r), conjunction(s, negation(r))))
    return _lasting(scope, answered, r, globally(implies(p, eventually(s))))


def _lasting(scope: Scope, what: Formula, end: Formula, forever: Formula) -> Formula:
    """`what` lasts from the beginning of the scope to `end`; `forever` says the same where the scope has no end."""
    match scope.extent:
        case Extent.GLOBAL:
            return forever
        case Extent.BEFORE:
            return implies(eventually(scope.before), until(what, end))
        case Extent.AFTER:
            return globally(implies(scope.after, forever))
        case Extent.BETWEEN:
            opened_and_closed = conjunction(scope.opened, eventually(scope.before))
            return globally(implies(opened_and_closed, until(what, end)))
    return globally(implies(scope.opened, weak_until(what, end)))


def at_most_two_stretches(p: Formula) -> Formula:
    """Bounded existence: p holds in two stretches at most."""
    formula = globally(negation(p))
    for part in (p, negation(p), p, negation(p)):
        formula = weak_until(part, formula)
    return formula


def two_precede(p: Formula, s: Formula, t: Formula) -> Formula:
    """Precedence chain, two causes and one effect: before the first p there is an s, and after that a t."""
    then = next_(until(negation(p), t))
    return implies(eventually(p), until(negation(p), conjunction(s, negation(p), then)))


def responds_to_two(p: Formula, s: Formula, t: Formula) -> Formula:
    """Response chain, two stimuli and one response: when an s has a t later, that has a p at it or later."""
    condition = conjunction(s, next_(eventually(t)))
    return globally(implies(condition, next_(eventually(conjunction(t, eventually(p))))))


def two_respond(p: Formula, s: Formula, t: Formula) -> Formula:
    """Response chain, one stimulus and two responses: every p has an s, and that a t later."""
    return globally(implies(p, eventually(conjunction(s, next_(eventually(t))))))


def two_respond_without(p: Formula, s: Formula, t: Formula, z: Formula) -> Formula:
    """Constrained chain: every p has an s, and that a t later, with no z from the s to the t."""
    then = next_(until(negation(z), t))
    return globally(implies(p, eventually(conjunction(s, negation(z), then))))
