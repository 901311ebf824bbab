"""Counts count, with no more states than they need."""

from __future__ import annotations

import random

import pytest

from maskwright.errors import InvalidOption, LimitExceeded
from maskwright.grammar.behaviour.logic.counting import counting_dfa
from maskwright.grammar.behaviour.logic.dfa import difference_witness, minimised

BOUNDS = [(0, 0), (0, 1), (0, 3), (1, None), (0, None), (2, None), (2, 2), (1, 4), (3, 1)]
COUNTS = [(True, False), (False, True), (True, True), (False, False), (True, False, True)]


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("counts", COUNTS)
def test_counts_are_what_they_say_and_minimal(bounds: tuple[int, int | None], counts: tuple[bool, ...]) -> None:
    minimum, maximum = bounds
    letters = "xyz"[: len(counts)]
    dfa = counting_dfa(counts, letters, minimum, maximum)
    rng = random.Random(1)
    for _ in range(200):
        word = [rng.randrange(len(letters)) for _ in range(rng.randint(1, 9))]
        n = sum(counts[letter] for letter in word)
        assert dfa.accepts(word) == (minimum <= n and (maximum is None or n <= maximum))
    smallest = minimised(dfa)
    assert smallest.transitions.tolist() == dfa.transitions.tolist()
    assert difference_witness(smallest, dfa) is None


def test_the_number_of_states_is_the_count_and_two() -> None:
    assert counting_dfa([True, False], "xy", 0, 50).n_states == 52
    assert counting_dfa([True, False], "xy", 50, None).n_states == 51
    assert counting_dfa([True, False], "xy", 0, 90_000).n_states == 90_002


def test_counts_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InvalidOption, match="minimum must be at least 0, not -1"):
        counting_dfa([True], "x", -1, None)
    with pytest.raises(InvalidOption, match="maximum must be at least 0, not -2"):
        counting_dfa([True], "x", 0, -2)
    with pytest.raises(InvalidOption, match="counts must be as many as the 2 letters, not 1"):
        counting_dfa([True], "xy", 0, 1)
    with pytest.raises(LimitExceeded, match="A count needs 1000002, more than the 100000 allowed"):
        counting_dfa([True], "x", 0, 1_000_000)
