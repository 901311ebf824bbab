"""Rows with known acceptable tokens, and figures about many estimates of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from maskwright.sampling.awrs.draws import RowDraws
from maskwright.sampling.awrs.estimate import Estimator
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow
from tests.sampling.awrs.enumerated import run


@dataclass(frozen=True)
class Figures:
    """weights: W / Z of each run.  n_checks: per run, on average.  n_dead: runs that found no token."""

    weights: np.ndarray
    n_checks: float
    n_dead: int

    @property
    def z(self) -> float:
        """How many standard errors the mean is away from the truth."""
        return float((self.weights.mean() - 1) / (self.weights.std(ddof=1) / math.sqrt(len(self.weights)) + 1e-15))

    @property
    def deviation(self) -> float:
        """Relative standard deviation."""
        return float(self.weights.std(ddof=1))


def every_bit(size: int) -> np.ndarray:
    return np.full(-(-size // 32), -1, np.int32)


def study(estimator: Estimator, logits: np.ndarray, valid: np.ndarray, n_runs: int, seed: int) -> Figures:
    """valid: bool[V].  The truth is summed up in float64."""
    row = MaskedRow(logits, every_bit(len(logits)))
    wide = logits.astype(np.float64)
    top = wide[valid].max()
    log_z = top + math.log(np.exp(wide[valid] - top).sum()) - row.log_total
    key = RandomKey.from_seed(seed)
    weights, n_checks, n_dead = np.empty(n_runs), 0, 0
    for i in range(n_runs):
        estimate, checked = run(estimator(RowDraws(row, key.child(i))), valid.__getitem__)
        weights[i] = math.exp(estimate.log_weight - log_z)
        n_checks += len(checked)
        n_dead += estimate.token_id is None
        assert estimate.token_id is None or valid[estimate.token_id]
    return Figures(weights, n_checks / n_runs, n_dead)


def study_rows(size: int = 4096) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The four kinds of rows of the estimator study: logits and acceptable tokens."""
    rng = np.random.default_rng(3)
    logits = 3.2 * rng.normal(size=size)
    p = np.exp(logits - np.logaddexp.reduce(logits))
    order = np.argsort(-p)
    rows = {}
    valid = np.ones(size, np.bool_)
    valid[order[3]] = False
    rows["most pass"] = logits, valid
    valid = rng.random(size) < 0.2
    valid[order[:6]] = False
    rows["a fifth passes"] = logits, valid
    valid = np.zeros(size, np.bool_)
    for share in (3e-3, 6e-4, 3e-4, 1e-4):
        valid[np.abs(np.log(p) - math.log(share)).argmin()] = True
    rows["4 of 4,096 pass"] = logits, valid
    certain = logits.copy()
    valid = np.ones(size, np.bool_)
    valid[order[0]] = False
    certain[order[0]] = np.logaddexp.reduce(logits[valid]) + math.log(999)
    rows["the top token, p = .999, is rejected"] = certain, valid
    return rows
