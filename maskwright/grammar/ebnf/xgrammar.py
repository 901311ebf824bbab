r"""What only XGrammar's EBNF has: texts and classes with escapes, counts in braces, and macros.

Source: "EBNF Grammar" in the documentation of XGrammar. `\x` takes as many hexadecimal digits as follow; `[^]` is any
character. `Token(...)` and `ExcludeToken(...)` are special tokens by their ids. `TagDispatch` and `TokenTagDispatch`
are refused: what they let through is free text around other rules, for which the notation itself has no name.
"""

from __future__ import annotations

import re

from maskwright.grammar.characters.character_set import character_set
from maskwright.grammar.ebnf.style import MACROS
from maskwright.grammar.notation.source import Source
from maskwright.grammar.notation.written import Characters, Expression, SpecialToken, text

MAX_TOKEN_ID = 2**31 - 1
"""Token ids are int32 everywhere."""

_SIMPLE_ESCAPES = {
    **{character: character for character in "\"\\/'?"},
    **dict(zip("nrtbfav0e", "\n\r\t\b\f\a\v\0\x1b", strict=True)),
}
_CLASS_ESCAPES = _SIMPLE_ESCAPES | {character: character for character in "^$.*+()[]{}|-"}
_HEXADECIMAL = {"x": re.compile("[0-9A-Fa-f]+"), "u": re.compile("[0-9A-Fa-f]{4}"), "U": re.compile("[0-9A-Fa-f]{8}")}
_IDS = re.compile(r"\(\s*([0-9]+(?:\s*,\s*[0-9]+)*)\s*,?\s*\)")


def text_at(source: Source, position: int) -> tuple[Expression, int]:
    """A text in double quotes, on one line."""
    begin = position
    characters: list[str] = []
    position += 1
    while source.text[position : position + 1] != '"':
        if position >= len(source.text) or source.text[position] in "\r\n":
            raise source.fault("this text in quotes is never closed in its line", begin)
        code, after = _character_at(source, position, _SIMPLE_ESCAPES)
        if 0xD800 <= code <= 0xDFFF:
            message = f"the surrogate U+{code:04X} is not a character: write the whole code point, as in \\U0001F600"
            raise source.fault(message, position)
        characters.append(chr(code))
        position = after
    return text("".join(characters)), position + 1


def class_at(source: Source, position: int) -> tuple[Expression, int]:
    """A character class; a dash at either end is itself, and `[^]` is any character."""
    begin = position
    position += 1
    is_negated = source.text.startswith("^", position)
    position += is_negated
    ranges: list[tuple[int, int]] = []
    while source.text[position : position + 1] != "]":
        first_at = position
        first, position = _class_character(source, position, begin)
        last = first
        if source.text.startswith("-", position) and not source.text.startswith("]", position + 1):
            last, position = _class_character(source, position + 1, begin)
            if last < first:
                raise source.fault(f"the range {source.text[first_at:position]} ends before it begins", first_at)
        ranges.append((first, last))
    members = ~character_set(ranges) if is_negated else character_set(ranges)
    if not members.ranges:
        raise source.fault("this character class contains no character", begin)
    return Characters(members), position + 1


def _class_character(source: Source, position: int, begin: int) -> tuple[int, int]:
    if position >= len(source.text) or source.text[position] in "\r\n":
        raise source.fault("this character class is never closed in its line", begin)
    if source.text[position] == "\\" and source.text[position + 1 : position + 2] in tuple("dDsSwW"):
        shorthand = source.text[position : position + 2]
        raise source.fault(f"the class {shorthand} is not part of the notation: write its ranges", position)
    return _character_at(source, position, _CLASS_ESCAPES)


def _character_at(source: Source, position: int, escapes: dict[str, str]) -> tuple[int, int]:
    """One character, written as itself or as an escape: its code point."""
    if source.text[position] != "\\":
        return ord(source.text[position]), position + 1
    kind = source.text[position + 1 : position + 2]
    if kind in escapes:
        return ord(escapes[kind]), position + 2
    if kind not in _HEXADECIMAL:
        known = " ".join(f"\\{letter}" for letter in escapes)
        raise source.fault(f"unknown escape '\\{kind}'; there are {known} \\xH... \\uHHHH \\UHHHHHHHH", position)
    digits = _HEXADECIMAL[kind].match(source.text, position + 2)
    if digits is None:
        needed = {"x": "hexadecimal digits", "u": "4 hexadecimal digits", "U": "8 hexadecimal digits"}[kind]
        raise source.fault(f"'\\{kind}' needs {needed}", position)
    significant = digits[0].lstrip("0") or "0"
    if len(significant) > 6 or int(significant, 16) > 0x10FFFF:
        raise source.fault("there is no character above U+10FFFF", position)
    return int(significant, 16), digits.end()


def macro_at(source: Source, name: str, position: int) -> tuple[Expression, int]:
    """A macro, whose name stands at the position."""
    assert name in MACROS
    if name not in ("Token", "ExcludeToken"):
        message = f"{name} is not read: write its free text, its tags and what follows them as rules"
        raise source.fault(message, position)
    arguments = _IDS.match(source.text, position + len(name))
    if arguments is None:
        raise source.fault(f"{name} needs the ids of tokens in parentheses, as in {name}(7, 8)", position)
    ids = sorted({int(digits[-11:]) for digits in arguments[1].replace(",", " ").split()})
    if any(len(digits) > 10 for digits in arguments[1].replace(",", " ").split()) or ids[-1] > MAX_TOKEN_ID:
        raise source.fault(f"token ids go up to {MAX_TOKEN_ID}", position)
    return SpecialToken(ids=tuple(ids), negated=name == "ExcludeToken"), arguments.end()
