"""Packed masks over torch's logits, on the CPU and on devices.

In reading order: `arguments` (what is handed in), `row_kernels` (the CPU), `tensor_ops` (any device, and graphs),
`triton_kernels` (CUDA) → `masking` (in place), `scores` (a copy, looked at).
"""

from maskwright.integrations.torch_masks.arguments import StepMasks
from maskwright.integrations.torch_masks.masking import mask_logits
from maskwright.integrations.torch_masks.scores import apply_bitmask

__all__ = ["StepMasks", "apply_bitmask", "mask_logits"]
