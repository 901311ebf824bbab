"""The two-pass estimator: draw until a token passes, then once more among all that were not rejected.

ρ is the mass rejected in the first pass, relative to the mask, n counts the rejections of both passes:

    W = Z_mask · (1 − ρ) / (n + 1)

Source: Lipkin et al., COLM 2025 (arXiv 2504.05410), in the form of their published code. The accepted token stays among
those that the second pass draws from; coming across it again ends the pass and costs no check.
Unbiased, and checks as few tokens as any; but where the model is nearly certain of a token that is rejected, half of
the mean comes from rare runs that drew another token first (p = .999: relative standard deviation 15.8). `geometric.py`
has no such tail.
"""

from __future__ import annotations

import math

from maskwright.sampling.awrs.draws import Draws
from maskwright.sampling.awrs.estimate import NOTHING, Checks, Estimate


def two_pass(draws: Draws) -> Checks:
    """Two passes, each until a token passes; see the module for the formula."""
    n_rejected = 0
    while True:
        log_kept = draws.log_left
        token = draws.next()
        if token is None:
            return NOTHING
        if (yield [token])[0]:
            break
        n_rejected += 1
    log_accepted = draws.log_probability(token)
    while draws.choose((log_accepted, draws.log_left)) == 1:
        other = draws.next()
        assert other is not None, "a token was chosen from what is left, so some is"
        if (yield [other])[0]:
            break
        n_rejected += 1
    return Estimate(token, log_kept - math.log(n_rejected + 1))
