"""Long runs of comment signs with holes: what a lexer that splits runs in every way would take exponential time for.

One token in ten is opened in each text of `schemas/infilling/c_like/blow_up.json`. The grammar has been met before (by
the first of them, which is told of apart); what is measured is a new canvas, and then its masks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

import maskwright as mw
from bench.infilling.limited import Outcome, Tell, within
from bench.infilling.material import SCHEMAS, Words, compiled
from bench.infilling.timing import Taken, timed
from maskwright.errors import CanvasNotCompletable
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import MASK

TEXTS = SCHEMAS / "infilling" / "c_like" / "blow_up.json"
SHARE_OPEN = 0.1


@dataclass(frozen=True, slots=True)
class BlowUpFigures:
    """One vocabulary. n_empty: canvases that cannot be completed, of `n_rejected` texts that are none."""

    vocabulary: str
    compile: Taken | None = None
    warming: Taken | None = None
    canvases: tuple[Taken, ...] = ()
    masks: tuple[Taken, ...] = ()
    n_accepted: int = 0
    n_lost: int = 0
    n_rejected: int = 0
    n_empty: int = 0
    longest: int = 0
    problem: str = ""


def measure(words: Words, limit_s: float, seed: int = 0) -> BlowUpFigures:
    """All texts, in a process of its own."""
    nothing = BlowUpFigures(words.name)

    def work(tell: Tell[BlowUpFigures]) -> None:
        for found in _measured(words, nothing, seed):
            tell(found)

    outcome: Outcome[BlowUpFigures] = within(limit_s, work)
    return replace(outcome.told[-1] if outcome.told else nothing, problem=outcome.problem)


def _measured(words: Words, found: BlowUpFigures, seed: int) -> Iterator[BlowUpFigures]:
    grammar, compiling = timed(lambda: compiled(mw.Compiler(words.vocabulary), "c_like"))
    found = replace(found, compile=compiling)
    yield found
    rng = np.random.default_rng(seed)
    texts = json.loads(TEXTS.read_text(encoding="utf-8"))
    for is_accepted, text in [
        *((True, one) for one in texts["accepted"]),
        *((False, one) for one in texts["rejected"]),
    ]:
        tokens = words.tokenizer.encode(text)
        opened = set(rng.permutation(len(tokens))[: max(1, round(SHARE_OPEN * len(tokens)))].tolist())
        slots = [MASK if place in opened else token for place, token in enumerate(tokens)]
        if found.warming is None:
            _, warming = timed(lambda slots=slots: _canvas(grammar, slots))  # type: ignore[misc]
            found = replace(found, warming=warming)
            yield found
        canvas, making = timed(lambda slots=slots: _canvas(grammar, slots))  # type: ignore[misc]
        found = replace(found, canvases=(*found.canvases, making), longest=max(found.longest, len(tokens)))
        if canvas is not None:
            _, masking = timed(canvas.allow)
            found = replace(found, masks=(*found.masks, masking))
        if is_accepted:
            found = replace(found, n_accepted=found.n_accepted + 1, n_lost=found.n_lost + (canvas is None))
        else:
            found = replace(found, n_rejected=found.n_rejected + 1, n_empty=found.n_empty + (canvas is None))
        yield found


def _canvas(grammar: CompiledGrammar, slots: list[int]) -> Canvas | None:
    try:
        return grammar.canvas(slots)
    except CanvasNotCompletable:
        return None
