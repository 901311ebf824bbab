"""Wall and processor time side by side: on a machine that others use, the second says what the work itself takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of one call."""

    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds of processor time of `n` calls, and the median and 99th percentile of wall time."""

    n: int
    median: float
    p99: float
    highest: float
    wall_median: float
    wall_p99: float


def timed(act: Callable[[], Result]) -> tuple[Result, Taken]:
    """Call it once."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    return result, Taken(1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu))


def spread_of(calls: Sequence[Taken]) -> Spread:
    """Of no calls: zeros."""
    if not calls:
        return Spread(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    cpu = np.array([one.cpu_ms for one in calls])
    wall = np.array([one.wall_ms for one in calls])
    return Spread(
        n=len(calls),
        median=float(np.median(cpu)),
        p99=float(np.percentile(cpu, 99)),
        highest=float(cpu.max()),
        wall_median=float(np.median(wall)),
        wall_p99=float(np.percentile(wall, 99)),
    )


def load_text() -> str:
    """What the machine is doing: its load averages, where it tells."""
    if not hasattr(os, "getloadavg"):
        return "load unknown"
    one, five, _ = os.getloadavg()
    return f"load {one:.1f} (five minutes: {five:.1f}) on {os.cpu_count()} cores"
