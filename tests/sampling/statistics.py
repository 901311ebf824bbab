"""Limits for statistical tests, each with its rate of false alarms; seeds are fixed, so an alarm is a change."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping

ONE_IN_1000 = 3.09
ONE_IN_10_000 = 3.72


def chi_squared_limit(degrees: int, z: float = ONE_IN_1000) -> float:
    """What a chi-squared variable exceeds as often as a normal one exceeds z (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * degrees)
    return degrees * (1 - spread + z * math.sqrt(spread)) ** 3


def chi_squared(drawn: Iterable[Hashable], probabilities: Mapping[Hashable, float]) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom; texts expected fewer than 5 times are taken together."""
    counts = Counter(drawn)
    n = sum(counts.values())
    assert counts.keys() <= probabilities.keys(), "something was drawn that has no probability"
    cells: list[tuple[float, float]] = []
    rare_expected = rare_seen = 0.0
    for text, p in probabilities.items():
        if n * p < 5:
            rare_expected += n * p
            rare_seen += counts[text]
        else:
            cells.append((n * p, counts[text]))
    if rare_expected > 5:
        cells.append((rare_expected, rare_seen))
    return sum((seen - expected) ** 2 / expected for expected, seen in cells), len(cells) - 1


def shares(drawn: Iterable[Hashable]) -> dict[Hashable, float]:
    counts = Counter(drawn)
    n = sum(counts.values())
    return {text: count / n for text, count in counts.items()}
