"""From one notation to another, as readable text: `converted(text, source, target)`.

Read, expand what the target has no words for, rename, print. The texts of the grammar stay the same; the one exception
is Lark as a source, whose lexer no other notation can say (`from_lark`), and that is told at the head of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.errors import UnsupportedConversion
from maskwright.grammar.ebnf.front_end import read_ebnf
from maskwright.grammar.gbnf.front_end import read_gbnf
from maskwright.grammar.notation.expansion import expanded
from maskwright.grammar.notation.naming import GBNF_NAMES, LARK_NAMES, W3C_NAMES, XGRAMMAR_NAMES, Names, renamed
from maskwright.grammar.notation.notations import Source, Target
from maskwright.grammar.notation.printing import print_gbnf, print_lark, print_w3c, print_xgrammar
from maskwright.grammar.notation.written import WrittenGrammar

LARK_COMMENT = (
    "Without a lexer, every character class is a terminal of one character. Read it with",
    'lark.Lark(grammar, parser="earley", lexer="dynamic").',
)


@dataclass(frozen=True, slots=True)
class _Notation:
    """How a target is named in errors and spelled, and whether it has a word for exclusions."""

    name: str
    names: Names
    printed: Callable[[WrittenGrammar, Sequence[str]], str]
    has_exclusions: bool = False


_TARGETS = {
    Target.LARK: _Notation("Lark", LARK_NAMES, print_lark),
    Target.GBNF: _Notation("GBNF", GBNF_NAMES, print_gbnf),
    Target.EBNF: _Notation("XGrammar's EBNF", XGRAMMAR_NAMES, print_xgrammar),
    Target.W3C: _Notation("the W3C's EBNF", W3C_NAMES, print_w3c, has_exclusions=True),
}


def converted(
    text: str,
    source: Source,
    target: Target,
    *,
    start: str | None = None,
    import_paths: Sequence[str | Path] = (),
) -> str:
    """A grammar in another notation. `start` is the rule that texts begin with, if not the notation's own.

    Raises GrammarSyntaxError, LimitExceeded, or UnsupportedConversion for what the target cannot say.
    """
    comments: list[str] = list(LARK_COMMENT) if target is Target.LARK else []
    if source is Source.LARK:
        from maskwright.grammar.notation.from_lark import LEXER_COMMENT, read_lark

        if target is Target.LARK:
            advice = "it is written in Lark already, and its lexer would be lost"
            raise UnsupportedConversion("a lexer", start or "start", "Lark without one", advice)
        grammar, start = read_lark(text, start or "start", import_paths=import_paths)
        comments += LEXER_COMMENT
    elif source is Source.GBNF:
        start = start or "root"
        grammar = read_gbnf(text, start)
    else:
        grammar, start = read_ebnf(text, start)
    notation = _TARGETS[target]
    grammar = expanded(grammar, notation.name, keep_exclusions=notation.has_exclusions)
    return notation.printed(renamed(grammar, start, notation.names), comments)
