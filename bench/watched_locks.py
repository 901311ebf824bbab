"""How long the locks of the library are held while `bench.soak` runs.

Every lock that is made while `watched()` is in force notes the time from taking to opening it: by the clock, which
counts whatever the machine does to the thread meanwhile (Python gives others a turn every 5 ms, other processes want
the processor), and by the processor time of the thread, which is what the library itself does under the lock. Left out
of that is Python's garbage collector, which looks at the whole process in whichever thread it comes to (`collections`
has its times). Waiting for the lock is not holding it, so it is not counted.
"""

from __future__ import annotations

import gc
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import maskwright.locks

STEPS_PER_DOUBLING = 8
WORTH_A_STACK_NS = 10_000_000
N_STACKS = 40


class Holds:
    """Times of one kind, as a histogram of ratios 2 ** (1 / STEPS_PER_DOUBLING); no lock, so threads have their own."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.longest_ns = 0

    def note(self, ns: int) -> None:
        """One more."""
        exact = max(1, ns)
        doublings = exact.bit_length() - 1
        part = (STEPS_PER_DOUBLING * exact >> doublings) - STEPS_PER_DOUBLING
        self.counts[STEPS_PER_DOUBLING * doublings + part] += 1
        self.longest_ns = max(self.longest_ns, ns)

    def add(self, other: Holds) -> None:
        """Those of another thread too."""
        self.counts.update(other.counts)
        self.longest_ns = max(self.longest_ns, other.longest_ns)

    def quantile_ms(self, q: float) -> float:
        """No more than a share q were longer."""
        left = q * self.counts.total()
        for step, count in sorted(self.counts.items()):
            left -= count
            if left <= 0:
                doublings, part = divmod(step, STEPS_PER_DOUBLING)
                return float(2**doublings * (1 + (part + 1) / STEPS_PER_DOUBLING) / 1e6)
        return 0.0


class Watch:
    """What all locks together have noted."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._all: list[dict[str, tuple[Holds, Holds]]] = []
        self.stacks: list[tuple[int, int, str]] = []
        """Longest in processor time: (processor ns, ns by the clock, where)."""
        self.collections = Holds()

    def collected(self, phase: str, _: dict[str, Any]) -> None:
        """Python's garbage collector begins or ends, in this thread."""
        if phase == "start":
            self._own.began_ns = time.thread_time_ns()
        else:
            ns = time.thread_time_ns() - self._own.began_ns
            self._own.collecting_ns = self.collecting_ns + ns
            self.collections.note(ns)

    @property
    def collecting_ns(self) -> int:
        """Processor time that collections have taken of this thread."""
        return int(getattr(self._own, "collecting_ns", 0))

    def note(self, rank: str, wall_ns: int, cpu_ns: int) -> None:
        """A lock was opened."""
        own = self._own
        if not hasattr(own, "by_rank"):
            own.by_rank = {}
            self._all.append(own.by_rank)
        held = own.by_rank.get(rank)
        if held is None:
            held = own.by_rank[rank] = (Holds(), Holds())
        held[0].note(wall_ns)
        held[1].note(cpu_ns)
        if cpu_ns > WORTH_A_STACK_NS:
            frames = traceback.extract_stack(limit=12)[:-2]
            where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
            self.stacks.append((cpu_ns, wall_ns, f"{rank}: {where}"))
            if len(self.stacks) > 2 * N_STACKS:
                self.stacks = sorted(self.stacks, reverse=True)[:N_STACKS]

    def forget(self) -> None:
        """Count from now on; only while no other thread takes a lock."""
        for one in self._all:
            one.clear()
        self.stacks.clear()

    def by_rank(self) -> dict[str, tuple[Holds, Holds]]:
        """By kind of lock: times by the clock and of the processor."""
        found: dict[str, tuple[Holds, Holds]] = {}
        for one in list(self._all):
            for rank, (wall, cpu) in list(one.items()):
                sums = found.setdefault(rank, (Holds(), Holds()))
                sums[0].add(wall)
                sums[1].add(cpu)
        return found


class WatchedLock:
    """A lock that its holder may take again, and that tells how long it was held in all."""

    __slots__ = ("__weakref__", "_cpu_ns", "_depth", "_lock", "_rank", "_since_ns", "_watch")

    def __init__(self, watch: Watch, rank: str) -> None:
        self._lock = threading.RLock()
        self._watch = watch
        self._rank = rank
        self._depth = 0
        self._since_ns = self._cpu_ns = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As of any lock."""
        if not self._lock.acquire(blocking, timeout):
            return False
        self._depth += 1
        if self._depth == 1:
            self._since_ns, self._cpu_ns = time.perf_counter_ns(), self._own_ns()
        return True

    def release(self) -> None:
        """As of any lock."""
        self._depth -= 1
        times = (time.perf_counter_ns() - self._since_ns, self._own_ns() - self._cpu_ns)
        is_open = self._depth == 0
        self._lock.release()
        if is_open:
            self._watch.note(self._rank, *times)

    def _own_ns(self) -> int:
        return time.thread_time_ns() - self._watch.collecting_ns

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def watched() -> Iterator[Watch]:
    """Locks that are made meanwhile are watched for as long as they live."""
    watch = Watch()
    made = maskwright.locks.new_lock

    def watched_lock(rank: Any) -> Any:
        return WatchedLock(watch, rank.name.lower())

    maskwright.locks.new_lock = watched_lock
    gc.callbacks.append(watch.collected)
    try:
        yield watch
    finally:
        maskwright.locks.new_lock = made
        gc.callbacks.remove(watch.collected)
