"""Train the bundled masked-diffusion language model: `python scripts/train_tiny_dlm.py` (needs the extra `hf`).

What it makes: `maskwright/assets/tiny-dlm/`, a bidirectional model that fills mask slots, all of a canvas at once: in
the manner of LLaDA, ModernBERT-shaped so that `AutoModelForMaskedLM` loads it without foreign code. It learns from the
same made-up text as the bundled autoregressive model (`tiny_lm_text.py`) with that model's tokenizer, which is loaded,
not trained again, and one token more, `<|mask|>`, the last id. `tiny_dlm_masking.py` says what is hidden and how it is
scored; `tiny_dlm_validity.py` measures what the model writes.

Choices. Rotary positions and no dropout, as in the autoregressive model; every layer attends to the whole canvas.
The output layer is computed at scored slots only. Weight matrices of the layers are trained by Muon (Jordan et al.
2024; `torch.optim.Muon`), everything else by AdamW at the same learning rate. Weights are stored as float16 with
`dtype: float32` in the configuration: half the size, and CPUs compute faster in float32.

Everything is seeded; the same versions on the same kind of machine give a model that is equal up to the order of
floating-point sums. `--minutes` shortens a run that would take longer: the learning rate follows whatever is further
on, steps or minutes, so that it always ends low. A run cut so is not reproducible to the step.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tiny_dlm_masking import LONGEST_DOCUMENT, Batch, Row, groups_of_like_length, hidden
from tiny_dlm_validity import report
from tiny_lm_text import Document, documents
from transformers import AutoTokenizer, ModernBertConfig, ModernBertForMaskedLM, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar

ASSETS = Path(__file__).resolve().parent.parent / "maskwright" / "assets"
MASK = "<|mask|>"
TRAINING_SEED, VALIDATION_SEED = 2026, 7
WARM_UP = 0.02  # share of the run


def tokenizer_with_mask(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of the autoregressive model and, after its last token, `<|mask|>`."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"mask_token": MASK})
    assert tokenizer.mask_token_id == len(tokenizer) - 1
    return tokenizer


def new_model(tokenizer: PreTrainedTokenizerBase, layers: int) -> ModernBertForMaskedLM:
    rotary = {"rope_type": "default", "rope_theta": 1000.0}
    return ModernBertForMaskedLM(
        ModernBertConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=320,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=1024,
            layer_types=["full_attention"] * layers,
            rope_parameters={"full_attention": rotary, "sliding_attention": rotary},
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            cls_token_id=tokenizer.bos_token_id,
            sep_token_id=tokenizer.eos_token_id,
            tie_word_embeddings=True,
        )
    )


def encoded(tokenizer: PreTrainedTokenizerBase, texts: list[Document]) -> list[Row]:
    """Documents in tokens; instruction and body are tokenised apart, as prompt and answer are in use."""
    heads = tokenizer([head for head, _ in texts])["input_ids"]  # with <|bos|>
    bodies = tokenizer([body for _, body in texts], add_special_tokens=False)["input_ids"]
    rows = [Row(head, body) for head, body in zip(heads, bodies, strict=True)]
    return [row for row in rows if len(row) <= LONGEST_DOCUMENT]


def training_batches(rows: list[Row], tokenizer: PreTrainedTokenizerBase, slots_each: int) -> Iterator[Batch]:
    """Batches without end; every pass over the documents groups and hides anew."""
    rng = np.random.default_rng(TRAINING_SEED)
    while True:
        for group, width in groups_of_like_length(rows, slots_each, seed=int(rng.integers(1 << 30))):
            yield hidden(group, width, tokenizer.mask_token_id, tokenizer.eos_token_id, rng)


def loss_of(model: ModernBertForMaskedLM, batch: Batch) -> torch.Tensor:
    """Weighted cross entropy over the scored slots, in nats per hidden slot."""
    states = model.model(input_ids=torch.from_numpy(batch.shown)).last_hidden_state
    chosen = states.reshape(-1, states.shape[-1])[torch.from_numpy(batch.scored)]
    logits = model.decoder(model.head(chosen)).float()
    each = torch.nn.functional.cross_entropy(logits, torch.from_numpy(batch.wanted), reduction="none")
    return (each * torch.from_numpy(batch.weight)).sum()


@torch.no_grad()
def validation_loss(model: ModernBertForMaskedLM, rows: list[Row], tokenizer: PreTrainedTokenizerBase) -> float:
    """Mean loss over the documents, with masks that are the same at every call."""
    model.eval()
    rng = np.random.default_rng(VALIDATION_SEED)
    total, count = 0.0, 0
    for group, width in groups_of_like_length(rows, 8192, seed=VALIDATION_SEED):
        batch = hidden(group, width, tokenizer.mask_token_id, tokenizer.eos_token_id, rng)
        total += float(loss_of(model, batch)) * len(group)
        count += len(group)
    model.train()
    return total / count


def optimisers(model: ModernBertForMaskedLM, peak: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings, norms and biases."""
    matrices = [weights for name, weights in model.named_parameters() if weights.ndim == 2 and ".layers." in name]
    taken = {id(weights) for weights in matrices}
    others = [weights for weights in model.parameters() if id(weights) not in taken]
    return [
        torch.optim.Muon(matrices, lr=peak, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=peak, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def learning_rate(progress: float, peak: float) -> float:
    """Linear warm-up, constant to the middle of the run, then linearly down to nothing."""
    return peak * min(1.0, progress / WARM_UP, 2.0 * (1.0 - progress)) if progress < 1.0 else 0.0


def train(args: argparse.Namespace) -> None:
    tokenizer = tokenizer_with_mask(ASSETS / "tiny-lm")
    rows = encoded(tokenizer, documents(TRAINING_SEED, args.documents))
    held_out = encoded(tokenizer, documents(VALIDATION_SEED, 1000))
    torch.manual_seed(TRAINING_SEED)
    model = new_model(tokenizer, args.layers)
    model.train()
    parameters = sum(weights.numel() for weights in model.parameters())
    print(f"{len(rows)} documents, {sum(map(len, rows)) / 1e6:.2f} M tokens; {parameters:,} parameters", flush=True)

    steppers = optimisers(model, args.peak)
    batches = training_batches(rows, tokenizer, args.batch_slots)
    seen, canvases, running, step = 0, 0, 0.0, 0
    started = time.perf_counter()
    while True:
        minutes = (time.perf_counter() - started) / 60
        progress = max(step / args.steps, minutes / args.minutes)
        if (step and step % args.report_every == 0) or progress >= 1.0:
            loss_nats = validation_loss(model, held_out, tokenizer)
            print(
                f"step {step:5}  training loss {running:.3f}  validation loss {loss_nats:.4f}  {canvases} canvases  "
                f"{seen / 1e6:.2f} M slots  {minutes:.1f} min",
                flush=True,
            )
            save(model, tokenizer, args.output)
        if progress >= 1.0:
            break
        batch = next(batches)
        for stepper in steppers:
            for group in stepper.param_groups:
                group["lr"] = learning_rate(progress, args.peak)
            stepper.zero_grad(set_to_none=True)
        loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for stepper in steppers:
            stepper.step()
        seen += batch.shown.size
        canvases += len(batch.shown)
        running = float(loss.detach()) if step == 0 else 0.98 * running + 0.02 * float(loss.detach())
        step += 1


def save(model: ModernBertForMaskedLM, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write the model with float16 weights, to be computed with in float32."""
    folder.mkdir(parents=True, exist_ok=True)
    copy.deepcopy(model).half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"float16"', '"float32"'))
    settings = folder / "tokenizer_config.json"
    kept = {key: value for key, value in json.loads(settings.read_text()).items() if "local" not in key}
    settings.write_text(
        json.dumps(kept, indent=2) + "\n"
    )  # how the other tokenizer was loaded says nothing of this one
    for file in folder.iterdir():
        file.chmod(0o644)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ASSETS / "tiny-dlm")
    parser.add_argument("--documents", type=int, default=100_000, help="how many training documents to make up")
    parser.add_argument("--steps", type=int, default=4600)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long, whatever the step")
    parser.add_argument("--batch-slots", type=int, default=2048, help="slots of a batch, padding included")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--peak", type=float, default=4e-3, help="highest learning rate")
    parser.add_argument("--report-every", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    disable_progress_bar()
    train(args)
    report(args.output)


if __name__ == "__main__":
    main()
