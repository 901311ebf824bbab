"""Features of slots, and the logistic regression over them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import BLANK
from maskwright.sampling.infilling.schedulers.finality import (
    FEATURES,
    LIMIT,
    FinalityRecord,
    finality,
    fitted_weights,
    slot_features,
)
from tests.sampling.infilling.schedulers.toys import sure, view


def test_the_features_of_a_slot_are_those_of_its_marginal_and_its_place() -> None:
    seen = view([1, [0.8, 0.2, 0.0, 0.0], sure(0.5), sure(0.5), [0.25, 0.75, 0.0, 0.0]], step=3, n_steps=12)
    features = slot_features(seen)
    assert features.shape == (4, len(FEATURES))
    entropy = -0.8 * math.log(0.8) - 0.2 * math.log(0.2)
    assert features[0] == pytest.approx([math.log(4), entropy, math.log(4), 0.25, 0.5], abs=1e-5)
    assert features[:, 4].tolist() == [0.5, 0.0, 0.0, 0.5]  # behind the last slot nothing is undecided


def test_forced_neighbours_count_as_decided() -> None:
    seen = view([sure(0.5), [0.0, 1.0, 0.0, 0.0], sure(0.5)], forced=[1])
    assert slot_features(seen)[:, 4].tolist() == [1.0, 0.0, 1.0]


def test_certain_slots_have_finite_features() -> None:
    assert slot_features(view([[0.0, 1.0, 0.0]]))[0, :3].tolist() == [LIMIT, 0.0, LIMIT]


def test_a_record_says_of_each_open_slot_whether_its_best_choice_stayed() -> None:
    seen = view([sure(0.5, 2), 1, sure(0.5, 0), [0.1, 0.1, 0.0, 0.8]])
    assert FinalityRecord.of(seen, np.array([2, 1, 1, BLANK])).is_final.tolist() == [True, False, True]


def random_records(seed: int, weights: np.ndarray, m: int = 3000) -> list[FinalityRecord]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(m, len(FEATURES)))
    probability = 1 / (1 + np.exp(-(weights[0] + features @ weights[1:])))
    is_final = rng.random(m) < probability
    return [FinalityRecord(features[i::3], is_final[i::3]) for i in range(3)]


TRUTH = np.array([-0.5, 1.5, -1.0, 0.7, 0.0, 0.3])


def test_weights_that_made_the_records_are_found_again() -> None:
    found = np.array(fitted_weights(random_records(1, TRUTH, 20_000), ridge=1e-3))
    assert found == pytest.approx(TRUTH, abs=0.12)


@pytest.mark.parametrize("ridge", [0.01, 1.0, 30.0])
def test_the_weights_are_where_the_gradient_vanishes(ridge: float) -> None:
    records = random_records(2, TRUTH)
    w = np.array(fitted_weights(records, ridge))
    F = np.concatenate([np.column_stack([np.ones(len(r.features)), r.features]) for r in records])
    y = np.concatenate([r.is_final for r in records])

    def loss(weights: np.ndarray) -> float:
        margins = np.where(y, 1, -1) * (F @ weights)
        return float(np.log1p(np.exp(-margins)).sum() + ridge / 2 * (weights @ weights))

    for i in range(len(w)):
        step = np.zeros(len(w))
        step[i] = 1e-4
        assert (loss(w + step) - loss(w - step)) / 2e-4 == pytest.approx(0, abs=1e-3)


def test_one_feature_of_two_values_gives_the_odds_of_the_table() -> None:
    # Of 100 slots with the feature 90 were final, of 100 without it 20.
    features = np.zeros((200, len(FEATURES)))
    features[:100, 4] = 1
    is_final = np.array([True] * 90 + [False] * 10 + [True] * 20 + [False] * 80)
    w = fitted_weights([FinalityRecord(features, is_final)], ridge=1e-9)
    assert finality(features[[0, 199]], w) == pytest.approx([0.9, 0.2], abs=1e-6)


def test_separable_and_one_sided_records_still_have_finite_weights() -> None:
    features = np.zeros((40, len(FEATURES)))
    features[:20, 0] = 12
    for is_final in (features[:, 0] > 0, np.ones(40, np.bool_)):
        w = fitted_weights([FinalityRecord(features, is_final)], ridge=1e-6)
        assert np.isfinite(w).all()
        assert ((finality(features, w) > 0.5) == is_final).all()


def test_records_without_a_slot_teach_nothing() -> None:
    with pytest.raises(InvalidOption, match="records"):
        fitted_weights([])
    with pytest.raises(InvalidOption, match="records"):
        fitted_weights([FinalityRecord(np.zeros((0, len(FEATURES))), np.zeros(0, np.bool_))])
    with pytest.raises(InvalidOption, match="ridge"):
        fitted_weights(random_records(0, TRUTH, 30), ridge=0)
