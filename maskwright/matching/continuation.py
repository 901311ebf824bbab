"""What may come next in a text, in words that a person reads.

Idea. Every byte that may come next is tried on a fork of the matcher, and so is what it forces: `t` that must become
`true` is shown as one word, bytes that force nothing are gathered into ranges of characters. Tokens that the grammar
takes whole are named behind them.
Cost: at most 256 forks; a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from maskwright.errors import TokenRejected
from maskwright.matching.bitmask import allowed_tokens

if TYPE_CHECKING:
    from maskwright.matching.matcher import Matcher
    from maskwright.matching.vocabulary import Vocabulary

MAX_WORD_BYTES = 40
MAX_PARTS = 24
MAX_ALIKE = 4
"""So many bytes before the same text are shown with it, one by one."""

_NAMES = {" ": "a blank", "\n": "a line break", "\t": "a tab", "\r": "a carriage return", "`": "a backquote"}
_PRINTABLE = frozenset(range(0x21, 0x7F))
_WHITE_SPACE = frozenset(b" \t\n\r")
_NOT_ASCII = frozenset(range(0xC2, 0xF5))
_RANGES = (range(ord("0"), ord("9") + 1), range(ord("a"), ord("z") + 1), range(ord("A"), ord("Z") + 1))


@dataclass(frozen=True, slots=True)
class Continuation:
    """parts: readable descriptions, each of one or several ways to go on. may_end: the text may also end here.

    first: the bytes that may come next, ascending.
    """

    parts: tuple[str, ...]
    may_end: bool
    first: bytes = b""

    def __str__(self) -> str:
        ways = [*self.parts[:MAX_PARTS]]
        if len(self.parts) > MAX_PARTS:
            ways.append(f"{len(self.parts) - MAX_PARTS} other ways")
        if self.may_end:
            ways.append("the end of the text")
        return _listed(ways, "or") if ways else "nothing"


def continuation_of(matcher: Matcher, hidden: bytes = b"") -> Continuation:
    """Everything that may follow what `matcher` has read, byte by byte; `hidden` are bytes that no text has."""
    bytes_before: dict[bytes, set[int]] = {}
    for byte in range(256):
        fork = matcher.fork()
        try:
            fork.accept_bytes(bytes([byte]))
        except TokenRejected:
            continue
        if byte in hidden:
            continue
        forced = b"" if byte >= 0x80 else fork.forced_bytes()[:MAX_WORD_BYTES]
        forced = forced[: next((place for place, one in enumerate(forced) if one in hidden), len(forced))]
        bytes_before.setdefault(forced, set()).add(byte)
    first = bytes(sorted(byte for members in bytes_before.values() for byte in members))
    parts: list[str] = []
    loose = bytes_before.pop(b"", set())
    for forced, members in bytes_before.items():
        if len(members) <= MAX_ALIKE:
            parts += [quoted(bytes([byte]) + forced) for byte in sorted(members)]
        else:
            parts += [f"{part} then {quoted(forced)}" for part in _characters(members)]
    return Continuation(tuple(parts + _characters(loose)), matcher.is_accepting(), first)


def expected_at(matcher: Matcher, hidden: bytes = b"") -> Continuation:
    """The same with the tokens that may come as a whole: special ones by name, and others that bytes do not lead to."""
    ways = continuation_of(matcher, hidden)
    vocabulary = matcher.grammar.vocabulary
    row = np.zeros(matcher.row_shape, np.int32)
    matcher.fill_bitmask(row)
    allowed = allowed_tokens(row, vocabulary.size)
    special = sorted(vocabulary.special_token_ids.difference(vocabulary.eos_token_ids).intersection(allowed.tolist()))
    parts = [*ways.parts, *(f"the token {name}" for name in names_of_tokens(vocabulary, special))]
    begin, end = vocabulary.token_start[allowed], vocabulary.token_start[allowed + 1]
    known = np.frombuffer(ways.first + hidden, np.uint8)
    if not np.isin(vocabulary.token_data[begin[begin < end]], known).all():
        parts.append("any other token")
    return Continuation(tuple(parts), ways.may_end, ways.first)


def names_of_tokens(vocabulary: Vocabulary, token_ids: Iterable[int]) -> list[str]:
    """The spelling of special tokens, for people: those without one are shown as <[id]>."""
    name_of = {token: name for name, token in vocabulary.special_token_names.items()}
    return [name_of.get(token, f"<[{token}]>") for token in token_ids]


def quoted(text: bytes) -> str:
    """A text in backquotes, or its name; what is cut or not a whole character is shown with dots."""
    decoded = text.decode("utf-8", "ignore")
    if decoded in _NAMES:
        return _NAMES[decoded]
    shown = "".join(character if character.isprintable() else _escaped(character) for character in decoded)
    return f"`{shown}{'…' if len(text) >= MAX_WORD_BYTES or len(decoded.encode()) < len(text) else ''}`"


def _escaped(character: str) -> str:
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\u{ord(character):04x}")


def _characters(members: Iterable[int]) -> list[str]:
    """Bytes as characters and ranges of characters."""
    rest = set(members)
    if len(rest & _PRINTABLE) > 2 * len(_PRINTABLE) // 3:
        return [_any_but(rest)]
    parts: list[str] = []
    for letters in _RANGES:
        parts += _runs(sorted(rest & set(letters)))
        rest -= set(letters)
    blanks = rest & _WHITE_SPACE if rest >= _WHITE_SPACE else set()
    parts += [quoted(bytes([byte])) for byte in sorted(rest - blanks) if byte < 0x80]
    parts += ["white space"] if blanks else []
    return parts + _beyond_ascii({byte for byte in rest if byte >= 0x80})


def _listed(parts: list[str], conjunction: str) -> str:
    """`_listed(["a", "b", "c"], "or")` -> "a, b or c"."""
    return ", ".join(parts[:-1]) + f" {conjunction} {parts[-1]}" if len(parts) > 1 else parts[0]


def _any_but(members: set[int]) -> str:
    """Most characters belong, so name those that do not."""
    missing = [
        quoted(bytes([byte])) for byte in [*sorted(_PRINTABLE - members), 0x20, 0x09, 0x0A] if byte not in members
    ]
    if not members & (set(range(0x20)) - {0x09, 0x0A}):
        missing = [name for name in missing if name not in ("a tab", "a line break")] + ["control characters"]
    if not _NOT_ASCII & members:
        missing.append("characters beyond ASCII")
    return "any character" + (f" but {_listed(missing, 'and')}" if missing else "")


def _runs(codes: list[int]) -> list[str]:
    """Neighbouring letters or digits as `a` to `f`."""
    parts: list[str] = []
    while codes:
        end = 1
        while end < len(codes) and codes[end] == codes[0] + end:
            end += 1
        if codes[:end] == [*b"0123456789"]:
            parts.append("a digit")
        elif end > 2:
            parts.append(f"`{chr(codes[0])}` to `{chr(codes[end - 1])}`")
        else:
            parts += [f"`{chr(code)}`" for code in codes[:end]]
        codes = codes[end:]
    return parts


def _beyond_ascii(members: set[int]) -> list[str]:
    """First bytes of characters as ranges of code points; later bytes as the rest of a character."""
    if not members:
        return []
    if members >= _NOT_ASCII:
        return ["any character beyond ASCII"]
    if min(members) < 0xC2:
        return [f"the rest of a character (byte {min(members):02X} to {max(members):02X})"]
    first, last = _first_code(min(members)), _first_code(max(members) + 1) - 1
    return [f"certain characters from U+{first:04X} to U+{last:04X}"]


def _first_code(lead: int) -> int:
    """The first code point whose UTF-8 begins with a lead byte: `_first_code(0xC3)` -> 0xC0."""
    if lead < 0xE0:
        return (lead & 0x1F) << 6
    if lead < 0xF0:
        return max((lead & 0x0F) << 12, 0x800)
    return min(max((lead & 0x07) << 18, 0x10000), 0x110000)
