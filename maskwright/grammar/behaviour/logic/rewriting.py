"""A sequence of letters told from its end: what was said with X from its first letter, said with Y from its last.

`call(login) & X result.contains("ok")` is how people write that a login succeeded, but a rule about what must have been
earlier can only look back (see `past`): it has succeeded at the position where `result.contains("ok") & Y call(login)`.
"""

from __future__ import annotations

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.logic.formula import (
    And,
    Formula,
    Next,
    Or,
    conjunction,
    disjunction,
    parts_of,
    previous,
    subformulas,
)
from maskwright.grammar.behaviour.logic.past import has_future
from maskwright.grammar.behaviour.logic.printer import print_formula


def completed(formula: Formula) -> Formula:
    """The formula without future that holds where a sequence, joined from one letter after the other with X, has ended.

    Of alternatives each ends by itself; a formula without future stays as it is. Raises SpecError for what has no
    certain end, such as `F a` or `!X a`.

        completed(a & X(b & X c))  ->  Y Y a & Y b & c
    """
    if not has_future(formula):
        return formula
    if isinstance(formula, Or):
        return disjunction(*map(completed, formula.parts))
    return _seen_from(formula, _length(formula))


def _length(formula: Formula) -> int:
    """How many positions after its own a formula's last letter is."""
    length: dict[Formula, int] = {}
    for part in subformulas(formula):
        length[part] = max((length[inner] for inner in parts_of(part)), default=0) if has_future(part) else 0
        if isinstance(part, Next):
            length[part] += 1
    return length[formula]


def _seen_from(formula: Formula, distance: int) -> Formula:
    """The formula, asked about `distance` positions later."""
    if not has_future(formula):
        for _ in range(distance):
            formula = previous(formula)
        return formula
    match formula:
        case Next(part):
            return _seen_from(part, distance - 1)
        case And(parts):
            return conjunction(*(_seen_from(part, distance) for part in parts))
        case Or(parts):
            return disjunction(*(_seen_from(part, distance) for part in parts))
    raise SpecError(
        f"`{print_formula(formula)}` has no certain end, so nothing can be said to come after it; "
        "write a sequence with & and X only",
        "formula",
    )
