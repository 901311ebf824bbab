"""What an estimator is: a generator that yields tokens to be checked, is sent the verdicts, and returns an estimate.

    E[W · g(a)] = Σ p(a) C(a) g(a)   for every g, over the tokens a of the mask, C(a) = 1 if a passes

Written as generators, the estimators of many drafts go forward side by side, each at its own pace, and all tokens that
they wait for go to the pool together (`proposal.py`); a single one reads like the loop in its paper.

All of them are unbiased for these reasons: when to stop depends on verdicts and draws alone; the token that is returned
is the first one accepted, or drawn by the weights that are summed up; a check always says the same; a cap has an
estimate of its own and never cuts a weight; and estimates of nothing count, with weight 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple, TypeAlias

from maskwright.sampling.awrs.draws import Draws


class Estimate(NamedTuple):
    """A token and log W; no token and −inf if none was found."""

    token_id: int | None
    log_weight: float


NOTHING = Estimate(None, -math.inf)

Checks: TypeAlias = Generator[Sequence[int], Sequence[bool], Estimate]
Estimator: TypeAlias = Callable[[Draws], Checks]
"""Of a row with some mass; a function with options is made one by `functools.partial`."""


def log_add(a: float, b: float) -> float:
    """log(exp(a) + exp(b)) of two numbers, −inf among them; a tenth of the time that numpy takes."""
    high, low = (a, b) if a >= b else (b, a)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
