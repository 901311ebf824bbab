"""Rows of logits with NaN, infinities, or nothing but −inf, in every consumer: an error, or a token that is allowed.

Samplers and `masked_log_softmax` refuse such rows (`BadLogits`). Hosts draw for themselves, so for them masks keep
every bit of what is allowed and forbid the rest whatever it was. Where nothing that is allowed has a score, hosts are
told (`NoContinuation`); where no error may be raised, the token that they take instead is refused and the text ends.
"""

# ruff: noqa: E402  (what needs torch is imported after the check that it is there)

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `hf` is not installed")

import maskwright as mw
from maskwright.errors import BadLogits, NoContinuation
from maskwright.integrations.score_rows import constrained_scores
from maskwright.integrations.torch_masks import kept_log_mass, mask_logits, masked_log_softmax
from maskwright.integrations.torch_masks.scores import NO_SCORE, masked_scores
from maskwright.matching.bitmask import packed_row
from maskwright.sampling.rows import MaskedRow

VOCABULARY = mw.Vocabulary([b"a", b"b", b"c", b"d", b""], eos_token_ids=[4])
ALLOWED = packed_row(np.array([True, True, False, False, False]))
NAN, INF = float("nan"), float("inf")

NO_DISTRIBUTIONS = [
    [NAN, 1.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, NAN, 0.0, 0.0],  # a forbidden one has no number: the model's mass is unknown all the same
    [INF, 1.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, INF, 0.0, 0.0],
    [-INF] * 5,
    [NAN] * 5,
]
NOTHING_LEFT = [
    [-INF, -INF, 5.0, 0.0, 0.0],
    [NAN, NAN, 5.0, 0.0, 0.0],
    [NAN, -INF, 5.0, INF, NAN],
    [-INF] * 5,
    [NAN] * 5,
]
SOMETHING_LEFT = [
    [NAN, 1.0, 9.0, 9.0, 9.0],
    [-INF, 1.0, INF, NAN, -INF],
    [INF, 1.0, INF, 0.0, 0.0],
    [2.0, -INF, NAN, NAN, NAN],
]


@pytest.mark.parametrize("row", NO_DISTRIBUTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_what_is_no_distribution_is_drawn_from_by_no_sampler(row: list[float], dtype: type) -> None:
    with pytest.raises(BadLogits, match="after 7 tokens"):
        MaskedRow(np.array(row, dtype), ALLOWED, 7)


@pytest.mark.parametrize("row", NO_DISTRIBUTIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_masked_log_softmax_says_which_row_is_at_fault(row: list[float], dtype: Any) -> None:
    logits = torch.tensor([[0.0] * 5, row], dtype=dtype)
    for ask in (masked_log_softmax, kept_log_mass):
        with pytest.raises(BadLogits, match="in row 1"):
            ask(logits, np.stack([ALLOWED, ALLOWED]))


@pytest.mark.parametrize("row", NO_DISTRIBUTIONS + NOTHING_LEFT + SOMETHING_LEFT)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_masks_keep_what_is_allowed_and_forbid_the_rest_whatever_it_is(row: list[float], dtype: Any) -> None:
    logits = torch.tensor([row], dtype=dtype)
    wanted = logits.clone()
    wanted[0, 2:] = -torch.inf
    mask_logits(logits, ALLOWED[None])
    assert torch.equal(logits.nan_to_num(7.0), wanted.nan_to_num(7.0))
    assert torch.equal(logits.isnan(), wanted.isnan())


@pytest.mark.parametrize("row", NOTHING_LEFT)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_row_with_nothing_left_is_seen(row: list[float], dtype: Any) -> None:
    scores = torch.tensor([[1.0] * 5, row], dtype=dtype)
    _, left = masked_scores(scores, np.stack([ALLOWED, ALLOWED]))
    assert left is not None
    assert (left == NO_SCORE).tolist() == [False, True]


@pytest.mark.parametrize("row", SOMETHING_LEFT)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_what_hosts_take_is_allowed(row: list[float], dtype: type) -> None:
    """The greedy choice of numpy and of torch, and torch's draw, which raises where a probability is no number."""
    matcher = mw.Compiler(VOCABULARY).compile_regex("[ab]").matcher()
    masked = constrained_scores(np.array(row, dtype), matcher)
    assert int(masked.argmax()) in {0, 1}
    by_torch, left = masked_scores(torch.tensor([row]), ALLOWED[None])
    assert left is None
    assert int(by_torch.argmax()) in {0, 1}
    probabilities = torch.softmax(by_torch, dim=-1)
    if probabilities.isnan().any():
        with pytest.raises(RuntimeError, match=r"inf.*nan|nan.*inf"):
            torch.multinomial(probabilities, 1)
    else:
        assert set(torch.multinomial(probabilities, 100, replacement=True).ravel().tolist()) <= {0, 1}


@pytest.mark.parametrize("row", NOTHING_LEFT)
def test_hosts_in_ones_own_process_are_told_that_nothing_is_left(row: list[float]) -> None:
    matcher = mw.Compiler(VOCABULARY).compile_regex("a[ab]").matcher()
    matcher.accept_token(0)
    with pytest.raises(NoContinuation) as caught:
        constrained_scores(np.array(row, np.float32), matcher)
    assert str(caught.value) == (
        "The text cannot go on after 1 tokens: the scores of all tokens that the grammar allows are "
        "−inf, or no numbers."
    )
    assert matcher.n_accepted == 1
