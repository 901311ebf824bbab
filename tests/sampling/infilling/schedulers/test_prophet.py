"""Early commit by the mean gap inside the mask."""

from __future__ import annotations

import math

import pytest

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers import ConfidenceThreshold, Prophet, TopK
from tests.sampling.infilling.schedulers.toys import chosen, sure, view


def gapped(nats: float) -> list[float]:
    """Two choices whose log probabilities are so far apart."""
    second = 1 / (1 + math.exp(nats))
    return [1 - second, second, 0.0, 0.0]


@pytest.mark.parametrize(
    ("step", "nats", "finishes"),
    [
        (0, 7.6, True),
        (0, 7.4, False),
        (2, 5.1, False),
        (3, 5.1, True),
        (3, 4.9, False),
        (5, 4.9, False),
        (6, 2.6, True),
        (9, 2.4, False),
        (25, 2.6, True),
    ],
)
def test_the_gap_that_is_asked_for_falls_in_phases(step: int, nats: float, finishes: bool) -> None:
    proposal, _ = Prophet().step(view([gapped(nats)] * 3, step, 10), None)
    assert proposal.finish is finishes


def test_where_a_phase_ends_the_next_has_begun() -> None:
    halves = Prophet(((0.5, 6.0), (1.0, 2.0)))
    assert [halves.gap_asked_for(view([gapped(1)], step, 10)) for step in (3, 4, 9)] == [6.0, 2.0, 2.0]


def test_the_mean_over_open_slots_counts() -> None:
    assert Prophet().mean_gap(view([gapped(1), gapped(8), 0])) == pytest.approx(4.5, rel=1e-4)
    assert Prophet().step(view([gapped(7), gapped(8.2)]), None)[0].finish
    assert not Prophet().step(view([gapped(7), gapped(7.8)]), None)[0].finish


def test_slots_with_one_choice_count_as_decided_and_do_not_lift_the_mean() -> None:
    certain = [0.0, 1.0, 0.0, 0.0]
    for forced in ([1], []):
        seen = view([gapped(4), certain, gapped(2), 1], forced=forced)
        assert Prophet().mean_gap(seen) == pytest.approx(3, rel=1e-4)
        assert not Prophet().step(seen, None)[0].finish


def test_a_forced_slot_is_left_out_even_if_its_row_is_not_certain() -> None:
    assert Prophet().mean_gap(view([gapped(4), gapped(1)], forced=[1])) == pytest.approx(4, rel=1e-4)


def test_with_single_choices_alone_the_answer_is_clear() -> None:
    proposal, _ = Prophet().step(view([[0.0, 1.0, 0.0], 1]), None)
    assert proposal.finish
    assert chosen(proposal) == {0: 1}


def test_a_runner_up_outside_the_mask_does_not_count() -> None:
    # Under the model 0 and 1 are close; the mask leaves 0 and 2.
    assert Prophet().step(view([[0.9998, 0.0, 0.0002, 0.0]]), None)[0].finish


def test_only_the_answer_is_watched() -> None:
    seen = view([gapped(1), gapped(9), gapped(9), gapped(1)])
    assert not Prophet().step(seen, None)[0].finish
    assert Prophet(answer=(1, 3)).step(seen, None)[0].finish
    assert not Prophet(answer=(2, 40)).step(seen, None)[0].finish


def test_until_the_answer_is_clear_another_scheduler_chooses() -> None:
    seen = view([sure(0.6), sure(0.7, 1), sure(0.8, 2), sure(0.5)], 0, 2)
    for base in (TopK(), ConfidenceThreshold(0.65)):
        ours, theirs = Prophet(base=base).step(seen, None)[0], base.step(seen, None)[0]
        assert chosen(ours) == chosen(theirs) == {2: 2, 1: 1}
        assert not ours.finish


@pytest.mark.parametrize(
    "options", [{"phases": ()}, {"phases": ((0.5, 1.0), (0.5, 2.0))}, {"answer": (3, 3)}, {"answer": (-1, 3)}], ids=str
)
def test_options_that_mean_nothing_are_refused(options: dict) -> None:
    with pytest.raises(InvalidOption):
        Prophet(**options)
