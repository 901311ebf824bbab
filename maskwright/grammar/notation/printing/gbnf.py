r"""GBNF: a written grammar as llama.cpp reads it.

Characters that mean something inside brackets are written by their codes (`\x2D`), since not every version of
llama.cpp knows `\-`; so is all that cannot be seen on a screen.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskwright.errors import UnsupportedConversion
from maskwright.grammar.characters.character_set import ANY_CHARACTER
from maskwright.grammar.notation.printing.layout import (
    Level,
    Printed,
    Spelling,
    alternatives,
    braced,
    class_body,
    code_escape,
    is_plain,
    rules_in_lines,
)
from maskwright.grammar.notation.written import (
    Characters,
    Expression,
    Reference,
    SpecialToken,
    Text,
    WrittenGrammar,
)

NOTATION = "GBNF"

_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}


def print_gbnf(grammar: WrittenGrammar, comments: Sequence[str] = ()) -> str:
    """The text of a grammar without exclusions and patterns, whose names GBNF allows."""
    heads = [f"# {comment}" for comment in comments]
    return rules_in_lines(((rule.name, alternatives(rule, _SPELLING)) for rule in grammar.rules), "::=", heads)


def _leaf(rule: str, item: Expression) -> Printed:
    match item:
        case Text(characters):
            return Printed('"' + "".join(_character(ord(character), '"') for character in characters) + '"')
        case Characters(members):
            if members == ANY_CHARACTER:
                return Printed(".")
            return Printed(f"[{class_body(members, _class_character)}]")
        case Reference(name):
            return Printed(name)
        case SpecialToken():
            return _token(rule, item)
    raise AssertionError(item)


def _character(code: int, quote: str) -> str:
    character = chr(code)
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character == quote:
        return f"\\{character}"
    if is_plain(code):
        return character
    return f"\\x{code:02X}" if code <= 0xFF else code_escape(code)


def _class_character(code: int, _: str) -> str:
    return f"\\x{code:02X}" if chr(code) in "[]^-" else _character(code, "")


def _token(rule: str, token: SpecialToken) -> Printed:
    spelled = [f"<[{number}]>" for number in token.ids]
    for name in token.names:
        if not (name.startswith("<") and name.endswith(">") and name[1:2] != "[" and ">" not in name[1:-1]):
            raise UnsupportedConversion(f"the token {name!r}", rule, NOTATION, "name it by its id")
        spelled.append(name)
    if not token.negated:
        return Printed(" | ".join(spelled), Level.ITEM if len(spelled) == 1 else Level.CHOICE)
    if len(spelled) != 1:
        raise UnsupportedConversion("any token but several", rule, NOTATION, "only one can be excluded")
    return Printed("!" + spelled[0])


def _repeated(_: str, body: Printed, minimum: int, maximum: int | None) -> Printed:
    return braced(body, minimum, maximum)


def _excluded(_: str, left: Printed, right: Printed) -> Printed:
    raise AssertionError((left, right))


_SPELLING = Spelling(_leaf, _repeated, _excluded, '""')
