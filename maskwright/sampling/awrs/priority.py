"""The batched estimator: the most probable tokens all, and a sample of the others; one round of checks.

Each token of the tail arrives at an exponential time of rate p(a). The first k are checked, and the arrival time τ of
the next one is the threshold, as if it had been given: then a is among them with probability ι(a) = 1 − exp(−p(a) τ),
independently of all others, and with C(a) = 1 if a passes

    S = Σ C(a) p(a) / ι(a),  ι = 1 for the top tokens;      return a by its share of S, with W = S.

Source: priority sampling, Duffield, Lund, Thorup, J. ACM 2007, with the exponential ranks of Cohen and Kaplan,
"Summarizing data using bottom-k sketches", PODC 2007; its use here is ours. k is fixed, so it never depends on a
verdict. There is no loop of verdicts: the checks of a step, over all drafts, run side by side. The price is that none
may pass although some token would; that text is dead, and its weight 0 counts. `geometric(at_least=k)` goes on instead.
"""

from __future__ import annotations

import math

import numpy as np

from maskwright.errors import InvalidOption
from maskwright.sampling.awrs.draws import Draws
from maskwright.sampling.awrs.estimate import NOTHING, Checks, Estimate, log_add
from maskwright.sampling.weighted_texts import log_sum_exp

SMALL = -36.0
"""For x below e^−36, 1 − e^−x is x to the last digit."""


def priority(draws: Draws, n_top: int = 48, n_tail: int = 16) -> Checks:
    """n_top tokens, from 0, that are checked for certain, and a sample of n_tail, from 1, of the others.

    Raises `InvalidOption`.
    """
    if n_top < 0:
        raise InvalidOption("n_top", n_top, "at least 0")
    if n_tail < 1:
        raise InvalidOption("n_tail", n_tail, "at least 1")
    top = draws.top(n_top)
    tail: list[int] = []
    log_time = -math.inf
    while True:
        log_left = draws.log_left
        token = draws.next()
        if token is None:
            log_time = math.inf  # the whole tail was drawn
            break
        log_time = log_add(log_time, math.log(draws.exponential()) - log_left)
        if len(tail) == n_tail:
            break
        tail.append(token)
    verdicts = yield [*top, *tail]
    passing, log_weights = [], []
    for place, (token, passed) in enumerate(zip([*top, *tail], verdicts, strict=True)):
        if passed:
            log_p = draws.log_probability(token)
            passing.append(token)
            log_weights.append(log_p if place < len(top) else log_p - log_inclusion(log_p + log_time))
    if not passing:
        return NOTHING
    return Estimate(passing[draws.choose(log_weights)], log_sum_exp(np.array(log_weights)))


def log_inclusion(log_x: float) -> float:
    """log(1 − exp(−x)) of log x, with all digits for large and small x."""
    if log_x < SMALL:
        return log_x
    return math.log(-math.expm1(-math.exp(log_x))) if log_x < -SMALL else 0.0
