"""Targets and drafts: masks where model, vocabulary and end tokens are of different widths."""

from __future__ import annotations

import numpy as np
import pytest

import maskwright as mw
from maskwright.matching.bitmask import allowed_tokens
from maskwright.sampling.asap import asap
from maskwright.sampling.cars import CARSOptions, Learning, cars
from maskwright.sampling.enumeration import exact
from maskwright.sampling.mcmc import MCMCOptions, mcmc
from maskwright.sampling.random_key import RandomKey
from maskwright.sampling.smc import SMCOptions, smc
from maskwright.sampling.target import Ending, Target

A, B, END, OTHER_END = 0, 1, 2, 64
TOKENS = [b"a", b"b", b"</s>", *(b"x%d" % i for i in range(61)), b"<end>"]
VOCABULARY = mw.Vocabulary(TOKENS, eos_token_ids=[END, OTHER_END])
GRAMMAR = mw.Compiler(VOCABULARY).compile_gbnf("root ::= [ab] [ab]?")


def target_of(width: int, max_tokens: int = 3) -> Target:
    logits = np.where(np.isin(np.arange(width), [A, B, END, OTHER_END]), np.linspace(1.0, 0.0, width), -5.0)
    return Target.of(lambda prefixes: np.tile(logits, (len(prefixes), 1)), (5,), GRAMMAR.matcher(), max_tokens)


@pytest.mark.parametrize("width", [3, 32, 64, 65, 96, 200])
def test_masks_have_the_width_of_the_model(width: int) -> None:
    """Where only an end fits, an end token without a logit was an IndexError."""
    draft = target_of(width).start()
    assert allowed_tokens(draft.mask(width), width).tolist() == [A, B]
    draft.read(A, 0.0)
    ends = [token for token in (END, OTHER_END) if token < width]
    assert allowed_tokens(draft.mask(width), width).tolist() == [A, B, *ends]
    draft.read(B, 0.0)
    assert draft.mask(width).shape == (-(-width // 32),)
    assert allowed_tokens(draft.mask(width), width).tolist() == ends


@pytest.mark.parametrize("width", [3, 64, 65, 200])
@pytest.mark.parametrize("max_tokens", [2, 3])
def test_samplers_agree_for_models_of_every_width(width: int, max_tokens: int) -> None:
    """Total variation below five times its mean for exact draws; false alarm below one in 10,000."""
    target = target_of(width, max_tokens)
    truth = exact(target)
    assert len(truth.texts) == (6 if max_tokens == 3 else 2)
    key = RandomKey.from_seed(1)
    samples = [
        *(cars(key, target, 400, CARSOptions(10**7, 64, learning, None)) for learning in Learning),
        asap(key, target, 400, 8),
        smc(key, target, SMCOptions(400)),
        mcmc(key, target, MCMCOptions(400, 20, burn_in=19)).texts,
    ]
    for sample in samples:
        assert {text.ending for text in sample.alive} == {Ending.FINISHED}
        assert truth.total_variation(sample.probabilities()) < 5 * truth.noise_floor(400)


def test_a_model_without_a_logit_for_any_end_has_no_text() -> None:
    target = target_of(2)
    for learning in Learning:
        sample = cars(RandomKey.from_seed(0), target, 1, CARSOptions(50, learning=learning))
        assert sample.alive == ()
    sample = smc(RandomKey.from_seed(0), target, SMCOptions(5))
    assert {text.ending for text in sample.texts} == {Ending.BUDGET}
