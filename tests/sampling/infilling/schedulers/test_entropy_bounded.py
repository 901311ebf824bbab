"""Entropies within a bound, renoising, and the calibration of bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskwright.errors import InvalidOption
from maskwright.matching.infilling.slots import OPEN
from maskwright.sampling.infilling.schedulers import EntropyBounded, StepView, calibrated_bound
from tests.sampling.infilling.schedulers.toys import chosen, sure, view


def entropy(confidence: float) -> float:
    """Of `sure(confidence)`: one choice, and two others that share the rest."""
    rest = 1 - confidence
    return -confidence * math.log(confidence) - rest * math.log(rest / 2)


SEEN = view([sure(0.9), sure(0.99), sure(0.999), sure(0.95)])
RISING = [entropy(0.999), entropy(0.99), entropy(0.95), entropy(0.9)]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_lowest_entropies_are_accepted_while_their_sum_is_within_the_bound(n: int) -> None:
    bound = sum(RISING[:n]) + 1e-3
    proposal, _ = EntropyBounded(bound).step(SEEN, EntropyBounded().init(4))
    assert list(chosen(proposal)) == [2, 1, 3, 0][:n]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_bound_of_diffusion_gemma_leaves_the_greatest_entropy_out_of_the_sum(n: int) -> None:
    bound = sum(RISING[:n]) + 1e-3
    proposal, _ = EntropyBounded(bound, "information").step(SEEN, EntropyBounded().init(4))
    assert list(chosen(proposal)) == [2, 1, 3, 0][: n + 1]


def test_the_surest_slot_is_accepted_even_above_the_bound() -> None:
    proposal, _ = EntropyBounded(0.0).step(view([sure(0.4), sure(0.5, 1)]), EntropyBounded().init(2))
    assert chosen(proposal) == {1: 1}


def test_entropy_and_not_confidence_decides() -> None:
    # 0.6 against one rival is less uncertain than 0.62 against many.
    seen = view([[0.6, 0.4, 0, 0, 0, 0, 0, 0], [0.62] + [0.38 / 6] * 6 + [0]])
    proposal, _ = EntropyBounded(0.0).step(seen, EntropyBounded().init(2))
    assert chosen(proposal) == {0: 0}


def steps(scheduler: EntropyBounded, *tables: list) -> list:
    """Proposals for views one after the other; the tables say what was granted."""
    state, proposals = scheduler.init(len(tables[0])), []
    for number, table in enumerate(tables):
        proposal, state = scheduler.step(view(table, number), state)
        proposals.append(proposal)
    return proposals


DOUBTFUL, SURE = sure(0.97, 1), sure(0.995, 2)
RENOISING = EntropyBounded(entropy(0.97) + entropy(0.995) / 2, renoise=True)


def test_renoising_opens_a_decided_slot_again_when_surer_ones_use_up_the_bound() -> None:
    first, second = steps(RENOISING, [DOUBTFUL, sure(0.5), sure(0.5)], [1, SURE, SURE])
    assert chosen(first) == {0: 1}
    assert chosen(second) == {1: 2, 2: 2}
    assert second.reopen.tolist() == [0]


def test_nothing_is_opened_again_unless_renoising_is_asked_for() -> None:
    calm = EntropyBounded(RENOISING.bound_nats)
    assert all(len(p.reopen) == 0 for p in steps(calm, [DOUBTFUL, sure(0.5), sure(0.5)], [1, SURE, SURE]))


def test_nothing_is_opened_again_while_the_bound_has_room() -> None:
    roomy = EntropyBounded(entropy(0.6) + 2 * entropy(0.995) + 1e-3, renoise=True)
    assert steps(roomy, [sure(0.6, 1), sure(0.4), sure(0.4)], [1, SURE, SURE])[1].reopen.tolist() == []


def test_a_slot_that_somebody_else_decided_is_never_opened() -> None:
    # Slot 0 holds another token than was proposed; slot 3 was never proposed.
    proposals = steps(RENOISING, [DOUBTFUL, sure(0.5), sure(0.5), 0], [2, SURE, SURE, 0])
    assert proposals[1].reopen.tolist() == []


def test_fewer_slots_are_opened_again_than_are_proposed() -> None:
    one_for_one = steps(RENOISING, [DOUBTFUL, sure(0.5)], [1, SURE])[1]
    assert chosen(one_for_one) == {1: 2}
    assert one_for_one.reopen.tolist() == []


def test_the_least_sure_slots_are_opened_again_first() -> None:
    # Two new slots leave no room for either of the old ones, and only one of these may be opened.
    scheduler = EntropyBounded(entropy(0.98) + entropy(0.97) + 1e-6, renoise=True)
    new = sure(0.983, 2)
    first, second = steps(scheduler, [sure(0.98, 1), sure(0.97, 1), sure(0.5), sure(0.5)], [1, 1, new, new])
    assert sorted(chosen(first)) == [0, 1]
    assert sorted(chosen(second)) == [2, 3]
    assert second.reopen.tolist() == [1]


def test_certain_slots_are_accepted_under_any_bound() -> None:
    certain = [0.0, 1.0, 0.0, 0.0]
    proposal, _ = EntropyBounded(0.0).step(view([certain, sure(0.99), certain]), EntropyBounded().init(3))
    assert sorted(chosen(proposal)) == [0, 2]


def test_a_slot_opened_again_competes_with_its_new_entropy() -> None:
    last = steps(RENOISING, [DOUBTFUL, sure(0.5), sure(0.5)], [1, SURE, SURE], [sure(0.999), 2, 2])[2]
    assert chosen(last) == {0: 0}
    assert last.reopen.tolist() == []


def test_a_calibrated_bound_accepts_the_wanted_number_in_half_of_the_steps() -> None:
    rng = np.random.default_rng(5)
    views = []
    for _ in range(101):
        logits = 3 * rng.normal(size=(12, 9))
        rows = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        views.append(StepView(0, 4, np.full(12, OPEN), rows, np.zeros(12, np.bool_)))
    scheduler = EntropyBounded(calibrated_bound(views, 4))
    accepted = [len(scheduler.step(seen, scheduler.init(12))[0].slots) for seen in views]
    assert np.median(accepted) == 4
    assert sum(n >= 4 for n in accepted) == 51


def test_calibration_needs_steps_with_so_many_open_slots() -> None:
    assert calibrated_bound([SEEN, view([sure(0.5)])], 2) == pytest.approx(RISING[0] + RISING[1], abs=1e-6)
    with pytest.raises(InvalidOption, match="at most the open slots"):
        calibrated_bound([SEEN], 5)
    with pytest.raises(InvalidOption, match="at least 1"):
        calibrated_bound([SEEN], 0)


@pytest.mark.parametrize("options", [{"bound_nats": -1.0}, {"bound_nats": math.inf}, {"budget": "both"}], ids=str)
def test_options_that_mean_nothing_are_refused(options: dict) -> None:
    with pytest.raises(InvalidOption):
        EntropyBounded(**options)
