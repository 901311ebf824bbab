r"""EBNF: a written grammar as XGrammar reads it.

A comment at the head is always there: it tells readers of EBNF which of its notations follows. Characters are never
written as `\xHH`, which would take the hexadecimal digits behind it along.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskwright.errors import UnsupportedConversion
from maskwright.grammar.characters.character_set import ANY_CHARACTER
from maskwright.grammar.notation.printing.layout import (
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

NOTATION = "XGrammar's EBNF"

_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}


def print_xgrammar(grammar: WrittenGrammar, comments: Sequence[str] = ()) -> str:
    """The text of a grammar without exclusions and patterns, whose names XGrammar allows."""
    heads = [f"# {comment}" for comment in ("EBNF as XGrammar reads it.", *comments)]
    return rules_in_lines(((rule.name, alternatives(rule, _SPELLING)) for rule in grammar.rules), "::=", heads)


def _leaf(rule: str, item: Expression) -> Printed:
    match item:
        case Text(characters):
            return Printed('"' + "".join(_character(character, '"') for character in characters) + '"')
        case Characters(members):
            body = "^" if members == ANY_CHARACTER else class_body(members, _class_character)
            return Printed(f"[{body}]")
        case Reference(name):
            return Printed(name)
        case SpecialToken(ids, names, negated):
            if names:
                raise UnsupportedConversion(f"the token {names[0]!r}", rule, NOTATION, "name it by its id")
            return Printed(f"{'ExcludeToken' if negated else 'Token'}({', '.join(map(str, ids))})")
    raise AssertionError(item)


def _character(character: str, special: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character in special:
        return f"\\{character}"
    return character if is_plain(ord(character)) else code_escape(ord(character))


def _class_character(code: int, _: str) -> str:
    return _character(chr(code), "[]^-")


def _repeated(_: str, body: Printed, minimum: int, maximum: int | None) -> Printed:
    return braced(body, minimum, maximum)


def _excluded(_: str, left: Printed, right: Printed) -> Printed:
    raise AssertionError((left, right))


_SPELLING = Spelling(_leaf, _repeated, _excluded, '""')
