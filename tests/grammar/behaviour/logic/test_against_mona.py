"""Another translator finds the same languages, and no smaller automata."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from maskwright.grammar.behaviour.logic import ltlf_to_dfa, print_formula
from maskwright.grammar.behaviour.logic.dfa import difference_witness
from maskwright.grammar.behaviour.logic.formula import Formula
from tests.naive.ltlf import random_formula
from tests.naive.mona import ltlf2dfa_is_there, mona_dfa, mona_is_there, our_program, their_program

pytestmark = pytest.mark.skipif(not mona_is_there(), reason="MONA is not installed (Debian: mona)")

NAMES = "a b c".split()


def _compare(
    seed: int, n_formulas: int, program: Callable[[Formula, Sequence[str]], str], *, has_past: bool
) -> tuple[int, int]:
    """How many automata have as many states as MONA's, and how many have fewer."""
    rng = random.Random(seed)
    n_equal = n_smaller = 0
    for number in range(n_formulas):
        names = NAMES[: rng.randint(1, 3)]
        formula = random_formula(rng, rng.randint(2, 12), names, has_past=has_past and number % 2 == 1)
        theirs, n_states = mona_dfa(program(formula, names), names)
        ours = ltlf_to_dfa(formula, theirs.letters)
        assert difference_witness(ours, theirs) is None, print_formula(formula)
        assert ours.n_states <= n_states, print_formula(formula)
        n_equal += ours.n_states == n_states
        n_smaller += ours.n_states < n_states
    return n_equal, n_smaller


def test_mona_finds_the_same_languages_and_no_smaller_automata() -> None:
    n_equal, n_smaller = _compare(1, 60, our_program, has_past=True)
    assert n_equal + n_smaller == 60


@pytest.mark.deep
def test_mona_finds_the_same_languages_on_three_hundred_formulas() -> None:
    n_equal, n_smaller = _compare(2, 300, our_program, has_past=True)
    assert n_equal + n_smaller == 300


@pytest.mark.skipif(not ltlf2dfa_is_there(), reason="ltlf2dfa is not installed")
def test_mona_agrees_on_the_programs_that_others_write_for_formulas() -> None:
    n_equal, n_smaller = _compare(3, 300, their_program, has_past=False)
    assert n_equal + n_smaller == 300
