"""Texts with gaps, as `maskwright infill --text` takes them: 'prefix ⟦8⟧ middle ⟦*⟧ suffix'.

    ⟦8⟧      exactly 8 tokens           ⟦2..8⟧   between 2 and 8
    ⟦<=8⟧    at most 8                  ⟦*⟧      any number
    ⟦⟦       the character ⟦ itself; ⟧ outside a gap means itself anyway

`parsed('{"a": ⟦<=3⟧}') == ['{"a": ', Gap.at_most(3), '}']`. One pass, and every mistake is told with its place.
"""

from __future__ import annotations

import re
from typing import Final

from maskwright.integrations.command_line.messages import UserMistakeError
from maskwright.matching.infilling.slots import Gap

OPENING: Final = "⟦"
CLOSING: Final = "⟧"
HOW: Final = "write ⟦8⟧, ⟦<=8⟧, ⟦2..8⟧ or ⟦*⟧ for a gap, and ⟦⟦ for the character ⟦ itself"

SHOWN: Final = 40
"""Characters of a wrong gap in a message."""

_NUMBER: Final = r"\s*([0-9]{1,7})\s*"
"""More digits are no length of a canvas (`slots.MOST_SLOTS`)."""
_EXACTLY: Final = re.compile(_NUMBER)
_AT_MOST: Final = re.compile(rf"\s*<={_NUMBER}")
_BETWEEN: Final = re.compile(rf"{_NUMBER}\.\.{_NUMBER}")
_ANY: Final = re.compile(r"\s*\*\s*")


def parsed(text: str) -> list[str | Gap]:
    """The pieces of a text and its gaps, in order; pieces are never empty. Raises UserMistakeError."""
    found: list[str | Gap] = []
    piece = ""
    place = 0
    while place < len(text):
        if text.startswith(OPENING * 2, place):
            piece += OPENING
            place += 2
        elif text[place] != OPENING:
            piece += text[place]
            place += 1
        else:
            gap, behind = _gap(text, place)
            found += [piece, gap] if piece else [gap]
            piece, place = "", behind
    return [*found, piece] if piece else found


def _gap(text: str, place: int) -> tuple[Gap, int]:
    """The gap that begins at `place`, and where it ends."""
    end = text.find(CLOSING, place)
    inner = text[place + 1 : end]
    if end < 0 or OPENING in inner:
        raise _mistake(text, place, f"this gap is not closed: {HOW}")
    if match := _EXACTLY.fullmatch(inner):
        return Gap.exactly(int(match[1])), end + 1
    if match := _AT_MOST.fullmatch(inner):
        return Gap.at_most(int(match[1])), end + 1
    if match := _BETWEEN.fullmatch(inner):
        least, most = int(match[1]), int(match[2])
        if least > most:
            raise _mistake(text, place, f"no number of tokens lies between {least} and {most}: write ⟦{most}..{least}⟧")
        return Gap(least, most), end + 1
    if _ANY.fullmatch(inner):
        return Gap.any(), end + 1
    raise _mistake(text, place, f"⟦{inner[:SHOWN]}⟧ is no gap: {HOW}")


def _mistake(text: str, place: int, reason: str) -> UserMistakeError:
    """With the column, and the line where there are several."""
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    where = f"line {line}, column {column}" if "\n" in text else f"column {column}"
    return UserMistakeError(f"--text, {where}: {reason}.")
