"""The learnt filter, and the prediction of the end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import BLANK, OPEN
from maskwright.sampling.infilling.schedulers import FinalityRecord, Learn2PD, StepView
from maskwright.sampling.infilling.schedulers.finality import FEATURES
from tests.sampling.infilling.schedulers.toys import chosen, sure, view

END = 2


def test_before_anything_is_learnt_it_is_a_threshold_on_confidence() -> None:
    seen = view([sure(0.97), sure(0.95), sure(0.98, 1), 0])
    assert chosen(Learn2PD().step(seen, None)[0]) == {2: 1, 0: 0}
    assert chosen(Learn2PD(accept=0.94).step(seen, None)[0]) == {2: 1, 0: 0, 1: 0}


def test_with_nothing_accepted_the_slot_most_likely_final_is_proposed() -> None:
    assert chosen(Learn2PD().step(view([sure(0.5), sure(0.6, 1), sure(0.4)]), None)[0]) == {1: 1}


def test_the_filter_and_not_the_confidence_chooses() -> None:
    # This filter has learnt that slots between decided neighbours are final, whatever their confidence.
    by_neighbours = Learn2PD((-10.0, 0.0, 0.0, 0.0, 0.0, 20.0))
    seen = view([0, sure(0.4, 1), 0, sure(0.99), sure(0.99)])
    assert chosen(by_neighbours.step(seen, None)[0]) == {1: 1}


def slow_run_records(seed: int) -> list[FinalityRecord]:
    """A world in which predictions stay if both neighbours are decided, and mostly change otherwise."""
    rng = np.random.default_rng(seed)
    records = []
    for step in range(60):
        logits = 2 * rng.normal(size=(20, 5))
        rows = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        tokens = np.where(rng.random(20) < 0.7, 0, OPEN)
        decided = np.pad(tokens != OPEN, 1, constant_values=True)
        seen = StepView(step % 10, 10, tokens, rows, np.zeros(20, np.bool_))
        stays = (decided[:-2] & decided[2:]) | (rng.random(20) < 0.1)
        records.append(FinalityRecord.of(seen, np.where(stays, seen.best, seen.best + 1)))
    return records


def test_a_fitted_filter_predicts_unseen_records_better_than_confidence_alone() -> None:
    fitted, unseen = Learn2PD.fit(slow_run_records(0)), slow_run_records(1)

    def log_loss(scheduler: Learn2PD) -> float:
        features = np.concatenate([r.features for r in unseen])
        is_final = np.concatenate([r.is_final for r in unseen])
        logit = scheduler.weights[0] + features @ np.array(scheduler.weights[1:])
        return float(np.logaddexp(0, np.where(is_final, -logit, logit)).mean())

    assert log_loss(fitted) < 0.6 * log_loss(Learn2PD())
    assert max(fitted.weights[1:]) == fitted.weights[5]  # the neighbours are what it has learnt


def test_fitting_twice_gives_the_same_frozen_weights() -> None:
    first, second = (Learn2PD.fit(slow_run_records(0), accept=0.8, eos_ids=(END,)) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert (first.accept, first.eos_ids) == (0.8, (END,))


def test_behind_a_predicted_end_everything_ends() -> None:
    seen = view([sure(0.5), sure(0.97, END), sure(0.7, END), sure(0.6, 1)])
    # Three of the four choices are possible in the last slot, the end with a third of 0.6's rest: 0.2.
    proposal, _ = Learn2PD(eos_ids=(END,)).step(seen, None)
    assert chosen(proposal) == {1: END, 2: END, 3: END}
    assert proposal.confidence == pytest.approx([0.97, 0.7, 0.2], abs=1e-6)


def test_the_first_of_several_predicted_ends_is_the_end() -> None:
    seen = view([sure(0.6), sure(0.97, END), sure(0.6, 1), sure(0.99, END), sure(0.6, 1)])
    assert chosen(Learn2PD(eos_ids=(END,)).step(seen, None)[0]) == {3: END, 1: END, 2: END, 4: END}


def test_the_most_probable_end_token_is_taken() -> None:
    seen = view([sure(0.97, END), [0.2, 0.5, 0.3, 0.0]])
    assert chosen(Learn2PD(eos_ids=(END, 0)).step(seen, None)[0]) == {0: END, 1: END}
    assert chosen(Learn2PD(eos_ids=(END, 1)).step(seen, None)[0]) == {0: END, 1: 1}


def test_without_end_tokens_no_end_is_predicted() -> None:
    seen = view([sure(0.97, END), sure(0.7, END)])
    assert chosen(Learn2PD().step(seen, None)[0]) == {0: END}


def test_an_end_that_the_filter_does_not_accept_predicts_nothing() -> None:
    seen = view([sure(0.9, END), sure(0.7, END)])
    assert chosen(Learn2PD(eos_ids=(END,)).step(seen, None)[0]) == {0: END}


def test_the_end_stops_where_the_mask_has_no_end_token() -> None:
    seen = view([sure(0.97, END), sure(0.6, END), [0.7, 0.3, 0.0, 0.0], sure(0.8, END)])
    assert chosen(Learn2PD(eos_ids=(END,)).step(seen, None)[0]) == {0: END, 1: END}


def test_the_end_stops_at_text_that_stands_and_passes_what_is_empty_or_ended() -> None:
    seen = view([sure(0.97, END), BLANK, sure(0.6, 1), END, sure(0.6, 1), 0, sure(0.7, END)])
    assert chosen(Learn2PD(eos_ids=(END,)).step(seen, None)[0]) == {0: END, 2: END, 4: END}


def test_a_slot_before_the_end_is_left_alone() -> None:
    seen = view([sure(0.7, END), sure(0.97, END)])
    assert chosen(Learn2PD(eos_ids=(END,)).step(seen, None)[0]) == {1: END}


@pytest.mark.parametrize(
    "options",
    [{"accept": 2.0}, {"weights": (1.0, 2.0)}, {"weights": (math.nan,) * (1 + len(FEATURES))}],
    ids=["accept", "too few weights", "not a number"],
)
def test_options_that_mean_nothing_are_refused(options: dict) -> None:
    with pytest.raises(InvalidOption):
        Learn2PD(**options)
