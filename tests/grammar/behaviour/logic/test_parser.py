"""Texts of formulas: what they are read as, what is refused and where, and that the printer's texts read back."""

from __future__ import annotations

import random

import pytest

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.behaviour.atoms import (
    Atom,
    CallAtom,
    Comparison,
    FieldAtom,
    LengthAtom,
    TextAtom,
    TextTest,
    Variable,
)
from maskwright.grammar.behaviour.logic import formula as fm
from maskwright.grammar.behaviour.logic import parse_formula, print_formula
from maskwright.grammar.behaviour.logic.formula import Formula, holds
from tests.naive.ltlf import random_formula

A, B, C, D = map(holds, "abcd")

FUTURE_INSIDE_PAST = (
    "looks into the future from inside a past operator; say it from its end: O(b & Y a) instead of O(a & X b)"
)

OPERATORS = [
    ("a & b | c", fm.disjunction(fm.conjunction(A, B), C)),
    ("a && b || ~c", fm.disjunction(fm.conjunction(A, B), fm.negation(C))),
    ("a -> b -> c", fm.implies(A, fm.implies(B, C))),
    ("a <-> b", fm.equivalent(A, B)),
    ("a | b -> c", fm.implies(fm.disjunction(A, B), C)),
    ("a U b U c", fm.until(A, fm.until(B, C))),
    ("a U b & c", fm.conjunction(fm.until(A, B), C)),
    ("!a U X b", fm.until(fm.negation(A), fm.next_(B))),
    ("a R b | c W d", fm.disjunction(fm.release(A, B), fm.weak_until(C, D))),
    ("a M b", fm.strong_release(A, B)),
    ("a S b T c", fm.since(A, fm.triggered(B, C))),
    ("N F G a", fm.weak_next(fm.eventually(fm.globally(A)))),
    ("Y Z O H a", fm.previous(fm.weak_previous(fm.once(fm.historically(A))))),
    ("first & X !last", fm.conjunction(fm.FIRST, fm.next_(fm.negation(fm.LAST)))),
    ("true U a & false R b", fm.conjunction(fm.eventually(A), fm.globally(B))),
    ("Xa & Fb", fm.conjunction(holds("Xa"), holds("Fb"))),
    ("step-one", holds("step-one")),
]


@pytest.mark.parametrize(("text", "expected"), OPERATORS)
def test_operators_bind_as_told(text: str, expected: Formula) -> None:
    assert parse_formula(text) == expected


ATOMS: list[tuple[str, Atom]] = [
    ('a.contains("x \\"y\\" /")', TextAtom("a", TextTest.CONTAINS, 'x "y" /')),
    ('a.starts("é")', TextAtom("a", TextTest.STARTS, "é")),
    ('a.ends("")', TextAtom("a", TextTest.ENDS, "")),
    ('a.mentions("30 days")', TextAtom("a", TextTest.MENTIONS, "30 days")),
    ('a == "t"', TextAtom("a", TextTest.EQUALS, "t")),
    ('a.equals("t")', TextAtom("a", TextTest.EQUALS, "t")),
    ("a == $x", TextAtom("a", TextTest.EQUALS, Variable("x"))),
    (r"a.matches(/x\/\d+\\/)", TextAtom("a", TextTest.MATCHES, r"x/\d+\\")),
    ("a.length <= 80", LengthAtom("a", 0, 80)),
    ("a.length < 80", LengthAtom("a", 0, 79)),
    ("a.length > 3", LengthAtom("a", 4, None)),
    ("a.length == 3", LengthAtom("a", 3, 3)),
    ("a.b.c == 1", FieldAtom("a", ("b", "c"), Comparison.EQUAL, 1)),
    ('a.b[2]["c d"] >= -1.5', FieldAtom("a", ("b", 2, "c d"), Comparison.AT_LEAST, -1.5)),
    ("a.b == $x", FieldAtom("a", ("b",), Comparison.EQUAL, Variable("x"))),
    ("a.b == null", FieldAtom("a", ("b",), Comparison.EQUAL, None)),
    ("a.b == true", FieldAtom("a", ("b",), Comparison.EQUAL, True)),
    ('a.X == "s"', FieldAtom("a", ("X",), Comparison.EQUAL, "s")),
    ("a.call < 1", FieldAtom("a", ("call",), Comparison.LESS, 1)),
    ("a == 5", FieldAtom("a", (), Comparison.EQUAL, 5)),
    ("call(read)", CallAtom("read")),
    ('call(read, path="x", n=2, id=$id)', CallAtom("read", (("path", "x"), ("n", 2), ("id", Variable("id"))))),
    ("call(get-weather.v2)", CallAtom("get-weather.v2")),
    ("step.call(read)", CallAtom("read", (), "step")),
    ('output.contains("ERR")', TextAtom("output", TextTest.CONTAINS, "ERR")),
    ('call.contains("x")', TextAtom("call", TextTest.CONTAINS, "x")),
]


