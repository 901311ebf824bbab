"""Does a specification that permits everything change what a model writes? Token for token, it must not.

The bundled model is sampled freely, and beside it a session of "any text" says which tokens are allowed; each step
draws twice with the same noise, once among all tokens and once among the allowed ones, as the token with the highest
sum of logit and Gumbel noise. (By one uniform number along the cumulated weights a token of no weight that is missing
would shift all others.) So they differ where the free token is forbidden: a special one, or a byte that would break
UTF-8. An end token ends the text, and another begins; so does a token on which they differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import maskwright as mw
from maskwright.grammar.behaviour.specification.builder import SpecBuilder
from maskwright.integrations.generation import load_model
from maskwright.integrations.transformers_model import TransformersModel
from maskwright.matching.bitmask import allowed_tokens
from maskwright.sampling.language_model import logits_of

HEADS = ("A short story:", "An agent at work:", "JSON:", "SQL:", "Arithmetic:")


@dataclass(frozen=True, slots=True)
class Interference:
    """So many tokens of so many seeds, and how many were others under masks."""

    n_seeds: int
    n_tokens: int
    n_different: int


def measure(n_seeds: int, n_tokens: int) -> Interference:
    """n_tokens of each seed."""
    loaded = load_model()
    model, size = TransformersModel(loaded.model), loaded.vocabulary.size
    spec = SpecBuilder("anything").segment("text", text="free").flow("text").build()
    program = mw.Compiler(loaded.vocabulary).compile_behaviour(spec)
    row = np.zeros(program.start().row_shape, np.int32)
    n_different = 0
    for seed in range(n_seeds):
        rng = np.random.default_rng(seed)
        start: list[int] = loaded.tokenizer.encode(HEADS[seed % len(HEADS)])
        tokens, session = [*start], program.start()
        for _ in range(n_tokens):
            (logits,) = logits_of(model, [tokens])
            noisy = np.asarray(logits, np.float64) + rng.gumbel(size=len(logits))
            session.fill_bitmask(row)
            free = int(noisy.argmax())
            allowed = allowed_tokens(row, size)
            is_other = int(allowed[noisy[allowed].argmax()]) != free
            n_different += is_other
            if is_other or free in loaded.vocabulary.eos_token_ids or len(tokens) == model.max_length:
                tokens, session = [*start], program.start()
                continue
            session.accept_token(free)
            tokens.append(free)
    return Interference(n_seeds, n_seeds * n_tokens, n_different)
