"""How one token is drawn: the contract that lets every way of drawing tokens serve every sampler.

A proposal draws a token a after each of some drafts and gives it a weight W such that, for every function g of tokens,

    E[W · g(a)] = Σ_a p(a) C(a) g(a)        (properly weighted; Liu and Chen, JASA 1998, section 2.1)

where C is 1 for the tokens that may come: those of the mask, for a checker those that pass it. With g = 1 the mean of W
is the mass of these tokens. Proposals compose by weights alone, so samplers never ask how a token was found.

All drafts of a step are given at once, because checks of several texts can run side by side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.rows import MaskedRow
from maskwright.sampling.target import Draft, Ending


@dataclass(frozen=True, slots=True)
class Proposed:
    """A drawn token.

    token_id: None if there is none to draw, and `ending` says why.  log_weight: log W, −inf then.
    log_probability: log p(a) under the model.  n_checks: calls of a checker made for it, of which n_failures raised an
    exception and n_timeouts took too long.
    """

    token_id: int | None
    log_weight: float
    log_probability: float
    ending: Ending | None = None
    n_checks: int = 0
    n_timeouts: int = 0
    n_failures: int = 0


class Proposal(Protocol):
    """A way of drawing the next token of each draft; neither the drafts nor their rows are changed."""

    def __call__(
        self, keys: Sequence[RandomKey], drafts: Sequence[Draft], rows: Sequence[MaskedRow], /
    ) -> list[Proposed]:
        """One proposed token for each draft, drawn from its own key."""


def stuck(ending: Ending) -> Proposed:
    """No token, and why."""
    return Proposed(None, -math.inf, -math.inf, ending)


def masked_proposal(keys: Sequence[RandomKey], drafts: Sequence[Draft], rows: Sequence[MaskedRow]) -> list[Proposed]:
    """Tokens drawn by p(a) / Z over the mask, each of weight Z: exact, so there is no better one for a mask alone."""
    proposed = []
    for key, draft, row in zip(keys, drafts, rows, strict=True):
        ending = draft.why_stuck(row)
        if ending is None:
            token = row.draw(key.uniform())
            proposed.append(Proposed(token, row.log_mass, row.log_probability(token)))
        else:
            proposed.append(stuck(ending))
    return proposed
