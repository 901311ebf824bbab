"""The recursive estimator: draw until a token passes, then look at one more.  For comparison; its tail is dangerous.

The mass Z_S of the acceptable tokens of a set S, from a draw x of S with share q:  Z_S = q C(x) + (1 − q) Z_{S∖x}.
A rejection leads on to S∖x. At the first token a that passes, the second term is estimated by one more draw b:

    W = mass of S, which is what was not rejected      if b passes, or nothing else is left
    W = p(a)                                           if b is rejected

Source: the default of genlm-control 0.4.1 (with its `max_accepts=2`), which takes masses below 1e-5 for zero; here
they are exact. In a row with few acceptable tokens W is p(a) nearly always and now and then the mass of everything
that was not rejected, so its relative standard deviation is several times that of `geometric`.
"""

from __future__ import annotations

from maskwright.sampling.awrs.draws import Draws
from maskwright.sampling.awrs.estimate import NOTHING, Checks, Estimate


def recursive(draws: Draws) -> Checks:
    """Until a token passes, and one more; see the module for the formula."""
    while True:
        log_kept = draws.log_left
        token = draws.next()
        if token is None:
            return NOTHING
        if (yield [token])[0]:
            break
    following = draws.next()
    if following is None or (yield [following])[0]:
        return Estimate(token, log_kept)
    return Estimate(token, draws.log_probability(token))
