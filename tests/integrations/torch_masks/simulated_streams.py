"""A device with two streams in which everything happens as late, or as early, as a generator of numbers decides.

Work is put into two queues. Between any two calls some of it is done, from either queue, in the order of that queue;
what waits for a mark holds its queue up until the other one has come there. So whatever real streams may do happens
here sooner or later, and a row that is written over while a kernel may still read it is found out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import torch


class Mark:
    """Passed once its queue has come to it."""

    def __init__(self) -> None:
        self.is_passed = False

    def passed(self) -> bool:
        self.is_passed = True
        return True


class SimulatedTransfers:
    """As `CudaTransfers`; `compute` puts work into the computing stream, `finish` does all that is left."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._sending: deque[Callable[[], bool]] = deque()
        self._computing: deque[Callable[[], bool]] = deque()

    def staging(self, *shape: int) -> Any:
        self._some()
        return torch.full(shape, -7, dtype=torch.int32)

    def send(self, staged: Any, destination: Any) -> None:
        self._put(self._sending, lambda: destination.copy_(staged))

    def send_new(self, staged: Any) -> Any:
        destination = torch.full_like(staged, -7)
        self.send(staged, destination)
        return destination

    def arrived(self) -> None:
        mark = Mark()
        self._sending.append(mark.passed)
        self._computing.append(lambda: mark.is_passed)
        self._some()

    def mark(self) -> Hashable:
        mark = Mark()
        self._computing.append(mark.passed)
        self._some()
        return mark

    def wait_for(self, mark: Any) -> None:
        self._sending.append(lambda: mark.is_passed)
        self._some()

    def compute(self, work: Callable[[], object]) -> None:
        self._put(self._computing, work)

    def finish(self) -> None:
        while self._sending or self._computing:
            progress = self._next(self._sending)
            assert self._next(self._computing) or progress, "both streams wait for each other"

    def _put(self, queue: deque[Callable[[], bool]], work: Callable[[], object]) -> None:
        def done() -> bool:
            work()
            return True

        queue.append(done)
        self._some()

    def _some(self) -> None:
        """Mostly one of the streams is far ahead."""
        for _ in range(int(self._rng.choice([0, 0, 1, 5]))):
            self._next(self._sending if self._rng.random() < self._rng.choice([0.1, 0.9]) else self._computing)

    @staticmethod
    def _next(queue: deque[Callable[[], bool]]) -> bool:
        if queue and queue[0]():
            queue.popleft()
            return True
        return False
