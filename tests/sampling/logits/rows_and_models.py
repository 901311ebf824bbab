"""Rows drawn by Hypothesis and toy models, for the tests of logits transforms."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from maskwright.sampling.logits import Context, LogitsTransform, StatelessTransform
from maskwright.sampling.logits.distributions import Floats, log_probabilities

#: Logits on a coarse grid, so that ties are common; some tokens are impossible, never all.
rows = (
    st.lists(st.one_of(st.integers(-24, 24).map(lambda n: n / 4), st.just(-np.inf)), min_size=1, max_size=12)
    .filter(lambda row: max(row) > -np.inf)
    .map(np.array)
)

#: Logits without ties and without impossible tokens.
distinct_rows = st.lists(
    st.floats(-20, 20, width=32).filter(lambda logit: abs(logit) > 1e-3), min_size=2, max_size=40, unique=True
).map(np.array)


def noise_model(prefixes: Sequence[Sequence[int]], size: int = 6) -> Floats:
    """Normal logits that depend on the whole prefix and on nothing else."""
    return np.stack([noise_row(prefix, size) for prefix in prefixes])


def noise_row(prefix: Sequence[int], size: int = 6) -> Floats:
    digest = hashlib.sha256(repr([int(token) for token in prefix]).encode()).digest()
    return 2 * np.random.default_rng(int.from_bytes(digest[:8], "big")).normal(size=size)


def changed(transform: StatelessTransform, row: Floats, token_ids: Sequence[int] = (), model=noise_model) -> Floats:
    return transform(None, Context(token_ids, model), row)[1]


def p_of(row: Floats) -> Floats:
    return np.exp(log_probabilities(row))


def first(transform: LogitsTransform, row: Floats, token_ids: Sequence[int] = (), model=noise_model) -> Floats:
    return transform(transform.init(), Context(token_ids, model), row)[1]
