"""Arithmetic, against Python's own, and what hostile expressions are answered."""

from __future__ import annotations

import re
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.integrations.agents.calculator import calculate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("48 + 24", "72"),
        ("(48+24)/2", "36"),
        ("2 - 3 - 4", "-5"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 2", "512"),
        ("2 ** -1", "0.5"),
        ("2^10", "1024"),
        ("1,200 * 15%", "180"),
        ("50% % 3", "0.5"),
        ("7 % 3", "1"),
        ("-7 // 2", "-4"),
        ("$1,234.50 − 34.5", "1200"),
        ("6 × 7", "42"),
        ("2/3", "0.666666666667"),
        ("1/8", "0.125"),
        ("0.1 + 0.2", "0.3"),
        ("16 ** 0.5", "4"),
        ("10 ** 20 / 3", "3.33333333333e+19"),
        ("48 / 2 =", "24"),
    ],
)
def test_expressions_have_their_values(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "a number was expected at character 1, not 'the end'"),
        ("3 apples", "an operator or the end was expected at character 3, not 'apples'"),
        ("1 / 0", "a number is divided by zero"),
        ("0 ** -1", "a number is divided by zero"),
        ("(1 + 2", "')' was expected at character 7, not 'the end'"),
        ("1,00", "an operator or the end was expected at character 2, not ','"),
        ("9**9**9**9", "a number becomes too large"),
        ("2**1024*2**1024", "a number becomes too large"),
        ("9" * 400, "a number becomes too large"),
        ("(-8) ** 0.5", "a negative number has no real root"),
        ("(" * 100, "the expression is nested more than 40 deep"),
        ("-" * 399 + "1", "the expression is nested more than 40 deep"),
        ("__import__('os')", "a number was expected at character 1, not '__import__'"),
        ("1" * 401, "the expression has 401 characters, at most 400 are read"),
    ],
)
def test_mistakes_are_told_in_one_sentence(expression: str, message: str) -> None:
    assert calculate(expression) == f"Error: {message}."


OPERANDS = st.integers(0, 99).map(str)
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//"]), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_python_agrees(expression: str) -> None:
    try:
        exact = eval(re.sub(r"\d+", r"Fraction(\g<0>)", expression))
    except ZeroDivisionError:
        assert calculate(expression) == "Error: a number is divided by zero."
        return
    except RecursionError:
        return
    answer = calculate(expression)
    if answer.startswith("Error: the expression has"):
        return
    assert float(Fraction(answer)) == pytest.approx(float(exact), rel=1e-11)


@given(st.text("0123456789+-*/%^().,$ e=", max_size=400))
def test_every_text_is_answered_at_once(expression: str) -> None:
    began = time.perf_counter()
    assert calculate(expression)
    assert time.perf_counter() - began < 0.2
