"""Order, thresholds and shares."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers.choosing import (
    best_at,
    check_probability,
    confident,
    even_share,
    ranked,
)
from tests.sampling.infilling.schedulers.toys import sure, view

CONFIDENCE = np.array([0.5, 0.9, 0.2, 0.9])
ALL = np.ones(4, dtype=np.bool_)


def test_slots_are_ranked_by_confidence_and_equals_from_left_to_right() -> None:
    assert ranked(CONFIDENCE, ALL).tolist() == [1, 3, 0, 2]


def test_many_equals_are_ranked_from_left_to_right_too() -> None:
    confidence = np.tile([0.25, 0.75], 50)
    assert ranked(confidence, np.ones(100, dtype=np.bool_)).tolist() == [*range(1, 100, 2), *range(0, 100, 2)]


def test_only_slots_of_the_given_set_are_ranked() -> None:
    assert ranked(CONFIDENCE, np.array([True, False, True, False])).tolist() == [0, 2]


def test_a_confidence_equal_to_the_threshold_is_enough() -> None:
    assert confident(CONFIDENCE, 0.5, ALL).tolist() == [1, 3, 0]


def test_the_most_confident_slot_needs_no_threshold() -> None:
    assert confident(CONFIDENCE, 0.95, ALL).tolist() == [1]
    assert confident(CONFIDENCE, 0.95, np.zeros(4, dtype=np.bool_)).tolist() == []


def test_a_threshold_for_each_slot_is_its_own() -> None:
    assert confident(CONFIDENCE, np.array([0.6, 0.9, 0.1, 0.95]), ALL).tolist() == [1, 2]


@pytest.mark.parametrize(("step", "n_steps", "share"), [(0, 3, 2), (1, 3, 2), (2, 3, 4), (3, 3, 4), (9, 3, 4)])
def test_the_share_is_what_is_open_over_the_steps_left_rounded_up(step: int, n_steps: int, share: int) -> None:
    assert even_share(view([sure(0.5)] * 4 + [1], step, n_steps)) == share


def test_a_proposal_of_best_choices_keeps_the_order_of_its_slots() -> None:
    proposal = best_at(view([sure(0.5, 2), 1, sure(0.75, 1)]), np.array([2, 0]))
    assert (proposal.slots.tolist(), proposal.tokens.tolist()) == ([2, 0], [1, 2])
    assert proposal.confidence == pytest.approx([0.75, 0.5])


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(value: float) -> None:
    with pytest.raises(InvalidOption, match="the threshold must be between 0 and 1"):
        check_probability("the threshold", value)
