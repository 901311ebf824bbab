r"""Escapes: what a backslash and the characters after it stand for, in a pattern and inside a class.

`code_at` reads the escapes that stand for one character, `named_class_at` those that stand for a set; both are used by
`escape_at` (in a pattern) and by `classes` (inside brackets), so an escape means the same in both places.
"""

from __future__ import annotations

import re
import unicodedata

from maskwright.errors import GrammarSyntaxError, UnsupportedPattern
from maskwright.grammar.characters.character_set import CharacterSet, character_set
from maskwright.grammar.characters.dialect import (
    ECMA,
    Dialect,
    Flags,
    no_word_boundary,
    no_word_boundary_in_text,
    under_flags,
    word_boundary,
)
from maskwright.grammar.characters.properties import property_set
from maskwright.grammar.characters.syntax import Expression, characters

_SURROGATE_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_HEXADECIMAL = {
    "x": re.compile(r"\\x([0-9a-fA-F]{2})"),
    "u": re.compile(r"\\u([0-9a-fA-F]{4})"),
    "U": re.compile(r"\\U([0-9a-fA-F]{8})"),
}
_BRACED = re.compile(r"\\u\{([0-9a-fA-F]{1,8})\}")
_OCTAL = re.compile(r"\\(0[0-7]{0,2}|[0-3][0-7]{2})")
_PROPERTY = re.compile(r"\\[pP]\{(?:([A-Za-z_]+)=)?([A-Za-z0-9_]+)\}")
_NAMED_CHARACTER = re.compile(r"\\N\{([^}]+)\}")


def escape_at(pattern: str, position: int, dialect: Dialect, flags: Flags) -> tuple[Expression, int, bool]:
    """The escape outside of brackets that begins here: its node, its end, and whether it may be repeated."""
    letter = pattern[position + 1 : position + 2]
    if letter in dialect.anchors:
        return dialect.anchors[letter], position + 2, False
    if letter in ("b", "B"):
        word = _class_of_letter("w", dialect, flags)
        if letter == "b":
            return word_boundary(word), position + 2, False
        make = no_word_boundary_in_text if dialect is not ECMA else no_word_boundary
        return make(word), position + 2, False
    named = named_class_at(pattern, position, dialect, flags)
    if named is not None:
        return characters(named[0]), named[1], True
    octal = _OCTAL.match(pattern, position) if dialect is not ECMA else None
    if octal is None and (letter in "123456789" or (letter == "k" and dialect is ECMA)) and letter:
        raise UnsupportedPattern(
            "A back-reference", pattern, position, "it is not regular; write out what may be repeated"
        )
    code, end = code_at(pattern, position, dialect)
    if 0xD800 <= code <= 0xDFFF:
        raise UnsupportedPattern(
            "A lone surrogate", pattern, position, r"no text contains it; write the character itself or \u{...}"
        )
    members = under_flags(character_set([(code, code)]), dialect, flags)
    return characters(members), end, True


def named_class_at(pattern: str, position: int, dialect: Dialect, flags: Flags) -> tuple[CharacterSet, int] | None:
    r"""The set that `\d`, `\W`, `\p{Lu}` and the like stand for, and its end; None if this is no such escape."""
    letter = pattern[position + 1 : position + 2]
    if letter and letter.lower() in dialect.classes:
        members = _class_of_letter(letter.lower(), dialect, flags)
        return (members if letter.islower() else ~members), position + 2
    if letter not in ("p", "P") or dialect is not ECMA:
        return None
    written = _PROPERTY.match(pattern, position)
    found = None if written is None else property_set(written[1], written[2])
    if written is None or found is None:
        raise UnsupportedPattern(
            "A Unicode property" if written is None else f"The Unicode property {written[0][3:-1]!r}",
            pattern,
            position,
            r"known are categories such as \p{L} and binary properties such as \p{Lowercase}; write out the ranges",
        )
    # the flag `i` adds to the set that is written, so \P{Lu} matches every letter under it: ECMA-262, 22.2.2.7.3
    return under_flags(found if letter == "p" else ~found, dialect, flags), written.end()


def _class_of_letter(letter: str, dialect: Dialect, flags: Flags) -> CharacterSet:
    r"""What `\d`, `\w`, `\s` mean under the flags; in ECMA-262 the complement is taken after ignoring case."""
    members = (dialect.ascii_classes if flags.ascii else dialect.classes)[letter]()
    return under_flags(members, dialect, flags) if dialect is ECMA else members


def code_at(pattern: str, position: int, dialect: Dialect) -> tuple[int, int]:
    """The code point that the escape here stands for, and its end."""
    letter = pattern[position + 1 : position + 2]
    if not letter:
        raise GrammarSyntaxError("a backslash ends the pattern", pattern, position, "pattern")
    if letter in dialect.control_escapes:
        return dialect.control_escapes[letter], position + 2
    if letter in "xuU" and (letter != "U" or dialect is not ECMA):
        return _hexadecimal_at(pattern, position, dialect)
    if dialect is ECMA:
        if letter == "c" and pattern[position + 2 : position + 3].isascii() and pattern[position + 2 :][:1].isalpha():
            return ord(pattern[position + 2]) % 32, position + 3
        if letter == "0" and not pattern[position + 2 : position + 3].isdigit():
            return 0, position + 2
    else:
        if octal := _OCTAL.match(pattern, position):
            return int(octal[1], 8), octal.end()
        if named := _NAMED_CHARACTER.match(pattern, position):
            try:
                return ord(unicodedata.lookup(named[1])), named.end()
            except (KeyError, TypeError):
                raise GrammarSyntaxError(
                    f"there is no character named {named[1]!r}", pattern, position, "pattern"
                ) from None
    if letter.isascii() and letter.isalnum():
        raise GrammarSyntaxError(f"{dialect.name} has no escape '\\{letter}'", pattern, position, "pattern")
    return ord(letter), position + 2


def _hexadecimal_at(pattern: str, position: int, dialect: Dialect) -> tuple[int, int]:
    if dialect is ECMA:
        if pair := _SURROGATE_PAIR.match(pattern, position):
            high, low = int(pair[1], 16), int(pair[2], 16)
            return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), pair.end()
        braced = _BRACED.match(pattern, position)
        if braced and int(braced[1], 16) <= 0x10FFFF:
            return int(braced[1], 16), braced.end()
    written = _HEXADECIMAL[pattern[position + 1]].match(pattern, position)
    if written is None or int(written[1], 16) > 0x10FFFF:
        raise GrammarSyntaxError("this escape needs hexadecimal digits", pattern, position, "pattern")
    return int(written[1], 16), written.end()
