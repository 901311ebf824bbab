"""Answers of a slow analysis, asked for ahead in threads, and waited for no longer than the caller wants.

A monitor knows that it will need an answer as soon as the trigger is written, which is one forward pass of the model
before the mask is needed. So `ask` hands the question to a thread at once, and `Question.answer` waits for what is left
of it. Equal texts are asked about once: the forks of a beam share the answer.

Time-outs. `Waiting(timeout_s=None)`, the default, waits as long as it takes, and nothing depends on the clock. With a
limit the caller says what an answer that does not come in time stands for; the same goes for an analysis that raises:

    Unanswered.FORBID   nothing may follow, so this text is a dead end. The default, for it never lets anything through
                        that the analysis might have refused; it does lose texts that it would have allowed.
    Unanswered.ALLOW    no restriction here. That widens: what comes out is no longer known to keep the rule.

Both change the distribution that is sampled from, and by how much depends on the machine; so both are counted, and
`report` is to be shown with the result. A question that was given up keeps its outcome for its text in progress,
however often it is asked; the answer, when it comes, serves later ones.

Rejected: to stop the thread (Python cannot), or a process for each question (an analysis lives on its caches). A thread
in which an analysis hangs is occupied until it returns, and so is the end of the process.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import final

from maskwright.errors import MatcherError

Analysis = Callable[[bytes], Iterable[str] | None]
"""The names that may follow a text that ends with a trigger; None where nothing is known, so nothing is restricted."""

Names = frozenset[bytes] | None
"""The same in UTF-8."""

_MOST_TEXTS = 1_024
"""Texts whose answers are kept. Of a generation only those with a trigger behind them are asked about."""


class Unanswered(enum.Enum):
    """What an answer that did not come in time, or not at all, stands for; see the module."""

    FORBID = "forbid"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long to wait for an answer, and what one stands for that does not come.

    timeout_s: in seconds, None until it comes.  unanswered: forbid what follows, or allow all of it.
    """

    timeout_s: float | None = None
    unanswered: Unanswered = Unanswered.FORBID
    max_workers: int = 1
    """Threads that the analysis stands; most are not made for more than one."""


@dataclass(frozen=True, slots=True)
class AskingReport:
    """What became of the questions; `timed_out` and `failed` are those that `unanswered` stood in for.

    asked: to the analysis; reused: equal texts that were not asked again; answered: within the time;
    unknown: of these, without a restriction; last_failure: what the analysis raised last.
    """

    unanswered: Unanswered
    asked: int = 0
    reused: int = 0
    answered: int = 0
    unknown: int = 0
    timed_out: int = 0
    failed: int = 0
    last_failure: str = ""

    def __str__(self) -> str:
        return (
            f"{self.asked} questions ({self.reused} more were asked before), {self.answered} answered in time "
            f"({self.unknown} without a restriction), {self.timed_out} too late and {self.failed} failed, "
            f"which {self.unanswered.value}s what follows"
        )


@final
class AskedAhead:
    """An analysis behind a pool of threads (mutable; any number of threads may ask)."""

    def __init__(self, analysis: Analysis, waiting: Waiting) -> None:
        self._analysis = analysis
        self._waiting = waiting
        self._pool = ThreadPoolExecutor(waiting.max_workers, thread_name_prefix="maskwright-monitor")
        self._futures: dict[bytes, Future[Names]] = {}
        self._report = AskingReport(waiting.unanswered)
        self._is_closed = False
        self._lock = threading.Lock()

    @property
    def report(self) -> AskingReport:
        """The counts up to now."""
        return self._report

    def ask(self, text: bytes) -> Question:
        """Have a thread find the names that may follow a text; raises MatcherError after `close`."""
        with self._lock:
            if self._is_closed:
                raise MatcherError("The analysis of this monitor is closed, so nothing can be asked")
            future = self._futures.get(text)
            if future is None:
                if len(self._futures) >= _MOST_TEXTS:
                    self._futures.clear()
                future = self._futures[text] = self._pool.submit(self._names_after, text)
                self._report = replace(self._report, asked=self._report.asked + 1)
            else:
                self._report = replace(self._report, reused=self._report.reused + 1)
        return Question(self, future)

    def close(self) -> None:
        """Cancel what no thread has begun with, wait for the rest, and end the threads."""
        with self._lock:
            self._is_closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _names_after(self, text: bytes) -> Names:
        names = self._analysis(text)
        return None if names is None else frozenset(name.encode() for name in names)

    def wait_for(self, future: Future[Names]) -> Names:
        """The answer, or what stands for it; counted either way."""
        names: Names = frozenset() if self._waiting.unanswered is Unanswered.FORBID else None
        failure = ""
        try:
            names = future.result(self._waiting.timeout_s)
            outcome = "answered"
        except TimeoutError as error:
            # The analysis itself may have raised a TimeoutError.
            is_its_own = future.done() and future.exception() is error
            outcome, failure = ("failed", repr(error)) if is_its_own else ("timed_out", "")
        except Exception as error:  # noqa: BLE001  (whatever it is, it is counted and declared)
            outcome, failure = "failed", repr(error)
        with self._lock:
            old = self._report
            self._report = replace(
                old,
                **{outcome: getattr(old, outcome) + 1},
                unknown=old.unknown + (outcome == "answered" and names is None),
                last_failure=failure or old.last_failure,
            )
        return names


@final
class Question:
    """A question that was asked; its answer is decided once, when it is first needed."""

    __slots__ = ("_asked", "_future", "_lock", "_names")

    def __init__(self, asked: AskedAhead, future: Future[Names]) -> None:
        self._asked = asked
        self._future = future
        self._lock = threading.Lock()
        self._names: list[Names] = []  # empty until it is decided

    def answer(self) -> Names:
        """The names that may follow; None: anything may."""
        with self._lock:
            if not self._names:
                self._names.append(self._asked.wait_for(self._future))
            return self._names[0]
