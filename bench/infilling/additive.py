"""What a test that leaves the length of gaps open allows, though the slots at hand cannot hold it.

Texts of a few tokens are written at random, and most of their slots are opened again. A pair of an open slot and a
token is *allowed at any length* if some text has the token there, the fixed tokens in their order, and any number of
tokens between them (here up to `LONGEST` in each gap); it is *dead* if no text of exactly so many tokens has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import maskwright as mw
from bench.infilling.material import JSON, Words, compiled, tokens_in
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.slots import MASK, Gap, Slot

LONGEST = 14


@dataclass(frozen=True, slots=True)
class AdditiveFigures:
    """Pairs of an open slot and a token. n_missed must be 0: what is exact is allowed at any length too."""

    vocabulary: str
    n_canvases: int
    n_slots: int
    n_any_length: int
    n_dead: int
    n_missed: int
    median_share: float
    highest_share: float


def measure(words: Words, n_canvases: int, seed: int = 0, shortest: int = 6, longest: int = 11) -> AdditiveFigures:
    """Texts of `shortest` to `longest` tokens, 60 % of them open."""
    grammar = compiled(mw.Compiler(words.vocabulary), JSON)
    rng = np.random.default_rng(seed)
    shares = []
    n_slots = n_any = n_dead = n_missed = 0
    for _ in range(n_canvases):
        tokens = _text(grammar, int(rng.integers(shortest, longest + 1)), rng)
        opened = set(rng.permutation(len(tokens))[: round(0.6 * len(tokens))].tolist())
        rows = grammar.canvas([MASK if i in opened else token for i, token in enumerate(tokens)]).allow().copy()
        any_length = dead = 0
        for slot in sorted(opened):
            slots, place = at_any_length(tokens, opened, slot)
            canvas = grammar.canvas(slots)
            wide, exact = set(tokens_in(canvas.mask_of(place).row).tolist()), set(tokens_in(rows[slot]).tolist())
            any_length += len(wide)
            dead += len(wide - exact)
            n_missed += len(exact - wide)
        shares.append(dead / any_length)
        n_slots, n_any, n_dead = n_slots + len(opened), n_any + any_length, n_dead + dead
    return AdditiveFigures(
        words.name, n_canvases, n_slots, n_any, n_dead, n_missed, float(np.median(shares)), float(max(shares))
    )


def at_any_length(tokens: list[int], opened: set[int], slot: int) -> tuple[list[Slot], int]:
    """The items of a canvas with gaps for runs of open slots, a single slot among them; and where that lies."""
    items: list[Slot] = []
    place = at = 0
    for i, token in enumerate(tokens):
        if i == slot:
            place = at
            items.append(MASK)
            at += 1
        elif i not in opened:
            items.append(token)
            at += 1
        if i in opened and (i != slot):
            if items and isinstance(items[-1], Gap):
                continue
            items.append(Gap.at_most(LONGEST))
            at += LONGEST
    return items, place


def _text(grammar: CompiledGrammar, length: int, rng: np.random.Generator) -> list[int]:
    canvas = grammar.canvas([MASK] * length)
    for slot in rng.permutation(length).tolist():
        canvas.commit({slot: int(rng.choice(tokens_in(canvas.mask_of(slot).row)))})
    return list(canvas.tokens.tolist())
