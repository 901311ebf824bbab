"""A canvas from what a caller says of it."""

from __future__ import annotations

from collections.abc import Iterable

from maskwright.errors import InvalidCanvas
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import Slot, laid_out
from maskwright.matching.infilling.stacks import Stacks


def canvas_of(stacks: Stacks, slots: Iterable[Slot], eos_ids: Iterable[int], budget: int | None) -> Canvas:
    """The canvas of some slots; raises InvalidCanvas, CanvasNotCompletable and LimitExceeded."""
    vocabulary = stacks.token_effects.vocabulary
    ends = tuple(int(token) for token in eos_ids)
    for token in ends:
        if not 0 <= token < vocabulary.size:
            raise InvalidCanvas(f"the end token {token} is no token id below {vocabulary.size}")
    places = laid_out(slots, budget, vocabulary)
    return Canvas(stacks, places, ends, n_hidden=0 if budget is None else max(0, budget - len(places)))
