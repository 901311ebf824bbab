"""Resampling: particles of unequal weights become particles of equal ones, some lost and some in several copies.

    ancestors, log_weights = stratified(key, log_weights, n)

Particle j of the new population is a copy of particle ancestors[j] of the old one. All methods here are unbiased: for
every particle i, the expected sum of the new weights of its copies is its old weight. So whatever was properly
weighted still is, and the mean weight still estimates what it did. Dead particles (−inf) have no copies.

`residual` is the default of SMC. Residual and stratified draws both have, for any weights, a conditional variance
that is not above that of multinomial ones (Douc, Cappé and Moulines, "Comparison of resampling schemes for particle
filtering", ISPA 2005), but what a stratified draw does depends on the order of the particles, which means nothing
here. `residual` draws only its remainder by strata, where the same argument applies once more. `systematic` uses one
number for all strata and has no such guarantee (they give a counter-example).

`without_replacement` gives up equal weights instead: it keeps at most n distinct particles, the heavy ones as they
are. It is of use where there are more particles than places (Fearnhead and Clifford, "On-line inference for hidden
Markov models via particle filters", JRSS B 2003; in language generation: Lew et al., arXiv 2306.03081).

Cost: O(m) for m particles, and a sort in `without_replacement`; 10–20 µs at m = 10, all of it calls of numpy.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskwright.sampling.inversion import chosen_places
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import Floats
from maskwright.sampling.weighted_texts import log_sum_exp

Ancestors = npt.NDArray[np.int64]


class Resampler(Protocol):
    """A way of resampling; `log_weights` has at least one that is not −inf."""

    def __call__(self, key: RandomKey, log_weights: Floats, n: int, /) -> tuple[Ancestors, Floats]:
        """Ancestors and log weights of the new particles: int64[k] and float64[k], k = n (`without_replacement`: <= n).

        log_weights: float64[m], −inf for dead particles.
        """


def multinomial(key: RandomKey, log_weights: Floats, n: int) -> tuple[Ancestors, Floats]:
    """Independent draws by weight; the others are measured against it."""
    shares, level = _shares(log_weights, n)
    return chosen_places(shares, np.sort(key.uniforms(n))), np.full(n, level)


def stratified(key: RandomKey, log_weights: Floats, n: int) -> tuple[Ancestors, Floats]:
    """One draw from each of n equal parts of the unit interval, over which particles lie in their order."""
    shares, level = _shares(log_weights, n)
    return chosen_places(shares, (np.arange(n) + key.uniforms(n)) / n), np.full(n, level)


def systematic(key: RandomKey, log_weights: Floats, n: int) -> tuple[Ancestors, Floats]:
    """The same with one random number for all parts."""
    shares, level = _shares(log_weights, n)
    return chosen_places(shares, (np.arange(n) + key.uniform()) / n), np.full(n, level)


def residual(key: RandomKey, log_weights: Floats, n: int) -> tuple[Ancestors, Floats]:
    """floor(n · share) copies of each particle; the rest of the places by a stratified draw from what is left over."""
    shares, level = _shares(log_weights, n)
    copies = np.floor(n * shares)
    left_over = n * shares - copies
    ancestors = np.repeat(np.arange(len(shares)), copies.astype(np.int64))
    n_left = n - len(ancestors)
    if n_left > 0:
        drawn = chosen_places(left_over, (np.arange(n_left) + key.uniforms(n_left)) / n_left)
        ancestors = np.sort(np.concatenate([ancestors, drawn]))
    return ancestors, np.full(n, level)


def without_replacement(key: RandomKey, log_weights: Floats, n: int) -> tuple[Ancestors, Floats]:
    """At most n particles, none twice: those of weight w > c as they are, others with probability w / c at weight c.

    c is the solution of Σ min(1, w / c) = n. If at most n particles are alive, all of them stay.
    """
    alive = np.flatnonzero(log_weights > -np.inf)
    if len(alive) <= n:
        return alive, log_weights[alive]
    weights = np.exp(log_weights[alive] - log_weights[alive].max())
    falling = np.argsort(-weights, kind="stable")
    # tails[k] is what is left when the k heaviest are kept; the first k that leaves none above c is it.
    tails = np.cumsum(weights[falling][::-1])[::-1]
    k = next((k for k in range(n - 1) if weights[falling[k]] * (n - k) < tails[k]), n - 1)
    light = np.sort(falling[k:])
    places = (np.arange(n - k) + key.uniform()) / (n - k)
    drawn = light[chosen_places(weights[light], places)]
    level = math.log(tails[k] / (n - k)) + float(log_weights[alive].max())
    after = log_weights[alive].copy()
    after[light] = level
    chosen = np.sort(np.concatenate([falling[:k], drawn]))
    return alive[chosen], after[chosen]


def _shares(log_weights: Floats, n: int) -> tuple[Floats, float]:
    """Weights divided by their sum, and the log of the weight that each of n particles gets."""
    total = log_sum_exp(log_weights)
    return np.exp(log_weights - total), total - math.log(n)