@pytest.mark.parametrize(("text", "atom"), ATOMS)
def test_atoms_are_read_and_read_back(text: str, atom: Atom) -> None:
    assert parse_formula(text) == holds(atom)
    assert parse_formula(str(atom)) == holds(atom)
    assert parse_formula(f"G!{atom} -> {atom}") == fm.implies(fm.globally(fm.negation(holds(atom))), holds(atom))


def test_comparisons_that_are_no_atom_are_made_of_atoms() -> None:
    assert parse_formula('a != "t"') == fm.negation(holds(TextAtom("a", TextTest.EQUALS, "t")))
    assert parse_formula("a.b != 3") == fm.negation(holds(FieldAtom("a", ("b",), Comparison.EQUAL, 3)))
    bounds = fm.conjunction(holds(LengthAtom("a", 4, None)), holds(LengthAtom("a", 0, 9)))
    assert parse_formula("3 < a.length <= 9") == bounds
    assert parse_formula("9 >= a.length > 3") == fm.conjunction(*reversed(fm.parts_of(bounds)))


def test_a_segment_may_be_named_call() -> None:
    assert parse_formula("call -> X result") == fm.implies(holds("call"), fm.next_(holds("result")))


REFUSED = [
    ("", 0, "the end stands where a formula was expected"),
    ("a &", 3, "the end stands where a formula was expected"),
    ("a & ) b", 4, "')' stands where a formula was expected"),
    ("(a", 2, "the end stands where ')' was expected"),
    ("call(", 5, "the end stands where the name of a tool was expected"),
    ("call(a, b)", 9, "')' stands where '=' was expected"),
    ("a.b", 0, "a field is no formula by itself; compare it, or test a text"),
    (
        'a.has("x")',
        2,
        "there is no test 'has'; there are contains, matches, starts, ends, equals, mentions, call",
    ),
    ('a.b.contains("x")', 0, "only a segment's whole text can be tested; compare a field with =="),
    ("a.contains(/x/)", 11, "contains(...) takes a text in quotes"),
    ('a.matches("x")', 10, "matches(...) takes a pattern between slashes"),
    ("a.contains($x)", 11, "a text can only be equal to a variable"),
    (r'a.contains("\q")', 11, "this is no JSON text: in quotes, a backslash begins an escape"),
    (r'a.contains("\ud800")', 11, "half of a surrogate pair is no character"),
    (r'a["\ud800"] == 1', 2, "half of a surrogate pair is no character"),
    ("a.matches(/\ud800/)", 11, "half of a surrogate pair is no character"),
    ("a.b < -1e999", 6, "this number is too large"),
    ("a.b < " + "9" * 5_000, 6, "too many digits"),
    ("a[" + "9" * 5_000 + "] < 1", 2, "too many digits"),
    ("a.length < 0", 11, "no text is so short; lengths begin at 0"),
    ("a.length == 1.5", 12, "a length is compared with a whole number"),
    ('a.b < "x"', 6, "only numbers can be compared with <"),
    ("a.b >= $x", 7, "only numbers can be compared with >="),
    ("1 < a.b > 3", 2, "two bounds are written as 1 < name.field <= 9"),
    ("call(a, b=1, b=2)", 13, "the argument 'b' is there twice"),
    ("a.b.call(c)", 0, "only a segment can be a call"),
    ("a & U", 4, "'U' is an operator and cannot be a name"),
    ("O(a & X b)", 6, f"'X' {FUTURE_INSIDE_PAST}"),
    ("H last", 2, f"'last' {FUTURE_INSIDE_PAST}"),
    ("X " * 300 + "a", 400, "the formula is nested deeper than 200 operators"),
]


@pytest.mark.parametrize(("text", "position", "message"), REFUSED)
def test_faults_are_told_with_their_place(text: str, position: int, message: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        parse_formula(text, "rule 'x'")
    assert (caught.value.position, caught.value.message) == (position, message)
    assert caught.value.source_name == "rule 'x'"


def test_two_formulas_beside_each_other_are_no_formula() -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        parse_formula("a\n  b")
    assert str(caught.value) == (
        "formula, line 2, column 3: 'b' stands where an operator (& | -> <-> U R W M S T), "
        "a comparison (== != < <= > >=), '.' or the end was expected\n    b\n    ^"
    )


def test_parentheses_may_be_deep() -> None:
    assert parse_formula("(" * 20_000 + "a" + ")" * 20_000) == A


@pytest.mark.parametrize(
    "text", ["G(a -> F b)", "a W b", "a M b", "(a | c) R b", "O a S b", "!(a.length <= 8)", "last"]
)
def test_formulas_print_as_people_write_them(text: str) -> None:
    assert print_formula(parse_formula(text)) == text


def test_printed_formulas_read_back() -> None:
    rng = random.Random(6)
    for number in range(2_000):
        formula = random_formula(rng, rng.randint(1, 25), "abcd", has_past=number % 2 == 1)
        assert parse_formula(print_formula(formula)) == formula


def test_a_text_that_would_be_exponentially_long_is_refused() -> None:
    formula = A
    for _ in range(60):
        formula = fm.equivalent(formula, B)
    with pytest.raises(LimitExceeded, match="The text of a formula needs"):
        print_formula(formula)
