r"""Lark: a written grammar for lark's scannerless reading, `Lark(text, parser="earley", lexer="dynamic")`.

Every class is a terminal of one character, and every text one of fixed length, so that no choice of a lexer is left:
the texts are those of the grammar. (With a lexer that takes the longest terminal first, they would not be.)
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
    class_body,
    code_escape,
    is_plain,
    signed,
)
from maskwright.grammar.notation.written import (
    Characters,
    Expression,
    Reference,
    SpecialToken,
    Text,
    WrittenGrammar,
)

NOTATION = "Lark"

_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}


def print_lark(grammar: WrittenGrammar, comments: Sequence[str] = ()) -> str:
    """The text of a grammar without exclusions and patterns, whose names Lark allows for rules."""
    lines = [f"// {comment}" for comment in comments]
    for rule in grammar.rules:
        first, *rest = alternatives(rule, _SPELLING)
        lines.append(f"{rule.name}: {first}")
        lines += [f"{' ' * len(rule.name)}| {part}" for part in rest]
    return "\n".join(lines) + "\n"


def _leaf(rule: str, item: Expression) -> Printed:
    match item:
        case Text(characters):
            return Printed('"' + "".join(_character(character, '"') for character in characters) + '"')
        case Characters(members):
            if members == ANY_CHARACTER:
                return Printed("/./s")
            return Printed(f"/[{class_body(members, _class_character)}]/")
        case Reference(name):
            return Printed(name)
        case SpecialToken():
            raise UnsupportedConversion("a special token", rule, NOTATION, "it knows characters only")
    raise AssertionError(item)


def _character(character: str, special: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character in special:
        return f"\\{character}"
    if is_plain(ord(character)):
        return character
    return f"\\x{ord(character):02X}" if character <= "\xff" else code_escape(ord(character))


def _class_character(code: int, _: str) -> str:
    return _character(chr(code), "[]^-/&~|")


def _repeated(_: str, body: Printed, minimum: int, maximum: int | None) -> Printed:
    if maximum == 0 or body.text == _SPELLING.empty:
        return Printed(_SPELLING.empty)
    if (shown := signed(body, minimum, maximum)) is not None:
        return shown
    copy = body.at(Level.ITEM)
    if maximum is None:
        return Printed(f"{copy}~{minimum} {copy}*", Level.SEQUENCE)
    counts = f"{minimum}" if minimum == maximum else f"{minimum}..{maximum}"
    return Printed(f"{copy}~{counts}", Level.REPETITION)


def _excluded(_: str, left: Printed, right: Printed) -> Printed:
    raise AssertionError((left, right))


_SPELLING = Spelling(_leaf, _repeated, _excluded, "()")
