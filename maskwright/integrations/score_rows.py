"""One row of scores, in numpy, kept to the tokens of a bitmask.

A row is written once, from the side that has fewer tokens to move: where few words of the mask have allowed tokens,
their scores are copied into a row of −inf; else all scores are passed over. `torch_masks/scores` does the same with
torch, for batches and devices.

    masked_scores(np.float32([1, 2, 3]), np.int32([0b101]))   # -> [1, -inf, 3]
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from maskwright.errors import MatcherError, NoContinuation
from maskwright.matching.bitmask import n_mask_words, unpack_bitmask
from maskwright.matching.matcher import Matcher

#: If at most one word in so many has allowed tokens, single scores are copied instead of all.
FEW_WORDS: Final = 8

Float = TypeVar("Float", bound=np.floating)


def masked_scores(scores: npt.NDArray[Float], bitmask: npt.NDArray[np.int32]) -> npt.NDArray[Float]:
    """A contiguous copy of float[V] with −inf where the bit is 0; columns without a bit count as 0.

    bitmask: int32[words], bit t % 32 of word t // 32. The scores may be a strided view.
    Raises `MatcherError` if no allowed token lies among the columns.
    """
    size = len(scores)
    masked = np.full(size, -np.inf, scores.dtype)
    words = np.flatnonzero(bitmask)
    if len(words) * FEW_WORDS <= len(bitmask):
        place, bit = np.nonzero(unpack_bitmask(bitmask[words, None], 32))
        columns = words[place] * 32 + bit
        columns = columns[columns < size]
        masked[columns] = scores[columns]
        has_any = len(columns) > 0
    else:
        allowed = unpack_bitmask(bitmask, size)
        np.copyto(masked, scores, where=allowed)
        has_any = bool(allowed.any())
    if not has_any:
        raise MatcherError(f"No allowed token lies among the {size} scores: does the model fit the vocabulary")
    return masked


def constrained_scores(scores: npt.NDArray[Float], matcher: Matcher) -> npt.NDArray[Float]:
    """`masked_scores` with the tokens that a matcher allows; after the end these are the end tokens.

    Raises `NoContinuation` too, if no score of theirs is a number above −inf: a host would then take token 0.
    """
    row = np.empty(n_mask_words(matcher.vocabulary.size), np.int32)
    matcher.fill_bitmask(row)
    masked = masked_scores(scores, row)
    if not (masked > -np.inf).any():
        reason = "the scores of all tokens that the grammar allows are −inf, or no numbers"
        raise NoContinuation(reason, matcher.n_accepted)
    return masked
