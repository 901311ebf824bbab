"""Inversion against adding up by hand, and at the ends of the interval."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskwright.sampling.inversion import chosen_place, chosen_places


@given(st.lists(st.integers(0, 8), min_size=1, max_size=9).filter(any), st.integers(0, 2**20 - 1))
def test_the_place_is_that_of_the_running_sum(weights: list[int], number: int) -> None:
    reached, place = number * sum(weights), 0
    while (below := weights[place] * 2**20) <= reached:
        reached -= below
        place += 1
    assert chosen_place(np.array(weights, float), number / 2**20) == place


def test_the_largest_number_falls_on_the_last_place_with_weight() -> None:
    for weights in ([0.1] * 10 + [0.0], [1e-300, 0.0], [1.0, 1e-17, 0.0]):
        (place,) = chosen_places(np.array(weights), np.array([1 - 2**-53]))
        assert weights[place] > 0
