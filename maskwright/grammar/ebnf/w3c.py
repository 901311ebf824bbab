"""What only the W3C's EBNF has: texts without escapes in either quotes, character codes, classes made of them.

Source: XML 1.0 (fifth edition), section 6, "Notation". A backslash is a character like any other. In a class a dash at
either end is itself; `[#x20#x9]` lists two characters, `[#x20-#x7E]` is a range.
"""

from __future__ import annotations

import re

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.characters.character_set import character_set
from maskwright.grammar.notation.source import Source
from maskwright.grammar.notation.written import Characters, Expression, text

_CODE = re.compile("#x([0-9A-Fa-f]+)")
_SURROGATE = re.compile("[\ud800-\udfff]")


def text_at(source: Source, position: int) -> tuple[Expression, int]:
    """A text in single or double quotes; each may hold the other, and no escapes."""
    end = source.text.find(source.text[position], position + 1)
    line_end = source.text.find("\n", position)
    if end < 0 or 0 <= line_end < end:
        raise source.fault("this text in quotes is never closed in its line", position)
    half = _SURROGATE.search(source.text, position + 1, end)
    if half is not None:
        raise _no_character(source, ord(half[0]), half.start())
    return text(source.text[position + 1 : end]), end + 1


def code_at(source: Source, position: int) -> tuple[Expression, int]:
    """A character by its code, as in #x20."""
    code, end = _code(source, position)
    if 0xD800 <= code <= 0xDFFF:
        raise _no_character(source, code, position)
    return text(chr(code)), end


def class_at(source: Source, position: int) -> tuple[Expression, int]:
    """A character class."""
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
    if not ranges:
        raise source.fault("a character class must list at least one character", begin)
    members = ~character_set(ranges) if is_negated else character_set(ranges)
    if not members.ranges:
        raise source.fault("this character class contains no character", begin)
    return Characters(members), position + 1


def _class_character(source: Source, position: int, begin: int) -> tuple[int, int]:
    if position >= len(source.text) or source.text[position] in "\r\n":
        raise source.fault("this character class is never closed in its line", begin)
    if _CODE.match(source.text, position):
        return _code(source, position)
    return ord(source.text[position]), position + 1


def _code(source: Source, position: int) -> tuple[int, int]:
    code = _CODE.match(source.text, position)
    if code is None:
        raise source.fault("expected a character code such as #x20", position)
    digits = code[1].lstrip("0") or "0"
    if len(digits) > 6 or int(digits, 16) > 0x10FFFF:
        raise source.fault("there is no character above U+10FFFF", position)
    return int(digits, 16), code.end()


def _no_character(source: Source, code: int, position: int) -> GrammarSyntaxError:
    return source.fault(f"the surrogate U+{code:04X} is not a character", position)
