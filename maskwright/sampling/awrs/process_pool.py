"""Checks side by side in processes, each with a time-out after which its process is killed and replaced.

Each worker is a process of its own at the end of a pipe, started afresh ("spawn", the one way that is safe beside
threads and on all systems), so a checker must be picklable: functions of a module that can be imported. It is sent
once. Time counts from when a ready worker gets the text; starting and importing do not count. A checker that ends its
process, by a crash of native code for instance, has failed one check.

Rejected: `concurrent.futures.ProcessPoolExecutor`. It cannot end one task; ending a process breaks the whole pool, and
a task waits for a worker to start on its own time.
"""

from __future__ import annotations

import math
import multiprocessing
import pickle
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self, final

from maskwright.errors import UnsuitableChecker
from maskwright.sampling.awrs.checker import Candidate, Checker, Outcome, Verdict, check_pool_options, run_check

LOADED = Verdict(Outcome.PASSED, "loaded")


def serve(pipe: Connection) -> None:
    """What a worker does: take a checker as bytes, or a candidate, and answer with a verdict; until the pipe ends."""
    checker = Checker()
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        if isinstance(message, bytes):
            try:
                checker = pickle.loads(message)
                verdict = LOADED
            except Exception as error:  # noqa: BLE001  (importing foreign modules: told to the parent, who raises)
                verdict = Verdict(Outcome.FAILED, f"{type(error).__name__}: {error}")
        else:
            verdict = run_check(checker, message)
        pipe.send(verdict)


@final
class _Worker:
    """A process and what it is doing.  place: of the candidate that it checks, None while it loads or is idle."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.checker: Checker | None = None
        self.place: int | None = None
        self.is_busy = False
        self.deadline = math.inf

    def load(self, checker: Checker, pickled: bytes) -> None:
        self.checker, self.place, self.is_busy, self.deadline = checker, None, True, math.inf
        self.pipe.send(pickled)

    def begin(self, place: int, candidate: Candidate, timeout_s: float) -> None:
        self.place, self.is_busy, self.deadline = place, True, time.monotonic() + timeout_s
        self.pipe.send(candidate)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


@final
class ProcessPool:
    """Processes that check; to be used by one thread at a time, and closed (`with ProcessPool(4, 1.0) as pool:`).

    n_workers: checks that run at once.  timeout_s: seconds for each check, None for no limit.
    Raises `UnsuitableChecker` from `check` for one that cannot be sent to another process.
    """

    def __init__(self, n_workers: int, timeout_s: float | None = None) -> None:
        check_pool_options(n_workers, timeout_s)
        self.n_workers = n_workers
        self.timeout_s = timeout_s
        self._workers: list[_Worker] = []

    def check(self, checker: Checker, candidates: Sequence[Candidate]) -> list[Verdict]:
        """As `Pool.check`."""
        verdicts: list[Verdict | None] = [None] * len(candidates)
        waiting = deque(range(len(candidates)))
        pickled = _pickled(checker)
        timeout_s = math.inf if self.timeout_s is None else self.timeout_s
        while waiting or any(worker.place is not None for worker in self._workers):
            for worker in self._workers_for(len(waiting)):
                try:
                    if worker.checker is not checker:
                        worker.load(checker, pickled)
                    elif waiting:
                        worker.begin(waiting[0], candidates[waiting[0]], timeout_s)
                        waiting.popleft()
                except OSError:  # it ended while it was idle, so nothing was lost
                    self._drop(worker)
            for worker, verdict in self._answers():
                if worker.place is not None:
                    verdicts[worker.place] = verdict
                elif verdict != LOADED:
                    self.close()
                    raise UnsuitableChecker(verdict.message)
                worker.place, worker.is_busy = None, False
        return [verdict for verdict in verdicts if verdict is not None]

    def _workers_for(self, n_waiting: int) -> list[_Worker]:
        """The idle workers, after starting as many as there is work for."""
        n_free = sum(worker.place is None for worker in self._workers)
        while n_free < n_waiting and len(self._workers) < self.n_workers:
            self._workers.append(_Worker())
            n_free += 1
        return [worker for worker in self._workers if not worker.is_busy]

    def _answers(self) -> list[tuple[_Worker, Verdict]]:
        """Wait for one busy worker or more; who died or is late is dropped, and another will be started."""
        busy = {worker.pipe: worker for worker in self._workers if worker.is_busy}
        first = min(worker.deadline for worker in busy.values())
        ready = wait(list(busy), None if first == math.inf else max(0.0, first - time.monotonic()))
        now = time.monotonic()
        answers = []
        for pipe, worker in busy.items():
            if pipe in ready:
                try:
                    answers.append((worker, worker.pipe.recv()))
                except (EOFError, OSError):
                    answers.append((worker, Verdict(Outcome.FAILED, "the process of the checker ended")))
                    self._drop(worker)
            elif worker.deadline <= now:
                answers.append((worker, Verdict(Outcome.TIMED_OUT)))
                self._drop(worker)
        return answers

    def _drop(self, worker: _Worker) -> None:
        worker.end()
        self._workers.remove(worker)

    def close(self) -> None:
        """End all processes; a later check starts new ones."""
        while self._workers:
            self._workers.pop().end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _pickled(checker: Checker) -> bytes:
    try:
        return pickle.dumps(checker)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UnsuitableChecker(str(error)) from error
