"""Choices for many slots at once, each legal by itself: how often they agree, and what is kept of them.

For each of k slots, drawn at random, a token is drawn uniformly from the exact mask. *Naive* takes all of them, which
is right iff the canvas can still be completed. *Ours* hands them to `commit`, which keeps what stands together; what it
leaves is completed, and the text judged by `json`, which knows nothing of canvases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import maskwright as mw
from bench.infilling.material import JSON, Words, compiled, tokens_in
from bench.infilling.timing import Spread, Taken, spread_of, timed
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import MASK

ALL_SLOTS = 0
"""Of a number of choices: one for each open slot."""
JUDGED_EVERY = 5
"""Completing a text and reading it takes longer than a step, so one step in so many is judged by `json`."""


@dataclass(frozen=True, slots=True)
class JointFigures:
    """n_naive: steps whose choices all agree. n_kept: choices kept, of n_chosen. n_json: texts right, of n_judged."""

    vocabulary: str
    n_slots: int
    n_decided: int
    n_choices: int
    n_steps: int
    n_naive: int
    n_chosen: int
    n_kept: int
    n_judged: int
    n_json: int
    commit: Spread


def measure(
    words: Words, n_slots: int, ks: Sequence[int], n_steps: int, seed: int = 0, states: int = 20
) -> Iterator[JointFigures]:
    """Canvases that are all open, and canvases of which half is decided."""
    grammar = compiled(mw.Compiler(words.vocabulary), JSON)
    rng = np.random.default_rng(seed)
    for n_decided in (0, n_slots // 2):
        canvases = []
        for _ in range(states if n_decided else 1):
            canvas = grammar.canvas([MASK] * n_slots, words.eos_ids)
            for slot in rng.permutation(n_slots)[:n_decided].tolist():
                canvas.commit({slot: int(rng.choice(tokens_in(canvas.allow()[slot])))})
            canvases.append((canvas, [tokens_in(row) for row in canvas.allow()]))
        for k in ks:
            yield _joint(words, canvases, n_decided, k, n_steps, rng)


def _joint(
    words: Words,
    canvases: Sequence[tuple[Canvas, list[NDArray[np.int64]]]],
    n_decided: int,
    k: int,
    n_steps: int,
    rng: np.random.Generator,
) -> JointFigures:
    calls: list[Taken] = []
    n_naive = n_chosen = n_kept = n_judged = n_json = 0
    for step in range(n_steps):
        canvas, masks = canvases[step % len(canvases)]
        open_slots = np.flatnonzero(canvas.is_open)
        slots = rng.permutation(open_slots)[: k or len(open_slots)].tolist()
        choices = {slot: int(rng.choice(masks[slot])) for slot in slots}
        fork = canvas.fork()
        accepted, taken = timed(lambda fork=fork, choices=choices: fork.commit(choices))  # type: ignore[misc]
        calls.append(taken)
        n_naive += len(accepted) == len(choices)
        n_chosen += len(choices)
        n_kept += len(accepted)
        if step % JUDGED_EVERY == 0:
            n_judged += 1
            n_json += _is_json(words.text(fork.complete().tolist()))
    n_slots = canvases[0][0].n_slots
    return JointFigures(
        words.name, n_slots, n_decided, k, n_steps, n_naive, n_chosen, n_kept, n_judged, n_json, spread_of(calls)
    )


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
