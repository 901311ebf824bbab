"""How close methods come to the target, and what it takes: on the bundled model, for each task of `schemas/sampling/`.

For every method, of n texts as a user would take them (one for each run of a particle method):

    TV, KL       of their empirical distribution to the target, and of n exact draws beside it (`distances.py`)
    pooled TV    of all particles of all runs by weight: what expectations are computed with
    log Z        mean of its estimates (low where they spread), log of their mean, relative deviation of a single one
    rows         of the model asked for, per text; different ones, per text
    ms           per text, without the model: the median over rounds, of processor time and of wall time

Rows are kept between methods (`counting_model.py`), so all of them see the same numbers, and time is the method's own.
Methods take turns, round by round; those that learn go on with what they know.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.sampling.distances import kl_divergence, kl_divergence_floor, shares, total_variation, total_variation_floor
from bench.sampling.method import Draws, Method, Sampler, Setting
from maskwright.sampling.weighted_texts import log_mean_exp


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of a method in a setting; None where there is nothing to say."""

    method: str
    engine: str
    texts: int
    failed: int
    tv: float | None
    tv_floor: float | None
    kl: float | None
    kl_floor: float | None
    pooled_tv: float | None
    estimates_of_z: int
    mean_log_z: float | None
    log_mean_z: float | None
    relative_deviation_of_z: float | None
    rows_per_text: float | None
    different_rows_per_text: float | None
    processor_ms_per_text: float | None
    wall_ms_per_text: float | None


def measure(
    setting: Setting, methods: Sequence[Method], n: int, rounds: int, report: Callable[[str], None] = lambda _: None
) -> list[Quality]:
    """The figures of all methods, with n texts each, in so many rounds; `report` is told what is going on."""
    timed = [_Timed(method, method.start(setting)) for method in methods]
    per_round = math.ceil(n / rounds)
    for number in range(rounds):
        for one in timed:
            report(f"{setting.task.name}, round {number + 1} of {rounds}: {one.method.engine} {one.method.name}")
            one.draw(setting, min(per_round, n - number * per_round), number)
    return [one.figures(setting) for one in timed]


class _Timed:
    """A sampler, all that it gave, and what each round took."""

    def __init__(self, method: Method, sampler: Sampler) -> None:
        self.method = method
        self._sampler = sampler
        self._draws = Draws()
        self._rows = 0
        self._seen: set[tuple[int, ...]] = set()
        self._processor_ms: list[float] = []
        self._wall_ms: list[float] = []

    def draw(self, setting: Setting, n: int, number: int) -> None:
        model = setting.model
        model.start_counting()
        processor, wall = time.process_time(), time.perf_counter()
        draws = self._sampler.draw(n, number)
        processor = time.process_time() - processor - model.processor_s
        wall = time.perf_counter() - wall - model.wall_s
        self._rows += model.asked
        self._seen |= model.seen
        self._draws.add(draws)
        if draws.texts:
            self._processor_ms.append(1e3 * processor / len(draws.texts))
            self._wall_ms.append(1e3 * wall / len(draws.texts))

    def figures(self, setting: Setting) -> Quality:
        draws, n = self._draws, len(self._draws.texts)
        truth = setting.reference.distribution
        target = truth.probabilities()
        shares_of_target = np.array(list(target.values()))

        def other(text: tuple[int, ...]) -> float:
            return math.exp(setting.log_probability(text) - truth.log_z)

        found = shares(draws.texts) if n else {}
        total = math.fsum(draws.weights.values())
        pooled = {text: weight / total for text, weight in draws.weights.items()}
        return Quality(
            method=self.method.name,
            engine=self.method.engine,
            texts=n,
            failed=draws.n_failed,
            tv=total_variation(found, target) if n else None,
            tv_floor=total_variation_floor(shares_of_target, n) if n else None,
            kl=kl_divergence(found, target, other) if n else None,
            kl_floor=kl_divergence_floor(shares_of_target, n) if n else None,
            pooled_tv=total_variation(pooled, target) if pooled else None,
            estimates_of_z=len(draws.log_z),
            mean_log_z=_mean_of_alive(draws.log_z),
            log_mean_z=log_mean_exp(np.array(draws.log_z)) if draws.log_z else None,
            relative_deviation_of_z=_relative_deviation(draws.log_z, truth.log_z),
            rows_per_text=self._rows / n if n else None,
            different_rows_per_text=len(self._seen) / n if n else None,
            processor_ms_per_text=statistics.median(self._processor_ms) if n else None,
            wall_ms_per_text=statistics.median(self._wall_ms) if n else None,
        )


def _mean_of_alive(log_z: Sequence[float]) -> float | None:
    alive = [value for value in log_z if value > -math.inf]
    return statistics.fmean(alive) if alive else None


def _relative_deviation(log_z: Sequence[float], truth: float) -> float | None:
    """The standard deviation of estimates of Z, over Z."""
    return float(np.exp(np.array(log_z) - truth).std(ddof=1)) if len(log_z) > 1 else None
