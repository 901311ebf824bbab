"""Masks made ahead of the texts: breadth first, from the start, through the places that bytes lead to.

A configuration's mask is made when a text first gets there, which takes microseconds, sometimes a millisecond. Who
wants all of them before serving begins has them made here. What tokens lead to, single bytes lead to (`_exploring`).
With recursion or counters there are infinitely or very many places, so the nearest come first and a budget ends it;
where values must differ from their siblings all count as new.

What is made is what a matcher would have made, one place at a time under the grammar's lock, so it can go on beside
matchers, from several threads, and be broken off anywhere. It stops well before memory is full, since a full memory
starts over and would forget everything.
Cost: 25 µs and 1.6 KB a place. Rejected: the likely places first, where a token of low id counts as likely. Texts of
usual length lie too deep for any order: it found no more of the places that MaskBench's texts came to.

This is the one module below `integrations` that reads the clock: it is asked to.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar

PROGRESS_SECONDS = 0.1
"""How often progress is told."""


@dataclass(frozen=True, slots=True)
class Precomputed:
    """How far it has come: places whose masks are made, places known that wait, and what the grammar holds.

    `is_complete`: does every allowed text stay in places whose masks are made?
    """

    n_explored: int
    n_waiting: int
    size_bytes: int
    seconds: float
    is_complete: bool


def precompute(
    grammar: CompiledGrammar,
    budget_s: float | None,
    budget_bytes: int | None,
    on_progress: Callable[[Precomputed], object] | None,
) -> Precomputed:
    """Make masks until a budget is used up, or there are no more."""
    began = told = time.monotonic()
    start = grammar.start().places[0]
    waiting = deque([start.configuration])
    known = {start.configuration}
    n_explored = 0
    is_cut = False

    def so_far() -> Precomputed:
        seconds = time.monotonic() - began
        return Precomputed(n_explored, len(waiting), grammar.learnt_bytes, seconds, not waiting and not is_cut)

    while waiting:
        now = time.monotonic()
        if budget_s is not None and now - began >= budget_s:
            break
        if on_progress is not None and now - told >= PROGRESS_SECONDS:
            on_progress(so_far())
            told = now
        found = grammar.explore(waiting[0], start.epoch, budget_bytes)
        if found is None:
            is_cut = True
            break
        waiting.popleft()
        n_explored += 1
        new = [place for place in found if place not in known]
        known.update(new)
        waiting.extend(new)
    done = so_far()
    if on_progress is not None:
        on_progress(done)
    return done
