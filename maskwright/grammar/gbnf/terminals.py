"""The terminals of GBNF: texts, character classes, and tokens. Each function reads one at a position.

All take the source and the position of the first character and return the expression and the position after the last.
"""

from __future__ import annotations

from maskwright.grammar.characters.character_set import character_set
from maskwright.grammar.notation.source import Source
from maskwright.grammar.notation.written import Characters, Expression, SpecialToken, text

MAX_TOKEN_ID = 2**31 - 1
"""Token ids are int32 everywhere."""

_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "[": "[", "]": "]", "-": "-"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


def text_at(source: Source, position: int) -> tuple[Expression, int]:
    """A text in double quotes."""
    begin = position
    characters: list[str] = []
    position += 1
    while source.text[position : position + 1] != '"':
        if position >= len(source.text):
            raise source.fault("this text in quotes is never closed", begin)
        code, after = character_at(source, position)
        if 0xD800 <= code <= 0xDFFF:
            message = f"the surrogate U+{code:04X} is not a character: write the whole code point, as in \\U0001F600"
            raise source.fault(message, position)
        characters.append(chr(code))
        position = after
    return text("".join(characters)), position + 1


def class_at(source: Source, position: int) -> tuple[Expression, int]:
    """A character class in square brackets; a dash before the closing bracket is itself."""
    begin = position
    position += 1
    is_negated = source.text.startswith("^", position)
    position += is_negated
    ranges: list[tuple[int, int]] = []
    while source.text[position : position + 1] != "]":
        if position >= len(source.text):
            raise source.fault("this character class is never closed", begin)
        first_at = position
        first, position = character_at(source, position)
        last = first
        if source.text.startswith("-", position) and not source.text.startswith("]", position + 1):
            if position + 1 >= len(source.text):
                raise source.fault("this character class is never closed", begin)
            last, position = character_at(source, position + 1)
            if last < first:
                message = f"the range {source.text[first_at:position]} ends before it begins"
                raise source.fault(message, first_at)
        ranges.append((first, last))
    if not ranges:
        raise source.fault("a character class must list at least one character", begin)
    members = character_set(ranges)
    if is_negated:
        members = ~members
    if not members.ranges:
        raise source.fault("this character class contains no character", begin)
    return Characters(members), position + 1


def character_at(source: Source, position: int) -> tuple[int, int]:
    """One character of a text or class, written as itself or as an escape: its code point."""
    if source.text[position] != "\\":
        return ord(source.text[position]), position + 1
    kind = source.text[position + 1 : position + 2]
    if kind in _SIMPLE_ESCAPES:
        return ord(_SIMPLE_ESCAPES[kind]), position + 2
    if kind not in _HEX_DIGITS:
        known = '\\n \\t \\r \\\\ \\" \\[ \\] \\- \\xHH \\uHHHH \\UHHHHHHHH'
        raise source.fault(f"unknown escape '\\{kind}'; there are {known}", position)
    n_digits = _HEX_DIGITS[kind]
    digits = source.text[position + 2 : position + 2 + n_digits]
    if len(digits) < n_digits or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        raise source.fault(f"'\\{kind}' needs {n_digits} hexadecimal digits", position)
    code = int(digits, 16)
    if code > 0x10FFFF:
        raise source.fault("there is no character above U+10FFFF", position)
    return code, position + 2 + n_digits


def token_at(source: Source, position: int) -> tuple[Expression, int]:
    """A token taken whole: `<name>` (the brackets belong to the name), `<[id]>`, and with `!` any token but that."""
    begin = position
    is_negated = source.text.startswith("!", position)
    position += is_negated
    if not source.text.startswith("<", position):
        raise source.fault("'!' must be followed by a token such as <name> or <[7]>", begin)
    end = source.text.find(">", position)
    line_end = source.text.find("\n", position)
    if end < 0 or 0 <= line_end < end:
        raise source.fault("this token is never closed by '>'", begin)
    name = source.text[position + 1 : end]
    if not name:
        raise source.fault("a token needs a name or an id: <name> or <[7]>", begin)
    if not name.startswith("["):
        return SpecialToken(names=(f"<{name}>",), negated=is_negated), end + 1
    digits = name[1:-1]
    if not (name.endswith("]") and digits.isascii() and digits.isdigit()):
        raise source.fault("a token id is written <[7]>, in decimal digits", begin)
    if len(digits) > 10 or int(digits) > MAX_TOKEN_ID:
        raise source.fault(f"token ids go up to {MAX_TOKEN_ID}", begin)
    return SpecialToken(ids=(int(digits),), negated=is_negated), end + 1
