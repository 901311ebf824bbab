"""What sampling itself costs: a model that is a table with one row, and a constraint that half the tokens meet.

The row is normal with deviation 3, its end token as probable as its most probable token; a token may be drawn or not,
whatever was before. So the model costs nothing, and the exact answer is known: with m the mass of the allowed tokens, e
that of the end token among them,

    Z = Σ_k (m - e)^k e = e / (1 - m + e)

Two ways to know the constraint: as a mask of the whole vocabulary, or as a checker that is asked token by token.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.sampling.runs import Engine, RunFigures, take_turns

N_PARTICLES = 10
THRESHOLD = 0.5
MAX_TOKENS = 500


@dataclass(frozen=True, slots=True)
class Table:
    """row: float32[V + 1], log probabilities, the end token last.  allowed: bool[V + 1]."""

    row: npt.NDArray[np.float32]
    allowed: npt.NDArray[np.bool_]

    @classmethod
    def random(cls, n_tokens: int, seed: int = 0) -> Table:
        """The table of `n_tokens` tokens and an end token, which is always allowed."""
        rng = np.random.default_rng(seed)
        row = rng.normal(size=n_tokens + 1) * 3
        row[-1] = row.max()
        row -= np.log(np.exp(row).sum())
        allowed = rng.random(n_tokens + 1) < 0.5
        allowed[-1] = True
        return cls(row.astype(np.float32), allowed)

    @property
    def end(self) -> int:
        """The id of the end token."""
        return len(self.row) - 1

    @property
    def log_z(self) -> float:
        """The exact log Z of texts without a budget; `MAX_TOKENS` changes it by less than 1e-15."""
        p = np.exp(self.row.astype(np.float64))
        p /= p.sum()
        end = float(p[-1])
        return math.log(end / (1 - float(p[self.allowed].sum()) + end))


def engines(table: Table, n_particles: int = N_PARTICLES) -> list[Engine]:
    """All that can be compared here: maskwright, and genlm-control if it is installed."""
    from bench.sampling import genlm, ours

    found = ours.table_engines(table, n_particles)
    if genlm.is_installed():
        found += genlm.table_engines(table, n_particles)
    return found


def measure(sizes: tuple[int, ...], repetitions: int) -> dict[int, tuple[float, list[RunFigures]]]:
    """For each size of vocabulary: the exact log Z, and the figures of every engine."""
    figures = {}
    for size in sizes:
        table = Table.random(size)
        figures[size] = (table.log_z, take_turns(engines(table), repetitions))
    return figures
