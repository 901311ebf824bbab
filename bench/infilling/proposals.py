"""Fifty proposals answered one by one, beside the masks that answer all of them.

Other engines for masked models ask, for each pair of a slot and a token that the model proposes, whether the canvas
could still be completed. Here this question is put to our own canvas: a fork, one commit. It is *their way of asking
with our answer*: exact lengths, sets that are kept from one question to the next. It is no measurement of another
engine; figures of those are quoted in `published`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import maskwright as mw
from bench.infilling.material import JSON, Words, compiled
from bench.infilling.timing import Spread, Taken, spread_of, timed
from maskwright.matching.infilling.slots import MASK


@dataclass(frozen=True, slots=True)
class ProposalFigures:
    """n_differing must be 0: answers that are not what the mask says."""

    vocabulary: str
    n_slots: int
    n_asked: int
    n_possible: int
    n_differing: int
    one: Spread
    masks: Spread


def measure(words: Words, n_slots: int, n_asked: int, repetitions: int, seed: int = 0) -> ProposalFigures:
    """Random scores, the highest first; on a canvas of JSON that is all open."""
    grammar = compiled(mw.Compiler(words.vocabulary), JSON)
    canvas = grammar.canvas([MASK] * n_slots, words.eos_ids)
    rows = canvas.allow()
    masks = [timed(lambda: grammar.canvas([MASK] * n_slots, words.eos_ids).allow())[1] for _ in range(repetitions)]
    rng = np.random.default_rng(seed)
    calls: list[Taken] = []
    n_possible = n_differing = 0
    for _ in range(n_asked):
        slot, token = int(rng.integers(n_slots)), int(rng.integers(words.vocabulary.size))
        accepted, taken = timed(lambda slot=slot, token=token: canvas.fork().commit({slot: token}))  # type: ignore[misc]
        calls.append(taken)
        allowed = bool(rows[slot, token // 32] >> (token % 32) & 1)
        n_possible += bool(accepted)
        n_differing += allowed != bool(accepted)
    return ProposalFigures(words.name, n_slots, n_asked, n_possible, n_differing, spread_of(calls), spread_of(masks))
