"""Checked proposals: what is asked, how often, and that nothing but keys and verdicts decides."""

from __future__ import annotations

import math
import threading
from collections import Counter
from functools import partial

import numpy as np
import pytest

from maskwright.sampling.awrs.checker import Candidate, Checker, Verdict, run_check
from maskwright.sampling.awrs.estimate import Estimator
from maskwright.sampling.awrs.geometric import geometric
from maskwright.sampling.awrs.priority import priority
from maskwright.sampling.awrs.process_pool import ProcessPool
from maskwright.sampling.awrs.proposal import CheckedProposal
from maskwright.sampling.awrs.thread_pool import ThreadPool
from maskwright.sampling.proposal import masked_proposal
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.target import Draft, Ending, Target
from maskwright.sampling.weighted_texts import Effort
from tests.sampling.awrs import checkers
from tests.sampling.toys import ListedLanguage, MarkovModel, Text, all_texts, toy

EOS = frozenset({4, 5})
KEYS = [RandomKey.from_seed(i) for i in range(40)]


def target(max_tokens: int = 4) -> Target:
    """All texts of up to three digits, with two end tokens."""
    rows = np.random.default_rng(2).normal(size=6)
    language = ListedLanguage(frozenset(all_texts(4, 3)), EOS)
    return Target(lambda prefixes: np.tile(rows, (len(prefixes), 1)), (), language, max_tokens, EOS)


def drafts_after(*texts: Text) -> list[Draft]:
    drafts = []
    for text in texts:
        drafts.append(target().start())
        for token in text:
            drafts[-1].read(token, -1.0)
    return drafts


