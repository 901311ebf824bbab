"""Denoising as SGLang's algorithms for diffusion models have it: `step(batch, logits, states) -> done`.

    algorithm = StepAlgorithm(Plan(ConfidenceThreshold(), n_steps=32), mask_token_id, block_size=32)
    states = [algorithm.init_step_state(grammar, eos_ids, n_blocks=4) for request in batch]    # once for each request
    done = algorithm.step(forward_batch, full_logits, states)                                  # after each forward pass

`batch.input_ids` is int64[B * block_size], the block of every request one behind the other, mask tokens where
undecided; `full_logits` is [B * block_size, V]. As there, `input_ids` is written in place, and a request is done in the
call that finds nothing open, so that the pass of the finished block can be kept. A request's text begins behind
whatever the prompt has left in its first block; when a block that was filled is followed by a masked one, the canvas of
that is the next one (`Canvas.next_block`), and the text can be finished within `n_blocks`. A text that has ended goes
on with end tokens.

No import of SGLang: what is asked of a batch is `input_ids` and `batch_size`. A subclass of its `DllmAlgorithm` holds
one of these and forwards the calls; its refusal of grammars in `validate_request` has to be lifted there. Slots that
are opened again by the scheduler (`EntropyBounded(renoise=True)`) are masked in `input_ids` too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, final

import numpy as np
import torch

from maskwright import CompiledGrammar
from maskwright.errors import InvalidCanvas, InvalidOption
from maskwright.integrations.infilling.tensors import rows_on_host
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.slots import MASK, OPEN
from maskwright.sampling.infilling.denoising import NO_KEY, DenoisingState, Plan, init, step
from maskwright.sampling.infilling.masked_model import Tokens
from maskwright.sampling.random_key import RandomKey


class Batch(Protocol):
    """What is read and written of a forward batch."""

    input_ids: torch.Tensor
    batch_size: int


@dataclass(slots=True, eq=False)
class RequestState:
    """One request; changed by `StepAlgorithm.step`.

    n_blocks: that its text may have in all.  offset: tokens of the prompt in the present block.  block: its number.
    denoising: None before the first step.
    """

    grammar: CompiledGrammar
    eos_ids: tuple[int, ...]
    n_blocks: int
    key: RandomKey
    offset: int = 0
    block: int = 0
    denoising: DenoisingState | None = None


@final
class StepAlgorithm:
    """One plan for all requests; `plan.n_steps` is for each block."""

    def __init__(self, plan: Plan, mask_token_id: int, block_size: int) -> None:
        self._plan: Final = plan
        self.mask_id: Final = mask_token_id
        self.block_size: Final = block_size

    def init_step_state(
        self,
        grammar: CompiledGrammar,
        eos_ids: Iterable[int] = (),
        n_blocks: int = 1,
        key: RandomKey = NO_KEY,
    ) -> RequestState:
        """The state of a request before its first block, which may begin with tokens of the prompt."""
        if n_blocks < 1:
            raise InvalidOption("the number of blocks", n_blocks, "at least 1")
        return RequestState(grammar, tuple(eos_ids), n_blocks, key)

    def step(self, batch: Batch, full_logits: torch.Tensor, states: Sequence[RequestState]) -> list[bool]:
        """One step of every request: writes `batch.input_ids`, returns which blocks were full before it."""
        ids = batch.input_ids.view(batch.batch_size, self.block_size)
        logits = full_logits.view(batch.batch_size, self.block_size, -1)
        done = []
        for row, state in enumerate(states):
            tokens: Tokens = ids[row].cpu().numpy().astype(np.int64)
            is_full = not (tokens == self.mask_id).any()
            done.append(is_full)
            if not is_full:
                written = self._step_of(state, tokens, logits[row])
                ids[row].copy_(torch.from_numpy(written).to(ids.device))
        return done

    def _step_of(self, state: RequestState, tokens: Tokens, logits: torch.Tensor) -> Tokens:
        """The block of one request after a step, int64[block_size]."""
        if state.denoising is None or state.denoising.is_done:
            ended = (
                [] if state.denoising is None else [t for t in state.denoising.tokens.tolist() if t in state.eos_ids]
            )
            if ended:
                return np.where(tokens == self.mask_id, ended[-1], tokens)
            self._begin_block(state, tokens)
        denoising = state.denoising
        assert denoising is not None
        if not denoising.is_done:
            rows = rows_on_host(logits[state.offset :], denoising.canvas.vocabulary_size)
            denoising, _ = step(state.key.child(state.block), denoising, rows)
        state.denoising = denoising
        written = tokens.copy()
        written[state.offset :] = np.where(denoising.tokens == OPEN, self.mask_id, denoising.tokens)
        return written

    def _begin_block(self, state: RequestState, tokens: Tokens) -> None:
        is_masked = tokens == self.mask_id
        offset = int(is_masked.argmax())
        if not is_masked[offset:].all() or (offset and state.denoising is not None):
            raise InvalidCanvas("a block has other tokens than those of the prompt", "begin it with mask tokens alone")
        slots = [MASK] * (self.block_size - offset)
        if state.denoising is None:
            budget = len(slots) + (state.n_blocks - 1) * self.block_size
            canvas = state.grammar.canvas(slots, state.eos_ids, budget)
        else:
            finished = state.denoising.canvas
            assert isinstance(finished, Canvas)
            canvas = finished.next_block(slots)
            state.block += 1
        state.offset = offset
        state.denoising = init(canvas, self._plan)
