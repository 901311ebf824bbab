"""Formulas as texts that read back as the same formula.

What the constructors spell out is put back where its form is certain: `F a` for `true U a`, `a -> b` for `!a | b`,
`a W b` for `b R (a | b)`. Parentheses stand where the parser needs them, and around comparisons under an operator,
where people do.
"""

from __future__ import annotations

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.atoms import FieldAtom, LengthAtom
from maskwright.grammar.behaviour.logic.formula import (
    FALSE,
    FIRST,
    LAST,
    TRUE,
    And,
    Constant,
    Formula,
    Holds,
    Next,
    Not,
    Or,
    Previous,
    Release,
    Since,
    Triggered,
    Until,
    WeakNext,
    WeakPrevious,
    conjunction,
    disjunction,
    parts_of,
    subformulas,
)

_MAX_CHARACTERS = 1_000_000
"""A formula shares equal parts, its text repeats them, and may be exponentially longer."""

_IMPLICATION, _DISJUNCTION, _CONJUNCTION, _BINARY, _COMPARISON, _UNARY = range(6)
"""How strongly a text holds together; the operands of an operator must hold together more strongly than it does."""

_UNARY_SIGNS: dict[type[Formula], str] = {Not: "!", Next: "X", WeakNext: "N", Previous: "Y", WeakPrevious: "Z"}
_BINARY_SIGNS: dict[type[Formula], str] = {Until: "U", Release: "R", Since: "S", Triggered: "T"}
_TURNED_SIGNS: dict[type[Formula], str] = {Until: "M", Release: "W"}
_CONSTANT_LEFT: dict[tuple[type[Formula], Formula], str] = {
    (Until, TRUE): "F",
    (Release, FALSE): "G",
    (Since, TRUE): "O",
    (Triggered, FALSE): "H",
}

_Text = tuple[str, int]


def print_formula(formula: Formula) -> str:
    """The formula as a text that `parse_formula` reads; raises LimitExceeded beyond a million characters."""
    texts: dict[Formula, _Text] = {}
    for part in subformulas(formula):
        texts[part] = _text(part, texts)
        if len(texts[part][0]) > _MAX_CHARACTERS:
            raise LimitExceeded("The text of a formula", len(texts[part][0]), _MAX_CHARACTERS)
    return texts[formula][0]


def _shown_parts(formula: Formula) -> tuple[Formula, ...]:
    """The operands that the text of a formula has, which are not always its parts."""
    match formula:
        case Or((Not(condition), consequence, *rest)) if not isinstance(consequence, Not):
            return (condition, disjunction(consequence, *rest))
        case Until(left, And(parts)) if left == parts[-1]:
            return (conjunction(*parts[:-1]), left)
        case Release(left, Or(parts)) if left == parts[-1]:
            return (disjunction(*parts[:-1]), left)
    return parts_of(formula)


def _text(formula: Formula, texts: dict[Formula, _Text]) -> _Text:
    """The text of a formula; `texts` has those of its parts."""
    shown = _shown_parts(formula)
    if formula in {LAST, FIRST}:
        return ("last" if formula == LAST else "first"), _UNARY
    # A shown operand that is no part is a piece of a conjunction or disjunction, whose own operands are parts.
    operands = [texts[part] if part in texts else _text(part, texts) for part in shown]
    match formula:
        case Constant(value):
            return ("true" if value else "false"), _UNARY
        case Holds(atom):
            return str(atom), _COMPARISON if isinstance(atom, FieldAtom | LengthAtom) else _UNARY
        case And():
            return " & ".join(_within(operand, _CONJUNCTION + 1) for operand in operands), _CONJUNCTION
        case Or(parts) if shown == parts:
            return " | ".join(_within(operand, _DISJUNCTION + 1) for operand in operands), _DISJUNCTION
        case Or():
            condition, consequence = operands
            return f"{_within(condition, _IMPLICATION + 1)} -> {_within(consequence, _IMPLICATION)}", _IMPLICATION
        case Until(left, right) | Release(left, right) | Since(left, right) | Triggered(left, right):
            sign = _CONSTANT_LEFT.get((type(formula), left))
            if sign is not None:
                return _unary(sign, operands[1]), _UNARY
            signs = _BINARY_SIGNS if shown == (left, right) else _TURNED_SIGNS
            first, second = operands
            return f"{_within(first, _BINARY + 1)} {signs[type(formula)]} {_within(second, _BINARY)}", _BINARY
    return _unary(_UNARY_SIGNS[type(formula)], operands[0]), _UNARY


def _unary(sign: str, operand: _Text) -> str:
    text = _within(operand, _UNARY)
    return sign + text if sign == "!" or text.startswith("(") else f"{sign} {text}"


def _within(text: _Text, strength: int) -> str:
    """The text, in parentheses if it does not hold together so strongly."""
    return text[0] if text[1] >= strength else f"({text[0]})"
