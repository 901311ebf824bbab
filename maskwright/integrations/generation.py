"""Text from a transformers model inside a grammar, in two calls: `load_model`, then `generate_text`.

`load_model()` without a name gives the bundled model (`maskwright/assets/tiny-lm`, see docs/tiny_model.md), which needs
no network; any path or hub id of a causal language model with a fast tokenizer works as well. This is what the command
line and the demonstration use. Whoever has a model already uses `GrammarLogitsProcessor` directly.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LogitsProcessorList

import maskwright
from maskwright import CompiledGrammar, Vocabulary
from maskwright.integrations.huggingface import GrammarLogitsProcessor, MaskStatistics, vocabulary_of
from maskwright.integrations.tracing import TraceRecorder

#: The folder of the bundled model.
BUNDLED_MODEL: Final = Path(maskwright.__file__).parent / "assets" / "tiny-lm"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A transformers model, its tokenizer, and its vocabulary as grammars need it."""

    model: Any
    tokenizer: Any
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How to choose tokens. Temperature 0 takes the most probable one; equal seeds give equal texts.

    max_new_tokens: where a text is cut.  max_tokens, soft_landing: those of `GrammarLogitsProcessor`; with max_tokens
    no larger than max_new_tokens a text inside a grammar ends by itself and is never cut.
    """

    max_new_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int | None = None
    soft_landing: float = 0.0


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """What was generated: the exact bytes of the tokens before the end, and what it took.

    `is_complete` says that the model ended the text itself; otherwise `max_new_tokens` cut it.
    """

    token_ids: tuple[int, ...]
    text: str
    is_complete: bool
    seconds: float
    statistics: MaskStatistics

    @property
    def tokens_per_second(self) -> float:
        """Tokens per second of the whole generation, the model's own time included."""
        return len(self.token_ids) / self.seconds

    @property
    def mask_us(self) -> float:
        """Microseconds to fill one mask, on average."""
        return 1e6 * self.statistics.fill_seconds / max(1, self.statistics.masks)

    @property
    def median_mask_us(self) -> float:
        """Microseconds to fill one mask, in the median of the last calls; 0 if there was none."""
        return statistics.median(self.statistics.recent_fill_us or (0.0,))


def load_model(path_or_hub_id: str | Path | None = None) -> LoadedModel:
    """The model of a folder or hub id; the bundled one, which needs no network, by default."""
    folder = str(BUNDLED_MODEL if path_or_hub_id is None else path_or_hub_id)
    offline = path_or_hub_id is None
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=offline)
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=offline)
    return LoadedModel(model, tokenizer, vocabulary_of(tokenizer, model.config, model.generation_config))


def generate_text(
    loaded: LoadedModel,
    grammar: CompiledGrammar | None,
    prompt: str,
    options: GenerationOptions | None = None,
    trace: TraceRecorder | None = None,
) -> GeneratedText:
    """What the model writes after `prompt`, inside `grammar` (or freely, for None); torch's random state is kept.

    `trace` is told of each token (`integrations.tracing`); a free text has none. Raises BudgetTooSmall and
    UnsupportedBudget for `options.max_tokens`.
    """
    options = options or GenerationOptions()
    processor = None
    if grammar is not None:
        processor = GrammarLogitsProcessor(
            grammar, max_tokens=options.max_tokens, soft_landing=options.soft_landing, trace=trace
        )
    inputs = loaded.tokenizer([prompt], return_tensors="pt", return_token_type_ids=False).to(loaded.model.device)
    began = time.perf_counter()
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        output = loaded.model.generate(
            **inputs,
            generation_config=_generation_config(loaded, options),
            logits_processor=LogitsProcessorList([] if processor is None else [processor]),
        )
        if processor is not None:
            processor.end_trace(output)
    seconds = time.perf_counter() - began
    token_ids = tuple(output[0, inputs["input_ids"].shape[1] :].tolist())
    ends = [place for place, token in enumerate(token_ids) if token in loaded.vocabulary.eos_token_ids]
    text = loaded.vocabulary.decode(token_ids[: ends[0]] if ends else token_ids)
    done = MaskStatistics() if processor is None else processor.statistics
    return GeneratedText(token_ids, text.decode("utf-8", "replace"), bool(ends), seconds, done)


def _generation_config(loaded: LoadedModel, options: GenerationOptions) -> Any:
    ends = list(loaded.vocabulary.eos_token_ids)
    pad = loaded.tokenizer.pad_token_id
    choice = {"do_sample": True, "temperature": options.temperature, "top_k": 0} if options.temperature > 0 else {}
    return GenerationConfig(
        max_new_tokens=options.max_new_tokens,
        eos_token_id=ends,
        pad_token_id=ends[0] if pad is None else pad,
        **choice,
    )
