"""The exact distribution of a small language, by enumeration: the judge of all other methods, and of users' own tests.

    truth = exact(target)
    truth.log_z, truth.probabilities()[tokens], truth.total_variation(sample.probabilities())

Every text of at most `max_tokens` tokens is visited, in batches of prefixes, depth first so that memory stays small.
Cost: a row of the model for each prefix that can be completed. Languages of up to a million texts are meant; a larger
one is refused (`LimitExceeded`), not cut.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from maskwright.errors import EmptyLanguage, InvalidOption, LimitExceeded
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.rows import Floats
from maskwright.sampling.target import Draft, Target
from maskwright.sampling.weighted_texts import log_sum_exp

MAX_TEXTS = 1_000_000
Text = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExactDistribution:
    """All texts of a target; a text is its tokens before the end token, and all end tokens count as one event.

    log_probabilities: float64[n], log p(y) under the model, end token included.  log_masses: float64[n], Σ log Z_t, the
    weight that masked decoding would give the text.  n_rows: prefixes asked of the model.
    """

    texts: tuple[Text, ...]
    log_probabilities: Floats
    log_masses: Floats
    n_rows: int

    @property
    def log_z(self) -> float:
        """log Z: the model's mass of the whole language within the budget."""
        return log_sum_exp(self.log_probabilities)

    def probabilities(self) -> dict[Text, float]:
        """π: the model conditioned on the language."""
        shares = np.exp(self.log_probabilities - self.log_z).tolist()
        return dict(zip(self.texts, shares, strict=True))

    def by_bytes(self, vocabulary: Vocabulary) -> dict[bytes, float]:
        """π over the bytes that texts spell: the sum over all splits into tokens, as `WeightedTexts.by_bytes`."""
        shares: defaultdict[bytes, float] = defaultdict(float)
        for text, share in self.probabilities().items():
            shares[vocabulary.decode(text)] += share
        return dict(shares)

    def masked_probabilities(self) -> dict[Text, float]:
        """What masked decoding draws instead: p(y) divided by the product of all Z_t."""
        shares = np.exp(self.log_probabilities - self.log_masses).tolist()
        return dict(zip(self.texts, shares, strict=True))

    def total_variation(self, other: Mapping[Text, float]) -> float:
        """½ Σ |π(y) − other(y)|, over the texts of both."""
        own = self.probabilities()
        return 0.5 * sum(abs(own.get(text, 0.0) - other.get(text, 0.0)) for text in own.keys() | other.keys())

    def kl_divergence(self, other: Mapping[Text, float]) -> float:
        """KL(other ‖ π) in nats: Σ other(y) log(other(y) / π(y)); inf if `other` has a text that is not one."""
        own = self.probabilities()
        terms = (p * math.log(p / own[text]) if own.get(text, 0.0) > 0 else math.inf for text, p in other.items() if p)
        return sum(terms)

    def noise_floor(self, n: int) -> float:
        """What total variation n exact independent draws have on average: ½ Σ sqrt(2 π (1 − π) / (n · 3.14159…))."""
        p = np.exp(self.log_probabilities - self.log_z)
        return 0.5 * float(np.sqrt(2 * p * (1 - p) / (math.pi * n)).sum())


def exact(target: Target, *, max_texts: int = MAX_TEXTS, batch: int = 256) -> ExactDistribution:
    """All texts of `target` with their probabilities; texts that the model calls impossible are left out.

    max_texts: of both texts and prefixes.  batch: prefixes per call of the model.
    Raises `LimitExceeded` for a larger language, `EmptyLanguage` if no text fits into the budget, `InvalidOption`.
    """
    if batch < 1:
        raise InvalidOption("batch", batch, "at least 1")
    found: dict[Text, tuple[float, float]] = {}
    stack: list[tuple[Draft, float]] = [(target.start(), 0.0)]
    n_rows = 0
    while stack:
        taken = stack[-batch:]
        del stack[-batch:]
        rows = target.rows([draft for draft, _ in taken])
        n_rows += len(rows)
        for (draft, log_mass), row in zip(taken, rows, strict=True):
            tokens = row.allowed()
            for token, log_p in zip(tokens.tolist(), row.log_probabilities(tokens).tolist(), strict=True):
                if token in target.eos_token_ids:
                    before = found.get(text := tuple(draft.token_ids), (-math.inf, 0.0))[0]
                    log_probability = float(np.logaddexp(before, draft.log_probability + log_p))
                    found[text] = (log_probability, log_mass + row.log_mass)
                else:
                    following = draft.fork()
                    following.read(token, log_p)
                    stack.append((following, log_mass + row.log_mass))
            if (size := len(found) + len(stack)) > max_texts or n_rows > max_texts:
                raise LimitExceeded("Enumerating the language", max(size, n_rows), max_texts, remedy="sample instead")
    if not found:
        raise EmptyLanguage(f"none has at most {target.max_tokens} tokens to which the model gives any probability")
    values = np.array(list(found.values()))
    return ExactDistribution(tuple(found), values[:, 0], values[:, 1], n_rows)
