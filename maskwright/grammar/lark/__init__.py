"""Lark grammars: `lark_grammar(text)` reads them into the intermediate form.

In reading order: `source` (lark reads the text), `terminals` (regular expressions as scanners, keywords), `parse_table`
(lark's LALR table), `indentation`, `lexed` (contexts; everything as one `LexedLanguage`), `front_end`.
"""

from __future__ import annotations

from maskwright.grammar.lark.front_end import Lexer, lark_grammar
from maskwright.grammar.lark.indentation import PYTHON_INDENTER, Indenter

__all__ = ["PYTHON_INDENTER", "Indenter", "Lexer", "lark_grammar"]
