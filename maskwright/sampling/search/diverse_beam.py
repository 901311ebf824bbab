"""Diverse beam search: groups of beams, each kept from repeating what the groups before it have just chosen.

    diverse_beam_search(target, DiverseOptions(groups=3, penalty=1.5), n=2)     # one result for each group

At each length the groups choose one after the other. A group chooses its prefixes by

    log p(prefix) − penalty · (how many prefixes of earlier groups chose this token at this length)

over the tokens that the mask allows; log p is the model's own, never renormalised. Without a penalty all groups are the
same beam; with one group it is beam search.
Source: Vijayakumar et al., "Diverse Beam Search", AAAI 2018, with their Hamming diversity, which looks at the current
token only. The penalty chooses and is then forgotten: scores, stopping and certificates are those of log p. (Codes in
use differ; some let penalties add up over the length, so that a group falls behind for what it did long ago.)
An end is not penalised, because it takes no place in a beam.

Cost: that of one beam for each group, with one call of the model for the rows of all groups.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from maskwright.errors import InvalidOption
from maskwright.sampling.search.beam import BeamOptions, BeamState, grown, result_of
from maskwright.sampling.search.beam import init as init_beam
from maskwright.sampling.search.result import SearchResult
from maskwright.sampling.target import Target


@dataclass(frozen=True, slots=True)
class DiverseOptions:
    """groups: how many beams.  penalty: nats for each earlier use of a token, from 0.  beam: of each group."""

    groups: int = 2
    penalty: float = 1.0
    beam: BeamOptions = field(default_factory=BeamOptions)

    def __post_init__(self) -> None:
        if self.groups < 1:
            raise InvalidOption("groups", self.groups, "at least 1")
        if not 0 <= self.penalty < math.inf:
            raise InvalidOption("penalty", self.penalty, "a number of nats, at least 0")


def init(target: Target, options: DiverseOptions, n: int) -> tuple[BeamState, ...]:
    """One beam for each group, for its n best texts."""
    return tuple(init_beam(target, n) for _ in range(options.groups))


def step(target: Target, options: DiverseOptions, states: tuple[BeamState, ...]) -> tuple[BeamState, ...]:
    """All groups go on by one token."""
    rows = iter(target.rows([draft for state in states for draft in state.live]))
    uses: Counter[int] = Counter()
    following = []
    for state in states:
        penalties = {token: options.penalty * count for token, count in uses.items()}
        after = grown(options.beam, state, [next(rows) for _ in state.live], penalties)
        uses.update(draft.token_ids[-1] for draft in after.live)
        following.append(after)
    return tuple(following)


def diverse_beam_search(
    target: Target, options: DiverseOptions | None = None, *, n: int = 1
) -> tuple[SearchResult, ...]:
    """The n best texts of each group, in their order; several groups may find one text. Raises `BadLogits`.

    n_rows of a result counts the rows of its group, whether or not another group asked for the same ones.
    """
    options = options or DiverseOptions()
    states = init(target, options, n)
    while any(state.live for state in states):
        states = step(target, options, states)
    return tuple(result_of(target, options.beam, state) for state in states)
