"""Hosts of masked models in a few lines each, as their authors describe them, with random logits; for the tests.

None of them knows of a grammar. What is random in a host comes from its own generator, so that a run with and a run
without a grammar draw the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Literal

import numpy as np
import torch

from tests.sampling.infilling.toys import END, NEVER, TOKENS

MASK_ID = len(TOKENS)  # one token more than the vocabulary has
WIDTH = MASK_ID + 1

Hook = Callable[[int | None, torch.Tensor, torch.Tensor], torch.Tensor]


class RandomLogits:
    """A module whose logits are drawn anew in every call; forbidden tokens are impossible. [B, length, WIDTH]"""

    def __init__(self, seed: int, spread: float = 3.0, forbidden: tuple[int, ...] = (NEVER, END)) -> None:
        self.seed, self.spread, self.forbidden, self.n_calls = seed, spread, forbidden, 0

    def __call__(self, input_ids: torch.Tensor) -> SimpleNamespace:
        rng = np.random.default_rng((self.seed, self.n_calls))
        self.n_calls += 1
        logits = (self.spread * rng.normal(size=(*input_ids.shape, WIDTH))).astype(np.float32)
        logits[..., [*self.forbidden, MASK_ID]] = -1e30
        return SimpleNamespace(logits=torch.from_numpy(logits))


def same_logits(step: int | None, x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """No grammar."""
    return logits


def same_tokens(step: int | None, x: torch.Tensor, logits: torch.Tensor | None) -> torch.Tensor:
    """No grammar."""
    return x


def dream_generate(
    model: RandomLogits,
    prompts: list[list[int]],
    n_slots: int,
    steps: int,
    alg: Literal["origin", "maskgit_plus", "entropy", "edits"],
    seed: int,
    logits_hook: Hook,
    tokens_hook: Callable[[int | None, torch.Tensor, torch.Tensor | None], torch.Tensor],
) -> torch.Tensor:
    """Dream's loop: everything that is masked is predicted, some of it is kept; "edits" rewrites kept tokens too."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.tensor([[*prompt, *[MASK_ID] * n_slots] for prompt in prompts])
    times = torch.linspace(1, 1e-3, steps + 1)
    x = tokens_hook(None, x, None)
    for i in range(steps):
        is_masked = x == MASK_ID
        logits = logits_hook(i, x, model(x).logits)
        p = torch.softmax(logits.double(), dim=-1)
        confidence, wanted = p.max(dim=-1)
        if alg == "entropy":
            confidence = (p * (p + 1e-10).log()).sum(dim=-1)
        share = float(1 - times[i + 1] / times[i]) if i < steps - 1 else 1.0
        if alg == "origin":
            kept = is_masked & (torch.rand(x.shape, generator=generator) < share)
        else:
            n_kept = int(is_masked.sum() / len(x) * share) if i < steps - 1 else x.shape[1]
            ranked = confidence.masked_fill(~is_masked, -torch.inf).topk(n_kept, dim=1).indices
            kept = torch.zeros_like(is_masked).scatter_(1, ranked, True) & is_masked
        if alg == "edits" and i < steps - 1:
            beginning = torch.arange(x.shape[1]) >= x.shape[1] - n_slots
            kept |= ~is_masked & beginning & (torch.rand(x.shape, generator=generator) < 0.1)
            wanted = torch.where(is_masked, wanted, logits[..., :NEVER].argmax(dim=-1))
        x = torch.where(kept, wanted, x)
        x = tokens_hook(i, x, logits)
    return x


def llada_generate(
    model: RandomLogits,
    prompt: list[int],
    n_slots: int,
    steps: int,
    block_length: int,
    noise: Callable[[int, tuple[int, int]], np.ndarray] | None,
    temperature: float,
) -> list[int]:
    """LLaDA's loop without a grammar; `noise(call, shape)` are the uniform numbers of its Gumbel noise."""
    x = np.array([*prompt, *[MASK_ID] * n_slots])
    first = len(prompt)
    calls = 0
    for start in range(0, n_slots, block_length):
        end = min(start + block_length, n_slots)
        n_steps = max(1, steps // -(-n_slots // block_length))
        size = end - start
        for step in range(n_steps):
            share = size // n_steps + (step < size % n_steps)
            if not (x[first + start : first + end] == MASK_ID).any():
                break
            logits = model(torch.from_numpy(x[None])).logits[0, first:, :MASK_ID].numpy().astype(np.float64)
            log_p = logits - logits.max(axis=1, keepdims=True)
            log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
            scores = log_p
            if noise is not None:
                scores = log_p - temperature * np.log(-np.log(noise(calls, log_p.shape)))
            calls += 1
            wanted = scores.argmax(axis=1)
            confidence = np.exp(log_p[np.arange(n_slots), wanted])
            masked = x[first:] == MASK_ID
            masked[:start] = masked[end:] = False
            order = [slot for slot in np.argsort(-confidence, kind="stable") if masked[slot]]
            for slot in order[:share]:
                x[first + slot] = wanted[slot]
    return x[first:].tolist()
