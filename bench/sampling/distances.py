"""How far draws are from the target, and how far exact draws would be.

    TV = ½ Σ |emp(y) − π(y)|        KL = KL(emp ‖ π) = Σ emp(y) log(emp(y) / π(y))

Both are of the empirical distribution of n draws, so n exact draws are not at 0 either. Beside each figure stands what
they would have: for TV its exact mean, Σ E|X/n − p| / 2 with X binomial, in closed form (de Moivre 1730:
E|X − np| = 2 ν C(n, ν) p^ν (1 − p)^(n − ν + 1), ν = ⌊np⌋ + 1); the normal approximation of it, which counts rare texts
twice and more, is `ExactDistribution.noise_floor`. For KL, which has no such form, the mean over simulated draws.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Text = tuple[int, ...]
SIMULATED: Final = 200


def shares(texts: Sequence[Text]) -> dict[Text, float]:
    """The empirical distribution."""
    return {text: count / len(texts) for text, count in Counter(texts).items()}


def total_variation(found: Mapping[Text, float], probabilities: Mapping[Text, float]) -> float:
    """½ Σ |found − π|, over the texts of both."""
    return 0.5 * math.fsum(
        abs(found.get(text, 0.0) - probabilities.get(text, 0.0)) for text in found.keys() | probabilities.keys()
    )


def kl_divergence(
    found: Mapping[Text, float], probabilities: Mapping[Text, float], other: Callable[[Text], float]
) -> float:
    """KL(found ‖ π) in nats; `other` gives the probability of a text that is not among `probabilities`."""
    total = 0.0
    for text, share in found.items():
        target = probabilities.get(text) or other(text)
        total += share * (math.log(share / target) if target > 0 else math.inf)
    return total


def total_variation_floor(probabilities: npt.NDArray[np.float64], n: int) -> float:
    """The mean total variation of n exact draws."""
    return 0.5 / n * math.fsum(_mean_deviation(n, float(p)) for p in probabilities)


def _mean_deviation(n: int, p: float) -> float:
    """E|X − np| of X binomial."""
    if not 0 < p < 1:
        return 0.0
    v = math.floor(n * p) + 1
    log_choose = math.lgamma(n + 1) - math.lgamma(v + 1) - math.lgamma(n - v + 1)
    return 2 * v * math.exp(log_choose + v * math.log(p) + (n - v + 1) * math.log1p(-p))


def kl_divergence_floor(probabilities: npt.NDArray[np.float64], n: int, seed: int = 0) -> float:
    """The mean KL(emp ‖ π) of n exact draws, over `SIMULATED` samples."""
    emp = np.random.default_rng(seed).multinomial(n, probabilities / probabilities.sum(), size=SIMULATED) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(emp > 0, emp * np.log(emp / probabilities), 0.0)
    return float(terms.sum(axis=1).mean())
