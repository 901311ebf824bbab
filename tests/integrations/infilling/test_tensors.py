"""Rows go to the host and back in the widths of vocabulary and model, whatever precision the model computes in."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `hf` is not installed")

import torch

from maskwright.integrations.infilling.host_canvas import FORBIDDEN
from maskwright.integrations.infilling.tensors import rows_for_model, rows_on_host


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_rows_are_cut_or_filled_up_in_both_directions(dtype: torch.dtype) -> None:
    logits = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=dtype)
    assert rows_on_host(logits, 3).tolist() == logits.tolist()
    assert rows_on_host(logits, 2).tolist() == [[1, 2], [4, 5]]
    assert rows_on_host(logits, 4).tolist() == [[1, 2, 3, -np.inf], [4, 5, 6, -np.inf]]
    narrow, wide = np.float32([[7, 8], [9, 0]]), np.float32([[7, 8, 9, 1], [0, 0, 0, 1]])
    assert rows_for_model(narrow, logits).tolist() == [[7, 8, np.float32(FORBIDDEN)], [9, 0, np.float32(FORBIDDEN)]]
    assert rows_for_model(wide, logits).tolist() == [[7, 8, 9], [0, 0, 0]]
    assert rows_for_model(wide, logits).dtype == torch.float32
