"""Rows between a host's tensors and numpy, in the width of the grammar's vocabulary and back in that of the model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from maskwright.integrations.infilling.host_canvas import FORBIDDEN

Float32 = npt.NDArray[np.float32]


def rows_on_host(logits: torch.Tensor, size: int) -> Float32:
    """float32[n, size] of a tensor [n, width]: cut, or filled up with −inf."""
    rows: Float32 = logits[:, :size].to(torch.float32).cpu().numpy()
    if rows.shape[1] == size:
        return rows
    return np.pad(rows, ((0, 0), (0, size - rows.shape[1])), constant_values=-np.inf)


def rows_for_model(rows: Float32, logits: torch.Tensor) -> torch.Tensor:
    """float32 [n, width of `logits`] on its device: cut, or filled up with FORBIDDEN."""
    width = logits.shape[-1]
    answer = torch.full((len(rows), width), FORBIDDEN, dtype=torch.float32)
    answer[:, : rows.shape[1]] = torch.from_numpy(rows[:, :width])
    return answer.to(logits.device)
