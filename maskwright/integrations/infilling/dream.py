"""Dream's `diffusion_generate` inside a grammar, by the two hooks that it offers.

    hooks = DreamHooks([canvas], mask_token_id, n_steps=64)
    output = model.diffusion_generate(input_ids, max_new_tokens=64, steps=64,
                                      generation_logits_hook_func=hooks.logits,
                                      generation_tokens_hook_func=hooks.tokens)

Dream (Ye et al. 2025, arXiv 2508.15487) predicts all mask tokens in every step, calls the first hook with its logits,
already shifted to their slots, samples and transfers as its options say, and calls the second with the row that came of
it; the second also once before the first step, with step None. Here the first answers with log marginals inside the
grammar, and the second masks again what contradicts something surer (`HostCanvas`), and fills in what is forced. In the
last step, or when the host has left nothing open, everything is decided. So it goes for every `alg` and temperature.

The canvas is the last `n_slots` tokens of each row; whatever is before it is a prompt. One canvas for each row.
Cost: the posterior; logits and rows are moved to the host and back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

import numpy as np
import torch

from maskwright.errors import InvalidCanvas, InvalidOption
from maskwright.integrations.infilling.host_canvas import HostCanvas, Marginals
from maskwright.integrations.infilling.tensors import rows_for_model, rows_on_host
from maskwright.sampling.infilling.denoising_canvas import DenoisingCanvas
from maskwright.sampling.infilling.masked_model import Rows, Tokens


@final
class DreamHooks:
    """The hooks of one call of `diffusion_generate`.

    n_steps: its `steps`.  rows: `HostCanvas.marginals`, or for hosts that also change tokens which were decided before
    `HostCanvas.revisable_marginals`.
    """

    def __init__(
        self,
        canvases: Sequence[DenoisingCanvas],
        mask_token_id: int,
        n_steps: int,
        rows: Callable[[HostCanvas, Rows], Marginals] = HostCanvas.marginals,
    ) -> None:
        if n_steps < 1:
            raise InvalidOption("the number of steps", n_steps, "at least 1")
        self.mirrors: Final = tuple(HostCanvas(canvas, mask_token_id) for canvas in canvases)
        self._n_steps: Final = n_steps
        self._rows: Final = rows

    def logits(self, step: int | None, x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:  # noqa: ARG002  (the host's)
        """For `generation_logits_hook_func`: float32 [B, length, V], the rows of the canvas replaced."""
        self._check(x)
        answer = logits.to(torch.float32, copy=True)
        for row, mirror in enumerate(self.mirrors):
            first = answer.shape[1] - mirror.canvas.n_slots
            here = logits[row, first:]
            marginals = self._rows(mirror, rows_on_host(here, mirror.canvas.vocabulary_size))
            answer[row, first:] = rows_for_model(marginals, here)
        return answer

    def tokens(self, step: int | None, x: torch.Tensor, logits: torch.Tensor | None) -> torch.Tensor:  # noqa: ARG002  (the host's)
        """For `generation_tokens_hook_func`: the rows int64[B, length] as they may be."""
        self._check(x)
        answer = x.clone()
        for row, mirror in enumerate(self.mirrors):
            here = answer[row, answer.shape[1] - mirror.canvas.n_slots :]
            written: Tokens = here.cpu().numpy().astype(np.int64)
            adopted = mirror.tokens if step is None else mirror.adopt(written)
            if step is not None and (step + 1 >= self._n_steps or mirror.left_nothing_open(written)):
                adopted = mirror.finish()
            here[:] = torch.from_numpy(adopted).to(here.device)
        return answer

    def _check(self, x: torch.Tensor) -> None:
        if len(x) != len(self.mirrors):
            raise InvalidCanvas(f"there are {len(self.mirrors)} canvases for {len(x)} rows", "give one for each row")
