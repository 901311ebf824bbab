"""What past formulas remember."""

from __future__ import annotations

import random

import pytest

from maskwright.grammar.behaviour.atoms import Proposition
from maskwright.grammar.behaviour.letters import Valuation
from maskwright.grammar.behaviour.logic import parse_formula
from maskwright.grammar.behaviour.logic.formula import PAST, Formula, Holds, subformulas
from maskwright.grammar.behaviour.logic.past import PastMemory
from tests.naive.ltlf import satisfies

FORMULAS = ["Y a", "Z a", "a S b", "a T b", "O a & H b", "Y(a S Y b)", "Z Z(a T !b)", "O(a & Y O(b & Y O a))", "Y true"]


@pytest.mark.parametrize("text", FORMULAS)
def test_memories_give_the_values_that_the_definition_gives(text: str) -> None:
    formula = parse_formula(text)
    past = [part for part in subformulas(formula, PAST) if isinstance(part, PAST)]
    atoms = [Holds(Proposition(name)) for name in "ab"]
    bit_of: dict[Formula, int] = {part: bit for bit, part in enumerate([*atoms, *past])}
    rng = random.Random(1)
    for _ in range(100):
        trace = [Valuation(frozenset(name for name in "ab" if rng.random() < 0.5)) for _ in range(8)]
        memory = PastMemory(past, bit_of)
        bits = memory.start
        for position, letter in enumerate(trace):
            truth = sum(1 << bit_of[atom] for atom in atoms if letter.holds(atom.atom))
            values, bits = memory.step(bits, truth)
            for part in past:
                assert values >> bit_of[part] & 1 == satisfies(trace, part, position)


@pytest.mark.parametrize(
    ("text", "n_bits"), [("O a", 1), ("Y O a", 1), ("Y a & Z a", 2), ("Y Y Y a", 3), ("H a S O b", 3)]
)
def test_a_past_formula_remembers_a_bit_for_each_operator_at_most(text: str, n_bits: int) -> None:
    formula = parse_formula(text)
    past = [part for part in subformulas(formula, PAST) if isinstance(part, PAST)]
    places: list[Formula] = [*(Holds(Proposition(name)) for name in "ab"), *past]
    assert PastMemory(past, {part: bit for bit, part in enumerate(places)}).n_bits == n_bits
