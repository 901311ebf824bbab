"""Anchors and their neighbourhoods."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers import LocalLeap
from maskwright.sampling.infilling.schedulers.local_leap import near
from tests.sampling.infilling.schedulers.toys import chosen, sure, view


def test_near_an_anchor_the_relaxed_confidence_is_enough() -> None:
    seen = view([sure(0.8), sure(0.8), sure(0.95), sure(0.8), sure(0.7), sure(0.8)])
    proposal, _ = LocalLeap(radius=1).step(seen, None)
    assert sorted(chosen(proposal)) == [1, 2, 3]
    proposal, _ = LocalLeap(radius=2).step(seen, None)
    assert sorted(chosen(proposal)) == [0, 1, 2, 3]


def test_without_an_anchor_nothing_is_relaxed() -> None:
    proposal, _ = LocalLeap().step(view([sure(0.8), sure(0.85), sure(0.8)]), None)
    assert chosen(proposal) == {1: 0}


def test_a_forced_slot_is_an_anchor_whether_it_is_still_open_or_committed_already() -> None:
    certain = [0.0, 1.0, 0.0, 0.0]
    left_open = view([sure(0.8), certain, sure(0.8), sure(0.8)], forced=[1])
    proposal, _ = LocalLeap(radius=1).step(left_open, None)
    assert sorted(chosen(proposal)) == [0, 1, 2]
    committed = view([sure(0.8), 1, sure(0.8), sure(0.8)], forced=[1])
    proposal, _ = LocalLeap(radius=1).step(committed, None)
    assert sorted(chosen(proposal)) == [0, 2]


def test_a_slot_decided_earlier_is_no_anchor() -> None:
    proposal, _ = LocalLeap(radius=1).step(view([sure(0.8), 1, sure(0.85)]), None)
    assert chosen(proposal) == {2: 0}


@pytest.mark.parametrize(("radius", "expected"), [(0, [3]), (1, [2, 3, 4]), (2, [1, 2, 3, 4]), (9, [0, 1, 2, 3, 4])])
def test_near_reaches_as_far_as_the_radius(radius: int, expected: list[int]) -> None:
    anchors = np.array([False, False, False, True, False])
    assert np.flatnonzero(near(anchors, radius)).tolist() == expected


@pytest.mark.parametrize("options", [{"anchor": 2.0}, {"relaxed": 0.95}, {"radius": -1}], ids=str)
def test_options_that_mean_nothing_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InvalidOption):
        LocalLeap(**options)
