"""Packed masks over torch's logits, on the CPU and on devices.

In reading order: `arguments` (what is handed in), `row_kernels` (the CPU), `tensor_ops` (any device, and graphs),
`triton_kernels` (CUDA) → `masking` (in place), `scores` (a copy, looked at), `log_softmax` (with the mass that a mask
keeps); `transfers` → `resident_rows` (masks that live on a device).
"""

from maskwright.integrations.torch_masks.arguments import StepMasks
from maskwright.integrations.torch_masks.log_softmax import MaskedLogSoftmax, kept_log_mass, masked_log_softmax
from maskwright.integrations.torch_masks.masking import mask_logits
from maskwright.integrations.torch_masks.resident_rows import ResidentRows, Traffic, rows_of
from maskwright.integrations.torch_masks.scores import apply_bitmask

__all__ = [
    "MaskedLogSoftmax",
    "ResidentRows",
    "StepMasks",
    "Traffic",
    "apply_bitmask",
    "kept_log_mass",
    "mask_logits",
    "masked_log_softmax",
    "rows_of",
]
