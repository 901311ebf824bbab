"""Batches: the rows of a batch are those of its matchers, finished or not, and a step is all of it or nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest

import maskwright as mw
from maskwright.matching._row_copies import copy_rows
from maskwright.matching.finished_rows import FIRST_ROWS, LATER_FILLS, MAX_ROWS, FinishedRows, RowPool

VOCABULARY = mw.Vocabulary(
    [b"(", b")", b"a", b"b", b"()", b"", *(bytes([byte]) for byte in range(97, 122))], eos_token_ids=[5]
)
GRAMMARS = [
    mw.Compiler(VOCABULARY).compile_gbnf(text)
    for text in (
        'root ::= "(" root? ")"',
        "root ::= [a-z]{0,40}",
        'root ::= "ab" root | ""',
    )
]


def batch_at_random(rng: random.Random, n: int) -> list[mw.Matcher]:
    """Matchers of all grammars, with a budget or without, each some tokens into a text; some have ended."""
    matchers = []
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    for _ in range(n):
        grammar = rng.choice(GRAMMARS)
        matcher = grammar.matcher(max_tokens=rng.choice([None, grammar.least_tokens() + rng.randrange(5)]))
        for _ in range(rng.randrange(6)):
            matcher.fill_bitmask(row)
            matcher.accept_token(rng.choice(mw.allowed_tokens(row, VOCABULARY.size).tolist()))
        matchers.append(matcher)
    return matchers


@pytest.mark.no_jit
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_a_batch_has_the_rows_of_its_matchers(n_threads: int) -> None:
    """Twice and more at the same places, so that rows are first found, then finished, then copied."""
    rng = random.Random(n_threads)
    for _ in range(6):
        matchers = batch_at_random(rng, 12)
        mask = mw.allocate_bitmask(13, VOCABULARY.size)
        for _ in range(3):
            mask[:] = 85
            mw.fill_bitmasks(matchers, mask, n_threads=n_threads)
            assert (mask[12] == 85).all()
            for number, matcher in enumerate(matchers):
                allowed = [token for token in range(VOCABULARY.size) if matcher.allows(token)]
                assert mw.allowed_tokens(mask[number], VOCABULARY.size).tolist() == allowed


def test_a_step_accepts_and_fills() -> None:
    matchers = [grammar.matcher() for grammar in GRAMMARS]
    mask = mw.allocate_bitmask(3, VOCABULARY.size)
    mw.step_matchers(matchers, [0, 2, 2], mask)
    assert [matcher.n_accepted for matcher in matchers] == [1, 1, 1]
    assert mw.allowed_tokens(mask[2], VOCABULARY.size).tolist() == [3, 7]
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    matchers[2].step(3, row)
    assert mw.allowed_tokens(row, VOCABULARY.size).tolist() == [2, 5, 6]


def test_a_step_that_fails_changes_nothing() -> None:
    matchers = [grammar.matcher() for grammar in GRAMMARS]
    mask = mw.allocate_bitmask(3, VOCABULARY.size)
    with pytest.raises(mw.TokenRejected):
        mw.step_matchers(matchers, [0, 2, 3], mask)
    assert [matcher.n_accepted for matcher in matchers] == [0, 0, 0]
    with pytest.raises(mw.MatcherError):
        matchers[0].step(0, np.zeros(3, np.int32))
    assert matchers[0].n_accepted == 0


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((2, 1), np.int32),
        np.zeros(3, np.int32),
        np.zeros((3, 2), np.int32),
        np.zeros((3, 1), np.int64),
        np.zeros((3, 2), np.int32)[:, :1],
    ],
)
def test_a_mask_that_does_not_fit_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(mw.MatcherError):
        mw.fill_bitmasks([grammar.matcher() for grammar in GRAMMARS], mask)


def test_matchers_of_vocabularies_of_other_sizes_are_refused() -> None:
    other = mw.Compiler(mw.Vocabulary([b"a"] * 40, eos_token_ids=[])).compile_gbnf('root ::= "a"')
    with pytest.raises(mw.MatcherError, match="one size"):
        mw.fill_bitmasks([GRAMMARS[0].matcher(), other.matcher()], mw.allocate_bitmask(2, VOCABULARY.size))


def test_an_empty_batch_is_nothing_to_do() -> None:
    mw.fill_bitmasks([], mw.allocate_bitmask(1, VOCABULARY.size))


def test_only_the_first_masks_are_finished_at_once() -> None:
    kept = FinishedRows(RowPool(4))
    row = np.arange(4, dtype=np.int32)
    assert all(kept.row_of(mask, row, 1) is not None for mask in range(FIRST_ROWS))
    assert kept.row_of(FIRST_ROWS, row, 1) is None
    assert kept.row_of(FIRST_ROWS, row, LATER_FILLS) is not None
    for mask in range(FIRST_ROWS, MAX_ROWS):
        kept.row_of(mask, row, LATER_FILLS)
    assert kept.row_of(MAX_ROWS, row, LATER_FILLS) is None
    assert kept.size_bytes == 4 * 4 * MAX_ROWS


@pytest.mark.no_jit
def test_rows_are_copied_from_where_they_lie_and_0_is_left_alone() -> None:
    kept = FinishedRows(RowPool(4))
    row = np.arange(4, dtype=np.int32)
    finished = kept.row_of(8, row, 1)
    row[:] = 9
    assert finished is not None and finished is kept.row_of(8, row, 1)
    mask = np.full((3, 4), 7, dtype=np.int32)
    copy_rows(np.array([finished.address, 0, finished.address]), mask)
    assert mask.tolist() == [[0, 1, 2, 3], [7] * 4, [0, 1, 2, 3]]


def test_a_token_that_is_refused_leaves_all_texts_as_they_were() -> None:
    matchers = [GRAMMARS[1].matcher() for _ in range(3)]
    for matcher in matchers:
        matcher.accept_tokens([2, 3, 2])
    places = [matcher.place for matcher in matchers]
    mask = mw.allocate_bitmask(3, VOCABULARY.size)
    for _ in range(2):  # the second time by what places remember
        with pytest.raises(mw.TokenRejected):
            mw.step_matchers(matchers, [2, 3, 0], mask)
        assert [matcher.n_accepted for matcher in matchers] == [3, 3, 3]
        assert [matcher.place for matcher in matchers] == places
