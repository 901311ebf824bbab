"""The terminals of GBNF: literals, character classes, and tokens. Each function reads one at a position.

All take the source and the position of the first character and return the node and the position after the last.
Characters are spelled in UTF-8, so a terminal is a node over bytes.
"""

from __future__ import annotations

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.characters.character_set import ANY_CHARACTER, CharacterSet, character_set
from maskwright.grammar.gbnf.utf8 import utf8_node
from maskwright.grammar.ir import Node, TokenSet, literal

MAX_TOKEN_ID = 2**31 - 1
"""Token ids are int32 everywhere."""

_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "[": "[", "]": "]", "-": "-"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}

SOURCE_NAME = "GBNF grammar"

ANY = utf8_node(ANY_CHARACTER)
"""What `.` stands for."""


def syntax_error(message: str, source: str, position: int) -> GrammarSyntaxError:
    """The error to raise for a fault at a position of the grammar."""
    return GrammarSyntaxError(message, source, position, SOURCE_NAME)


def literal_at(source: str, position: int) -> tuple[Node, int]:
    """A text in double quotes."""
    begin = position
    characters: list[str] = []
    position += 1
    while source[position : position + 1] != '"':
        if position >= len(source):
            raise syntax_error("this text in quotes is never closed", source, begin)
        code, after = character_at(source, position)
        if 0xD800 <= code <= 0xDFFF:
            message = f"the surrogate U+{code:04X} is not a character: write the whole code point, as in \\U0001F600"
            raise syntax_error(message, source, position)
        characters.append(chr(code))
        position = after
    return literal("".join(characters).encode()), position + 1


def class_at(source: str, position: int) -> tuple[Node, int]:
    """A character class in square brackets; a dash before the closing bracket is itself."""
    begin = position
    position += 1
    is_negated = source.startswith("^", position)
    position += is_negated
    ranges: list[tuple[int, int]] = []
    while source[position : position + 1] != "]":
        if position >= len(source):
            raise syntax_error("this character class is never closed", source, begin)
        first_at = position
        first, position = character_at(source, position)
        last = first
        if source.startswith("-", position) and not source.startswith("]", position + 1):
            if position + 1 >= len(source):
                raise syntax_error("this character class is never closed", source, begin)
            last, position = character_at(source, position + 1)
            if last < first:
                message = f"the range {source[first_at:position]} ends before it begins"
                raise syntax_error(message, source, first_at)
        ranges.append((first, last))
    if not ranges:
        raise syntax_error("a character class must list at least one character", source, begin)
    members = character_set(ranges)
    return _class_node(~members if is_negated else members, source, begin), position + 1


def _class_node(members: CharacterSet, source: str, begin: int) -> Node:
    if not members.ranges:
        raise syntax_error("this character class contains no character", source, begin)
    return utf8_node(members)


def character_at(source: str, position: int) -> tuple[int, int]:
    """One character of a literal or class, written as itself or as an escape: its code point."""
    if source[position] != "\\":
        return ord(source[position]), position + 1
    kind = source[position + 1 : position + 2]
    if kind in _SIMPLE_ESCAPES:
        return ord(_SIMPLE_ESCAPES[kind]), position + 2
    if kind not in _HEX_DIGITS:
        known = '\\n \\t \\r \\\\ \\" \\[ \\] \\- \\xHH \\uHHHH \\UHHHHHHHH'
        raise syntax_error(f"unknown escape '\\{kind}'; there are {known}", source, position)
    n_digits = _HEX_DIGITS[kind]
    digits = source[position + 2 : position + 2 + n_digits]
    if len(digits) < n_digits or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        raise syntax_error(f"'\\{kind}' needs {n_digits} hexadecimal digits", source, position)
    code = int(digits, 16)
    if code > 0x10FFFF:
        raise syntax_error("there is no character above U+10FFFF", source, position)
    return code, position + 2 + n_digits


def token_at(source: str, position: int) -> tuple[Node, int]:
    """A token taken whole: `<name>` (the brackets belong to the name), `<[id]>`, and with `!` any token but that."""
    begin = position
    is_negated = source.startswith("!", position)
    position += is_negated
    if not source.startswith("<", position):
        raise syntax_error("'!' must be followed by a token such as <name> or <[7]>", source, begin)
    end = source.find(">", position)
    line_end = source.find("\n", position)
    if end < 0 or 0 <= line_end < end:
        raise syntax_error("this token is never closed by '>'", source, begin)
    name = source[position + 1 : end]
    if not name:
        raise syntax_error("a token needs a name or an id: <name> or <[7]>", source, begin)
    if not name.startswith("["):
        return TokenSet(names=(f"<{name}>",), negated=is_negated), end + 1
    digits = name[1:-1]
    if not (name.endswith("]") and digits.isascii() and digits.isdigit()):
        raise syntax_error("a token id is written <[7]>, in decimal digits", source, begin)
    if len(digits) > 10 or int(digits) > MAX_TOKEN_ID:
        raise syntax_error(f"token ids go up to {MAX_TOKEN_ID}", source, begin)
    return TokenSet(ids=(int(digits),), negated=is_negated), end + 1
