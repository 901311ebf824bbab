"""A specification that permits everything changes nothing: the same tokens are drawn as without it.

What differs, by the rules of traces: a text is UTF-8, so tokens that are parts of characters are only allowed where
they fit, and a segment without opener is not empty, so that the first token is no end token. Tokens of whole characters
are drawn here.
"""

from __future__ import annotations

import numpy as np
import pytest

import maskwright as mw
from maskwright.matching.behaviour.program import Program
from tests.naive.random_behaviours import spec_of

N_TOKENS = 1_000
TEXTS = ("é", "ß", "漢", "字", "🙂", " the", " and", "<tool>", "[A] ", "\n\n", "naïve")
VOCABULARY = mw.Vocabulary(
    [*(bytes([byte]) for byte in range(256)), *(text.encode() for text in TEXTS), b""], eos_token_ids=[256 + len(TEXTS)]
)
END = 256 + len(TEXTS)
WHOLE = np.array([token < 128 or 256 <= token < END for token in range(VOCABULARY.size)])
"""The tokens of whole characters."""


def permitting_program() -> Program:
    return mw.Compiler(VOCABULARY).compile_behaviour(spec_of({"segments": {"text": {"open": ""}}, "flow": "text"}))


@pytest.mark.parametrize("seed", range(20))
def test_the_same_tokens_are_drawn_as_without_a_specification(seed: int) -> None:
    session = permitting_program().start()
    row = np.zeros(session.row_shape, np.int32)
    rng = np.random.default_rng(seed)
    for step in range(N_TOKENS):
        scores = rng.normal(size=VOCABULARY.size) * 3 + rng.gumbel(size=VOCABULARY.size)
        scores[128:256] = -np.inf
        if step < N_TOKENS - 1:
            scores[END] = -np.inf
        session.fill_bitmask(row)
        allowed = np.zeros(VOCABULARY.size, bool)
        allowed[mw.allowed_tokens(row, VOCABULARY.size)] = True
        assert allowed[WHOLE].all()
        assert allowed[END] == (step > 0)
        drawn = int(np.argmax(np.where(allowed, scores, -np.inf)))
        assert drawn == int(np.argmax(scores))
        session.accept_token(drawn)
