"""Sequences told from their end."""

from __future__ import annotations

import random

import pytest

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.letters import Valuation
from maskwright.grammar.behaviour.logic import parse_formula
from maskwright.grammar.behaviour.logic.rewriting import completed
from tests.naive.ltlf import satisfies

SEQUENCES = [
    ("a & X b", "Y a & b", 1),
    ("a & X(b & X c)", "Y Y a & Y b & c", 2),
    ("X X a", "a", 2),
    ("!a & X !b", "Y !a & !b", 1),
    ("a & X(b | c)", "Y a & (b | c)", 1),
    ("O a & X b", "Y O a & b", 1),
    ("a & (b | X c)", "Y a & (Y b | c)", 1),
]


@pytest.mark.parametrize(("text", "expected", "length"), SEQUENCES)
def test_a_sequence_holds_where_it_begins_exactly_if_it_is_completed_where_it_ends(
    text: str, expected: str, length: int
) -> None:
    formula = parse_formula(text)
    assert completed(formula) == parse_formula(expected)
    rng = random.Random(1)
    for _ in range(200):
        trace = [Valuation(frozenset(name for name in "abc" if rng.random() < 0.6)) for _ in range(5)]
        for begin in range(5 - length):
            assert satisfies(trace, formula, begin) == satisfies(trace, completed(formula), begin + length)


def test_alternatives_end_by_themselves() -> None:
    assert completed(parse_formula("c | a & X b")) == parse_formula("c | Y a & b")


def test_what_has_no_future_stays_as_it_is() -> None:
    formula = parse_formula("!(a S b) | c")
    assert completed(formula) is formula


@pytest.mark.parametrize(
    ("text", "fault"), [("F a", "F a"), ("b & X F a", "F a"), ("!X a", "!X a"), ("a & N b", "N b"), ("last", "last")]
)
def test_what_has_no_certain_end_is_refused(text: str, fault: str) -> None:
    with pytest.raises(SpecError, match="has no certain end, so nothing can be said to come after it") as caught:
        completed(parse_formula(text))
    assert f"`{fault}`" in str(caught.value)
