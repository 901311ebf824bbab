"""Texts with a budget that call every kernel of this package, for the warm-up."""

from __future__ import annotations

import numpy as np

from maskwright.errors import UnsupportedBudget
from maskwright.matching.bitmask import allowed_tokens
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.exercises import ANY_JSON
from maskwright.matching.mask_tables import MaskTables

SLACK = 4
"""Tokens more than the least budget."""


def write_in_time(tables: MaskTables) -> None:
    """Texts of any JSON and of an object whose members and strings are counted."""
    from maskwright.grammar.json_schema import json_schema_grammar

    counted = {
        "type": "object",
        "properties": {"s": {"type": "string", "minLength": 2, "maxLength": 40}, "n": {"type": "array", "maxItems": 9}},
        "required": ["s", "n"],
        "minProperties": 3,
    }
    for grammar in (ANY_JSON.grammar(), json_schema_grammar(counted)):
        write_text_in_time(CompiledGrammar(grammar, tables))


def write_text_in_time(grammar: CompiledGrammar) -> None:
    """A text of a grammar, if it can have a budget: always the last token of the mask."""
    try:
        matcher = grammar.matcher(max_tokens=grammar.least_tokens() + SLACK)
    except UnsupportedBudget:
        return
    row = np.zeros(matcher.row_shape, np.int32)
    while not matcher.is_finished() and matcher.n_left > 0:
        matcher.fill_bitmask(row)
        matcher.landing_bias()
        matcher.accept_token(int(allowed_tokens(row, grammar.vocabulary.size)[-1]))
