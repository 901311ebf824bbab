"""LLaDA's way of generating, inside a grammar: blocks from left to right, in each a number of slots a step.

    tokens = generate_like_llada(model, canvas, mask_token_id, LLaDAOptions(steps=64, block_length=32), prompt_ids)

LLaDA's own `generate` is a plain function without hooks, so this is that function, written anew, with two places
changed: the rows that tokens are chosen from are the marginals inside the grammar, and what is transferred is committed
jointly (`HostCanvas`). The rest is as published (Nie et al. 2025, arXiv 2502.09992, and the reference implementation):

    for each block, for each of its steps:
        x0_i = argmax over tokens of  exp(l_i) / (-log u)^temperature         (Gumbel noise, u uniform)
        confidence_i = p_i(x0_i), or a uniform number for `remasking="random"`; only slots of this block count
        the n most confident ones are transferred, n = slots of the block / its steps, the first ones one more

With a `threshold`, slots at or above it are transferred instead, and the most confident one always (Fast-dLLM). Slots
that the grammar forces are filled without being asked for, and steps in which a block has nothing open are left out.
After its last step a block is made complete: what was refused is proposed again from the same prediction.

Cost: the model, and one posterior a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from maskwright.errors import InvalidOption
from maskwright.integrations.infilling.host_canvas import HostCanvas, Marginals
from maskwright.integrations.infilling.tensors import rows_on_host
from maskwright.sampling.infilling.denoising_canvas import DenoisingCanvas
from maskwright.sampling.infilling.masked_model import Tokens
from maskwright.sampling.random_key import RandomKey


@dataclass(frozen=True, slots=True)
class LLaDAOptions:
    """As in LLaDA's `generate`.

    steps: in all; each block has its share.  block_length: None for one block.  temperature: of the Gumbel noise.
    threshold: transfer by confidence instead of by number.  key: of the noise, and of random remasking.
    """

    steps: int = 128
    block_length: int | None = 32
    temperature: float = 0.0
    remasking: Literal["low_confidence", "random"] = "low_confidence"
    threshold: float | None = None
    key: RandomKey | None = None

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InvalidOption("the number of steps", self.steps, "at least 1")
        if self.block_length is not None and self.block_length < 1:
            raise InvalidOption("the length of a block", self.block_length, "at least 1")
        if self.key is None and (self.temperature or self.remasking == "random"):
            raise InvalidOption("the key", None, "a RandomKey where something is drawn")


def generate_like_llada(
    model: Any, canvas: DenoisingCanvas, mask_token_id: int, options: LLaDAOptions, prompt_ids: Sequence[int] = ()
) -> Tokens:
    """int64[n]: the filled canvas. `model(input_ids)` is a torch module whose answer has `.logits`, [1, length, V]."""
    mirror = HostCanvas(canvas, mask_token_id)
    n = canvas.n_slots
    length = options.block_length or max(1, n)
    blocks = [(start, min(start + length, n)) for start in range(0, n, length)]
    steps_each = max(1, options.steps // max(1, len(blocks)))
    calls = 0
    for start, end in blocks:
        shares = transfer_shares(int(mirror.canvas.is_open[start:end].sum()), steps_each)
        for number, share in enumerate(shares):
            if not mirror.canvas.is_open[start:end].any():
                break
            rows = mirror.marginals(_logits(model, mirror.tokens, prompt_ids, canvas.vocabulary_size))
            key = None if options.key is None else options.key.child(calls)
            calls += 1
            is_last = number + 1 == len(shares)
            while mirror.canvas.is_open[start:end].any():
                wanted, confidence = chosen(rows, options, key)
                within = np.zeros(n, dtype=np.bool_)
                within[start:end] = mirror.canvas.is_open[start:end]
                confidence[~within] = -np.inf
                slots = (
                    transferred(confidence, n, None) if is_last else transferred(confidence, share, options.threshold)
                )
                tokens = mirror.tokens
                tokens[slots] = wanted[slots]
                mirror.adopt(tokens)
                if not is_last:
                    break
                rows = mirror.marginals(rows)  # what was refused, now that the others stand
    return mirror.tokens


def transfer_shares(n_open: int, n_steps: int) -> list[int]:
    """How many slots each step transfers: `transfer_shares(8, 3) == [3, 3, 2]`."""
    return [n_open // n_steps + (step < n_open % n_steps) for step in range(n_steps)]


def chosen(
    rows: Marginals, options: LLaDAOptions, key: RandomKey | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Each slot's token and its confidence: int64[n], float64[n]."""
    scores = rows.astype(np.float64)
    if options.temperature:
        assert key is not None
        uniform = key.child(0).uniforms(rows.size).reshape(rows.shape)
        with np.errstate(divide="ignore"):
            scores = scores - options.temperature * np.log(-np.log(uniform))
    tokens = scores.argmax(axis=1)
    if options.remasking == "random":
        assert key is not None
        return tokens, key.child(1).uniforms(len(rows))
    return tokens, np.exp(rows[np.arange(len(rows)), tokens].astype(np.float64))


def transferred(confidence: npt.NDArray[np.float64], share: int, threshold: float | None) -> npt.NDArray[np.int64]:
    """The slots to transfer, most confident first; those with −inf are none."""
    order = np.argsort(-confidence, kind="stable")
    order = order[confidence[order] > -np.inf]
    if threshold is None:
        return order[:share]
    keep = confidence[order] >= threshold
    keep[:1] = True
    return order[keep]


def _logits(model: Any, tokens: Tokens, prompt_ids: Sequence[int], size: int) -> npt.NDArray[np.float32]:
    """float32[n, size]: the model's rows for the canvas, in the width of the vocabulary."""
    text = torch.tensor([[*prompt_ids, *tokens.tolist()]], device=getattr(model, "device", None))
    with torch.inference_mode():
        return rows_on_host(model(text).logits[0, len(prompt_ids) :], size)
