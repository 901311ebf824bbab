"""Lint: what is likely wrong with a grammar, found before any text is generated.

    lint_gbnf, lint_ebnf, lint_lark, lint_grammar -> tuple[Finding, ...]

In reading order: `finding` (what is said), `subject` (grammars as plain productions), `building`, `from_written`,
`from_nodes`, `from_lark` (how each notation becomes one), `facts` and `components` (fixpoints that checks share); the
checks, one a file: `reachable`, `productive`, `recursion`, `duplicates`, `special_tokens`, `terminals`, `lalr`,
`ambiguity` (with its search in `derivations`, `samples`, `contexts`, `showing`); `linting` (the list of them).
"""

from __future__ import annotations

from maskwright.grammar.lint.finding import Finding, Kind, Severity
from maskwright.grammar.lint.linting import lint_ebnf, lint_gbnf, lint_grammar, lint_lark

__all__ = ["Finding", "Kind", "Severity", "lint_ebnf", "lint_gbnf", "lint_grammar", "lint_lark"]
