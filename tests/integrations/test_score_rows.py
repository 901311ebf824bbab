"""Scores kept to a bitmask: both ways of writing the row are the naive one."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright import Compiler, MatcherError, Vocabulary
from maskwright.integrations.score_rows import constrained_scores, masked_scores
from maskwright.matching.bitmask import packed_row


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1000])
@pytest.mark.parametrize("n_allowed", [1, 3, 500])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_what_is_not_allowed_is_minus_infinity(size: int, n_allowed: int, dtype: type) -> None:
    rng = np.random.default_rng((size, n_allowed))
    for n_bits in {size, size + 40, max(1, size - 5)}:
        flags = np.zeros(n_bits, bool)
        flags[rng.integers(0, min(size, n_bits), n_allowed)] = True
        records = rng.normal(size=(size, 3)).astype(dtype)
        scores = records[:, 1]  # a strided view
        before = records.copy()
        masked = masked_scores(scores, packed_row(flags))
        allowed = np.resize(np.append(flags, np.zeros(size, bool)), size)
        assert masked.dtype == dtype
        assert masked.flags.c_contiguous
        assert np.array_equal(masked, np.where(allowed, scores, -np.inf))
        assert np.array_equal(records, before)


@pytest.mark.parametrize("n_bits", [0, 64])
def test_a_row_without_an_allowed_token_is_refused(n_bits: int) -> None:
    flags = np.arange(2000) >= 2000 - n_bits
    with pytest.raises(MatcherError, match="No allowed token lies among the 100 scores"):
        masked_scores(np.zeros(100, np.float32), packed_row(flags))
    with pytest.raises(MatcherError, match="No allowed token lies among the 8 scores"):
        masked_scores(np.zeros(8, np.float32), packed_row(np.arange(16) >= 8))


def test_a_matcher_says_what_is_allowed() -> None:
    matcher = Compiler(Vocabulary([b"a", b"b", b""], eos_token_ids=[2])).compile_regex("ab").matcher()
    assert constrained_scores(np.float32([1, 2, 3]), matcher).tolist() == [1, -np.inf, -np.inf]
    matcher.accept_tokens([0, 1])
    assert constrained_scores(np.float32([1, 2, 3]), matcher).tolist() == [-np.inf, -np.inf, 3]
