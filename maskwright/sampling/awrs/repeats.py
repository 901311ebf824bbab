"""The mean of A / (n + m − 1) over the repeats that a run without replacement leaves out.

A run draws with replacement. Some of its draws repeat a token that is known; those are left out, and m draws remain.
Before the j-th of them the number n_j of draws left out is geometric, P(n_j = i) = k_j (1 − k_j)^i, where k_j is the
share of the mask of which a draw would not have been left out; and each of them is accepted with the same probability
α_j / (1 − k_j), α_j being the share of the accepted tokens whose repeats are left out. A counts the accepted draws
before the last, those left out among them. With 1 / x = ∫₀¹ t^(x−1) dt and the generating functions of the n_j,

    E[A / (m − 1 + Σ n_j)] = ∫₀¹ t^(m−2) (A_kept + Σ_j α_j t / (1 − (1 − k_j) t)) Π_j k_j / (1 − (1 − k_j) t) dt,

and with t = 1 − s, b_j = (1 − k_j) / k_j and e_j = α_j / k_j

                           = ∫₀¹ (1 − s)^(m−2) (A_kept + Σ_j e_j (1 − s) / (1 + b_j s)) Π_j 1 / (1 + b_j s) ds.

With s = 1 / (1 + e^−y) the integrand falls off exponentially on both sides and has no singularity within ±π of the real
line, so the trapezoid rule with a step of 1/4 gives all digits (Trefethen and Weideman, "The exponentially convergent
trapezoidal rule", SIAM Review 2014, section 5). Shares down to 1e-300 and below are no special case.

Cost: some 300 values of y for each of the m factors: 12 µs for four draws, 0.2 ms for 128, five times that where
accepted tokens are left out too. The arithmetic is in `_repeats.py`.
Rejected: drawing the n_j. Where the model is nearly certain of a rejected token, that draw is most of the variance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwright.sampling.awrs import _repeats


def log_mean_share(log_keeps: Sequence[float], log_repeatables: Sequence[float], n_accepted: int) -> float:
    """log E[A / (m − 1 + Σ n_j)]; −inf if nothing was accepted.

    log_keeps: log k_j of the m >= 2 draws, each at most 0 but for rounding.  log_repeatables: log α_j, −inf for none.
    n_accepted: A_kept, the accepted draws among the first m − 1.
    `log_mean_share([0, 0], [-inf, -inf], 1)` -> `0.0`
    """
    keeps = np.minimum(0.0, np.array(log_keeps))
    scratch = np.empty(len(keeps))
    return float(_repeats.log_mean_share(keeps, np.array(log_repeatables), n_accepted, scratch))
