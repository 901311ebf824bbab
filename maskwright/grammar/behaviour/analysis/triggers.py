"""What a rule waits for: the traces in which it asks for something.

    G(call(search) -> F answer)      F call(search)
    at most three of call(search)    F call(search)
    G(!delete | O confirm)           F delete
    F answer                         nothing: it asks for something of every trace

Read off the formula: every `G(!a | ...)` that the rule is a conjunction of waits for `a`, whatever `a` is. A rule for
which no trace has what it waits for is kept by doing nothing at all, which is rarely what was meant.
Source: Beer, Ben-David, Eisner, Rodeh, "Efficient detection of vacuity in temporal model checking" (2001), section 2,
for antecedents. Rejected: vacuity of every subformula (their general case): its findings are hard to read.
"""

from __future__ import annotations

from maskwright.grammar.behaviour.logic.formula import (
    FALSE,
    And,
    Formula,
    Not,
    Or,
    Release,
    conjunction,
    disjunction,
    eventually,
    negation,
)
from maskwright.grammar.behaviour.specification.spec import Rule


def trigger(rule: Rule) -> Formula | None:
    """The formula of the traces in which a rule asks for something; None if it does of every trace, or is not known."""
    if rule.formula is None:
        return eventually(rule.of) if rule.of is not None and not rule.minimum else None
    parts = rule.formula.parts if isinstance(rule.formula, And) else (rule.formula,)
    conditions = [condition for part in parts if (condition := _condition(part)) is not None]
    return eventually(disjunction(*conditions)) if len(conditions) == len(parts) else None


def _condition(formula: Formula) -> Formula | None:
    """What `G(!a | ...)` waits for: the conjunction of what is denied in it."""
    match formula:
        case Release(left, right) if left == FALSE:
            parts = right.parts if isinstance(right, Or) else (right,)
            denied = [part for part in parts if isinstance(part, Not)]
            return conjunction(*map(negation, denied)) if denied else None
    return None
