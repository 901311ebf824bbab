"""The geometric estimator: rebuild a run with replacement from one without, and count.  The default.

Draw with replacement until r tokens were accepted, R being rejected on the way. As the order of all draws but the last
says nothing, each of them was equally likely the first, so the share of accepted ones among them is unbiased for the
probability of an acceptable token (Haldane, "On a method of estimating frequencies", Biometrika 1945):

    W = Z_mask · (r − 1) / (r + R − 1)

Only tokens that are new are checked. Whether an accepted token is repeated is decided by a coin, as it may end the run;
repeats of rejected ones are not drawn at all, but averaged over (`repeats.py`). This is ours: a conditional mean never
varies more than what it is the mean of, and where the model is nearly certain of a token that the checker rejects, the
usual hard case, it hardly varies at all. With p = .999 there and r = 2 the relative standard deviation is 1.01, nearly
all of it in runs of probability 1e-6, where drawn repeats give 2.43; with r = 3 it is 0.05.

The same argument holds for every rule of stopping that looks at sets only, so two more conditions come at no price:
`at_least` new tokens are checked, all at once, before the run may stop; a run that met more than `at_most` of them
stops. W is the share of accepted draws among all but the last, and nothing if there are none. Once there are accepts
enough, nothing but new tokens matters, and all repeats are averaged over.
A row with no more than `at_least` tokens is checked whole, and its weight is exact.

Cost: at most r / Z checks on average, and not more than the rejected tokens and r. The relative variance is near
1 / (r − 2) in a row of many small tokens; with r = 2 it is −log Z − 1 for a small Z, of which `at_least` takes off
log(at_least).
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.awrs.draws import Draws
from maskwright.sampling.awrs.estimate import NOTHING, Checks, Estimate, log_add
from maskwright.sampling.awrs.repeats import log_mean_share
from maskwright.sampling.weighted_texts import log_sum_exp


def geometric(draws: Draws, accepts: int = 2, at_least: int = 1, at_most: int | None = None) -> Checks:
    """Until `accepts` draws passed and `at_least` tokens were checked, or `at_most` were; see the module.

    accepts: r, from 2.  at_least: from 1, also the number of checks that are made side by side at first.
    at_most: None, or from `at_least`; without it a run ends only when tokens passed, or all of the mask were rejected.
    Raises `InvalidOption`.  `functools.partial(geometric, accepts=3)` is an estimator with options.
    """
    if accepts < 2:
        raise InvalidOption("accepts", accepts, "at least 2")
    if at_least < 1:
        raise InvalidOption("at_least", at_least, "at least 1")
    if at_most is not None and at_most < at_least:
        raise InvalidOption("at_most", at_most, f"None or at least {at_least}, which is at_least")
    log_all = draws.log_left
    log_new = [log_all]  # before each new token, and after the last one
    checked: deque[tuple[int, bool]] = deque()
    log_accepted, first, n_new, n_accepted = -math.inf, None, 0, 0
    log_keeps: list[float] = []
    log_repeatables: list[float] = []
    while n_accepted < accepts or n_new < at_least:
        n_before = n_accepted
        if n_accepted < accepts:
            log_keeps.append(log_add(log_accepted, log_new[n_new]) - log_all)
            log_repeatables.append(-math.inf)
            if log_accepted > -math.inf and draws.choose((log_accepted, log_new[n_new])) == 0:
                n_accepted += 1
                continue
        else:
            log_keeps.append(log_new[n_new] - log_all)
            log_repeatables.append(log_accepted - log_all)
        if n_new == at_most:  # a token beyond them ends the run; its own verdict would not count
            break
        if not checked:
            tokens = []
            for _ in range(max(1, at_least - n_new)):
                token = draws.next()
                if token is None:
                    break
                tokens.append(token)
                log_new.append(draws.log_left)
            if not tokens:
                return NOTHING
            verdicts = yield tokens
            if n_new == 0 and log_new[-1] == -math.inf:
                return whole(draws, [token for token, passed in zip(tokens, verdicts, strict=True) if passed])
            checked.extend(zip(tokens, verdicts, strict=True))
        token, passed = checked.popleft()
        n_new += 1
        if passed:
            n_accepted += 1
            first = token if first is None else first
            log_accepted = log_add(log_accepted, draws.log_probability(token))
    if n_before == 0:
        return NOTHING
    return Estimate(first, log_all + log_mean_share(log_keeps, log_repeatables, n_before))


def whole(draws: Draws, passing: list[int]) -> Estimate:
    """One of the tokens that pass, by its probability, with the mass of all of them: exact, if all were checked."""
    if not passing:
        return NOTHING
    log_weights = [draws.log_probability(token) for token in passing]
    return Estimate(passing[draws.choose(log_weights)], log_sum_exp(np.array(log_weights)))
