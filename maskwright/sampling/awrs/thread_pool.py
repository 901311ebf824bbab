"""Checks side by side in threads, each with a time-out: for checkers that wait, or that release the GIL.

A check whose time is up counts as rejected, but a thread cannot be ended: it runs on, holding what it holds, and Python
waits for it when the program ends. A checker that may hang belongs into a `ProcessPool`, where it is ended.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self, final

from maskwright.sampling.awrs.checker import Candidate, Checker, Outcome, Verdict, check_pool_options, run_check


@final
class ThreadPool:
    """Threads that check; to be used by one thread at a time.

    n_workers: checks that run at once.  timeout_s: seconds for each check from its beginning, None for no limit.
    """

    def __init__(self, n_workers: int, timeout_s: float | None = None) -> None:
        check_pool_options(n_workers, timeout_s)
        self.n_workers = n_workers
        self.timeout_s = timeout_s
        self._executor = ThreadPoolExecutor(n_workers)

    def check(self, checker: Checker, candidates: Sequence[Candidate]) -> list[Verdict]:
        """As `Pool.check`."""
        verdicts = [Verdict(Outcome.TIMED_OUT)] * len(candidates)
        running: dict[Future[Verdict], tuple[int, float]] = {}
        n_begun = 0
        while n_begun < len(candidates) or running:
            # No more than there are threads, so that each begins at once and its time is its own.
            while n_begun < len(candidates) and len(running) < self.n_workers:
                future = self._executor.submit(run_check, checker, candidates[n_begun])
                running[future] = (n_begun, time.monotonic())
                n_begun += 1
            done, _ = wait(running, self._time_left(running), FIRST_COMPLETED)
            for future in done:
                verdicts[running.pop(future)[0]] = future.result()
            late = [future for future, (_, begun) in running.items() if self._is_late(begun)]
            for future in late:
                del running[future]
            if late:
                self._executor.shutdown(wait=False)
                self._executor = ThreadPoolExecutor(self.n_workers)
        return verdicts

    def _time_left(self, running: dict[Future[Verdict], tuple[int, float]]) -> float | None:
        if self.timeout_s is None:
            return None
        first = min(begun for _, begun in running.values())
        return max(0.0, first + self.timeout_s - time.monotonic())

    def _is_late(self, begun: float) -> bool:
        return self.timeout_s is not None and time.monotonic() - begun >= self.timeout_s

    def close(self) -> None:
        """No more checks; threads that hang are not waited for."""
        self._executor.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
