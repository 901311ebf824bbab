"""Sets of letters in few words."""

from __future__ import annotations

import random
from itertools import product

import pytest

from maskwright.grammar.behaviour.letters import Letter, Valuation
from maskwright.grammar.behaviour.logic import parse_formula, print_formula
from maskwright.grammar.behaviour.logic.formula import Holds
from maskwright.grammar.behaviour.logic.guards import guard
from tests.naive.ltlf import satisfies

ALL = [Valuation(frozenset(n for n, t in zip("abc", bits, strict=True) if t)) for bits in product((0, 1), repeat=3)]
READ = parse_formula("call(read)")
assert isinstance(READ, Holds)
SEGMENTS = [Letter("say"), Letter("call"), Letter("call", frozenset([READ.atom])), Letter("result"), Letter("answer")]


def test_guards_hold_of_the_chosen_letters_only() -> None:
    rng = random.Random(1)
    for letters in (ALL, SEGMENTS, ALL[::2]):
        for _ in range(100):
            chosen = {place for place in range(len(letters)) if rng.random() < 0.5}
            found = guard(letters, chosen)
            assert {place for place, letter in enumerate(letters) if satisfies([letter], found)} == chosen


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ([], "false"),
        ([0, 1, 2, 3, 4], "true"),
        ([0], "say"),
        ([2], "call(read)"),
        ([1], "call & !call(read)"),
        ([1, 2], "call"),
        ([0, 1, 2, 3], "!answer"),
        ([0, 3], "say | result"),
    ],
)
def test_guards_of_segments_are_short(chosen: list[int], text: str) -> None:
    assert print_formula(guard(SEGMENTS, chosen)) == text


def test_letters_of_other_kinds_are_named_by_their_texts() -> None:
    assert print_formula(guard(["x", "y", "z"], [1])) == "y"
