"""A fork finds every lock open, and what it protects whole."""

from __future__ import annotations

import os
import threading
import time
from functools import cached_property

import pytest

import maskwright.locks
from maskwright.locks import Rank, shared_lock
from tests.forking import is_so_in_fork

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def test_a_fork_waits_for_what_is_half_done() -> None:
    lock, written = shared_lock(Rank.TABLES), [0, 0]
    is_held, may_fork = threading.Event(), threading.Event()

    def write() -> None:
        for number in range(1, 50):
            with lock:
                written[0] = number
                is_held.set()
                may_fork.wait(0.002)
                written[1] = number

    thread = threading.Thread(target=write)
    thread.start()
    is_held.wait()
    for _ in range(10):
        assert is_so_in_fork(lambda: lock.acquire(blocking=False) and written[0] == written[1])
    thread.join()
    assert lock.acquire(blocking=False)  # and the parent's are open too


def test_a_fork_takes_outer_locks_first() -> None:
    outer, inner = shared_lock(Rank.PROGRAM), shared_lock(Rank.VOCABULARY)
    is_ended = threading.Event()

    def take_both() -> None:
        while not is_ended.is_set():
            with outer, inner:
                pass

    threads = [threading.Thread(target=take_both) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            assert is_so_in_fork(lambda: outer.acquire(timeout=5) and inner.acquire(timeout=5))
    finally:
        is_ended.set()
        for thread in threads:
            thread.join()


def test_locks_may_be_made_while_the_process_forks() -> None:
    is_ended = threading.Event()
    kept = []

    def make() -> None:
        while not is_ended.is_set():
            lock = shared_lock(Rank.GRAMMAR)
            with lock:
                kept.append(lock)
            del kept[:-50]

    thread = threading.Thread(target=make)
    thread.start()
    try:
        for _ in range(20):
            assert is_so_in_fork(lambda: all(lock.acquire(timeout=5) for lock in list(kept)))
    finally:
        is_ended.set()
        thread.join()


def test_a_fork_ends_though_each_lock_that_it_takes_makes_another(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Fertile:
        """A lock; as if another thread made one whenever it is taken."""

        def __init__(self) -> None:
            self.lock = threading.RLock()

        def acquire(self, blocking: bool = True) -> bool:
            assert len(made) < 100, "no end"
            made.append(shared_lock(Rank.GRAMMAR))
            return self.lock.acquire(blocking)

        def release(self) -> None:
            self.lock.release()

    monkeypatch.setattr(maskwright.locks, "new_lock", lambda _: Fertile())
    made.append(shared_lock(Rank.GRAMMAR))
    monkeypatch.undo()
    assert is_so_in_fork(lambda: True)
    assert len(made) == 2


def test_a_fork_waits_for_a_new_lock_that_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was made, and taken, while the fork took the others."""
    kept, written = [], [0]

    class Slow:
        def __init__(self) -> None:
            self.lock = threading.RLock()

        def acquire(self, blocking: bool = True) -> bool:
            if not kept:
                kept.append(shared_lock(Rank.GRAMMAR))
                is_held = threading.Event()
                threading.Thread(target=hold, args=(kept[0], is_held)).start()
                is_held.wait()
            return self.lock.acquire(blocking)

        def release(self) -> None:
            self.lock.release()

    def hold(lock: threading.RLock, is_held: threading.Event) -> None:
        with lock:
            is_held.set()
            time.sleep(0.05)
            written[0] = 1

    monkeypatch.setattr(maskwright.locks, "new_lock", lambda _: Slow())
    slow = shared_lock(Rank.PROGRAM)
    monkeypatch.undo()
    assert is_so_in_fork(lambda: written == [1])
    assert slow is not None


def test_a_thread_that_holds_a_lock_may_fork() -> None:
    with shared_lock(Rank.GRAMMAR) as _:
        assert is_so_in_fork(lambda: True)


class Slow:
    """Something that takes its time to be found."""

    @cached_property
    def found(self) -> int:
        time.sleep(0.2)
        return 7


def test_what_a_thread_was_finding_is_found_in_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maskwright.locks, "Slow", Slow, raising=False)  # as if it were of this package
    thread = threading.Thread(target=lambda: Slow().found)
    thread.start()
    time.sleep(0.02)
    assert is_so_in_fork(lambda: Slow().found == 7)
    thread.join()
