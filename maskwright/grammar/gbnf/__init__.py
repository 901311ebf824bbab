"""GBNF, the grammar notation of llama.cpp: `gbnf_grammar(text)` reads it into the intermediate form.

In reading order: `front_end` (the public function and what is checked of a whole grammar), `parser` (rules,
alternatives, sequences, groups, repetition), `terminals` (literals, character classes, tokens).
"""

from __future__ import annotations

from maskwright.grammar.gbnf.front_end import gbnf_grammar

__all__ = ["gbnf_grammar"]
