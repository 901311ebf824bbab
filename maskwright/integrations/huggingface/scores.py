"""A mask applied to scores: −inf where a bit is 0, in one pass over both, with a look at whether anything is left.

float32 scores on the CPU, which is what `generate` has there, are copied by a kernel, word by word of the mask: 32
columns at once, in loops of a known length, which the compiler unrolls. 10 to 40 µs for 128,256 columns on one core,
by how mixed the words are; a copy alone takes 9. Others (half precision, other devices) are masked by torch where they
are, so that only packed words travel.

The kernel is in this file and not in one with an underscore, as kernels are elsewhere: the digest of those is in the
name of all machine code on disk (maskwright/_numba.py), and this one calls no other.

Rejected: masking in place. `generate` may keep the raw logits (`output_logits`), and prompt lookup hands in the same
tensor again and again.
Rejected: to gather the allowed scores, or to patch the forbidden ones, where these are few. In a loop by itself that is
as quick; between two steps of a model, when none of its ten calls of numpy and torch is in a cache, it took three times
as long as this.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from maskwright._numba import kernel
from maskwright.errors import MatcherError
from maskwright.matching.bitmask import unpack_bitmask

#: What is left of a row: some allowed token has a score; they are all −inf (or no numbers); no column is allowed.
SOMETHING: Final = 0
NO_SCORE: Final = 1
NO_TOKEN: Final = 2

_MINUS_INFINITY: Final = np.float32(-np.inf)


@kernel
def mask_scores(
    bitmask: npt.NDArray[np.int32],
    scores: npt.NDArray[np.float32],
    masked: npt.NDArray[np.float32],
    left: npt.NDArray[np.int8],
) -> bool:
    """Write masked[r, c] = scores[r, c] where bit c of row r is 1, else −inf; is SOMETHING left of each row?

    bitmask: int32[rows, words], missing words count as 0; scores: float32[rows, V].
    Out: masked: float32[rows, V]; left: int8[rows].
    """
    n_columns = scores.shape[1]
    is_something_everywhere = True
    for row in range(scores.shape[0]):
        found = NO_TOKEN
        for word in range((n_columns + 31) >> 5):
            bits = bitmask[row, word] if word < bitmask.shape[1] else np.int32(0)
            begin = word << 5
            n_here = min(32, n_columns - begin)
            if n_here == 32 and bits == 0:
                for bit in range(32):
                    masked[row, begin + bit] = _MINUS_INFINITY
            elif n_here == 32 and bits == -1:
                for bit in range(32):
                    masked[row, begin + bit] = scores[row, begin + bit]
            elif n_here == 32:
                for bit in range(32):
                    score = scores[row, begin + bit]
                    masked[row, begin + bit] = score if (bits >> bit) & 1 else _MINUS_INFINITY
            else:
                for bit in range(n_here):
                    score = scores[row, begin + bit]
                    masked[row, begin + bit] = score if (bits >> bit) & 1 else _MINUS_INFINITY
            if bits != 0 and found != SOMETHING:
                for bit in range(n_here):
                    if (bits >> bit) & 1:
                        found = SOMETHING if scores[row, begin + bit] > _MINUS_INFINITY else NO_SCORE
                        if found == SOMETHING:
                            break
        left[row] = found
        is_something_everywhere &= found == SOMETHING
    return is_something_everywhere


def apply_bitmask(scores: torch.Tensor, bitmask: npt.NDArray[np.int32]) -> torch.Tensor:
    """A copy of `scores` with −inf where the bit of a column is 0; columns without a bit count as 0.

    scores: float[rows, V] of any float type on any device; bitmask: int32[rows, words], bit t % 32 of word t // 32.
    Raises `MatcherError` if a row has no allowed token among the columns.
    """
    return masked_scores(scores, bitmask)[0]


def masked_scores(
    scores: torch.Tensor, bitmask: npt.NDArray[np.int32]
) -> tuple[torch.Tensor, npt.NDArray[np.int8] | None]:
    """The same, and what is left of each row: int8[rows], SOMETHING or NO_SCORE; None where all have SOMETHING."""
    left = np.empty(len(bitmask), np.int8)
    if scores.dtype == torch.float32 and scores.device.type == "cpu":
        given = (scores.detach() if scores.requires_grad else scores).contiguous()
        masked = torch.empty_like(given)
        is_something_everywhere = mask_scores(bitmask, given.numpy(), masked.numpy(), left)
    else:
        masked = scores.masked_fill(_forbidden(bitmask, scores), -torch.inf)
        has_score = (masked > -torch.inf).any(dim=-1).cpu().numpy()
        has_token = unpack_bitmask(bitmask, scores.shape[-1]).any(axis=-1)
        left[:] = np.where(has_score, SOMETHING, np.where(has_token, NO_SCORE, NO_TOKEN))
        is_something_everywhere = bool(has_score.all())
    if is_something_everywhere:
        return masked, None
    if NO_TOKEN in left:
        n_columns = scores.shape[-1]
        raise MatcherError(f"No allowed token lies among the {n_columns} scores: does the model fit the vocabulary")
    return masked, left


def _forbidden(bitmask: npt.NDArray[np.int32], scores: torch.Tensor) -> Any:
    """bool[rows, V], where the scores are."""
    if scores.device.type == "cpu":
        return torch.from_numpy(~unpack_bitmask(bitmask, scores.shape[-1]))
    return _forbidden_on_device(torch.from_numpy(bitmask).to(scores.device), scores.shape[-1])


def _forbidden_on_device(packed: torch.Tensor, size: int) -> Any:
    """int32[rows, words] -> bool[rows, size]; unpacked where the scores are, so that only packed words travel."""
    shifts = torch.arange(32, dtype=torch.int32, device=packed.device)
    bits = ((packed[:, :, None] >> shifts) & 1).reshape(len(packed), -1)[:, :size]
    return torch.nn.functional.pad(bits, (0, size - bits.shape[1])) == 0
