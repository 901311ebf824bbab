from __future__ import annotations

import numpy as np
import pytest

from bench.sampling import reference
from bench.sampling.reference import TooManyPrefixes, find_reference
from maskwright.sampling.enumeration import exact
from tests.sampling.toys import toy


def test_without_a_remainder_it_is_the_enumeration():
    target, whole = toy(), exact(toy())
    found = find_reference(target, remainder=0.0)
    assert found.remainder == 0.0
    assert found.distribution.log_z == pytest.approx(whole.log_z, abs=1e-12)
    assert found.distribution.n_rows == whole.n_rows
    assert found.distribution.probabilities() == pytest.approx(whole.probabilities())
    assert found.distribution.masked_probabilities() == pytest.approx(whole.masked_probabilities())


@pytest.mark.parametrize("remainder", [0.3, 0.03, 0.003])
def test_what_is_missing_is_less_than_it_says(remainder, monkeypatch):
    monkeypatch.setattr(reference, "PREFIXES_AT_ONCE", 4)
    target, whole = toy(), exact(toy())
    found = find_reference(target, remainder)
    assert 0.0 < found.remainder <= remainder
    missing = np.exp(whole.log_z) - np.exp(found.distribution.log_z)
    assert 0.0 <= missing <= found.remainder * np.exp(found.distribution.log_z)
    assert whole.total_variation(found.distribution.probabilities()) <= found.remainder
    masked = whole.total_variation(whole.masked_probabilities())
    assert found.masked_total_variation == pytest.approx(masked, abs=found.remainder)


def test_texts_come_most_probable_first():
    logs = find_reference(toy()).distribution.log_probabilities
    assert (np.diff(logs) <= 0).all()


def test_a_language_that_is_too_large_is_refused():
    with pytest.raises(TooManyPrefixes, match="prefixes"):
        find_reference(toy(), remainder=0.0, limit=100)
