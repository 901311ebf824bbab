"""From a Lark text to a `Grammar`: lark's own reading, then the lexer and parser, or character by character.

Source: lark 1.3, its documentation and `lark.lexer`, `lark.parsers.lalr_analysis`, `lark.indenter`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from lark.exceptions import LarkError

from maskwright.errors import EmptyLanguage, GrammarSyntaxError, LimitExceeded, SpecificationError
from maskwright.grammar.ir import Grammar, Lexed
from maskwright.grammar.lark.dialect import Dialect, read_dialect
from maskwright.grammar.lark.embedding import Surroundings
from maskwright.grammar.lark.indentation import Indenter
from maskwright.grammar.lark.lexed import lexed_language
from maskwright.grammar.lark.parse_table import parse_table
from maskwright.grammar.lark.scannerless_front_end import (
    check_start,
    combined_terminals,
    declared_terminals,
    noted,
    scannerless_grammar,
    undefined_terminal,
)
from maskwright.grammar.lark.source import MAX_TEXT_LENGTH, SOURCE_NAME, LarkSource, located, read_source
from maskwright.grammar.lexed_language import END_OF_TEXT, LexedLanguage


class Lexer(StrEnum):
    """How a text is cut into terminals, with lark's names.

    CONTEXTUAL: as `Lark(parser="lalr")`: where the parser is decides which terminals are looked for. BASIC: as
    `Lark(parser="lalr", lexer="basic")`: always all of them. DYNAMIC_COMPLETE: as `Lark(parser="earley",
    lexer="dynamic_complete")`: in any way that fits.
    """

    CONTEXTUAL = "contextual"
    BASIC = "basic"
    DYNAMIC_COMPLETE = "dynamic_complete"

    @classmethod
    def _missing_(cls, value: object) -> Lexer:
        known = ", ".join(f"'{lexer}'" for lexer in cls)
        why = ""
        if value == "dynamic":
            why = (
                ": 'dynamic' takes only the longest match of a terminal at each place, which depends on the whole text"
                " behind it; 'dynamic_complete' takes any"
            )
        raise ValueError(f"lexer={value!r} is none of {known}{why}")


MAX_TERMINALS = 2_000
"""Of a grammar that is read with a lexer, texts in rules included; programming languages have some hundred."""
MAX_RULES = 2_500
"""The same for its rules as lark writes them out."""


def lark_grammar(
    text: str,
    start: str = "start",
    *,
    lexer: Lexer | str = Lexer.CONTEXTUAL,
    indenter: Indenter | None = None,
    source_name: str = SOURCE_NAME,
    import_paths: Sequence[str | Path] = (),
    grammars: Mapping[str, Grammar] | None = None,
) -> Grammar:
    """Read a grammar in lark's notation; its texts are those that lark parses from the rule `start`.

    `import_paths` are folders for `%import` and `%json "file"`, `grammars` are those that `@name` names (docs/lark.md).
    A grammar with embedded grammars, special tokens or lazy rules is read with DYNAMIC_COMPLETE, whatever `lexer` says.

    Raises GrammarSyntaxError with the position of the fault, UnsupportedPattern for a terminal that cannot be kept
    exactly, LimitExceeded. `lark_grammar('start: "a"+')` -> the texts a, aa, aaa, ...
    """
    chosen = Lexer(lexer)
    if len(text) > MAX_TEXT_LENGTH:
        raise LimitExceeded("The number of characters of a Lark grammar", len(text), MAX_TEXT_LENGTH)
    dialect = read_dialect(text, source_name)
    plain = dialect.plain
    try:
        source = read_source(plain.text, source_name=source_name, import_paths=import_paths)
        if chosen is not Lexer.DYNAMIC_COMPLETE and not dialect.is_beyond_lexers:
            language = _language(source, start, indenter, dialect, is_contextual=chosen is Lexer.CONTEXTUAL)
            return Grammar("start", {"start": Lexed(language, accepts_nothing(language))}, report=noted(dialect))
        if indenter is not None:
            raise GrammarSyntaxError(_no_indenter(chosen), plain.text, 0, source_name)

        def read_part(part: str) -> Grammar:
            return lark_grammar(part, lexer=chosen, import_paths=import_paths, grammars=grammars)

        folders = tuple(map(Path, import_paths))
        around = Surroundings(text, source_name, folders, grammars or {}, read_part)
        return scannerless_grammar(source, start, dialect, around)
    except GrammarSyntaxError as error:
        raise plain.translated(error) from error


def _no_indenter(chosen: Lexer) -> str:
    if chosen is Lexer.DYNAMIC_COMPLETE:
        return "an indenter needs a lexer: with lexer='dynamic_complete' there are no line breaks for it to look at"
    return (
        "an indenter needs a lexer, but a grammar with embedded grammars, special tokens, %regex or lazy rules is read "
        "without one"
    )


def _language(
    source: LarkSource, start: str, indenter: Indenter | None, dialect: Dialect, *, is_contextual: bool
) -> LexedLanguage:
    check_start(source, start)
    declared = declared_terminals(source)
    inserted = (indenter.indent, indenter.dedent) if indenter else ()
    for name in declared:
        if name not in inserted:
            advice = "name an indenter that inserts it" if not indenter else "the indenter does not insert it"
            raise undefined_terminal(source, name, advice)
    try:
        kept = {indenter.line_break} if indenter else set()
        terminals, rules, ignored = source.grammar.compile([start], kept)
        _check_size(len(terminals), len(rules))
        names = [terminal.name for terminal in terminals] + declared
        table = parse_table(rules, start, names)
        languages = combined_terminals(terminals, dialect)
        return lexed_language(terminals, ignored, table, indenter, is_contextual=is_contextual, languages=languages)
    except GrammarSyntaxError as error:
        if error.source:
            raise
        raise located(error, source.text, source.name) from error
    except (LarkError, AssertionError) as error:
        raise located(error, source.text, source.name) from error


def _check_size(n_terminals: int, n_rules: int) -> None:
    remedy = "read the grammar with lexer='dynamic_complete', or make it smaller"
    if n_terminals > MAX_TERMINALS:
        raise LimitExceeded("The number of terminals of a lexer", n_terminals, MAX_TERMINALS, remedy=remedy)
    if n_rules > MAX_RULES:
        raise LimitExceeded("The number of rules of a parser", n_rules, MAX_RULES, remedy=remedy)


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
