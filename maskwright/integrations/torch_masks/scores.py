"""A mask applied to a copy of some scores, with a look at whether anything is left: what hosts with processors want.

On the CPU one kernel copies, masks and looks (`row_kernels.copy_masked`), whatever the float type; on other devices a
copy is masked in place (`masking`), so that only packed words travel there, and one byte a row comes back.

Rejected: masking in place. `generate` may keep the raw logits (`output_logits`), and prompt lookup hands in the same
tensor again and again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from maskwright.errors import MatcherError
from maskwright.integrations.torch_masks.arguments import INFINITIES
from maskwright.integrations.torch_masks.masking import mask_logits
from maskwright.integrations.torch_masks.row_kernels import NO_SCORE, NO_TOKEN, SOMETHING, copy_masked
from maskwright.matching.bitmask import unpack_bitmask


def apply_bitmask(scores: torch.Tensor, bitmask: npt.NDArray[np.int32]) -> torch.Tensor:
    """A copy of `scores` with −inf where the bit of a column is 0; columns without a bit count as 0.

    scores: float[rows, V] of any float type on any device; bitmask: int32[rows, words], bit t % 32 of word t // 32.
    Raises `MatcherError` if a row has no allowed token among the columns.

        apply_bitmask(torch.zeros(1, 4), np.int32([[0b0101]]))     # -> [[0, -inf, 0, -inf]]
    """
    return masked_scores(scores, bitmask)[0]


def masked_scores(
    scores: torch.Tensor, bitmask: npt.NDArray[np.int32]
) -> tuple[torch.Tensor, npt.NDArray[np.int8] | None]:
    """The same, and what is left of each row: int8[rows], SOMETHING or NO_SCORE; None where all have SOMETHING."""
    given = (scores.detach() if scores.requires_grad else scores).resolve_neg()
    left = np.empty(len(bitmask), np.int8)
    if given.is_cpu and given.dtype in INFINITIES:
        masked, is_something_everywhere = _masked_on_host(given.contiguous(), np.ascontiguousarray(bitmask), left)
    else:
        masked = given.clone()
        mask_logits(masked, bitmask)
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


def _masked_on_host(scores: Any, bitmask: npt.NDArray[np.int32], left: npt.NDArray[np.int8]) -> tuple[Any, bool]:
    if scores.ndim != 2 or bitmask.shape[:1] != scores.shape[:1] or bitmask.ndim != 2 or bitmask.dtype != np.int32:
        raise MatcherError(
            f"A mask {bitmask.dtype}{list(bitmask.shape)} does not fit scores of the shape {list(scores.shape)}"
        )
    masked = torch.empty_like(scores)
    is_something_everywhere = copy_masked(
        scores.data_ptr(),
        scores.element_size(),
        scores.shape[1],
        *INFINITIES[scores.dtype],
        bitmask.ctypes.data,
        bitmask.shape[1],
        masked.data_ptr(),
        left,
    )
    return masked, is_something_everywhere


__all__ = ["NO_SCORE", "apply_bitmask", "masked_scores"]
