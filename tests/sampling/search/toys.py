"""Random small targets for searches: several end tokens, ties, impossible tokens, more text than the budget allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from maskwright.sampling.enumeration import ExactDistribution
from maskwright.sampling.target import Target
from tests.sampling.toys import ListedLanguage, Text

EOS = frozenset({3, 5})


def random_target(seed: int, *, max_tokens: int = 5) -> Target:
    """Tokens 0, 1, 2 and 4, up to 40 texts of up to 5 of them; of every three models one has ties everywhere."""
    rng = np.random.default_rng(seed)
    letters = np.array([0, 1, 2, 4])
    texts = {tuple(letters[rng.integers(0, 4, rng.integers(0, 6))].tolist()) for _ in range(rng.integers(1, 41))}
    texts.add((1,))
    table = np.round(rng.normal(size=(8, 6)), 0) if seed % 3 == 0 else 2 * rng.normal(size=(8, 6))
    table[rng.random((8, 6)) < 0.08] = -np.inf
    table[:, 1] = np.maximum(table[:, 1], -5.0)
    table[:, 3] = np.maximum(table[:, 3], -5.0)

    def model(prefixes: Sequence[Sequence[int]]) -> np.ndarray:
        return np.array([table[sum((n + 1) * (t + 1) for n, t in enumerate(prefix)) % 8] for prefix in prefixes])

    return Target(model, (), ListedLanguage(frozenset(texts), EOS), max_tokens, EOS)


def log_p(truth: ExactDistribution) -> dict[Text, float]:
    return dict(zip(truth.texts, truth.log_probabilities.tolist(), strict=True))


def plain(log_probability: float, _: int) -> float:
    return log_probability


def best_scores(truth: ExactDistribution, score: Callable[[float, int], float] = plain) -> list[float]:
    """The scores of all texts by enumeration, descending; lengths count the end."""
    return sorted((score(value, len(text) + 1) for text, value in log_p(truth).items()), reverse=True)


def left_out(scores: list[float], found: list[float]) -> list[float]:
    """The scores of texts that were not found: the nearest score is taken away for each found one."""
    rest = list(scores)
    for score in found:
        rest.remove(min(rest, key=lambda other: abs(other - score)))
    return rest


def log_futures(truth: ExactDistribution) -> dict[Text, float]:
    """For every prefix of a text: log p of the most probable text below it."""
    best: dict[Text, float] = {}
    for text, value in log_p(truth).items():
        for n in range(len(text) + 1):
            best[text[:n]] = max(best.get(text[:n], -math.inf), value)
    return best
