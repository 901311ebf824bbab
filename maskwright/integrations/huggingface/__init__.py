"""Generation with transformers inside a grammar, in every mode of `generate`.

In reading order: `vocabulary` (the tokens of a model), `scores` (a mask applied to scores), `token_rows` (the tokens of
a batch), `text_budget` (`max_tokens` and `soft_landing`), `logits_processor` (the processor for `model.generate`),
`continuous_batching` (`generate_batch` and its manager), and what jump-forward is made of: `retokenizing` (the
tokenizer's own tokens of a text), `prefix_reader` (logits, with keys and values that stay), `growing_text` (the jump),
`token_stream` (told to a streamer), `jump_forward` (the loop for `custom_generate`); at last `streaming` (typed events
of a text while it is generated).
"""

from maskwright.integrations.huggingface.continuous_batching import GrammarRequests, attach, generate_batch
from maskwright.integrations.huggingface.growing_text import Retokenize
from maskwright.integrations.huggingface.jump_forward import JumpForward, JumpForwardOutput, JumpStatistics
from maskwright.integrations.huggingface.logits_processor import Constraint, GrammarLogitsProcessor, MaskStatistics
from maskwright.integrations.huggingface.streaming import Event, EventStreamer, TextEnded, TextPiece, stream_events
from maskwright.integrations.huggingface.vocabulary import vocabulary_of
from maskwright.integrations.torch_masks.scores import apply_bitmask

__all__ = [
    "Constraint",
    "Event",
    "EventStreamer",
    "GrammarLogitsProcessor",
    "GrammarRequests",
    "JumpForward",
    "JumpForwardOutput",
    "JumpStatistics",
    "MaskStatistics",
    "Retokenize",
    "TextEnded",
    "TextPiece",
    "apply_bitmask",
    "attach",
    "generate_batch",
    "stream_events",
    "vocabulary_of",
]
