"""A calculator for agents: arithmetic as models write it, exact, and never more than arithmetic.

    calculate("(48 + 24) / 2")      -> "36"
    calculate("1,200 * 15%")        -> "180"
    calculate("2 / 3")              -> "0.666666666667"
    calculate("3 apples")           -> "Error: an operator or the end was expected at character 3, not 'apples'."

Numbers with thousands separators, `+ - * / // ** ^ ( )`, `%` as a sign behind a number (percent) or between two
(remainder), and the typographic signs for minus, times and division. Values are fractions, so nothing is rounded before
it is printed; only a root (a power that is not whole) is computed in floating point.

Whatever is given, the answer is a text, within milliseconds: the expression has a greatest length, parentheses a
greatest depth, numbers a greatest size. A tool that fails must tell the model so, not stop the agent; hence no
exceptions.

Method: precedence climbing, one function for each level (Richards and Whitby-Strevens, "BCPL", 1979, section 6.6).
Rejected: `eval` on a list of allowed names (`9**9**9` takes all memory), and Python's `ast` with allowed nodes, which
reads neither `15%` nor `1,200` and fails in its own ways on what is nested deeply.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final

MAX_LENGTH: Final = 400
"""Characters of an expression; what models ask is a tenth of that."""

MAX_DEPTH: Final = 40
"""Of parentheses, signs and towers of powers, each a call of its own here."""

MAX_BITS: Final = 1024
"""Of a numerator or denominator: about as far as floating-point numbers go."""

SHOWN_DIGITS: Final = 12
"""Of a number that no decimal fraction is equal to."""

_TOKEN: Final = re.compile(
    r"\s*(?:(\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d*)?|\d+\.?\d*|\.\d+)|(\*\*|//|[-+*/%^()])|([^\W\d]+|\S))"
)
_PLAIN: Final = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "$": " ", "€": " ", "=": " "})


class _Mistake(Exception):
    """What is wrong with an expression, as a sentence without its full stop."""


def calculate(expression: str) -> str:
    """The value of an arithmetic expression as a text, or `"Error: ..."`."""
    if len(expression) > MAX_LENGTH:
        return f"Error: the expression has {len(expression)} characters, at most {MAX_LENGTH} are read."
    text = expression.translate(_PLAIN).rstrip()
    try:
        position, value = _sum(text, 0, 0)
        kind, shown, _ = _token(text, position)
        if kind != "end":
            raise _Mistake(f"an operator or the end was expected at character {_place(text, position)}, not {shown!r}")
    except _Mistake as mistake:
        return f"Error: {mistake}."
    return _printed(value)


def _token(text: str, position: int) -> tuple[str, str, int]:
    """The kind ("number", "sign", "other", "end") and text of what comes next, and where it ends."""
    found = _TOKEN.match(text, position)
    if found is None:
        return "end", "the end", position
    number, sign, other = found.groups()
    kind = "number" if number else "sign" if sign else "other"
    return kind, number or sign or other, found.end()


def _place(text: str, position: int) -> int:
    return len(text) - len(text[position:].lstrip()) + 1


def _sum(text: str, position: int, depth: int) -> tuple[int, Fraction]:
    return _left_to_right(text, position, depth, _product, {"+": lambda a, b: a + b, "-": lambda a, b: a - b})


def _product(text: str, position: int, depth: int) -> tuple[int, Fraction]:
    return _left_to_right(
        text,
        position,
        depth,
        _power,
        {"*": lambda a, b: a * b, "/": _quotient, "//": lambda a, b: Fraction(_quotient(a, b).__floor__()), "%": _rest},
    )


def _left_to_right(
    text: str,
    position: int,
    depth: int,
    operand: Callable[[str, int, int], tuple[int, Fraction]],
    operators: dict[str, Callable[[Fraction, Fraction], Fraction]],
) -> tuple[int, Fraction]:
    """Operands with operators of one precedence between them."""
    position, value = operand(text, position, depth)
    while True:
        _, sign, end = _token(text, position)
        if sign not in operators:
            return position, value
        position, right = operand(text, end, depth)
        value = _bounded(operators[sign](value, right))


def _power(text: str, position: int, depth: int) -> tuple[int, Fraction]:
    """A signed operand, or a power, which binds more strongly on its left than a sign and associates to the right."""
    if depth > MAX_DEPTH:
        raise _Mistake(f"the expression is nested more than {MAX_DEPTH} deep")
    kind, sign, end = _token(text, position)
    if kind == "sign" and sign in "+-":
        position, value = _power(text, end, depth + 1)
        return position, -value if sign == "-" else value
    position, base = _operand(text, position, depth)
    _, sign, end = _token(text, position)
    if sign not in ("**", "^"):
        return position, base
    position, exponent = _power(text, end, depth + 1)
    return position, _raised(base, exponent)


def _operand(text: str, position: int, depth: int) -> tuple[int, Fraction]:
    kind, shown, end = _token(text, position)
    if kind == "number":
        value = _bounded(Fraction(shown.replace(",", "")))
    elif shown == "(":
        end, value = _sum(text, end, depth + 1)
        _, closing, after = _token(text, end)
        if closing != ")":
            raise _Mistake(f"')' was expected at character {_place(text, end)}, not {closing!r}")
        end = after
    else:
        raise _Mistake(f"a number was expected at character {_place(text, position)}, not {shown!r}")
    return _percent(text, end, value)


def _percent(text: str, position: int, value: Fraction) -> tuple[int, Fraction]:
    """A `%` that no operand follows is a percent sign."""
    _, sign, end = _token(text, position)
    if sign != "%":
        return position, value
    kind, following, _ = _token(text, end)
    return (position, value) if kind == "number" or following == "(" else (end, value / 100)


def _quotient(a: Fraction, b: Fraction) -> Fraction:
    if not b:
        raise _Mistake("a number is divided by zero")
    return a / b


def _rest(a: Fraction, b: Fraction) -> Fraction:
    return a - b * _quotient(a, b).__floor__()


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    if not base and exponent < 0:
        raise _Mistake("a number is divided by zero")
    if exponent.denominator == 1:
        size = max(abs(base.numerator), base.denominator).bit_length() - 1
        if size * abs(exponent.numerator) > MAX_BITS:
            raise _Mistake("a number becomes too large")
        return Fraction(base**exponent.numerator)
    if base < 0:
        raise _Mistake("a negative number has no real root")
    try:
        return _bounded(Fraction(float(base) ** float(exponent)))
    except OverflowError:
        raise _Mistake("a number becomes too large") from None


def _bounded(value: Fraction) -> Fraction:
    if max(abs(value.numerator), value.denominator).bit_length() > MAX_BITS + 64:
        raise _Mistake("a number becomes too large")
    return value


def _printed(value: Fraction) -> str:
    """As an integer, as the decimal fraction that it is, or rounded to `SHOWN_DIGITS` digits."""
    if value.denominator == 1:
        return str(value.numerator)
    context = Context(prec=SHOWN_DIGITS, rounding=ROUND_HALF_EVEN)
    rounded = context.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(context)
    return f"{rounded:f}" if -SHOWN_DIGITS < rounded.adjusted() < SHOWN_DIGITS else f"{rounded:e}"
