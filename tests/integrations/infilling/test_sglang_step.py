"""Steps as SGLang calls them: always members, over blocks and requests, and the plain algorithm where all texts fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")

import torch

from maskwright.errors import InvalidCanvas
from maskwright.integrations.infilling.sglang_step import RequestState, StepAlgorithm
from maskwright.sampling.infilling.denoising import Plan
from maskwright.sampling.infilling.schedulers import ConfidenceThreshold, EntropyBounded, Prophet, Scheduler, TopK
from maskwright.sampling.random_key import RandomKey
from tests.integrations.infilling.hosts import MASK_ID, WIDTH, RandomLogits
from tests.sampling.infilling.toys import END, everything, is_list, lists, text_of

BLOCK = 12


@dataclass
class Batch:
    """What the algorithms of SGLang see of a forward batch."""

    input_ids: torch.Tensor
    batch_size: int


def serve(
    algorithm: StepAlgorithm, states: list[RequestState], model: RandomLogits, prompts: list[int], n_blocks: int
) -> np.ndarray:
    """The host's loop: every block begins with masks, the first one with the rest of the prompt. int64[B, tokens]"""
    blocks = []
    for number in range(n_blocks):
        ids = torch.full((len(states), BLOCK), MASK_ID)
        for row, length in enumerate(prompts):
            ids[row, : length if number == 0 else 0] = 3
        batch = Batch(ids.view(-1), len(states))
        for _ in range(60):
            given = batch.input_ids
            logits = model(ids).logits.view(-1, WIDTH)
            done = algorithm.step(batch, logits, states)
            assert batch.input_ids is given
            if all(done):
                break
        assert all(done)
        blocks.append(ids.numpy().copy())
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize(
    "scheduler", [TopK(), ConfidenceThreshold(0.6), Prophet(), EntropyBounded(0.5, renoise=True)], ids=repr
)
@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_whatever_the_scheduler_all_requests_are_members(scheduler: Scheduler, temperature: float) -> None:
    algorithm = StepAlgorithm(Plan(scheduler, 4, temperature), MASK_ID, BLOCK)
    for seed in range(12):
        states = [algorithm.init_step_state(lists(), [END], 3, RandomKey.from_seed(row)) for row in range(3)]
        prompts = [0, 4, 11]
        rows = serve(algorithm, states, RandomLogits(seed, forbidden=()), prompts, 3)
        for row, length in zip(rows, prompts, strict=True):
            assert (row[:length] == 3).all()
            assert is_list(text_of(row[length:]))


def test_where_all_texts_fit_it_is_the_plain_algorithm_bit_for_bit() -> None:
    algorithm = StepAlgorithm(Plan(ConfidenceThreshold(0.6), 60), MASK_ID, BLOCK)
    for seed in range(20):
        states = [algorithm.init_step_state(everything(), n_blocks=2) for _ in range(2)]
        bound = serve(algorithm, states, RandomLogits(seed), [0, 0], 2)
        assert bound.tolist() == plain(RandomLogits(seed), 2, 2).tolist()


def plain(model: RandomLogits, batch_size: int, n_blocks: int) -> np.ndarray:
    """Every masked token above the threshold, and the most confident one."""
    blocks = []
    for _ in range(n_blocks):
        ids = torch.full((batch_size, BLOCK), MASK_ID)
        while True:
            logits = model(ids).logits
            is_masked = ids == MASK_ID
            if not is_masked.any():
                break
            confidence, wanted = torch.softmax(logits.double(), dim=-1).max(dim=-1)
            confidence = confidence.masked_fill(~is_masked, -1)
            kept = confidence >= 0.6
            kept[torch.arange(batch_size), confidence.argmax(dim=1)] = True
            ids = torch.where(kept & is_masked, wanted, ids)
        blocks.append(ids.numpy())
    return np.concatenate(blocks, axis=1)


def test_a_block_that_was_full_is_left_alone_and_called_done() -> None:
    algorithm = StepAlgorithm(Plan(TopK(), 2), MASK_ID, 3)
    state = algorithm.init_step_state(lists())
    batch = Batch(torch.tensor([0, 2, 1]), 1)
    assert algorithm.step(batch, torch.zeros(3, WIDTH), [state]) == [True]
    assert batch.input_ids.tolist() == [0, 2, 1]


def test_a_text_that_has_ended_goes_on_with_its_end_token() -> None:
    algorithm = StepAlgorithm(Plan(TopK(), 1), MASK_ID, 4)
    state = algorithm.init_step_state(lists(), [END], n_blocks=2)
    logits = torch.zeros(4, WIDTH)
    logits[0, 2] = logits[1, END] = 9.0
    batch = Batch(torch.full((4,), MASK_ID), 1)
    assert algorithm.step(batch, logits, [state]) == [False]
    assert batch.input_ids.tolist() == [2, END, END, END]
    batch = Batch(torch.full((4,), MASK_ID), 1)
    assert algorithm.step(batch, logits, [state]) == [False]
    assert batch.input_ids.tolist() == [END] * 4


def test_a_block_with_tokens_that_are_no_prompt_is_refused() -> None:
    algorithm = StepAlgorithm(Plan(TopK(), 1), MASK_ID, 4)
    batch = Batch(torch.tensor([MASK_ID, 2, MASK_ID, MASK_ID]), 1)
    with pytest.raises(InvalidCanvas, match="a block has other tokens than those of the prompt"):
        algorithm.step(batch, torch.zeros(4, WIDTH), [algorithm.init_step_state(lists())])
