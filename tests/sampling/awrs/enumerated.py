"""The exact expectation of an estimator: its own code, run once for every sequence of random choices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import numpy as np

from maskwright.sampling.awrs.estimate import Checks, Estimate, Estimator


class ScriptedDraws:
    """Draws from given probabilities whose choices follow a script, then always the first option.

    script: the option taken at each choice, made longer as choices come.  widths: how many options there were.
    """

    def __init__(self, probabilities: Sequence[float], script: list[int]) -> None:
        self.p = list(probabilities)
        self.left = [token for token, p in enumerate(self.p) if p > 0]
        self.script, self.widths, self.log_probability_of_path = script, [], 0.0

    @property
    def log_left(self) -> float:
        return _log(math.fsum(self.p[token] for token in self.left))

    def log_probability(self, token_id: int) -> float:
        return _log(self.p[token_id])

    def next(self) -> int | None:
        if not self.left:
            return None
        token = self.left[self.choose([self.log_probability(token) for token in self.left])]
        self.left.remove(token)
        return token

    def top(self, n: int) -> list[int]:
        taken = sorted(self.left, key=lambda token: (-self.p[token], token))[:n]
        self.left = [token for token in self.left if token not in taken]
        return taken

    def exponential(self) -> float:
        raise AssertionError("who needs times gives them")

    def choose(self, log_weights: Sequence[float]) -> int:
        possible = [place for place, weight in enumerate(log_weights) if weight > -math.inf]
        depth = len(self.widths)
        if depth == len(self.script):
            self.script.append(0)
        self.widths.append(len(possible))
        place = possible[self.script[depth]]
        total = reduce(np.logaddexp, log_weights)
        self.log_probability_of_path += float(log_weights[place] - total)
        return place


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def run(checks: Checks, passes: Callable[[int], bool]) -> tuple[Estimate, list[int]]:
    """The estimate, and the tokens that were checked."""
    checked: list[int] = []
    try:
        tokens = next(checks)
        while True:
            checked.extend(tokens)
            tokens = checks.send([passes(token) for token in tokens])
    except StopIteration as stop:
        return stop.value, checked


def paths(
    estimator: Estimator, probabilities: Sequence[float], valid: set[int]
) -> Iterator[tuple[float, Estimate, int]]:
    """Every way that a run can go: its probability, its estimate, its number of checks."""
    script: list[int] = []
    while True:
        draws = ScriptedDraws(probabilities, script)
        estimate, checked = run(estimator(draws), valid.__contains__)
        yield math.exp(draws.log_probability_of_path), estimate, len(checked)
        widths = draws.widths
        while script and script[-1] == widths[len(script) - 1] - 1:
            script.pop()
        if not script:
            return
        script[-1] += 1


def expectation(estimator: Estimator, probabilities: Sequence[float], valid: set[int]) -> tuple[np.ndarray, float]:
    """E[W · g_a] for every unit g_a: float64[V]; and the probability of all paths, which is 1 if none is missing."""
    means: list[list[float]] = [[] for _ in probabilities]
    total = []
    for probability, estimate, _ in paths(estimator, probabilities, valid):
        total.append(probability)
        if estimate.token_id is not None:
            means[estimate.token_id].append(probability * math.exp(estimate.log_weight))
    return np.array([math.fsum(mean) for mean in means]), math.fsum(total)
