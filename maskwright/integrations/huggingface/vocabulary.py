"""The vocabulary of a transformers model: its tokenizer's bytes, the width of its logits, all of its end tokens."""

from __future__ import annotations

from maskwright import Vocabulary
from maskwright.integrations.readiness import make_kernels_ready


def vocabulary_of(tokenizer: object, *configs: object) -> Vocabulary:
    """The vocabulary of `tokenizer` as a model uses it.

    Of each of `configs` (`model.config`, `model.generation_config`) the `vocab_size`, the width of the logits, and the
    `eos_token_id`, one or several, are heeded. End-of-text ids are all that any of them or the tokenizer names.
    The first time on a machine the kernels are compiled here, which is said on stderr.
    """
    make_kernels_ready()
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
