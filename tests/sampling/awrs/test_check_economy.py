"""How many checks a token costs, and how quiet the weights are for it.

Seeds are fixed. The bounds on checks lie more than six standard errors above what is expected, those on deviations as
far above what 20,000 runs gave, where the text does not say otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from maskwright.sampling.awrs.checker import Checker
from maskwright.sampling.awrs.geometric import geometric
from maskwright.sampling.awrs.priority import priority
from maskwright.sampling.awrs.proposal import CheckedProposal
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Ending, Target
from tests.sampling.awrs.rows import study, study_rows

SIZE, END = 32_000, 31_999


class Endless:
    """A matcher that allows everything; token `END` and the one before it end a text."""

    def fill_bitmask(self, row: np.ndarray) -> None:
        row[:] = -1

    def accept_token(self, token_id: int) -> None:
        assert token_id < SIZE

    def is_finished(self) -> bool:
        return False

    def fork(self) -> Endless:
        return self


@pytest.fixture(scope="module")
def target() -> Target:
    row = np.random.default_rng(0).normal(size=SIZE) * 3
    return Target(lambda prefixes: np.tile(row, (len(prefixes), 1)), (), Endless(), 6, frozenset({END, END - 1}))


def spell(token_ids: Sequence[int]) -> bytes:
    return b"".join(token.to_bytes(2, "big") for token in token_ids)


def half(token_ids: tuple[int, ...], text: bytes) -> bool:
    return token_ids[-1] * 40503 % 65536 < 32768


def complete(token_ids: tuple[int, ...], text: bytes) -> bool:
    return True


def test_half_of_the_vocabulary_costs_less_than_four_checks(target: Target) -> None:
    draft = target.start()
    (row,) = target.rows([draft])
    proposal = CheckedProposal(Checker(prefix=half, complete=complete), spell)
    key = RandomKey.from_seed(6)
    found = proposal([key.child(i) for i in range(500)], [draft] * 500, [row] * 500)
    # Verdicts are shared among drafts with equal texts; one after the other nothing is shared.
    alone = [proposal([key.child(i)], [draft], [row])[0] for i in range(500)]
    assert [one.token_id for one in alone] == [one.token_id for one in found]
    assert [one.log_weight for one in alone] == [one.log_weight for one in found]
    assert 3 < np.mean([one.n_checks for one in alone]) <= 4
    assert np.mean([one.n_checks for one in found]) < 3
    valid = np.array([half((token,), b"") or token >= END - 1 for token in range(SIZE)])
    z = math.exp(row.without(np.flatnonzero(~valid).tolist()).log_mass)
    weights = np.exp([one.log_weight for one in alone])
    assert abs(weights.mean() - z) <= 4 * weights.std() / math.sqrt(500)


def test_a_mask_costs_no_check(target: Target) -> None:
    draft = target.start()
    (row,) = target.rows([draft])
    (found,) = CheckedProposal(Checker(), spell)([RandomKey.from_seed(1)], [draft], [row])
    assert found.n_checks == 0
    assert found.log_weight == row.log_mass
    assert found.token_id == row.draw(RandomKey.from_seed(1).uniform())


@pytest.mark.parametrize("estimator", [geometric, priority, partial(geometric, at_least=32)])
@pytest.mark.parametrize("prefix", [None, half])
def test_a_forced_end_costs_one_check_and_its_weight_is_exact(target: Target, estimator, prefix) -> None:
    """Two end tokens, one check."""
    draft = target.start()
    draft.token_ids.extend([1, 2, 3, 4, 5])
    (row,) = target.rows([draft])
    for verdict in (True, False):
        proposal = CheckedProposal(Checker(prefix, lambda *_, verdict=verdict: verdict), spell, estimator=estimator)
        drawn = proposal([RandomKey.from_seed(i) for i in range(20)], [draft] * 20, [row] * 20)
        assert [found.n_checks for found in drawn] == [1] + [0] * 19
        if verdict:
            assert {found.token_id for found in drawn} <= {END, END - 1}
            assert all(found.log_weight == pytest.approx(row.log_mass, abs=1e-14) for found in drawn)
        else:
            assert {(found.token_id, found.ending) for found in drawn} == {(None, Ending.CHECKER)}


def test_four_acceptable_tokens_of_4096_cost_120_checks_one_after_the_other() -> None:
    logits, valid = study_rows()["4 of 4,096 pass"]
    figures = study(partial(geometric, at_least=64), logits, valid, 1000, seed=7)
    assert figures.n_checks <= 120
    assert figures.deviation <= 1.1
    assert figures.n_dead == 0
    assert abs(figures.z) <= 4


def test_four_acceptable_tokens_of_4096_cost_64_checks_at_once() -> None:
    logits, valid = study_rows()["4 of 4,096 pass"]
    figures = study(priority, logits, valid, 2000, seed=8)
    assert figures.n_checks <= 64
    assert figures.deviation <= 1.0
    assert abs(figures.z) <= 4


def test_a_certain_token_that_is_rejected_hardly_shows_in_the_weights() -> None:
    logits, valid = study_rows()["the top token, p = .999, is rejected"]
    figures = study(geometric, logits, valid, 3000, seed=9)
    assert figures.n_checks <= 3.1
    assert figures.deviation <= 0.5
    assert abs(figures.weights.mean() - 1) <= 0.05
