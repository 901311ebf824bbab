"""Canvases that call every kernel of infilling (`matching.warming_up`)."""

from __future__ import annotations

import numpy as np

from maskwright.grammar import ir
from maskwright.grammar.ir import Grammar
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.infilling.best_text import best_text
from maskwright.matching.infilling.canvas import Canvas
from maskwright.matching.infilling.posterior import log_predictions
from maskwright.matching.infilling.slots import MASK, Gap
from maskwright.matching.mask_tables import MaskTables

LISTS = r"""
root ::= "[" (value ("," value)*)? "]"
value ::= root | "\"" [a-z]{0,9} "\"" | [0-9]+
"""
DEEP = 'root ::= "a" root? "b"?'
"""A text of any height may end here, which takes kernels of its own."""


def fill_in(tables: MaskTables) -> list[Canvas]:
    """Canvases of some grammars, asked and filled in every way."""
    vocabulary = tables.vocabulary
    ends = vocabulary.eos_token_ids
    named = ir.sequence(ir.literal(b"a"), ir.TokenSet(ids=tuple(sorted(vocabulary.special_token_ids))[:1]))
    canvases = []
    for grammar in (Grammar.from_gbnf(LISTS), Grammar.from_gbnf(DEEP), Grammar("root", {"root": named})):
        compiled = CompiledGrammar(grammar, tables)
        canvas = compiled.canvas([MASK, MASK, Gap.at_most(30)], ends)
        canvas.allow()
        scores = np.zeros((canvas.n_slots, vocabulary.size))
        posterior = canvas.posterior(scores)
        posterior.sample(np.random.default_rng(0), 1)
        best_text(canvas, log_predictions(scores, canvas))
        assert len(posterior.best) == len(posterior.log_marginals)
        first = canvas.complete()
        canvas.commit({0: int(first[0]), 1: int(first[1])})
        canvas.allow()
        canvases.append(canvas)
    return canvases
