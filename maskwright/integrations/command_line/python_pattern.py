r"""A pattern of JSON Schema (ECMA-262) for Python's `re`, where both can say the same.

    in_python(r"^\d+$")  ->  r"^\d+\Z", to be compiled with re.ASCII

Only what `jsonschema` must not misread is changed: `$` is the end and no line end before it, `.` has four exceptions,
and white space is that of Unicode. What has no such spelling gives None, and whoever asks has no second opinion then.
"""

from __future__ import annotations

import re
from typing import Final

SPACE: Final = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
PIECE: Final = re.compile(r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|\(\?<(?=[A-Za-z])|.", re.DOTALL)
ESCAPES: Final = frozenset("dDwWsSbBnrtfv")
"""Letters that mean the same behind a backslash in both, once white space is spelled out."""


def in_python(pattern: str) -> str | None:
    """The pattern as `re` has to be given it with re.ASCII, or None."""
    pieces: list[str] = []
    is_in_class = False
    for piece in PIECE.findall(pattern):
        if piece.startswith("\\"):
            translated = _escape(piece, is_in_class)
            if translated is None:
                return None
            pieces.append(translated)
        elif is_in_class:
            is_in_class = piece != "]"
            pieces.append("\\[" if piece == "[" else piece)
        elif piece == "[":
            is_in_class = True
            pieces.append(piece)
        else:
            pieces.append({"$": r"\Z", ".": r"[^\n\r\u2028\u2029]", "(?<": "(?P<"}.get(piece, piece))
    translated = "".join(pieces)
    if "[]" in pattern or "[^]" in pattern:  # an empty set in one, a bracket in the other
        return None
    try:
        re.compile(translated, re.ASCII)
    except (re.error, RecursionError, OverflowError):
        return None
    return translated


def _escape(piece: str, is_in_class: bool) -> str | None:
    letter = piece[1:2]
    if letter in ("s", "S") and not is_in_class:
        return f"[{'^' if letter == 'S' else ''}{SPACE}]"
    if is_in_class and letter in "sSbB":
        return {"s": SPACE, "b": r"\x08"}.get(letter)
    if letter == "/":
        return "/"
    is_known = letter in ESCAPES or len(piece) > 2 or (letter.isascii() and not letter.isalnum() and letter != "_")
    return piece if is_known and letter else None
