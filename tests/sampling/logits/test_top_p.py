"""Top-p: laws and the naive twin."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from maskwright.sampling.logits import TopP
from maskwright.sampling.logits.distributions import Floats
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import changed, p_of, rows


@given(rows, st.floats(0.001, 0.999))
def test_it_agrees_with_the_naive_twin(row: Floats, p: float) -> None:
    probabilities = np.array(naive.softmax(row))
    masses = [probabilities[row > logit].sum() for logit in set(row)]
    assume(min(abs(mass - p) for mass in masses) > 1e-12)  # at the cut itself the two may round apart
    np.testing.assert_array_equal(changed(TopP(p), row), naive.top_p(row, p))


@given(rows, st.floats(0.001, 1))
def test_the_nucleus_has_the_mass_and_none_of_its_tokens_is_idle(row: Floats, p: float) -> None:
    kept = changed(TopP(p), row) > -np.inf
    assert p_of(row)[kept].sum() >= p - 1e-12
    if p < 1:
        assert p_of(row)[row > row[kept].min()].sum() < p + 1e-12


@given(rows)
def test_p_of_one_keeps_all(row: Floats) -> None:
    np.testing.assert_array_equal(changed(TopP(1.0), row), row)
    underflowing = np.concatenate((row, [row.max() - 800.0]))
    np.testing.assert_array_equal(changed(TopP(1.0), underflowing), underflowing)


def test_a_mass_of_exactly_p_is_enough() -> None:
    row = np.log([0.5, 0.25, 0.25])
    assert (changed(TopP(0.5), row) > -np.inf).tolist() == [True, False, False]
    assert (changed(TopP(0.5 + 1e-9), row) > -np.inf).all()


def test_the_tail_counts_although_it_is_far_below_the_rounding_of_one() -> None:
    """A million tokens of 1e-17 each have 1e-11 together: with p = 1 − 1e-12 they are needed, with 1 − 1e-10 not."""
    row = np.log(np.concatenate(([1.0], np.full(1_000_000, 1e-17))))
    assert (changed(TopP(1 - 1e-12), row) > -np.inf).all()
    assert (changed(TopP(1 - 1e-10), row) > -np.inf).sum() == 1


@given(rows, st.floats(0.001, 0.999), st.randoms(use_true_random=False))
def test_the_numbers_of_the_tokens_play_no_part(row: Floats, p: float, random: Random) -> None:
    order = list(range(row.size))
    random.shuffle(order)
    np.testing.assert_array_equal(changed(TopP(p), row[order]), changed(TopP(p), row)[order])
