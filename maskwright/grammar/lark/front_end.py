"""From a Lark text to a `Grammar`: lark's own reading, then the lexer and parser, or character by character.

Source: lark 1.3, its documentation and `lark.lexer`, `lark.parsers.lalr_analysis`, `lark.indenter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from lark.exceptions import LarkError

from maskwright.errors import EmptyLanguage, GrammarSyntaxError, SpecificationError
from maskwright.grammar.ir import Grammar, Lexed
from maskwright.grammar.lark.indentation import Indenter
from maskwright.grammar.lark.lexed import lexed_language
from maskwright.grammar.lark.parse_table import parse_table
from maskwright.grammar.lark.source import SOURCE_NAME, LarkSource, located, read_source
from maskwright.grammar.lexed_language import END_OF_TEXT, LexedLanguage


class Lexer(StrEnum):
    """How a text is cut into terminals, with lark's names.

    CONTEXTUAL: as `Lark(parser="lalr")`: where the parser is decides which terminals are looked for. BASIC: as
    `Lark(parser="lalr", lexer="basic")`: always all of them. DYNAMIC: as `Lark(parser="earley")`: in any way that fits.
    """

    CONTEXTUAL = "contextual"
    BASIC = "basic"
    DYNAMIC = "dynamic"


def lark_grammar(
    text: str,
    start: str = "start",
    *,
    lexer: Lexer | str = Lexer.CONTEXTUAL,
    indenter: Indenter | None = None,
    source_name: str = SOURCE_NAME,
    import_paths: Sequence[str | Path] = (),
) -> Grammar:
    """Read a grammar in lark's notation; its texts are those that lark parses from the rule `start`.

    Raises GrammarSyntaxError with the position of the fault, UnsupportedPattern for a terminal that cannot be kept
    exactly, LimitExceeded. `lark_grammar('start: "a"+')` -> the texts a, aa, aaa, ...
    """
    source = read_source(text, source_name=source_name, import_paths=import_paths)
    chosen = Lexer(lexer)
    language = _language(source, start, indenter, is_contextual=chosen is Lexer.CONTEXTUAL)
    has_empty = accepts_nothing(language)
    return Grammar("start", {"start": Lexed(language, has_empty)})


def _language(source: LarkSource, start: str, indenter: Indenter | None, *, is_contextual: bool) -> LexedLanguage:
    if start not in {name for name, *_ in source.grammar.rule_defs}:
        raise GrammarSyntaxError(f"there is no rule '{start}' to start from", source.text, 0, source.name)
    declared = [name for name, (tree, _) in source.grammar.term_defs if tree is None]
    inserted = (indenter.indent, indenter.dedent) if indenter else ()
    for name in declared:
        if name not in inserted:
            advice = "name an indenter that inserts it" if not indenter else "the indenter does not insert it"
            position = max(0, source.text.find(name))
            message = f"no text has the terminal '{name}' that '%declare' declares: {advice}"
            raise GrammarSyntaxError(message, source.text, position, source.name)
    try:
        kept = {indenter.line_break} if indenter else set()
        terminals, rules, ignored = source.grammar.compile([start], kept)
        names = [terminal.name for terminal in terminals] + declared
        table = parse_table(rules, start, names)
        return lexed_language(terminals, rules, ignored, table, indenter, is_contextual=is_contextual)
    except GrammarSyntaxError as error:
        if error.source:
            raise
        raise located(error, source.text, source.name) from error
    except (LarkError, AssertionError) as error:
        raise located(error, source.text, source.name) from error


def accepts_nothing(language: LexedLanguage) -> bool:
    """Does the parser accept the empty text?"""
    stack = [language.start_state]
    while True:
        action = _action(language, stack[-1], END_OF_TEXT)
        if action is None or not action & 1:
            return False
        n, left = language.rules[action >> 1].tolist()
        if n:
            del stack[-n:]
        following = _action(language, stack[-1], left)
        assert following is not None
        stack.append(following >> 1)
        if stack[-1] == language.end_state:
            return True


def _action(language: LexedLanguage, state: int, symbol: int) -> int | None:
    rows = language.table[language.table_start[state] : language.table_start[state + 1]]
    found = rows[rows[:, 0] == symbol]
    return int(found[0, 1]) if len(found) else None


__all__ = ["EmptyLanguage", "Lexer", "SpecificationError", "lark_grammar"]
