"""Texts over several canvases: every boundary can be completed within the budget, every final text is accepted."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.matching.infilling.slots import MASK
from maskwright.sampling.infilling.denoising import denoise
from maskwright.sampling.infilling.schedulers import ConfidenceThreshold, TopK
from tests.sampling.infilling.toys import END, RandomModel, is_list, lists, text_of


@pytest.mark.parametrize("group", range(10))
def test_texts_of_two_to_four_canvases_end_within_their_budget(group: int) -> None:
    n_continued = 0
    for number in range(50):
        rng = np.random.default_rng((group, number))
        lengths = rng.integers(16, 33, size=rng.integers(2, 5)).tolist()
        budget = sum(lengths)
        scheduler = (TopK(), ConfidenceThreshold(0.5))[number % 2]
        canvas = lists().canvas([MASK] * lengths[0], [END], budget=budget)
        tokens: list[int] = []
        for block, length in enumerate(lengths):
            if block:
                canvas = canvas.next_block([MASK] * length)
                n_continued += 1
            assert canvas.n_left == budget - len(tokens) - length
            done = denoise(canvas, RandomModel(100 * number + block, spread=2.0), scheduler, 2)
            canvas = done.canvas
            tokens += done.tokens.tolist()
            if END in done.tokens:
                break
        assert len(tokens) <= budget
        text = text_of(np.array(tokens))
        assert is_list(text), (text, lengths, budget)
    assert n_continued > 5
