"""EBNF as XGrammar and the W3C write it: `ebnf_grammar(text)` reads either into the intermediate form.

In reading order: `style` (which of the two a text is), `front_end` (the public function), `parser` (rules,
alternatives, groups, repetition, exclusion), `xgrammar` and `w3c` (what only one of the two has: texts, classes,
macros; character codes, numbers, constraints).
"""

from __future__ import annotations

from maskwright.grammar.ebnf.front_end import ebnf_grammar

__all__ = ["ebnf_grammar"]
