"""The integral over repeats, see `repeats.py`, as a kernel.

All in log space, but for the product of the factors, which is moved there before it leaves the range of floats: a
logarithm for each of m factors and 300 values of y would be most of the cost.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from maskwright._numba import kernel

STEP = 0.25  # a power of two, so that all y are exact
REACH = 37.0
"""e^−37 is 1e-16: what lies beyond it on either side is below the last digit."""
LARGE = 38.0
"""From here on log(1 + e^x) is x, and below its negative it is 0, to the last digit."""
FULL = 1e200
"""A product above it might not take one more factor, of at most e^38."""


@kernel
def softplus(x: float) -> float:
    """log(1 + e^x)."""
    if x >= LARGE:
        return x
    return math.log1p(math.exp(x)) if x > -LARGE else 0.0


@kernel
def log_mean_share(
    log_keeps: NDArray[np.float64], log_repeatables: NDArray[np.float64], n_accepted: int, log_b: NDArray[np.float64]
) -> float:
    """As `repeats.log_mean_share`.  All arrays float64[m]; log_keeps at most 0; log_b is written."""
    m = len(log_keeps)
    smallest = 0.0
    for j in range(m):
        smallest = min(smallest, log_keeps[j])
        log_b[j] = math.log(-math.expm1(log_keeps[j])) - log_keeps[j] if log_keeps[j] < 0.0 else -np.inf
    log_kept = math.log(n_accepted) if n_accepted > 0 else -np.inf
    if smallest == 0.0:
        return log_kept - math.log(m - 1)
    begin = math.floor(smallest - math.log(m) - REACH)
    top, total = -np.inf, 0.0
    for i in range(int((REACH - begin) / STEP)):
        y = begin + i * STEP
        log_s, log_t = -softplus(-y), -softplus(y)
        log_value = log_s + (m - 1) * log_t
        log_accepted = log_kept
        product = 1.0
        for j in range(m):
            x = log_s + log_b[j]
            if x >= LARGE:
                log_value -= x
            elif x > -LARGE:
                product *= 1.0 + math.exp(x)
                if product > FULL:
                    log_value -= math.log(product)
                    product = 1.0
            if log_repeatables[j] > -np.inf:
                term = log_repeatables[j] - log_keeps[j] + log_t - softplus(x)
                high = max(log_accepted, term)
                log_accepted = high + math.log1p(math.exp(min(log_accepted, term) - high))
        log_value += log_accepted - math.log(product)
        if log_value > top:
            total = total * math.exp(top - log_value) + 1.0
            top = log_value
        elif log_value > -np.inf:
            total += math.exp(log_value - top)
    return top + math.log(STEP * total) if total > 0.0 else -np.inf