class Listening:
    """A pool that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Candidate] = []

    def check(self, checker: Checker, candidates: list[Candidate]) -> list[Verdict]:
        self.asked.extend(candidates)
        return [run_check(checker, candidate) for candidate in candidates]


def test_texts_are_asked_about_once_and_ends_as_complete_texts() -> None:
    pool = Listening()
    drafts = drafts_after(*[(1, 2), (1, 2), (3,)] * 10)
    proposal = CheckedProposal(
        Checker(checkers.is_even, checkers.is_even), bytes, estimator=partial(priority, n_top=0, n_tail=6), pool=pool
    )
    found = proposal(KEYS[:30], drafts, target().rows(drafts))
    assert max(Counter(pool.asked).values()) == 1
    ends = {candidate for candidate in pool.asked if candidate.is_complete}
    assert ends == {Candidate(True, (1, 2), b"\x01\x02"), Candidate(True, (3,), b"\x03")}
    going_on = {candidate.token_ids for candidate in pool.asked} - {candidate.token_ids for candidate in ends}
    assert going_on == {(*text, token) for text in ((1, 2), (3,)) for token in range(4)}
    assert sum(one.n_checks for one in found) == len(pool.asked) == 10


@pytest.mark.parametrize("estimator", [geometric, partial(priority, n_top=1, n_tail=2), partial(geometric, at_least=3)])
def test_the_same_key_gives_the_same_token_beside_any_others_and_in_any_pool(estimator: Estimator) -> None:
    drafts = drafts_after(*[(1,), (), (3, 2), (2,)] * 10)
    rows = target().rows(drafts)
    checker = Checker(checkers.is_even, checkers.is_even)
    wanted = CheckedProposal(checker, bytes, estimator=estimator)(KEYS, drafts, rows)
    with ThreadPool(1) as one, ThreadPool(5) as five, ProcessPool(2) as two:
        for pool in (one, five, two):
            assert CheckedProposal(checker, bytes, estimator=estimator, pool=pool)(KEYS, drafts, rows) == wanted
    alone = CheckedProposal(checker, bytes, estimator=estimator)
    for i in range(40):
        (found,) = alone(KEYS[i : i + 1], drafts[i : i + 1], rows[i : i + 1])
        assert (found.token_id, found.log_weight) == (wanted[i].token_id, wanted[i].log_weight)
    assert len({found.token_id for found in wanted}) >= 3


def test_without_a_checker_it_is_the_masked_proposal() -> None:
    drafts = drafts_after(*[(1,), (2, 3)] * 20)
    rows = target().rows(drafts)
    assert CheckedProposal(Checker(), bytes)(KEYS, drafts, rows) == masked_proposal(KEYS, drafts, rows)


def test_a_checker_of_complete_texts_settles_the_row_by_one_check() -> None:
    drafts = drafts_after((1,), (1, 1))
    rows = target().rows(drafts)
    odd, even = CheckedProposal(Checker(complete=checkers.is_even), bytes)(KEYS[:2], drafts, rows)
    assert (odd.n_checks, even.n_checks) == (1, 1)
    assert odd.log_weight == rows[0].without([4, 5]).log_mass
    assert even.log_weight == rows[1].log_mass


def test_failed_checks_are_counted_and_end_no_run() -> None:
    drafts = drafts_after((0,), (1,), (2,))
    checker = Checker(checkers.stumbles, checkers.stumbles)
    proposal = CheckedProposal(checker, bytes, estimator=partial(geometric, at_least=6))
    found = proposal(KEYS[:3], drafts, target().rows(drafts))
    assert [one.n_failures for one in found] == [3, 4, 4]
    assert [one.n_checks for one in found] == [5, 5, 5]
    assert {one.token_id for one in found[1:]} == {0}
    assert proposal.first_failure in {
        "ZeroDivisionError: one",
        "SystemExit: 3",
        "the checker answered None and not a bool",
    }
    effort = Effort(n_checks=15, n_failures=11, n_timeouts=2)
    assert effort.declared == (
        "11 checks failed and were counted as rejections",
        "2 checks took too long and were counted as rejections",
    )
    assert Effort(n_checks=15).declared == ()


def test_late_checks_are_counted() -> None:
    drafts = [target().start()]
    release = threading.Event()
    checker = Checker(lambda token_ids, text: text != b"\x01" or release.wait(60))
    with ThreadPool(2, timeout_s=0.5) as pool:
        proposal = CheckedProposal(checker, bytes, estimator=partial(geometric, at_least=6), pool=pool)
        (found,) = proposal(KEYS[:1], drafts, target().rows(drafts))
    release.set()
    assert (found.n_timeouts, found.n_failures, found.n_checks) == (1, 0, 4)
    assert found.token_id != 1


def test_drafts_without_a_token_say_why() -> None:
    proposal = CheckedProposal(Checker(lambda *_: False, lambda *_: False), bytes)
    drafts = drafts_after(())
    (found,) = proposal(KEYS[:1], drafts, target().rows(drafts))
    assert (found.token_id, found.log_weight, found.ending) == (None, -math.inf, Ending.CHECKER)
    assert found.n_checks == 5  # four digits and one end
    short = toy(max_tokens=1)
    (stuck,) = proposal(KEYS[:1], [short.start()], short.rows([short.start()]))
    assert (stuck.ending, stuck.n_checks) == (Ending.BUDGET, 0)
    language = ListedLanguage(frozenset({(1,)}), EOS)
    nothing = Target(lambda prefixes: np.full((len(prefixes), 6), [0, -np.inf, 0, 0, 0, 0]), (), language, 3, EOS)
    (stuck,) = proposal(KEYS[:1], [nothing.start()], nothing.rows([nothing.start()]))
    assert stuck.ending is Ending.NO_MASS


def test_probabilities_are_those_of_the_model() -> None:
    drafts = [toy().start()]
    rows = toy().rows(drafts)
    (found,) = CheckedProposal(Checker(checkers.is_even), bytes)(KEYS[:1], drafts, rows)
    assert found.token_id is not None
    row = MarkovModel().row(())
    assert found.log_probability == pytest.approx(row[found.token_id] - np.logaddexp.reduce(row))
