"""Fast-dLLM's threshold on constrained marginals."""

from __future__ import annotations

import pytest

from maskwright.errors import InvalidOption
from maskwright.sampling.infilling.schedulers import ConfidenceThreshold
from tests.sampling.infilling.schedulers.toys import chosen, sure, view


def test_all_slots_above_the_threshold_are_proposed_and_no_others() -> None:
    seen = view([sure(0.91), sure(0.89), sure(0.95, 1), 0, sure(0.99, 2)])
    proposal, _ = ConfidenceThreshold().step(seen, None)
    assert chosen(proposal) == {4: 2, 2: 1, 0: 0}
    assert list(chosen(proposal)) == [4, 2, 0]


def test_below_the_threshold_the_most_confident_slot_is_proposed_alone() -> None:
    proposal, _ = ConfidenceThreshold().step(view([sure(0.4), sure(0.6, 2), sure(0.5)]), None)
    assert chosen(proposal) == {1: 2}


def test_a_token_outside_the_mask_takes_no_confidence_away() -> None:
    # The model would rather have token 0, which the grammar forbids: of what is left, token 1 has it all but certain.
    proposal, _ = ConfidenceThreshold().step(view([sure(0.5), [0.0, 0.97, 0.03, 0.0]]), None)
    assert chosen(proposal) == {1: 1}


def test_a_threshold_is_a_probability() -> None:
    with pytest.raises(InvalidOption, match="threshold"):
        ConfidenceThreshold(1.5)
