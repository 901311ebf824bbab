"""Rows as distributions, and the rows along a text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from maskwright.errors import BadLogits
from maskwright.sampling.logits import distributions as module
from maskwright.sampling.logits.distributions import Floats, checked_row, entropy_nats, log_probabilities, rows_along
from tests.naive import logits_transforms as naive
from tests.sampling.logits.rows_and_models import noise_model, noise_row, rows


@given(rows)
def test_probabilities_and_entropy_are_those_of_the_naive_twin(row: Floats) -> None:
    log_p = log_probabilities(checked_row(row))
    np.testing.assert_allclose(np.exp(log_p), naive.softmax(row), atol=1e-14)
    assert entropy_nats(log_p) == pytest.approx(naive.entropy_nats(row), abs=1e-12)


def test_the_entropy_of_a_certain_row_is_zero_and_of_an_even_one_log_n() -> None:
    assert entropy_nats(log_probabilities(np.array([-np.inf, 3.0]))) == 0
    assert entropy_nats(log_probabilities(np.zeros(8))) == pytest.approx(np.log(8))


def test_the_rows_along_a_text_are_those_of_its_prefixes_however_many_are_asked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = [1, 5, 0, 2, 4, 4, 3]
    calls: list[int] = []

    def model(prefixes):
        calls.append(len(prefixes))
        return noise_model(prefixes)

    monkeypatch.setattr(module, "ROWS_AT_ONCE", 4)
    found = list(rows_along(model, text))
    assert calls == [4, 2]
    assert [place for place, _ in found] == [1, 2, 3, 4, 5, 6]
    for place, row in found:
        np.testing.assert_array_equal(row, noise_row(text[:place]))
    assert list(rows_along(model, [1])) == list(rows_along(model, [])) == []


def test_a_bad_row_along_a_text_names_its_place() -> None:
    with pytest.raises(BadLogits) as caught:
        list(rows_along(lambda prefixes: np.full((len(prefixes), 3), np.nan), [0, 1]))
    assert caught.value == BadLogits("that of token 0 is nan", 1)
