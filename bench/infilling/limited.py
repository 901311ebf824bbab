"""A measurement in a process of its own: it inherits what is loaded and warm, and is ended when it takes too long.

So one grammar's memory is not another's, and a cell of a table that would take hours says so instead. Where processes
cannot be forked, work is done in place, and without a limit.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from maskwright.errors import MaskwrightError

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """What came of it: all that was told until it ended, and why it ended early if it did."""

    told: tuple[Result, ...]
    problem: str = ""


Tell = Callable[[Result], None]


def within(seconds: float, work: Callable[[Tell[Result]], None]) -> Outcome[Result]:
    """Call `work(tell)` and return what it told."""
    told: list[Result] = []
    if "fork" not in multiprocessing.get_all_start_methods():
        problem = _done(work, told.append)
        return Outcome(tuple(told), problem)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, sender))
    process.start()
    sender.close()
    end = time.monotonic() + seconds
    try:
        while receiver.poll(max(0.0, end - time.monotonic())):
            is_last, item = receiver.recv()
            if is_last:
                problem = item
                break
            told.append(item)
        else:
            problem = f"not done after {seconds:g} s"
    except EOFError:
        process.join()
        problem = f"the process ended with code {process.exitcode}"
    finally:
        process.kill()
        process.join()
    return Outcome(tuple(told), problem)


def _child(work: Callable[[Tell[Result]], None], sender: Connection) -> None:
    sender.send((True, _done(work, lambda item: sender.send((False, item)))))


def _done(work: Callable[[Tell[Result]], None], tell: Tell[Result]) -> str:
    """Do it; what went wrong."""
    try:
        work(tell)
    except MaskwrightError as error:
        return f"{type(error).__name__}: {error}"
    return ""
