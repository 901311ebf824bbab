"""Generation with transformers inside a grammar, in every mode of `generate`.

In reading order: `vocabulary` (the tokens of a model), `scores` (a mask applied to scores), `logits_processor` (the
processor for `model.generate`).
"""

from maskwright.integrations.huggingface.logits_processor import Constraint, GrammarLogitsProcessor, MaskStatistics
from maskwright.integrations.huggingface.scores import apply_bitmask
from maskwright.integrations.huggingface.vocabulary import vocabulary_of

__all__ = ["Constraint", "GrammarLogitsProcessor", "MaskStatistics", "apply_bitmask", "vocabulary_of"]
