"""Temperature: laws, and the warper of transformers as a foreign judge."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskwright.sampling.logits import Temperature
from maskwright.sampling.logits.distributions import Floats
from tests.sampling.logits.rows_and_models import changed, p_of, rows


@given(rows)
def test_temperature_one_changes_no_probability(row: Floats) -> None:
    np.testing.assert_allclose(p_of(changed(Temperature(1.0), row)), p_of(row), rtol=1e-13)


@given(rows, st.floats(0.05, 20), st.floats(0.05, 20))
def test_temperatures_multiply(row: Floats, first: float, second: float) -> None:
    one = changed(Temperature(first), changed(Temperature(second), row))
    np.testing.assert_allclose(p_of(one), p_of(changed(Temperature(first * second), row)), rtol=1e-9, atol=1e-12)


@given(rows, st.floats(0.05, 20))
def test_probabilities_are_powers_of_the_old_ones(row: Floats, temperature: float) -> None:
    powers = p_of(row) ** (1 / temperature)
    np.testing.assert_allclose(p_of(changed(Temperature(temperature), row)), powers / powers.sum(), rtol=1e-9)


@given(rows)
def test_the_least_temperature_leaves_the_most_probable_tokens(row: Floats) -> None:
    is_top = row == row.max()
    np.testing.assert_allclose(p_of(changed(Temperature(5e-324), row)), is_top / is_top.sum(), rtol=1e-14, atol=0)
