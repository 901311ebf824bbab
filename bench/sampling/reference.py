"""The target of a task, found by mass: the texts that matter, how probable each is, and how much is missing at most.

`maskwright.sampling.exact` visits every text. A text of forty characters has ten thousand spellings in tokens, nearly
all of them without weight, and two of the three tasks have more than a million prefixes. So prefixes are expanded here
in the order of their probability, until all that are left together weigh less than `remainder` of what was found. That
bounds the error of Z, relative to Z, and of every total variation. With remainder 0 both agree (a test says so).
Cost: a row of the model and a mask for each prefix expanded, 256 to 1,045 of them for the three tasks.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from maskwright.sampling.enumeration import ExactDistribution
from maskwright.sampling.target import Draft, Target

PREFIXES_AT_ONCE: Final = 64

Text = tuple[int, ...]


class TooManyPrefixes(Exception):
    """The language is too large, or its texts too improbable, for a reference."""


@dataclass(frozen=True, slots=True)
class Reference:
    """distribution: the texts found, most probable first.  remainder: the rest weighs at most this share of them."""

    distribution: ExactDistribution
    remainder: float

    @property
    def masked_total_variation(self) -> float:
        """Between masked decoding and the target; what it draws beside the texts found counts in full."""
        masked = self.distribution.masked_probabilities()
        beside = 1.0 - math.fsum(masked.values())
        return self.distribution.total_variation(masked) + 0.5 * beside


def find_reference(target: Target, remainder: float = 1e-6, limit: int = 100_000) -> Reference:
    """The most probable texts of `target`.

    Raises `TooManyPrefixes` when more than `limit` prefixes would have to be expanded.
    """
    # A heap of (-log p, prefix, Σ log Z, draft); prefixes differ, so drafts are never compared.
    frontier: list[tuple[float, Text, float, Draft]] = [(0.0, (), 0.0, target.start())]
    found: dict[Text, tuple[float, float]] = {}
    mass, left, n_rows = 0.0, 1.0, 0
    while frontier and left > remainder * mass:
        block = [heapq.heappop(frontier) for _ in range(min(PREFIXES_AT_ONCE, len(frontier)))]
        n_rows += len(block)
        if n_rows > limit:
            raise TooManyPrefixes(f"{n_rows:,} prefixes, and {left / mass if mass else 1:.2g} of the mass is left")
        rows = target.rows([draft for _, _, _, draft in block])
        for (cost, prefix, log_mass, draft), row in zip(block, rows, strict=True):
            tokens = row.allowed()
            for token, log_p in zip(tokens.tolist(), row.log_probabilities(tokens).tolist(), strict=True):
                if token in target.eos_token_ids:
                    before = found.get(prefix, (-math.inf, 0.0))[0]
                    found[prefix] = (float(np.logaddexp(before, log_p - cost)), log_mass + row.log_mass)
                    mass += math.exp(log_p - cost)
                else:
                    after = draft.fork()
                    after.read(token, log_p)
                    heapq.heappush(frontier, (cost - log_p, (*prefix, token), log_mass + row.log_mass, after))
        left = math.fsum(math.exp(-one[0]) for one in frontier)
    texts = sorted(found, key=lambda text: (-found[text][0], text))
    values = np.array([found[text] for text in texts])
    return Reference(ExactDistribution(tuple(texts), values[:, 0], values[:, 1], n_rows), left / mass)
