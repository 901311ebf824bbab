"""DiffusionGemma of transformers inside a grammar: a logits processor for its `generate`.

    processor = DiffusionGemmaProcessor(grammar, eos_ids=[1, 106], max_new_tokens=512)
    model.generate(input_ids, max_new_tokens=512, logits_processor=LogitsProcessorList([processor]))

That `generate` writes canvases of fixed length one after the other. In each it predicts all tokens in some steps, at
most `max_denoising_steps`, calling its processors with (prompt and finished canvases int64[B, length], logits
[B, canvas_length, V], cur_step counting down), but not with the canvas as it stands; it draws, keeps the draws of low
entropy, and puts random tokens into all other places. Nothing is permanent before the end, any step may be the last
(`StableAndConfidentStoppingCriteria`), and then *the argmax of the processed logits of that step* is emitted, slot by
slot.

So every call is a question of its own: the answer is log p(x_i | language) for all slots, and in each slot the token of
the most probable text is raised above all others, by `MARGIN` at least. Whatever step is the last, the argmax is that
text. Impossible tokens have `FORBIDDEN`, which is finite, for the logits are divided by temperatures and fed back.

The state is found by what is finished: a call whose prefix is as long as before belongs to the same canvas, one that is
longer by a canvas to the next (`Canvas.next_block`), everything else to a new `generate`. A canvas that is not the last
leaves the text where it can be finished within the canvases that `max_new_tokens` leaves. Rows whose text has ended are
left as they are: the host overwrites them with padding.

Deviation from what processors may do elsewhere: one that comes after this and changes an argmax breaks the guarantee;
the next canvas then raises `InvalidCanvas`. The schedule of temperatures, which comes last, does not.
Cost of a call and row: the posterior and the best text; float32[canvas_length, V] to the host and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, final

import numpy as np
import torch

from maskwright import CompiledGrammar
from maskwright.errors import InvalidCanvas, InvalidOption
from maskwright.integrations.infilling.host_canvas import Marginals, forbidding
from maskwright.integrations.infilling.tensors import rows_for_model, rows_on_host
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import MASK
from maskwright.sampling.infilling.denoising import prediction
from maskwright.sampling.infilling.denoising_canvas import DenoisingCanvas
from maskwright.sampling.infilling.masked_model import Rows

MARGIN: Final = np.float32(1e-3)
"""In nats: a hundred times what float32 resolves at −16, below what a prediction means."""


@final
class DiffusionGemmaProcessor:
    """For one grammar, or one for each row of the batch; `max_new_tokens` as in the call of `generate`."""

    def __init__(
        self,
        grammar: CompiledGrammar | Sequence[CompiledGrammar],
        eos_ids: Iterable[int] = (),
        max_new_tokens: int = 256,
    ) -> None:
        if max_new_tokens < 1:
            raise InvalidOption("max_new_tokens", max_new_tokens, "at least 1")
        self._grammars: Final = grammar
        self._eos_ids: Final = tuple(eos_ids)
        self._max_new_tokens: Final = max_new_tokens
        self._prefix = torch.empty((0, 0), dtype=torch.long)
        self._canvases: list[Canvas | None] = []

    def __call__(
        self,
        input_ids: torch.LongTensor,
        scores: torch.Tensor,
        cur_step: int | torch.Tensor | None = None,  # noqa: ARG002  (the host's)
    ) -> torch.Tensor:
        """float32 [B, canvas_length, V]: see above. Raises `InvalidCanvas`, `CanvasNotCompletable`."""
        self._follow(input_ids, scores.shape[1])
        answer = scores.to(torch.float32, copy=True)
        for row, canvas in enumerate(self._canvases):
            if canvas is not None:
                rows = rows_on_host(scores[row], canvas.vocabulary_size)
                answer[row] = rows_for_model(emitting_best(canvas, rows), scores)
        return answer

    def _follow(self, input_ids: torch.Tensor, length: int) -> None:
        """Find the canvases that belong to a prefix."""
        known = self._prefix
        now = input_ids.cpu()
        if now.shape == known.shape and torch.equal(now, known):
            return
        is_next = now.shape == (known.shape[0], known.shape[1] + length) and torch.equal(now[:, :-length], known)
        if is_next:
            emitted = now[:, -length:].numpy()
            self._canvases = [
                None if canvas is None else self._next(canvas, emitted[row], length)
                for row, canvas in enumerate(self._canvases)
            ]
        else:
            n_canvases = -(-self._max_new_tokens // length)
            self._canvases = [
                grammar.canvas([MASK] * length, self._eos_ids, budget=n_canvases * length)
                for grammar in self._of_rows(len(now))
            ]
        self._prefix = now.clone()

    def _of_rows(self, n_rows: int) -> list[CompiledGrammar]:
        if isinstance(self._grammars, CompiledGrammar):
            return [self._grammars] * n_rows
        if len(self._grammars) != n_rows:
            raise InvalidCanvas(f"there are {len(self._grammars)} grammars for {n_rows} rows", "give one for each row")
        return list(self._grammars)

    def _next(self, canvas: Canvas, emitted: np.ndarray, length: int) -> Canvas | None:
        """The canvas behind the one that was emitted; None where the text has ended."""
        if np.isin(emitted, self._eos_ids).any() or not canvas.n_left:
            return None
        filled = canvas.fork()
        filled.commit(dict(enumerate(emitted.tolist())))
        if not filled.is_complete:
            raise InvalidCanvas("the host has emitted a text outside the grammar", "let no processor follow this one")
        return filled.next_block([MASK] * length)


def emitting_best(canvas: DenoisingCanvas, logits: Rows) -> Marginals:
    """float32[n, V]: log marginals whose argmax, slot by slot, is the most probable text."""
    posterior = prediction(canvas, logits)
    rows = forbidding(posterior.log_marginals)
    every, best = np.arange(len(rows)), posterior.best
    own = rows[every, best]
    rows[every, best] = -np.inf
    rows[every, best] = np.maximum(own, rows.max(axis=1) + MARGIN)
    return rows
