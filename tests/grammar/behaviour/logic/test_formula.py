"""Formulas simplify while they are built, and keep their meaning."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product

import pytest

from maskwright.grammar.behaviour.atoms import Proposition
from maskwright.grammar.behaviour.letters import Valuation
from maskwright.grammar.behaviour.logic import formula as fm
from maskwright.grammar.behaviour.logic import parse_formula
from maskwright.grammar.behaviour.logic.formula import FALSE, TRUE, Formula, holds
from tests.naive.ltlf import random_formula, satisfies

A, B, C = map(holds, "abc")

SIMPLIFIED = [
    (fm.negation(fm.negation(A)), A),
    (fm.negation(TRUE), FALSE),
    (fm.conjunction(), TRUE),
    (fm.disjunction(), FALSE),
    (fm.conjunction(A, TRUE, A), A),
    (fm.conjunction(A, fm.conjunction(B, C)), fm.And((A, B, C))),
    (fm.conjunction(A, fm.negation(A)), FALSE),
    (fm.disjunction(A, B, fm.negation(B)), TRUE),
    (fm.implies(FALSE, A), TRUE),
    (fm.next_(FALSE), FALSE),
    (fm.weak_next(TRUE), TRUE),
    (fm.weak_next(FALSE), fm.LAST),
    (fm.until(A, fm.until(A, B)), fm.Until(A, B)),
    (fm.eventually(fm.eventually(A)), fm.eventually(A)),
    (fm.globally(fm.globally(A)), fm.globally(A)),
    (fm.until(FALSE, A), A),
    (fm.release(TRUE, A), A),
    (fm.since(FALSE, A), A),
    (fm.triggered(TRUE, A), A),
    (fm.previous(FALSE), FALSE),
    (fm.weak_previous(FALSE), fm.FIRST),
    (fm.once(TRUE), TRUE),
    (fm.historically(A), fm.Triggered(FALSE, A)),
]


@pytest.mark.parametrize(("built", "expected"), SIMPLIFIED)
def test_constructors_simplify(built: Formula, expected: Formula) -> None:
    assert built == expected


def test_next_true_says_that_the_trace_goes_on() -> None:
    assert fm.next_(TRUE) == fm.Next(TRUE)
    assert fm.previous(TRUE) == fm.Previous(TRUE)


Maker = Callable[..., Formula]
UNARY: list[tuple[Maker, Maker]] = [
    (fm.negation, fm.Not),
    (fm.next_, fm.Next),
    (fm.weak_next, fm.WeakNext),
    (fm.previous, fm.Previous),
    (fm.weak_previous, fm.WeakPrevious),
]
BINARY: list[tuple[Maker, Maker]] = [
    (fm.until, fm.Until),
    (fm.release, fm.Release),
    (fm.since, fm.Since),
    (fm.triggered, fm.Triggered),
]
JOINS: list[tuple[Maker, Maker]] = [(fm.conjunction, fm.And), (fm.disjunction, fm.Or)]
OPERANDS = [TRUE, FALSE, A, fm.negation(A), fm.once(A), fm.until(A, B), fm.release(A, B), fm.eventually(A)]
PAST_OPERANDS = [TRUE, FALSE, A, B, fm.since(A, B), fm.triggered(A, B), fm.once(A), fm.historically(B)]


def test_simplified_formulas_mean_what_was_written() -> None:
    letters = [Valuation(frozenset(names)) for names in ("", "a", "b", "ab")]
    traces = [trace for length in (1, 2, 3) for trace in product(letters, repeat=length)]

    def check(made: Formula, written: Formula) -> None:
        for trace in traces:
            for position in range(len(trace)):
                assert satisfies(trace, made, position) == satisfies(trace, written, position), written

    for make, kind in UNARY:
        for one in PAST_OPERANDS:
            check(make(one), kind(one))
    for make, kind in BINARY:
        for one, other in product(PAST_OPERANDS, repeat=2):
            check(make(one, other), kind(one, other))
    for make, kind in BINARY[:2]:
        for one, other in product(OPERANDS, repeat=2):
            check(make(one, other), kind(one, other))
    for make, kind in JOINS:
        for parts in product(OPERANDS[:5], repeat=3):
            check(make(*parts), kind(parts))


def test_atoms_come_once_in_the_order_of_reading() -> None:
    formula = parse_formula("G(b -> O a) & F(a U c)")
    assert fm.atoms_of(formula) == (Proposition("b"), Proposition("a"), Proposition("c"))


def test_mapping_atoms_to_themselves_changes_nothing() -> None:
    rng = random.Random(5)
    for _ in range(200):
        formula = random_formula(rng, 15, "abc", has_past=True)
        assert fm.map_atoms(formula, fm.holds) == formula


def test_mapping_atoms_simplifies_anew() -> None:
    formula = parse_formula("G(a -> F b)")
    assert fm.map_atoms(formula, lambda atom: TRUE if str(atom) == "b" else holds(atom)) == TRUE


def test_mapping_atoms_takes_each_shared_part_once() -> None:
    formula = A
    for _ in range(100):
        formula = fm.equivalent(formula, B)
    assert fm.map_atoms(formula, fm.holds) == formula


def test_equal_formulas_with_shared_parts_are_compared_in_no_time() -> None:
    one, other = A, A
    for _ in range(100):
        one, other = fm.equivalent(one, B), fm.equivalent(other, B)
    assert one is not other
    assert one == other
    assert one != fm.negation(other)
    assert fm.eventually(A) != fm.eventually(B)


def test_one_letter_decides_what_has_no_temporal_operator() -> None:
    assert fm.is_of_one_letter(parse_formula("a & !(b -> c)"))
    assert not fm.is_of_one_letter(parse_formula("a & !(b -> Y c)"))
    assert not fm.is_of_one_letter(fm.LAST)


def test_deep_formulas_hash_without_recursion() -> None:
    formula = A
    for _ in range(10_000):
        formula = fm.next_(formula)
    assert isinstance(hash(formula), int)
    assert fm.nesting(formula) == 10_001
