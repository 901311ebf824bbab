"""Averages over steps under one mask, and stability."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import BLANK
from maskwright.sampling.infilling.schedulers import CCD
from maskwright.sampling.infilling.schedulers.ccd import averaged
from tests.sampling.infilling.schedulers.toys import chosen, sure, view


def proposals(scheduler: CCD, *tables: list) -> list:
    state, found = scheduler.init(len(tables[0])), []
    for step, table in enumerate(tables):
        proposal, state = scheduler.step(view(table, step), state)
        found.append(proposal)
    return found


def test_a_choice_kept_for_the_whole_depth_is_committed_and_one_kept_for_less_is_not() -> None:
    early, late = sure(0.8, 1), sure(0.8, 2)
    steps = proposals(
        CCD(3),
        [early, late, sure(0.95, 0), sure(0.95, 0)],
        [early, late, 0, sure(0.95, 0)],
        [early, early, 0, 0],
    )
    assert [len(p.slots) for p in steps] == [1, 1, 1]  # nothing is stable before the third step
    assert chosen(steps[2]) == {0: 1}


def test_all_stable_slots_are_committed_together() -> None:
    table = [sure(0.8, 1), sure(0.9, 2), sure(0.75, 0), sure(0.3, 1)]
    last = proposals(CCD(2), table, table)[-1]
    assert list(chosen(last)) == [1, 0, 2]


def test_the_confidence_is_the_average_over_the_depth() -> None:
    last = proposals(CCD(3), [sure(0.6)], [sure(0.9)], [sure(0.96)])[-1]
    assert last.confidence == pytest.approx([0.82], abs=1e-6)
    # A fourth prediction pushes the first one out.
    last = proposals(CCD(3), [sure(0.1)], [sure(0.6)], [sure(0.9)], [sure(0.96)])[-1]
    assert last.confidence == pytest.approx([0.82], abs=1e-6)


def test_the_average_and_not_the_last_prediction_chooses_the_token() -> None:
    last = proposals(CCD(2), [[0.9, 0.1, 0.0, 0.0]], [[0.45, 0.55, 0.0, 0.0]])[-1]
    assert chosen(last) == {0: 0}


def test_a_slot_whose_mask_changes_begins_anew() -> None:
    # At the second step a choice of slot 0 is taken away; what was predicted before does not count any more.
    before, after = [0.2, 0.3, 0.5, 0.0], [0.9, 0.1, 0.0, 0.0]
    last = proposals(CCD(2), [before, sure(0.4)], [after, sure(0.4)])[-1]
    assert last.confidence == pytest.approx([0.9], abs=1e-6)
    assert chosen(last) == {0: 0}


def test_a_slot_whose_mask_changes_is_not_stable() -> None:
    wide, narrow = [0.8, 0.1, 0.1, 0.0], [0.85, 0.15, 0.0, 0.0]
    steady = [0.75, 0.25, 0.0, 0.0]
    last = proposals(CCD(2), [wide, steady], [narrow, steady])[-1]
    assert chosen(last) == {1: 0}
    last = proposals(CCD(2), [wide, steady], [narrow, steady], [narrow, steady])[-1]
    assert sorted(chosen(last)) == [0, 1]


def test_a_mask_that_grows_is_a_change_too() -> None:
    last = proposals(CCD(2), [[0.9, 0.1, 0, 0], sure(0.4)], [[0.8, 0.1, 0.1, 0], sure(0.4)])[-1]
    assert last.confidence == pytest.approx([0.8], abs=1e-6)


def test_a_stable_slot_below_the_floor_waits() -> None:
    table = [sure(0.65, 1), sure(0.75, 2), sure(0.6, 0)]
    assert chosen(proposals(CCD(2), table, table)[-1]) == {1: 2}
    assert sorted(chosen(proposals(CCD(2, 0.6 - 1e-6), table, table)[-1])) == [0, 1, 2]


def test_a_high_average_of_changing_choices_is_not_stable() -> None:
    changing, steady = [[0.95, 0.05, 0.0, 0.0], [0.45, 0.55, 0.0, 0.0]], sure(0.65)
    last = proposals(CCD(2, 0.6), *[[row, steady] for row in changing])[-1]
    assert chosen(last) == {1: 0}


def test_an_empty_slot_can_be_the_stable_choice() -> None:
    empty = [0.1, 0.0, 0.1, 0.8]
    assert chosen(proposals(CCD(2), [empty], [empty])[-1]) == {0: BLANK}


def test_with_nothing_stable_the_highest_average_is_committed_alone() -> None:
    last = proposals(CCD(2), [sure(0.9, 1), sure(0.6, 1)], [sure(0.5, 2), sure(0.72, 2)])[-1]
    # Averages: slot 0 has 0.575 for token 1, slot 1 has 0.46 for token 2.
    assert chosen(last) == {0: 1}
    assert last.confidence == pytest.approx([0.575], abs=1e-6)


def test_a_slot_with_one_choice_needs_no_history() -> None:
    certain = [0.0, 0.0, 1.0, 0.0]
    assert chosen(proposals(CCD(3), [certain, sure(0.99), certain])[-1]) == {0: 2, 2: 2}


def test_a_slot_opened_again_begins_anew() -> None:
    last = proposals(CCD(2), [sure(0.9), sure(0.2)], [0, sure(0.2)], [sure(0.5, 1), sure(0.2)])[-1]
    assert last.confidence == pytest.approx([0.5], abs=1e-6)


def test_averages_are_normalised_over_the_mask() -> None:
    with np.errstate(divide="ignore"):
        rows = tuple(np.log(np.array(p, np.float32)) for p in ([0.2, 0.2, 0.0], [0.6, 0.2, 0.0]))
    assert averaged(rows) == pytest.approx([2 / 3, 1 / 3, 0])


def test_options_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InvalidOption, match="depth"):
        CCD(0)
    with pytest.raises(InvalidOption, match="confidence"):
        CCD(2, -1)
