"""The vocabulary of a transformers model: its tokenizer's bytes, the width of its logits, all of its end tokens."""

from __future__ import annotations

import functools

import numpy as np
import torch

from maskwright import Vocabulary
from maskwright.integrations.huggingface.token_rows import TokenRows
from maskwright.integrations.readiness import make_kernels_ready
from maskwright.integrations.torch_masks import apply_bitmask


def vocabulary_of(tokenizer: object, *configs: object) -> Vocabulary:
    """The vocabulary of `tokenizer` as a model uses it.

    Of each of `configs` (`model.config`, `model.generation_config`) the `vocab_size`, the width of the logits, and the
    `eos_token_id`, one or several, are heeded. End-of-text ids are all that any of them or the tokenizer names.
    The first time on a machine the kernels are compiled here, which is said on stderr.
    """
    make_kernels_ready()
    _load_row_kernels()
    ends: list[int] = []
    width = 0
    for source in (tokenizer, *configs):
        named = getattr(source, "eos_token_id", None)
        ends += [] if named is None else [named] if isinstance(named, int) else [int(end) for end in named]
    for config in configs:
        text_config = config.get_text_config() if hasattr(config, "get_text_config") else config
        width = max(width, getattr(text_config, "vocab_size", None) or 0)
    narrow = Vocabulary.from_huggingface(tokenizer, eos_token_ids=ends or None)
    if width <= narrow.size:
        return narrow
    return Vocabulary.from_huggingface(tokenizer, size=width, eos_token_ids=ends or None)


@functools.cache
def _load_row_kernels() -> None:
    """Compile or load what only processors use, so that no step of a model waits for it; scores are float32."""
    TokenRows(np.zeros((1, 1), np.int64)).continued(np.zeros((1, 2), np.int64))
    apply_bitmask(torch.zeros(1, 32), np.ones((1, 1), np.int32))
