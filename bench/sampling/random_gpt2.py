"""A whole run, model included: a random GPT-2 writes `{"name": 123}` or `{"age": 45}`.

The tokenizer is a byte-level BPE trained on a few lines (314 tokens); the model is GPT-2's architecture with two layers
of width 64 and random weights, so nearly every token is as probable as any other and the language weighs some e^-40.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.sampling.runs import Engine, RunFigures, take_turns

PATTERN = r'\{"(name|age)": [0-9]{1,3}\}'
ALPHABET = b'{"nameg: 0123456789}'
N_PARTICLES = 10
THRESHOLD = 0.5
MAX_TOKENS = 20
VOCABULARY = 314
TRAINING_TEXT = (
    '{"name": "Ada Berg", "age": 36, "email": "ada.berg@example.com"}',
    '{"name": "Bruno Costa", "age": 41, "tags": ["red", "green", "blue"]}',
    "The quick brown fox jumps over the lazy dog while the band plays on.",
)
END = "<|endoftext|>"


@dataclass(frozen=True, slots=True)
class RandomModel:
    """model: a transformers model.  tokenizer: its fast tokenizer; token 0 ends a text and begins a prompt."""

    model: Any
    tokenizer: Any

    @property
    def prompt_ids(self) -> list[int]:
        """The prompt: one token."""
        return [self.tokenizer.eos_token_id]


def make_model(seed: int = 0) -> RandomModel:
    """The model and its tokenizer; torch's random state is kept."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=sorted(alphabet), show_progress=False
    )
    inner.train_from_iterator(TRAINING_TEXT, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=END, bos_token=END)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=64, n_embd=64, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = GPT2LMHeadModel(config)
    return RandomModel(model.eval(), tokenizer)


def engines(made: RandomModel, n_particles: int = N_PARTICLES) -> list[Engine]:
    """All that can be compared here: maskwright, and genlm-control if it is installed."""
    from bench.sampling import genlm, ours

    found = ours.model_engines(made, n_particles)
    if genlm.is_installed():
        found += genlm.model_engines(made, n_particles)
    return found


def measure(repetitions: int) -> list[RunFigures]:
    """The figures of every engine."""
    return take_turns(engines(make_model()), repetitions)
