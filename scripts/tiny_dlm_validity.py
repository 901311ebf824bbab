"""How often the bundled masked-diffusion model writes valid JSON on its own, with no grammar around it.

For each schema in `schemas/demo/` the model is prompted in every way its training text knows, followed by 128 mask
slots. The loop is the plain one of LLaDA: each step predicts all open slots, draws a token for each (the most likely,
or by the probabilities at temperature 1), and commits the n / steps slots that rank highest; what is committed stays.
Three ways to rank:
  by confidence   the slots whose token is most probable. The tail of `<|eos|>` then grows from the right: given EOS
                  behind it, a slot is EOS too unless the text ends just there, so texts come out short;
  EOS last        as before, but slots that would become `<|eos|>` wait (a remedy from LLaDA's own code);
  blocks of 32    by confidence inside the leftmost block that has open slots (semi-autoregressive).
Counted are the texts up to the first `<|eos|>` that `json.loads` accepts, and those that also validate against the
schema; a canvas without `<|eos|>` counts as invalid.
`python scripts/tiny_dlm_validity.py [model folder]` prints the table; one model call a step for each batch of prompts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tiny_lm_text import demo_prompts
from tiny_lm_validity import SAMPLES_PER_SCHEMA, demo_schemas, verdict
from transformers import AutoModelForMaskedLM, AutoTokenizer

BUNDLED = Path(__file__).resolve().parent.parent / "maskwright" / "assets" / "tiny-dlm"
BLOCK = 32

#: (confidence float[rows, slots], whether the token is <|eos|> bool[rows, slots]) -> rank float[rows, slots]
Ranking = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def by_confidence(confidence: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:  # noqa: ARG001  (as every Ranking)
    return confidence


def eos_last(confidence: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    return confidence - ends.float()


def in_blocks(confidence: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:  # noqa: ARG001  (as every Ranking)
    return confidence - torch.arange(confidence.shape[1]) // BLOCK


@dataclass(frozen=True, slots=True)
class Loop:
    """How a canvas is filled; temperature 0 takes the most likely tokens."""

    slots: int = 128
    steps: int = 16
    temperature: float = 0.0
    ranking: Ranking = by_confidence


@torch.no_grad()
def denoised(model: Any, tokenizer: Any, heads: torch.Tensor, loop: Loop, seed: int) -> torch.Tensor:
    """What stands in the slots after `heads` (int64[rows, length]): int64[rows, slots]."""
    mask, eos = tokenizer.mask_token_id, tokenizer.eos_token_id
    generator = torch.Generator().manual_seed(seed)
    filled = torch.full((len(heads), loop.slots), mask)
    for step in range(loop.steps):
        logits = model(input_ids=torch.cat((heads, filled), dim=1)).logits[:, heads.shape[1] :]
        logits[..., mask] = -torch.inf
        probabilities = torch.softmax(logits / (loop.temperature or 1.0), dim=-1)
        if loop.temperature:
            tokens = torch.multinomial(probabilities.flatten(0, 1), 1, generator=generator).reshape(filled.shape)
        else:
            tokens = probabilities.argmax(dim=-1)
        confidence = probabilities.gather(-1, tokens[..., None])[..., 0]
        rank = loop.ranking(confidence, tokens == eos).masked_fill(filled != mask, -torch.inf)
        count = loop.slots * (step + 1) // loop.steps - loop.slots * step // loop.steps
        chosen = rank.topk(count, dim=1).indices
        filled.scatter_(1, chosen, tokens.gather(1, chosen))
    return filled


def written(model: Any, tokenizer: Any, prompts: list[str], loop: Loop) -> list[str]:
    """What the model writes into the slots after each prompt; "" where it found no end."""
    heads = tokenizer(prompts)["input_ids"]
    by_length: dict[int, list[int]] = {}
    for number, head in enumerate(heads):
        by_length.setdefault(len(head), []).append(number)
    texts = [""] * len(prompts)
    for seed, (_, numbers) in enumerate(sorted(by_length.items())):
        together = torch.tensor([heads[number] for number in numbers])
        for number, ids in zip(numbers, denoised(model, tokenizer, together, loop, seed).tolist(), strict=True):
            if tokenizer.eos_token_id in ids:
                texts[number] = tokenizer.decode(ids[: ids.index(tokenizer.eos_token_id)])
    return texts


def report_validity(model: Any, tokenizer: Any, name: str, loop: Loop) -> None:
    """Print the share of JSON and of valid JSON over all demo schemas."""
    schemas = demo_schemas()
    verdicts: list[tuple[bool, bool]] = []
    for title, prompts in demo_prompts().items():
        asked = (prompts * 2)[:SAMPLES_PER_SCHEMA] if loop.temperature else prompts
        verdicts += [verdict(text, schemas[title]) for text in written(model, tokenizer, asked, loop)]
    n = len(verdicts)
    is_json, is_valid = (sum(column) for column in zip(*verdicts, strict=True))
    print(f"{name}: {is_json}/{n} JSON ({is_json / n:.1%}), {is_valid}/{n} valid ({is_valid / n:.1%})", flush=True)


def report(folder: Path) -> None:
    """The whole table: every ranking in 16 steps and blocks also in 64, sampled and greedy."""
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    blocks = f"blocks of {BLOCK}"
    plans = ((16, "by confidence", by_confidence), (16, "EOS last", eos_last), (16, blocks, in_blocks))
    for steps, name, ranking in (*plans, (64, blocks, in_blocks)):
        for mode, temperature in (("temperature 1", 1.0), ("greedy", 0.0)):
            loop = Loop(steps=steps, temperature=temperature, ranking=ranking)
            report_validity(model, tokenizer, f"{steps} steps, {name}, {mode}", loop)


def main() -> None:
    torch.set_num_threads(1)
    report(Path(sys.argv[1]) if len(sys.argv) > 1 else BUNDLED)


if __name__ == "__main__":
    main()
