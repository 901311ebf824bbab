"""What a view reads off its rows, and what proposals refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import BLANK, OPEN
from maskwright.sampling.infilling.schedulers import Proposal, StepView
from tests.sampling.infilling.schedulers.toys import view

TABLE = view(
    [
        [0.5, 0.25, 0.25, 0.0],
        2,
        [0.0, 0.0, 0.4, 0.6],
        BLANK,
        [0.0, 1.0, 0.0, 0.0],
    ]
)


def test_open_slots_are_those_without_a_token() -> None:
    assert TABLE.open.tolist() == [True, False, True, False, True]


def test_best_is_a_token_or_blank_and_what_stands_there_where_decided() -> None:
    assert TABLE.best.tolist() == [0, 2, BLANK, BLANK, 1]


def test_confidence_and_second_are_the_two_highest_probabilities() -> None:
    assert TABLE.confidence == pytest.approx([0.5, 1, 0.6, 1, 1])
    assert TABLE.second == pytest.approx([0.25, 0, 0.4, 0, 0])


def test_the_gap_is_a_difference_of_logarithms_and_infinite_without_a_second_choice() -> None:
    assert TABLE.gap == pytest.approx([math.log(2), math.inf, math.log(1.5), math.inf, math.inf])


def test_entropy_is_in_nats_and_zero_where_decided() -> None:
    mixed = -0.4 * math.log(0.4) - 0.6 * math.log(0.6)
    assert TABLE.entropy == pytest.approx([1.5 * math.log(2), 0, mixed, 0, 0], abs=1e-6)


def test_of_equal_choices_the_lowest_token_is_best() -> None:
    assert view([[0.0, 0.5, 0.5, 0.0]]).best.tolist() == [1]


def test_a_property_is_computed_once() -> None:
    seen = view([[0.5, 0.5]])
    assert seen.entropy is seen.entropy
    assert seen.confidence is seen.confidence


@given(rows=st.lists(st.lists(st.floats(-80, 3), min_size=5, max_size=5), min_size=1, max_size=4))
def test_peaks_and_entropy_agree_with_sorted_probabilities(rows: list[list[float]]) -> None:
    logits = np.array(rows)
    exact = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    with np.errstate(divide="ignore"):
        seen = StepView(0, 1, np.full(len(rows), OPEN), np.log(exact), np.zeros(len(rows), dtype=np.bool_))
    falling = -np.sort(-exact, axis=1)
    assert seen.confidence == pytest.approx(falling[:, 0])
    assert seen.second == pytest.approx(falling[:, 1])
    terms = exact * np.log(np.where(exact > 0, exact, 1))
    assert seen.entropy == pytest.approx(-terms.sum(axis=1), abs=1e-12)


def test_rounding_above_one_is_no_confidence_above_one() -> None:
    seen = StepView(0, 1, np.array([OPEN]), np.array([[1e-7, -np.inf]], np.float32), np.array([False]))
    assert seen.confidence.tolist() == [1.0]
    assert seen.entropy.tolist() == [0.0]


@pytest.mark.parametrize("row", [[-np.inf, -np.inf], [np.nan, 0.0]])
def test_an_open_slot_without_a_choice_is_an_error_that_names_it(row: list[float]) -> None:
    seen = StepView(0, 1, np.array([0, OPEN]), np.array([[0, -np.inf], row]), np.array([False, False]))
    with pytest.raises(InvalidOption, match="slot 1"):
        _ = seen.best


@pytest.mark.parametrize(
    ("log_marginals", "forced"), [((1, 3), (2,)), ((2,), (2,)), ((2, 1), (2,)), ((2, 3), (1,))], ids=str
)
def test_arrays_that_do_not_fit_together_are_refused(log_marginals: tuple[int, ...], forced: tuple[int, ...]) -> None:
    with pytest.raises(InvalidOption, match="shape"):
        StepView(0, 1, np.full(2, OPEN), np.zeros(log_marginals, np.float32), np.zeros(forced, np.bool_))


def test_a_proposal_names_a_slot_once() -> None:
    with pytest.raises(InvalidOption, match="once"):
        Proposal(np.array([1, 1]), np.array([0, 0]), np.array([1.0, 1.0]))
    with pytest.raises(InvalidOption, match="once"):
        Proposal(np.array([1]), np.array([0]), np.array([1.0]), reopen=np.array([1]))


def test_a_proposal_has_a_token_and_a_confidence_for_each_slot() -> None:
    with pytest.raises(InvalidOption, match="lengths"):
        Proposal(np.array([1, 2]), np.array([0]), np.array([1.0, 1.0]))
