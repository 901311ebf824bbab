"""A canvas in step with a host's row: what is adopted, masked again, falls back, and how it is finished."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import InvalidCanvas
from maskwright.integrations.infilling.host_canvas import FORBIDDEN, HostCanvas
from maskwright.matching.infilling.slots import MASK, Gap
from tests.sampling.infilling.toys import END, TOKENS, is_list, lists, text_of

M = len(TOKENS)  # the host's mask token


def mirror(*slots: object) -> HostCanvas:
    return HostCanvas(lists().canvas(slots), M)


def row(*tokens: int) -> np.ndarray:
    return np.array(tokens)


def test_what_fits_is_adopted_and_what_is_forced_is_filled_in() -> None:
    host = mirror(MASK, MASK, MASK, MASK)
    assert host.tokens.tolist() == [M, M, M, M]
    assert host.adopt(row(4, M, M, M)).tolist() == [4, M, M, 4]
    assert host.adopt(row(4, 5, 6, 4)).tolist() == [4, 5, 6, 4]
    assert (host.is_complete, host.n_refused) == (True, 0)


def test_the_surer_of_two_that_contradict_stays() -> None:
    for surer, expected in ((0, [0, 2, 1]), (2, [M, M, 4])):
        host = mirror(MASK, MASK, MASK)
        logits = np.zeros((3, len(TOKENS)), dtype=np.float32)
        logits[0, 0], logits[2, 4] = (9.0, 1.0) if surer == 0 else (1.0, 9.0)
        host.marginals(logits)
        assert host.adopt(row(0, M, 4)).tolist() == expected
        assert host.n_refused == 1


def test_a_token_that_was_changed_in_vain_falls_back() -> None:
    host = mirror(0, MASK, MASK, MASK, 1)
    assert host.adopt(row(0, 2, 3, 2, 1)).tolist() == [0, 2, 3, 2, 1]
    assert host.adopt(row(0, 2, 3, 5, 1)).tolist() == [0, 2, 3, 2, 1]
    assert host.adopt(row(0, 2, 3, M, 1)).tolist() == [0, 2, 3, 2, 1]  # nothing else of one token fits but a list
    assert host.n_refused == 1


def test_tokens_may_be_changed_and_masked_again() -> None:
    host = mirror(4, MASK, MASK, 4)
    assert host.adopt(row(4, 5, 5, 4)).tolist() == [4, 5, 5, 4]
    assert host.adopt(row(4, 6, M, 4)).tolist() == [4, 6, M, 4]


def test_a_given_slot_may_not_be_changed() -> None:
    with pytest.raises(InvalidCanvas, match="the host has changed slot 0, which was given"):
        mirror(0, MASK, 1).adopt(row(4, M, 1))
    with pytest.raises(InvalidCanvas, match="the host has changed slot 2, which was given"):
        mirror(0, MASK, 1).adopt(row(0, M, M))


def test_rows_are_finite_and_forbid_exactly_what_the_masks_do() -> None:
    host = mirror(0, MASK, MASK, 1)
    canvas = lists().canvas([0, MASK, MASK, 1])
    allowed = np.unpackbits(canvas.allow().view(np.uint8), axis=1, bitorder="little")[:, : len(TOKENS)]
    rows = host.marginals(np.zeros((4, len(TOKENS)), dtype=np.float32))
    assert np.isfinite(rows).all()
    assert ((rows > FORBIDDEN) == allowed.astype(bool)).all()
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1, rtol=1e-5)


def test_revisable_rows_let_go_of_everything_but_what_was_given() -> None:
    host = mirror(4, MASK, MASK, 4)
    host.adopt(row(4, 5, 6, 4))
    logits = np.zeros((4, len(TOKENS)), dtype=np.float32)
    assert np.exp(host.marginals(logits))[1, 5] == pytest.approx(1)
    np.testing.assert_allclose(np.exp(host.revisable_marginals(logits))[1, [5, 6]], 0.5, rtol=1e-5)
    assert np.exp(host.revisable_marginals(logits))[0, 4] == pytest.approx(1)


def test_it_is_finished_by_the_last_prediction_or_without_one() -> None:
    host = mirror(4, MASK, MASK, 4)
    logits = np.zeros((4, len(TOKENS)), dtype=np.float32)
    logits[1, 5] = logits[2, 6] = 3
    host.marginals(logits)
    assert host.finish().tolist() == [4, 5, 6, 4]
    assert is_list(text_of(mirror(MASK, MASK, MASK, MASK).finish()))


def test_gaps_that_may_be_shorter_are_no_row() -> None:
    with pytest.raises(InvalidCanvas, match="a host's row has no slots without a token"):
        mirror(0, Gap.at_most(2), 1)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(3, 9), st.integers(1, 6))
def test_whatever_a_host_writes_the_row_can_be_completed(seed: int, n: int, n_writes: int) -> None:
    rng = np.random.default_rng(seed)
    host = HostCanvas(lists().canvas([MASK] * n, [END]), M)
    for number in range(n_writes):
        host.marginals(rng.normal(size=(n, len(TOKENS))).astype(np.float32))
        tokens = host.tokens
        written = rng.random(n) < 0.5
        tokens[written] = rng.integers(0, M + 1, size=int(written.sum()))  # masks too, over decided tokens too
        adopted = host.adopt(tokens)
        assert (host.tokens == adopted).all()
        assert number < n_writes
    assert is_list(text_of(host.finish()))
