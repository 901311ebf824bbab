"""Dream's loop with our hooks: always a member, and Dream itself where all texts fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")

import torch

from maskwright.errors import InvalidCanvas
from maskwright.integrations.infilling.dream import DreamHooks
from maskwright.integrations.infilling.host_canvas import HostCanvas
from maskwright.matching.infilling.slots import MASK
from tests.integrations.infilling.hosts import MASK_ID, RandomLogits, dream_generate, same_logits, same_tokens
from tests.sampling.infilling.toys import END, everything, is_list, lists, text_of

ALGORITHMS = ("origin", "maskgit_plus", "entropy", "edits")


def rows_for(alg: str) -> Callable[..., np.ndarray]:
    return HostCanvas.revisable_marginals if alg == "edits" else HostCanvas.marginals


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("steps", [1, 4, 9])
def test_whatever_the_host_picks_the_text_is_a_member(alg: str, steps: int) -> None:
    refused = 0
    for seed in range(15):
        hooks = DreamHooks([lists().canvas([MASK] * 14, [END]) for _ in range(2)], MASK_ID, steps, rows_for(alg))
        model = RandomLogits(seed, forbidden=())
        x = dream_generate(model, [[3], [4]], 14, steps, alg, seed, hooks.logits, hooks.tokens)
        assert x[:, 0].tolist() == [3, 4]
        for row in x[:, 1:].numpy():
            assert is_list(text_of(row))
        refused += sum(mirror.n_refused for mirror in hooks.mirrors)
    assert refused > 0 or steps > 1


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_where_all_texts_fit_it_is_dream_bit_for_bit(alg: str) -> None:
    for seed in range(15):
        hooks = DreamHooks([everything().canvas([MASK] * 12)], MASK_ID, 5, rows_for(alg))
        bound = dream_generate(RandomLogits(seed), [[5, 6]], 12, 5, alg, seed, hooks.logits, hooks.tokens)
        free = dream_generate(RandomLogits(seed), [[5, 6]], 12, 5, alg, seed, same_logits, same_tokens)
        assert bound.tolist() == free.tolist()
        assert hooks.mirrors[0].n_refused == 0


def test_fixed_slots_are_written_before_the_first_step() -> None:
    hooks = DreamHooks([lists().canvas([0, MASK, MASK, 1])], MASK_ID, 2)
    row = torch.full((1, 6), MASK_ID)
    assert hooks.tokens(None, row, None).tolist() == [[MASK_ID] * 2 + [0, MASK_ID, MASK_ID, 1]]


def test_a_token_that_contradicts_a_surer_one_is_masked_again() -> None:
    hooks = DreamHooks([lists().canvas([MASK] * 3)], MASK_ID, 9)
    logits = torch.zeros(1, 3, MASK_ID + 1)
    logits[0, 0, 4] = 9.0  # a quote first is surer than a bracket last
    logits[0, 2, 1] = 3.0
    marginals = hooks.logits(0, torch.full((1, 3), MASK_ID), logits)
    assert marginals.shape == logits.shape
    assert np.isfinite(marginals.numpy()).all()
    written = torch.tensor([[4, MASK_ID, 1]])
    assert hooks.tokens(0, written, marginals).tolist() == [[4, MASK_ID, 4]]  # and its end is forced
    assert hooks.mirrors[0].n_refused == 1


def test_a_row_needs_a_canvas() -> None:
    hooks = DreamHooks([lists().canvas([MASK] * 3)], MASK_ID, 9)
    with pytest.raises(InvalidCanvas, match="there are 1 canvases for 2 rows; give one for each row"):
        hooks.tokens(None, torch.full((2, 3), MASK_ID), None)
