"""Pools give the verdicts that the caller's thread would give, and survive checkers that fail, hang or crash."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from maskwright.errors import InvalidOption, UnsuitableChecker
from maskwright.sampling.awrs.checker import PASSED, Candidate, Checker, Outcome, Pool, SameThread, Verdict
from maskwright.sampling.awrs.process_pool import ProcessPool
from maskwright.sampling.awrs.thread_pool import ThreadPool
from tests.sampling.awrs import checkers

CANDIDATES = [Candidate(False, (n,), bytes([n])) for n in range(12)]
REJECTED = Verdict(Outcome.REJECTED)


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPool]:
    with ProcessPool(2, timeout_s=1.0) as pool:
        yield pool


@pytest.fixture(params=["same thread", "threads", "processes"])
def pool(request: pytest.FixtureRequest, processes: ProcessPool) -> Iterator[Pool]:
    if request.param == "same thread":
        yield SameThread()
    elif request.param == "threads":
        with ThreadPool(3) as threads:
            yield threads
    else:
        yield processes


def test_all_pools_say_the_same(pool: Pool) -> None:
    found = pool.check(Checker(prefix=checkers.is_even), CANDIDATES)
    assert found == [PASSED if n % 2 == 0 else REJECTED for n in range(12)]
    assert pool.check(Checker(prefix=checkers.is_even), []) == []


def test_a_missing_predicate_accepts(pool: Pool) -> None:
    complete = Candidate(True, (1,), b"\x01")
    assert pool.check(Checker(prefix=checkers.is_even), [complete]) == [PASSED]
    assert pool.check(Checker(complete=checkers.is_even), [complete]) == [REJECTED]


def test_a_checker_that_fails_has_rejected_and_says_why(pool: Pool) -> None:
    found = pool.check(Checker(prefix=checkers.stumbles), CANDIDATES[:5])
    assert [verdict.outcome for verdict in found] == [Outcome.PASSED, *[Outcome.FAILED] * 3, Outcome.PASSED]
    assert [verdict.message for verdict in found[1:4]] == [
        "ZeroDivisionError: one",
        "SystemExit: 3",
        "the checker answered None and not a bool",
    ]


def test_a_process_that_hangs_is_killed_and_replaced(processes: ProcessPool) -> None:
    checker = Checker(prefix=checkers.hangs)
    for _ in range(2):
        found = processes.check(checker, CANDIDATES[:6])
        assert [verdict.outcome for verdict in found] == [Outcome.PASSED, Outcome.TIMED_OUT, *[Outcome.PASSED] * 4]


def test_a_process_that_crashes_costs_one_check(processes: ProcessPool) -> None:
    found = processes.check(Checker(prefix=checkers.crashes), CANDIDATES[:6])
    assert [verdict.outcome for verdict in found] == [Outcome.PASSED, Outcome.FAILED, *[Outcome.PASSED] * 4]
    assert found[1].message == "the process of the checker ended"


def test_a_thread_that_hangs_counts_as_rejected_and_the_others_go_on() -> None:
    release = threading.Event()
    with ThreadPool(2, timeout_s=0.5) as pool:
        found = pool.check(Checker(lambda token_ids, text: text != b"\x01" or release.wait(60)), CANDIDATES[:6])
    release.set()
    assert [verdict.outcome for verdict in found] == [Outcome.PASSED, Outcome.TIMED_OUT, *[Outcome.PASSED] * 4]


def test_a_checker_that_cannot_be_sent_is_refused(processes: ProcessPool) -> None:
    with pytest.raises(UnsuitableChecker) as caught:
        processes.check(Checker(prefix=lambda token_ids, text: True), CANDIDATES)
    assert str(caught.value).startswith("This checker cannot run in another process: Can't pickle ")
    assert str(caught.value).endswith("under `if __name__ == '__main__':`.")


def test_a_checker_that_cannot_be_imported_there_is_refused() -> None:
    with ProcessPool(1) as pool:
        with pytest.raises(UnsuitableChecker, match="ModuleNotFoundError: No module named 'not_a_module'"):
            pool.check(Unloadable(), CANDIDATES)  # type: ignore[arg-type]
        assert pool.check(Checker(prefix=checkers.is_even), CANDIDATES[:1]) == [PASSED]


class Unloadable:
    def __reduce__(self) -> tuple[object, ...]:
        return __import__, ("not_a_module",)


def test_processes_end_with_their_pool() -> None:
    pool = ProcessPool(2)
    pool.check(Checker(prefix=checkers.is_even), CANDIDATES)
    ids = [worker.process.pid for worker in pool._workers]
    pool.close()
    assert ids
    for process_id in ids:
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)


@pytest.mark.parametrize("kind", [ThreadPool, ProcessPool])
def test_pools_without_workers_or_time_are_refused(kind: type) -> None:
    with pytest.raises(InvalidOption, match="n_workers must be at least 1, not 0"):
        kind(0)
    with pytest.raises(InvalidOption, match="timeout_s must be None or above 0, not 0"):
        kind(1, 0)
