"""llguidance for specifications in the notations that it shares with maskwright; a first line names it, see there.

With its default limit of items per mask it gives up in the middle of every Python and C-like text ("Too many items"),
so here that limit is out of the way; `llguidance_limited.py` has the default.
"""

from __future__ import annotations

from typing import Any

import llguidance

from bench.engines.llguidance import LLGuidance
from bench.tokenizer import Tokenizer

ITEMS_PER_MASK = 100_000_000


class Notations(LLGuidance):
    """Text without such a line is a JSON Schema, as everywhere."""

    settings = f"default options but step_max_items={ITEMS_PER_MASK:,}"
    limits: Any = llguidance.LLParserLimits(step_max_items=ITEMS_PER_MASK)

    def compile(self, schema: str) -> Any:
        notation, line_end, text = schema.partition("\n")
        if notation == "lark" and line_end:
            return self.matcher(llguidance.LLMatcher.grammar_from_lark(text))
        return super().compile(schema)


def create(tokenizer: Tokenizer) -> Notations:
    """The engine for this tokenizer."""
    return Notations(tokenizer)
