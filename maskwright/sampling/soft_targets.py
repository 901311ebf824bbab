"""Soft targets: texts that are not only in or out, but worth something between 0 and 1.

    π(y) ∝ p(y) · v(y) · 1[y is a text of the grammar],   0 <= v(y) <= 1

The samplers of the prefix trie handle v as they handle the grammar, which is the case v ∈ {0, 1}: what they need is an
envelope, a bound on v for every beginning of a text that never rises along it,

    v(y) <= e(u') <= e(u)    for u a beginning of u', and u' of y;   e(ε) = 1

and the ratio e(ua) / e(u) becomes the factor of an edge. The better the envelope, the fewer draws are wasted; any valid
one is exact. A value above its envelope is an error (`EnvelopeExceeded`), never a silently different distribution.

    soft = prefix_scorer(lambda ids: -0.5 * ids.count(7))          # each 7 costs half a nat
    soft = product(soft, power(judge, 0.3)); cars(key, target, 100, soft=soft)

After MARS, the soft form of CARS (arXiv 2510.01902) in its authors' development tree of 2026. The algebra: products,
powers, geometric means, minima, maxima and mixtures of soft targets are soft targets, since all of them rise with each
of their parts. Cost: two calls for each edge that is new to the trie; an edge is asked about once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from maskwright.errors import EnvelopeExceeded, InvalidOption
from maskwright.sampling.weighted_texts import log_sum_exp

Text = tuple[int, ...]
Envelope = Callable[[Text, bool], float]
"""log e(u) for a beginning of a text (False), log v(y) for a whole one (True); tokens without prompt and end token."""

TOLERANCE = 1e-6
"""Nats by which a score may rise along a text: those of models are sums of numbers rounded to single precision."""


class Factors(Protocol):
    """What the prefix trie asks: the factor of an edge."""

    def log_factor(self, prefix: Text, token_id: int | None, /) -> float:
        """log of the factor of a token after a prefix, at most 0; None stands for the end token."""


@dataclass(frozen=True, slots=True)
class SoftTarget:
    """A soft target, by its envelope; build one with the functions of this module."""

    log_envelope: Envelope

    def log_value(self, text: Text) -> float:
        """log v(y) of a whole text."""
        return self.log_envelope(text, True)

    def log_factor(self, prefix: Text, token_id: int | None) -> float:
        """log of e(prefix, token) / e(prefix), at most 0; None stands for the end token.

        Raises `EnvelopeExceeded` if the envelope rises.
        """
        bound = self.log_envelope(prefix, False) if prefix else 0.0
        value = self.log_envelope(prefix, True) if token_id is None else self.log_envelope((*prefix, token_id), False)
        if not value <= bound + TOLERANCE:  # so that NaN is an error wherever it stands
            raise EnvelopeExceeded(value, bound, len(prefix) + 1)
        return -math.inf if value == -math.inf else min(0.0, value - bound)


def prefix_scorer(score: Callable[[Text], float]) -> SoftTarget:
    """The soft target of a score that no further token can raise: log v, for texts and their beginnings alike."""
    return SoftTarget(lambda text, _: score(text))


def output_only(score: Callable[[Text], float]) -> SoftTarget:
    """The soft target of a score, log v <= 0, that is known for whole texts only."""
    return SoftTarget(lambda text, is_finished: score(text) if is_finished else 0.0)


def product(*parts: SoftTarget) -> SoftTarget:
    """v = Π v_i."""
    return SoftTarget(lambda text, is_finished: sum(part.log_envelope(text, is_finished) for part in parts))


def power(part: SoftTarget, exponent: float) -> SoftTarget:
    """v = v_1 ** exponent, exponent > 0: below 1 softer, above 1 stricter; raises `InvalidOption` for another one."""
    if not exponent > 0:
        raise InvalidOption("The exponent of a soft target", exponent, "above 0")
    return SoftTarget(lambda text, is_finished: exponent * part.log_envelope(text, is_finished))


def geometric_mean(first: SoftTarget, *others: SoftTarget) -> SoftTarget:
    """v = (Π v_i) ** (1 / n)."""
    return power(product(first, *others), 1 / (1 + len(others)))


def minimum(first: SoftTarget, *others: SoftTarget) -> SoftTarget:
    """v = min v_i: the strictest judge."""
    parts = (first, *others)
    return SoftTarget(lambda text, is_finished: min(part.log_envelope(text, is_finished) for part in parts))


def maximum(first: SoftTarget, *others: SoftTarget) -> SoftTarget:
    """v = max v_i: the kindest judge."""
    parts = (first, *others)
    return SoftTarget(lambda text, is_finished: max(part.log_envelope(text, is_finished) for part in parts))


def mixture(parts: Sequence[SoftTarget], shares: Sequence[float]) -> SoftTarget:
    """v = Σ share_i v_i, the shares from 0 and adding up to 1; raises `InvalidOption` for others."""
    if len(parts) != len(shares) or any(share < 0 for share in shares) or abs(sum(shares) - 1) > TOLERANCE:
        raise InvalidOption("The shares of a mixture", list(shares), f"{len(parts)} numbers that add up to 1")
    logs = [math.log(share) if share else -math.inf for share in shares]

    def log_envelope(text: Text, is_finished: bool) -> float:
        values = [part.log_envelope(text, is_finished) for part in parts]
        return log_sum_exp(np.array(logs) + np.array(values))

    return SoftTarget(log_envelope)
