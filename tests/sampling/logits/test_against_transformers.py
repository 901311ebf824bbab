"""The warpers of transformers as foreign judges of ours, on rows without ties.

With ties ours differ on purpose where theirs depend on the order of a sort (top-p); and theirs work in the precision of
the row, so the comparison is made in float64.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from maskwright.sampling.logits import MinP, Temperature, TopK, TopP
from maskwright.sampling.logits.distributions import Floats
from tests.sampling.logits.rows_and_models import changed, distinct_rows, p_of

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `hf` is not installed")


def judged(warper, row):
    return warper(None, torch.tensor(row, dtype=torch.float64)[None])[0].numpy()


@given(distinct_rows, st.floats(0.1, 10))
def test_temperature(row: Floats, temperature: float) -> None:
    theirs = judged(transformers.TemperatureLogitsWarper(temperature), row)
    np.testing.assert_allclose(p_of(changed(Temperature(temperature), row)), p_of(theirs), rtol=1e-9)


@given(distinct_rows, st.integers(1, 45))
def test_top_k(row: Floats, k: int) -> None:
    np.testing.assert_array_equal(changed(TopK(k), row), judged(transformers.TopKLogitsWarper(k), row))


@given(distinct_rows, st.floats(0.01, 0.99))
def test_top_p(row: Floats, p: float) -> None:
    assume(np.abs(np.cumsum(np.sort(p_of(row))[::-1]) - p).min() > 1e-9)  # at the cut itself the two may round apart
    np.testing.assert_array_equal(changed(TopP(p), row), judged(transformers.TopPLogitsWarper(p), row))


@given(distinct_rows, st.floats(0.01, 0.99))
def test_min_p(row: Floats, fraction: float) -> None:
    assume(np.abs(np.exp(row - row.max()) - fraction).min() > 1e-9)  # as above
    np.testing.assert_array_equal(changed(MinP(fraction), row), judged(transformers.MinPLogitsWarper(fraction), row))


def test_ties_at_the_cut_stay_here_and_are_cut_by_number_there() -> None:
    row = np.log([0.25, 0.25, 0.25, 0.25])
    assert (changed(TopP(0.5), row) > -np.inf).sum() == 4
    assert (judged(transformers.TopPLogitsWarper(0.5), row) > -np.inf).sum() == 2
