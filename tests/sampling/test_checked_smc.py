"""SMC under a checker: exact in the mask's part, unbiased in the checker's, and never ended by a checker that fails."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from maskwright.sampling.awrs.checker import Checker
from maskwright.sampling.awrs.proposal import CheckedProposal
from maskwright.sampling.enumeration import exact
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Ending, Target
from tests.sampling.toys import ListedLanguage, MarkovModel, Text, remembered, valid_texts


def looser() -> Target:
    """The toy T without the rule of the digit sum, which is left to the checker."""
    eos = frozenset({4})
    language = ListedLanguage(valid_texts(is_member=no_equal_neighbours), eos)
    return remembered(Target(MarkovModel(), (), language, 6, eos))


def no_equal_neighbours(text: Text) -> bool:
    return bool(text) and all(a != b for a, b in pairwise(text))


def spell(token_ids: object) -> bytes:
    return bytes(token_ids)  # type: ignore[call-overload,no-any-return]


def sums_to_five(token_ids: tuple[int, ...], _: bytes) -> bool:
    return sum(token_ids) % 5 == 0


def can_sum_to_five(token_ids: tuple[int, ...], _: bytes) -> bool:
    return any(text[: len(token_ids)] == token_ids for text in valid_texts())


@pytest.mark.parametrize("prefix", [None, can_sum_to_five])
@pytest.mark.parametrize("ess_threshold", [0.0, 0.5])
def test_the_estimate_is_unbiased(prefix: object, ess_threshold: float) -> None:
    """|z| <= 4 over 1,500 runs of 20 particles, false alarm one in 15,000; the judge knows the rule as a mask."""
    eos = frozenset({4})
    log_z = exact(Target(MarkovModel(), (), ListedLanguage(valid_texts(), eos), 6, eos)).log_z
    proposal = CheckedProposal(Checker(prefix=prefix, complete=sums_to_five), spell)  # type: ignore[arg-type]
    options = SMCOptions(20, ess_threshold, proposal=proposal)
    target = looser()
    estimates = np.exp([smc(RandomKey.from_seed(seed), target, options).log_evidence - log_z for seed in range(1500)])
    assert abs(estimates.mean() - 1) <= 4 * estimates.std() / math.sqrt(len(estimates))


def test_a_checker_that_fails_ends_no_run_and_is_declared() -> None:
    def fails_at_twos(token_ids: tuple[int, ...], _: bytes) -> bool:
        if 2 in token_ids:
            raise RuntimeError("no twos, please")
        return True

    sample = smc(
        RandomKey.from_seed(1), looser(), SMCOptions(12, proposal=CheckedProposal(Checker(prefix=fails_at_twos), spell))
    )
    assert sample.alive
    assert all(2 not in text.token_ids for text in sample.alive)
    assert sample.effort.n_failures > 0
    assert sample.declared == (f"{sample.effort.n_failures} checks failed and were counted as rejections",)


def test_a_checker_that_takes_nothing_leaves_dead_particles() -> None:
    nothing = CheckedProposal(Checker(prefix=lambda *_: False, complete=lambda *_: False), spell)
    sample = smc(RandomKey.from_seed(1), looser(), SMCOptions(5, proposal=nothing))
    assert {text.ending for text in sample.texts} == {Ending.CHECKER}
    assert sample.log_evidence == -math.inf
