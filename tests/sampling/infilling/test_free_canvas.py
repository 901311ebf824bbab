"""The canvas without a grammar: every slot by itself."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.errors import InvalidCanvas
from maskwright.matching.infilling.slots import MASK, OPEN
from maskwright.sampling.infilling.denoising import Plan, denoise_as_planned
from maskwright.sampling.infilling.free_canvas import FreeCanvas, denoise_freely
from maskwright.sampling.infilling.schedulers import TopK
from tests.sampling.infilling.toys import TOKENS, FixedModel, RandomModel

ROWS = np.array([[1.0, 2.0, 0.0], [5.0, 0.0, 9.0], [0.0, 0.0, 0.0]], dtype=np.float32)


def test_marginals_are_the_softmax_and_decided_slots_are_certain() -> None:
    canvas = FreeCanvas([MASK, 1, MASK], 3, never=[0])
    rows = np.exp(canvas.posterior(ROWS).log_marginals)
    e = np.exp([2.0, 0.0])
    np.testing.assert_allclose(rows[0], [0, *(e / e.sum()), 0], rtol=1e-6)
    assert rows[1].tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(rows[2], [0, 0.5, 0.5, 0], rtol=1e-6)
    assert canvas.posterior(ROWS).best.tolist() == [1, 1, 1]


def test_draws_follow_the_softmax() -> None:
    draws = FreeCanvas([MASK, 1, MASK], 3).posterior(ROWS).sample(np.random.default_rng(0), 20_000)
    assert (draws[:, 1] == 1).all()
    p = np.exp(ROWS[0]) / np.exp(ROWS[0]).sum()
    # standard deviations below 0.0036: six of them
    np.testing.assert_allclose(np.bincount(draws[:, 0], minlength=3) / 20_000, p, atol=0.022)


def test_everything_is_committed_and_may_be_opened_again() -> None:
    canvas = FreeCanvas([MASK, MASK], 3)
    fork = canvas.fork()
    assert fork.commit({0: 2, 1: 2}) == {0: 2, 1: 2}
    assert fork.is_complete
    fork.unset([1])
    assert fork.tokens.tolist() == [2, OPEN]
    assert canvas.tokens.tolist() == [OPEN, OPEN]
    assert fork.forced() == {}


def test_the_cost_of_a_blank_means_nothing_without_gaps() -> None:
    model = FixedModel(RandomModel(1).logits(np.zeros(4)))
    plain = denoise_freely([MASK] * 4, model, TopK(), 2, vocabulary_size=len(TOKENS))
    costly = denoise_as_planned(FreeCanvas([MASK] * 4, len(TOKENS)), model, Plan(TopK(), 2, blank_cost_nats=3.0))
    assert plain.tokens.tolist() == costly.tokens.tolist()


def test_tokens_outside_the_vocabulary_are_refused() -> None:
    with pytest.raises(InvalidCanvas, match="7 is no token id below 3"):
        FreeCanvas([MASK, 7], 3)
