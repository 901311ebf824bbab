"""A grammar in whichever notation it is written: hosts hand over one text and do not say what it is.

`name ::= ...` at the head of a line is a rule of EBNF or GBNF and never of Lark, so that decides between these. The two
that write `::=` differ in little; what is no EBNF (as XGrammar and the W3C write it, which is what hosts document) is
read as GBNF. A text that is neither is refused with the error of the EBNF reader. Who knows the notation says it.

Rejected: to try Lark's reader too where the others fail. A slip in one notation may be a grammar of quite another one;
EBNF and GBNF are so alike that a text which both read nearly always means the same, and EBNF goes first.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from maskwright.errors import GrammarSyntaxError

if TYPE_CHECKING:
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.compiler import Compiler

#: A rule that is written with `::=`, perhaps numbered as the W3C does, at the head of a line.
_RULE: Final = re.compile(r"^[ \t]*(?:\[\d+\w?\][ \t]*)?[A-Za-z_][\w.-]*\s*::=", re.MULTILINE)


class Notation(StrEnum):
    """The notations of grammars that a host may hand over."""

    LARK = "lark"
    EBNF = "ebnf"
    GBNF = "gbnf"


def notation_of(text: str) -> Notation:
    """Lark, or EBNF where a line begins with `name ::=`.

    `notation_of('root ::= "a"')` -> `Notation.EBNF`; `notation_of('start: "a"')` -> `Notation.LARK`.
    """
    return Notation.EBNF if _RULE.search(text) else Notation.LARK


def compile_grammar_text(
    compiler: Compiler, text: str, notation: Notation | None = None, start: str | None = None
) -> CompiledGrammar:
    """Compile a grammar; without a notation it is recognised, without a start the notation's own is taken.

    Raises what `Compiler.compile_lark`, `compile_ebnf` and `compile_gbnf` raise.

        compile_grammar_text(compiler, 'root ::= "yes" | "no"')
    """
    match notation or notation_of(text):
        case Notation.LARK:
            return compiler.compile_lark(text, start=start or "start")
        case Notation.GBNF:
            return compiler.compile_gbnf(text, start=start or "root")
    try:
        return compiler.compile_ebnf(text, start=start)
    except GrammarSyntaxError as error:
        if notation is not None:
            raise
        try:
            return compiler.compile_gbnf(text, start=start or "root")
        except GrammarSyntaxError:
            raise error from None
