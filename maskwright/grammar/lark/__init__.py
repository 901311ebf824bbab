"""Lark grammars: `lark_grammar(text)` reads them into the intermediate form.

In reading order: `source` (lark reads the text), `growth` (which it could not), `front_end` (which reading).
With a lexer: `terminals` (regular expressions as scanners, keywords); `relations`, `lalr` (the parser's automaton),
`parse_table` (its conflicts, decided as lark decides them), `endless_reductions` (grammars that are refused there),
`way_out` (a guide from a state to the end of a text); `indentation`, `lexed` (contexts; all as one `LexedLanguage`).
Character by character: `ignored_texts`, `terminal_nodes`, `scannerless` (rules as rules), `scannerless_front_end`.
What lark itself does not know: `dialect/` (takes it out of the text), `terminal_algebra` (`&` and `~`), `lazy_rules`,
`embedding` (grammars within a grammar).
"""

from __future__ import annotations

from maskwright.grammar.lark.front_end import Lexer, lark_grammar
from maskwright.grammar.lark.indentation import PYTHON_INDENTER, Indenter

__all__ = ["PYTHON_INDENTER", "Indenter", "Lexer", "lark_grammar"]
