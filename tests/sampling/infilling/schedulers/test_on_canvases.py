"""Every scheduler on the library's own canvases: the joint commit, gaps that may stay empty, and ends of text."""

from __future__ import annotations

import re

import numpy as np
import pytest

import maskwright as mw
from maskwright.matching.infilling.slots import MASK, OPEN, Gap, Soft
from maskwright.matching.vocabulary import Vocabulary
from maskwright.sampling.infilling.schedulers import Scheduler, StepView
from tests.sampling.infilling.schedulers.test_laws import CASES

TOKENS = [b"a", b"b", b"ab", b",", b"[", b"]", b"],", b"ba", b"</s>"]
END = 8
PATTERN = r"(\[[ab]+(,[ab]+)*\],?)+"


@pytest.fixture(scope="module")
def grammar() -> mw.CompiledGrammar:
    return mw.Compiler(Vocabulary(TOKENS, eos_token_ids=[END])).compile_regex(PATTERN)


CANVASES = {
    "masks": ([MASK] * 8, ()),
    "an end": ([MASK] * 8, (END,)),
    "a gap between fixed tokens": ([4, Gap(0, 4), 3, Gap(1, 3), 5], ()),
    "soft slots": ([4, Soft(3), Soft(0), MASK, Soft(5)], ()),
}


def log_weights(canvas, rng: np.random.Generator) -> np.ndarray:
    """Random weights inside the exact masks, normalised: possible choices like those of marginals."""
    allowed = np.zeros((canvas.n_slots, canvas.vocabulary_size + 1), dtype=np.bool_)
    bits = canvas.allow()
    for token in range(canvas.vocabulary_size):
        allowed[:, token] = (bits[:, token // 32] >> (token % 32)) & 1
    allowed[:, -1] = canvas.allows_blank()
    logits = np.where(allowed, 2 * rng.normal(size=allowed.shape), -np.inf)
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("slots", "eos_ids"), CANVASES.values(), ids=CANVASES.keys())
def test_a_canvas_ends_as_a_text_of_the_language(name: str, slots: list, eos_ids: tuple[int, ...], grammar) -> None:
    scheduler: Scheduler = CASES[name]
    rng = np.random.default_rng(11)
    canvas = grammar.canvas(slots, eos_ids)
    state = scheduler.init(canvas.n_slots)
    for step in range(60):
        forced = canvas.forced()
        canvas.commit(forced)
        if canvas.is_complete:
            break
        flags = np.isin(np.arange(canvas.n_slots), list(forced))
        tokens = np.where(canvas.is_open, OPEN, canvas.tokens)
        proposal, state = scheduler.step(StepView(step, 4, tokens, log_weights(canvas, rng), flags), state)
        canvas.unset(proposal.reopen.tolist())
        choices = dict(zip(proposal.slots.tolist(), proposal.tokens.tolist(), strict=True))
        assert canvas.commit(choices), "the surest choice is always granted"
    assert canvas.is_complete
    spelt = b"".join(TOKENS[token] for token in canvas.tokens if token not in (-2, END))
    assert re.fullmatch(PATTERN.encode(), spelt)
