"""Min-p: laws and the naive twin."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from maskwright.sampling.logits import MinP
from maskwright.sampling.logits.distributions import Floats
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import changed, rows


@given(rows, st.floats(0.001, 0.999))
def test_it_agrees_with_the_naive_twin(row: Floats, fraction: float) -> None:
    assume(np.abs(np.exp(row - row.max()) - fraction).min() > 1e-12)  # at the cut itself the two may round apart
    np.testing.assert_array_equal(changed(MinP(fraction), row), naive.min_p(row, fraction))


@given(rows)
def test_a_fraction_of_one_keeps_the_most_probable_token_and_its_equals(row: Floats) -> None:
    np.testing.assert_array_equal(changed(MinP(1.0), row) > -np.inf, row == row.max())


@given(rows, st.floats(0.001, 0.5))
def test_a_smaller_fraction_keeps_more(row: Floats, fraction: float) -> None:
    assert ((changed(MinP(2 * fraction), row) > -np.inf) <= (changed(MinP(fraction), row) > -np.inf)).all()
