"""Texts that are filled in any order: canvases, posteriors, schedulers, the denoising loop; all public names.

    from maskwright.infilling import MASK, Gap, TopK, denoise
    canvas = compiled.canvas([*head, Gap.at_most(8), *tail])
    denoise(canvas, model, TopK(), n_steps=16).tokens

It belongs to no layer: it only names what lies in `matching.infilling` and `sampling.infilling`. Models and hosts are
in `maskwright.integrations.infilling`, which needs torch: `masked_lm` (transformers), `llada`, `dream`,
`diffusion_gemma`, `sglang_step`, `fill_in_the_middle`; `host_canvas` is for others.
"""

from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.posterior import Posterior
from maskwright.matching.infilling.slots import BLANK, MASK, OPEN, Gap, Slot, Soft
from maskwright.sampling.infilling.denoised import Denoised, StepRecord
from maskwright.sampling.infilling.denoising import (
    DenoisingState,
    Plan,
    denoise,
    denoise_as_planned,
    denoise_batch,
    init,
    step,
)
from maskwright.sampling.infilling.free_canvas import FreeCanvas, denoise_freely
from maskwright.sampling.infilling.masked_model import MaskedBatchModel, MaskedModel
from maskwright.sampling.infilling.schedulers import (
    CCD,
    SCHEDULERS,
    AdaBlock,
    ConfidenceThreshold,
    Delimiters,
    EntropyBounded,
    FinalityRecord,
    Learn2PD,
    LocalLeap,
    Prophet,
    Proposal,
    Scheduler,
    StepView,
    TopK,
    calibrated_bound,
    delimiters_of,
)

__all__ = [
    "BLANK",
    "CCD",
    "MASK",
    "OPEN",
    "SCHEDULERS",
    "AdaBlock",
    "Canvas",
    "ConfidenceThreshold",
    "Delimiters",
    "Denoised",
    "DenoisingState",
    "EntropyBounded",
    "FinalityRecord",
    "FreeCanvas",
    "Gap",
    "Learn2PD",
    "LocalLeap",
    "MaskedBatchModel",
    "MaskedModel",
    "Plan",
    "Posterior",
    "Prophet",
    "Proposal",
    "Scheduler",
    "Slot",
    "Soft",
    "StepRecord",
    "StepView",
    "TopK",
    "calibrated_bound",
    "delimiters_of",
    "denoise",
    "denoise_as_planned",
    "denoise_batch",
    "denoise_freely",
    "init",
    "step",
]
