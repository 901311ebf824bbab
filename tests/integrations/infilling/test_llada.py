"""LLaDA's loop: always a member of the grammar, and LLaDA itself where all texts fit."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")

from maskwright.errors import InvalidCanvas, InvalidOption
from maskwright.integrations.infilling.llada import LLaDAOptions, generate_like_llada, transfer_shares
from maskwright.matching.infilling.slots import MASK, Gap
from maskwright.sampling.random_key import RandomKey
from tests.integrations.infilling.hosts import MASK_ID, RandomLogits, llada_generate
from tests.sampling.infilling.toys import END, NEVER, everything, is_list, lists, text_of

KEY = RandomKey.from_seed(1)
OPTIONS = {
    "greedy": LLaDAOptions(steps=8, block_length=8),
    "one block": LLaDAOptions(steps=3, block_length=None),
    "noise": LLaDAOptions(steps=8, block_length=5, temperature=0.8, key=KEY),
    "random remasking": LLaDAOptions(steps=6, block_length=8, remasking="random", key=KEY),
    "threshold": LLaDAOptions(steps=8, block_length=8, threshold=0.5),
    "one step": LLaDAOptions(steps=1, block_length=None),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_whatever_the_options_the_text_is_a_member(name: str) -> None:
    for seed in range(25):
        canvas = lists().canvas([MASK] * 16, [END])
        tokens = generate_like_llada(RandomLogits(seed, forbidden=()), canvas, MASK_ID, OPTIONS[name], [3, 3])
        assert is_list(text_of(tokens))
        assert canvas.is_open.all()


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("block_length", [5, 8, 16])
def test_where_all_texts_fit_it_is_llada_bit_for_bit(block_length: int, temperature: float) -> None:
    options = LLaDAOptions(8, block_length, temperature, key=KEY)

    def noise(call: int, shape: tuple[int, int]) -> np.ndarray:
        return KEY.child(call, 0).uniforms(shape[0] * shape[1]).reshape(shape)

    for seed in range(20):
        canvas = everything().canvas([MASK] * 16)
        bound = generate_like_llada(RandomLogits(seed), canvas, MASK_ID, options, [5])
        free = llada_generate(RandomLogits(seed), [5], 16, 8, block_length, noise if temperature else None, temperature)
        assert bound.tolist() == free
        assert NEVER not in free


def test_given_slots_stay_and_forced_ones_are_filled() -> None:
    canvas = lists().canvas([0, MASK, 3, MASK, 1])
    tokens = generate_like_llada(RandomLogits(0), canvas, MASK_ID, LLaDAOptions(2, None))
    assert tokens[[0, 2, 4]].tolist() == [0, 3, 1]
    assert is_list(text_of(tokens))


def test_steps_share_the_slots_the_first_ones_taking_one_more() -> None:
    assert transfer_shares(8, 3) == [3, 3, 2]
    assert transfer_shares(2, 4) == [1, 1, 0, 0]


def test_what_means_nothing_is_refused() -> None:
    with pytest.raises(InvalidOption, match="the key must be a RandomKey where something is drawn"):
        LLaDAOptions(temperature=1.0)
    with pytest.raises(InvalidCanvas, match="a host's row has no slots without a token; use gaps of a fixed length"):
        generate_like_llada(RandomLogits(0), lists().canvas([0, Gap.at_most(3), 1]), MASK_ID, LLaDAOptions())
