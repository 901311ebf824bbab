"""A grammar as numbers and JSON, for files: what `matching.grammar_file` saves, and reads again without its front end.

Read in this order: `automata` and `languages` (the leaves), `nodes`, `whole` (a grammar with its rules and report).
"""

from maskwright.grammar.storing.whole import MAX_RULES, StoredGrammar, restored, stored

__all__ = ["MAX_RULES", "StoredGrammar", "restored", "stored"]
