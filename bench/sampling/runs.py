"""Runs of particle samplers, timed side by side.

A run is one call of sequential Monte Carlo with some seed. Who is compared takes turns, run by run, in one process on
one core, so that a slow minute of the machine hits all alike; figures are medians, of processor and of wall time.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did.  tokens: drawn by all particles, dropped ones too.  checks: calls of the checker."""

    tokens: int
    checks: int
    log_z: float
    effective_sample_size: float


RunOfSeed = Callable[[int], Run]


class Knows(Enum):
    """How an engine knows the constraint: its whole mask at each step, or by asking token by token."""

    MASK = "mask"
    CHECKER = "checker"


@dataclass(frozen=True, slots=True)
class Engine:
    """Whose sampler, how it is called, and a run of it."""

    owner: str
    name: str
    knows: Knows
    run: RunOfSeed


@dataclass(frozen=True, slots=True)
class RunFigures:
    """Medians over the runs of one engine: times in seconds per run, milliseconds per token.

    sd_log_z: of single runs.  log_mean_z: log of the mean of Z over runs, without bias.  dead: runs without weight.
    """

    owner: str
    name: str
    knows: Knows
    runs: int
    processor_s: float
    wall_s: float
    processor_ms_per_token: float
    wall_ms_per_token: float
    tokens_per_run: float
    checks_per_token: float
    mean_log_z: float
    sd_log_z: float
    log_mean_z: float
    effective_sample_size: float
    dead: int


def take_turns(engines: Sequence[Engine], repetitions: int, warm_up: int = 1) -> list[RunFigures]:
    """Every engine runs once for each seed, after `warm_up` runs that count for nothing."""
    timed: list[list[tuple[Run, float, float]]] = [[] for _ in engines]
    for seed in range(warm_up + repetitions):
        for engine, of_engine in zip(engines, timed, strict=True):
            processor, wall = time.process_time(), time.perf_counter()
            run = engine.run(seed)
            used = (time.process_time() - processor, time.perf_counter() - wall)
            if seed >= warm_up:
                of_engine.append((run, *used))
    return [_figures(engine, of_engine) for engine, of_engine in zip(engines, timed, strict=True)]


def how_many_times_faster(figures: Sequence[RunFigures], owner: str, knows: Knows) -> float | None:
    """The best other engine that knows the constraint in the same way, against the best of `owner`: processor time."""
    own = [one.processor_ms_per_token for one in figures if one.owner == owner and one.knows is knows]
    others = [one.processor_ms_per_token for one in figures if one.owner != owner and one.knows is knows]
    return min(others) / min(own) if own and others else None


def _figures(engine: Engine, timed: Sequence[tuple[Run, float, float]]) -> RunFigures:
    runs = [run for run, _, _ in timed]
    tokens = sum(run.tokens for run in runs)
    alive = [run.log_z for run in runs if run.log_z > -math.inf]
    log_mean_z = -math.inf
    if alive:
        top = max(alive)
        log_mean_z = top + math.log(math.fsum(math.exp(value - top) for value in alive) / len(runs))
    return RunFigures(
        owner=engine.owner,
        name=engine.name,
        knows=engine.knows,
        runs=len(runs),
        processor_s=statistics.median(processor for _, processor, _ in timed),
        wall_s=statistics.median(wall for _, _, wall in timed),
        processor_ms_per_token=1e3 * statistics.median(processor / run.tokens for run, processor, _ in timed),
        wall_ms_per_token=1e3 * statistics.median(wall / run.tokens for run, _, wall in timed),
        tokens_per_run=tokens / len(runs),
        checks_per_token=sum(run.checks for run in runs) / tokens,
        mean_log_z=statistics.fmean(alive) if alive else -math.inf,
        sd_log_z=statistics.stdev(alive) if len(alive) > 1 else 0.0,
        log_mean_z=log_mean_z,
        effective_sample_size=statistics.fmean(run.effective_sample_size for run in runs),
        dead=len(runs) - len(alive),
    )
