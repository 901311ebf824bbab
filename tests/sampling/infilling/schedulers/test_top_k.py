"""The plain schedule."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.matching.infilling.slots import OPEN
from maskwright.sampling.infilling.schedulers import StepView, TopK
from tests.sampling.infilling.schedulers.toys import chosen, sure, view


def test_the_most_confident_share_is_proposed() -> None:
    seen = view([sure(0.5), sure(0.8, 1), 2, sure(0.7, 2), sure(0.6)], step=0, n_steps=2)
    proposal, _ = TopK().step(seen, None)
    assert chosen(proposal) == {1: 1, 3: 2}


@pytest.mark.parametrize(("n", "n_steps"), [(7, 3), (6, 3), (5, 8), (32, 5)])
def test_shares_are_those_of_the_linear_schedule_of_the_source(n: int, n_steps: int) -> None:
    tokens, shares = np.full(n, OPEN), []
    rows = np.log(np.full((n, 4), 0.25, np.float32))
    for step in range(n_steps):
        proposal, _ = TopK().step(StepView(step, n_steps, tokens.copy(), rows, np.zeros(n, np.bool_)), None)
        tokens[proposal.slots] = proposal.tokens
        shares.append(len(proposal.slots))
    assert shares == [n // n_steps + (step < n % n_steps) for step in range(n_steps)]
