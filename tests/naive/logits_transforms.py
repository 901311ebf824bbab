"""The rules of `sampling/logits` said once more, token by token in plain Python, for short rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

Row = Sequence[float]


def softmax(row: Row) -> list[float]:
    top = max(row)
    weights = [math.exp(logit - top) for logit in row]
    return [weight / math.fsum(weights) for weight in weights]


def entropy_nats(row: Row) -> float:
    return -math.fsum(p * math.log(p) for p in softmax(row) if p > 0)


def cut(row: Row, stays: Callable[[float], bool]) -> list[float]:
    return [logit if stays(logit) else -math.inf for logit in row]


def top_k(row: Row, k: int) -> list[float]:
    return cut(row, lambda logit: sum(other > logit for other in row) < k)


def top_p(row: Row, p: float) -> list[float]:
    pairs = list(zip(row, softmax(row), strict=True))
    return cut(row, lambda logit: math.fsum(q for other, q in pairs if other > logit) < p)


def min_p(row: Row, fraction: float) -> list[float]:
    return cut(row, lambda logit: math.exp(logit - max(row)) >= fraction)


def jensen_shannon_nats(row: Row, other: Row) -> float:
    total = 0.0
    for p, q in zip(softmax(row), softmax(other), strict=True):
        for r in (p, q):
            if r > 0:
                total += 0.5 * r * math.log(2 * r / (p + q))
    return total


def contrasted(row: Row, other: Row, alpha: float) -> list[float]:
    """softmax of (1 + α) log p − α log q, as probabilities."""
    p, q = softmax(row), softmax(other)
    weights = [a ** (1 + alpha) * b**-alpha if a > 0 else 0.0 for a, b in zip(p, q, strict=True)]
    return [weight / math.fsum(weights) for weight in weights]


def mirostat_mus(surprises_bits: Sequence[float], tau: float, eta: float) -> list[float]:
    """μ before each draw and after the last."""
    mus = [2 * tau]
    for surprise in surprises_bits:
        mus.append(mus[-1] - eta * (surprise - tau))
    return mus


def lookahead_score(model: Callable[[Row], Row], text: list[int], log_p: float, length: int, ends: set[int]) -> float:
    """Mean log probability of a candidate (the end of `text`) and its greedy continuation."""
    total, n = log_p, 1
    while n <= length and text[-1] not in ends:
        p = softmax(model(text))
        text = [*text, max(range(len(p)), key=lambda token: (p[token], -token))]
        total, n = total + math.log(p[text[-1]]), n + 1
    return total / n


def best_threshold(entropies: Sequence[float], is_right: Sequence[bool]) -> float:
    ordered = sorted(set(entropies))
    cuts = [0.0, *((a + b) / 2 for a, b in itertools.pairwise(ordered)), math.inf]
    pairs = list(zip(entropies, is_right, strict=True))
    return min(reversed(cuts), key=lambda cut: sum((entropy < cut) != right for entropy, right in pairs))
