"""What several threads want at once is made by one of them, and nobody waits for what will never come."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from maskwright.matching.in_progress import InProgress
from tests.forking import is_so_in_fork

TraceFunction = Callable[[FrameType, str, Any], Any]


def asked_by_others(work: InProgress[int], make: Callable[[], int], n: int = 7) -> tuple[list[threading.Thread], list]:
    """Threads that wait for what is being made under the key (1,), and what they get in the end."""
    found: list[int | BaseException] = []

    def ask() -> None:
        try:
            found.append(work.made((1,), make))
        except BaseException as error:  # noqa: BLE001  told to the test
            found.append(error)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(n)]
    for thread in threads:
        thread.start()
    return threads, found


def joined(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "a thread waits for something that does not come"


def test_one_makes_it_for_all_and_the_next_time_it_is_made_anew() -> None:
    work = InProgress[int]()
    calls: list[int] = []
    _, claim = work.claim((1,))
    threads, found = asked_by_others(work, lambda: calls.append(0) or 7)
    assert claim is not None
    assert work.carry_out((1,), claim, lambda: 5) == 5
    joined(threads)
    # Whoever asked while it was in progress has 5; a thread that came too late made its own.
    assert len(found) == 7
    assert set(found) <= {5, 7}
    assert found.count(7) >= len(calls)
    assert work.made((1,), lambda: 9) == 9


def test_others_get_the_same_error() -> None:
    work = InProgress[int]()
    _, claim = work.claim((1,))
    other, second = work.claim((1,))
    assert claim is not None and second is None

    def fail() -> int:
        raise MemoryError("none left")

    with pytest.raises(MemoryError):
        work.carry_out((1,), claim, fail)
    with pytest.raises(MemoryError, match="none left"):
        other.result(timeout=0)
    assert work.made((1,), lambda: 3) == 3


def test_an_interrupt_leaves_it_to_the_others() -> None:
    work = InProgress[int]()
    _, claim = work.claim((1,))
    threads, found = asked_by_others(work, lambda: 4)
    assert claim is not None

    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work.carry_out((1,), claim, interrupted)
    joined(threads)
    assert found == [4] * 7


@pytest.mark.parametrize("n_steps", range(40))
def test_an_interrupt_at_any_step_leaves_nobody_waiting(n_steps: int) -> None:
    """The interrupt comes at the n-th line or return that the thread comes to, from the claim on."""
    work = InProgress[int]()
    left = n_steps

    def count_down(frame: FrameType, event: str, argument: object) -> TraceFunction:
        nonlocal left
        is_inside = "in_progress" in frame.f_code.co_filename and frame.f_code.co_name != "__del__"
        if is_inside and event in {"line", "return"}:
            left -= 1
            if left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return count_down

    before = sys.gettrace()
    sys.settrace(count_down)
    try:
        work.made((1,), lambda: 1)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    threads, found = asked_by_others(work, lambda: 4)
    joined(threads)
    assert set(found) == {4}


def test_whoever_waits_takes_over_a_claim_that_is_let_go_of() -> None:
    work = InProgress[int]()
    pending, claim = work.claim((1,))
    threads, found = asked_by_others(work, lambda: 4)
    assert claim is not None and not pending.done()
    del claim
    joined(threads)
    assert found == [4] * 7


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_makes_for_itself_what_another_thread_had_begun() -> None:
    work = InProgress[int]()
    held = work.claim((1,))
    assert held[1] is not None
    assert is_so_in_fork(lambda: work.made((1,), lambda: 8) == 8)
