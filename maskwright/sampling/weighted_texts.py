"""What samplers return: texts with weights, and how far to trust them.

A properly weighted text (y, w) satisfies E[w · f(y)] = Σ p(y) f(y) over the texts y of the language, for every f; so
the mean weight is an unbiased estimate of Z, the model's mass of the whole language, and weights divided by their sum
estimate π. Independent exact draws are the case in which all weights are equal. A dead text has weight −inf (in log
space) and stays in the count, since the mean is over all that were begun.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from maskwright.errors import InvalidOption, NoContinuation
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.inversion import chosen_place
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import Floats
from maskwright.sampling.target import Ending, Target

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class SampledText:
    """One text of a sample.

    token_ids: with the end token if there is one.  log_probability: log p of all of them under the model.
    log_weight: −inf for a dead text, whose `ending` says why.
    """

    token_ids: tuple[int, ...]
    ending: Ending
    log_probability: float
    log_weight: float


@dataclass(frozen=True, slots=True)
class Effort:
    """What a sample took.

    n_rows: rows of logits asked of the model.  n_attempts: texts begun.  n_checks: calls of a checker, of which
    n_failures raised an exception and n_timeouts took too long.
    """

    n_rows: int = 0
    n_attempts: int = 0
    n_checks: int = 0
    n_timeouts: int = 0
    n_failures: int = 0

    def __add__(self, other: Effort) -> Effort:
        return Effort(
            self.n_rows + other.n_rows,
            self.n_attempts + other.n_attempts,
            self.n_checks + other.n_checks,
            self.n_timeouts + other.n_timeouts,
            self.n_failures + other.n_failures,
        )

    @property
    def declared(self) -> tuple[str, ...]:
        """How checks that gave no answer changed the target, in words; empty if all answered."""
        said = []
        if self.n_failures:
            said.append(f"{self.n_failures} checks failed and were counted as rejections")
        if self.n_timeouts:
            said.append(f"{self.n_timeouts} checks took too long and were counted as rejections")
        return tuple(said)


@dataclass(frozen=True, slots=True)
class WeightedTexts:
    """A sample.

    log_evidence: log of the estimate of Z, −inf if all texts are dead, None where the method gives none.
    is_exact: the living texts are independent draws from the target, so their weights are equal.
    declared: what makes the target differ from the one that was asked for, in words; empty if nothing does.
    """

    target: Target
    texts: tuple[SampledText, ...]
    log_evidence: float | None
    effort: Effort = field(default_factory=Effort)
    is_exact: bool = False
    declared: tuple[str, ...] = ()

    @property
    def log_weights(self) -> Floats:
        """float64[n]: the weights of all texts, dead ones too."""
        return np.array([text.log_weight for text in self.texts], dtype=np.float64)

    @property
    def alive(self) -> tuple[SampledText, ...]:
        """The texts that have any weight."""
        return tuple(text for text in self.texts if text.log_weight > -math.inf)

    @property
    def effective_sample_size(self) -> float:
        """(Σ w)² / Σ w²: how many equally weighted texts would be worth as much; 0 if all are dead."""
        return effective_sample_size(self.log_weights)

    def probabilities(self) -> dict[tuple[int, ...], float]:
        """The estimate of π over texts, as their tokens before the end token; empty if all are dead."""
        return self._merged(lambda text: self.target.without_end(text.token_ids))

    def by_bytes(self, vocabulary: Vocabulary) -> dict[bytes, float]:
        """The same over the bytes that texts spell, whichever way they are split into tokens."""
        return self._merged(lambda text: vocabulary.decode(self.target.without_end(text.token_ids)))

    def _merged(self, key_of: Callable[[SampledText], Key]) -> dict[Key, float]:
        shares: defaultdict[Key, float] = defaultdict(float)
        total = log_sum_exp(self.log_weights)
        for text in self.alive:
            shares[key_of(text)] += math.exp(text.log_weight - total)
        return dict(shares)

    def choose(self, key: RandomKey) -> SampledText:
        """One text, drawn by weight; raises `NoContinuation` if all are dead."""
        weights = self.log_weights
        total = log_sum_exp(weights)
        if total == -math.inf:
            reasons = sorted({text.ending.value for text in self.texts}) or ["nothing was sampled"]
            raise NoContinuation(f"all {len(self.texts)} texts are dead ({', '.join(reasons)})", 0)
        return self.texts[chosen_place(np.exp(weights - total), key.uniform())]


def pooled(samples: Sequence[WeightedTexts]) -> WeightedTexts:
    """Several samples of one target as one: all texts with their own weights, Ẑ the mean over all of them.

    Exact ones stay exact, with equal weights.  Raises `InvalidOption` for no samples.
    """
    if not samples:
        raise InvalidOption("The samples to pool", samples, "at least one")
    texts = tuple(text for sample in samples for text in sample.texts)
    log_mean = log_mean_exp(np.array([text.log_weight for text in texts]))
    is_exact = all(sample.is_exact for sample in samples)
    return WeightedTexts(
        samples[0].target,
        tuple(replace(text, log_weight=log_mean) for text in texts) if is_exact else texts,
        None if any(sample.log_evidence is None for sample in samples) else log_mean,
        sum((sample.effort for sample in samples), Effort()),
        is_exact=is_exact,
        declared=tuple(dict.fromkeys(line for sample in samples for line in sample.declared)),
    )


def log_sum_exp(values: Floats) -> float:
    """log Σ exp(values) without overflow; −inf for no values."""
    top = float(values.max(initial=-np.inf))
    return top if np.isinf(top) else top + math.log(np.exp(values - top).sum())


def log_mean_exp(values: Floats) -> float:
    """log of the mean of exp(values); −inf for no values."""
    return log_sum_exp(values) - math.log(len(values)) if len(values) else -math.inf


def effective_sample_size(log_weights: Floats) -> float:
    """(Σ w)² / Σ w² (Kong, Liu and Wong, JASA 1994); 0 if there is no weight."""
    total = log_sum_exp(log_weights)
    return 0.0 if total == -math.inf else math.exp(2 * total - log_sum_exp(2 * log_weights))
