"""Train the bundled language model: `python scripts/train_tiny_lm.py` (needs the extra `hf`; minutes on two cores).

What it makes: `maskwright/assets/tiny-lm/`, a Llama-shaped model of 1.4 million parameters with a byte-level BPE
tokenizer of 4,096 tokens, trained on text that `tiny_lm_text.py` makes up. It exists so that a demonstration and the
tests need no download; it is a real model, merely a small one. Everything is seeded: the same versions on the same
kind of machine give the same text and tokenizer, and a model that is equal up to the order of floating-point sums.

Choices. Each training row is one document (`<|bos|>` instruction body `<|eos|>`, right padding), so the model sees in
training exactly what it sees in use; packing documents into full rows would be 10 % faster and would teach it to
attend across documents. Weights are stored as float16 (half the size) with `dtype: float32` in the configuration, so
that loading computes in float32, which CPUs do faster. Words are split in the manner of Llama 3 (digits in groups of up
to three, one punctuation sign glued to the following word), because such tokens, `"name` or `":`, cross the borders of
JSON terminals as those of large models do.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tiny_lm_text import Document, documents
from tiny_lm_validity import report_validity, unconstrained
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

ASSETS = Path(__file__).resolve().parent.parent / "maskwright" / "assets" / "tiny-lm"
BOS, EOS, PAD = "<|bos|>", "<|eos|>", "<|pad|>"
VOCABULARY_SIZE = 4096
LONGEST_DOCUMENT = 448  # tokens; longer ones are left out
WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TRAINING_SEED, VALIDATION_SEED = 2026, 7


def train_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer whose first ids are the special tokens and whose alphabet is all 256 bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    bos = tokenizer.token_to_id(BOS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, bos)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        padding_side="left",
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    )


def new_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def encoded(tokenizer: PreTrainedTokenizerFast, texts: list[Document]) -> list[list[int]]:
    """Token ids of each document; instruction and body are tokenised apart, as prompt and answer are in use."""
    heads = tokenizer([head for head, _ in texts])["input_ids"]  # with <|bos|>
    bodies = tokenizer([body for _, body in texts], add_special_tokens=False)["input_ids"]
    rows = [head + body + [tokenizer.eos_token_id] for head, body in zip(heads, bodies, strict=True)]
    return [row for row in rows if len(row) <= LONGEST_DOCUMENT]


def batches(
    rows: list[list[int]], tokens_each: int, pad: int, seed: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Shuffled batches (ids, labels) of about `tokens_each` tokens; documents of like length stand together."""
    rng = random.Random(seed)
    order = sorted(range(len(rows)), key=lambda row: (len(rows[row]) // 8, rng.random()))
    groups: list[list[int]] = [[]]
    for row in order:
        if (len(groups[-1]) + 1) * len(rows[row]) > tokens_each:
            groups.append([])
        groups[-1].append(row)
    rng.shuffle(groups)
    for group in groups:
        width = max(len(rows[row]) for row in group)
        ids = np.full((len(group), width), pad, dtype=np.int64)
        for position, row in enumerate(group):
            ids[position, : len(rows[row])] = rows[row]
        labels = np.where(ids == pad, -100, ids)
        yield torch.from_numpy(ids), torch.from_numpy(labels)


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up over 60 steps, then a cosine down to 2 % of the peak."""
    if step < 60:
        return peak * (step + 1) / 60
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - 60) / max(1, steps - 60))))


@torch.no_grad()
def validation_loss(model: LlamaForCausalLM, rows: list[list[int]], pad: int) -> float:
    """Mean loss in nats per predicted token."""
    model.eval()
    total, count = 0.0, 0
    for ids, labels in batches(rows, 8192, pad, seed=0):
        predicted = int((labels[:, 1:] != -100).sum())
        total += float(model(input_ids=ids, labels=labels).loss) * predicted
        count += predicted
    model.train()
    return total / count


def train(args: argparse.Namespace) -> None:
    started = time.perf_counter()
    training, validation = documents(TRAINING_SEED, args.documents), documents(VALIDATION_SEED, 1000)
    tokenizer = train_tokenizer([text for document in training[:60_000] for text in document])
    pad = tokenizer.pad_token_id
    rows, held_out = encoded(tokenizer, training), encoded(tokenizer, validation)
    tokens = sum(map(len, rows))
    print(f"{len(rows)} documents, {tokens / 1e6:.2f} M tokens, {len(tokenizer)} in the vocabulary", flush=True)

    torch.manual_seed(TRAINING_SEED)
    model = new_model(tokenizer)
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.peak, betas=(0.9, 0.95), weight_decay=0.05)
    schedule = list(batches(rows, args.batch_tokens, pad, seed=1))
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(schedule)} steps", flush=True)
    seen, running = 0, 0.0
    for step, (ids, labels) in enumerate(schedule):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, len(schedule), args.peak)
        loss = model(input_ids=ids, labels=labels).loss
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        seen += ids.numel()
        running = float(loss.detach()) if step == 0 else 0.95 * running + 0.05 * float(loss.detach())
        if step % 50 == 0 or step == len(schedule) - 1:
            spent = time.perf_counter() - started
            print(f"step {step:5}  training loss {running:.3f}  {seen / 1e6:.2f} M tokens  {spent:.0f} s", flush=True)
        if step % 300 == 299:
            print(f"            validation loss {validation_loss(model, held_out, pad):.4f}", flush=True)

    loss_nats = validation_loss(model, held_out, pad)
    predicted = sum(len(row) - 1 for row in held_out)
    size = sum(len(tokenizer.decode(row, skip_special_tokens=True).encode()) for row in held_out)
    bits = loss_nats * predicted / math.log(2) / size
    print(f"validation loss {loss_nats:.4f} nats/token, {bits:.4f} bits/byte, {time.perf_counter() - started:.0f} s")
    save(model, tokenizer, args.output)


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write the model with float16 weights, to be computed with in float32."""
    folder.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"float16"', '"float32"'))
    for file in folder.iterdir():
        file.chmod(0o644)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ASSETS)
    parser.add_argument("--documents", type=int, default=100_000, help="how many training documents to make up")
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument("--peak", type=float, default=4e-3, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train(args)
    tokenizer = AutoTokenizer.from_pretrained(args.output)
    report_validity(AutoModelForCausalLM.from_pretrained(args.output), tokenizer, "unconstrained", unconstrained)


if __name__ == "__main__":
    main()
