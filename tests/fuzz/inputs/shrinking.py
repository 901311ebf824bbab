"""Inputs made small: pieces are left out, halves first, as long as the input still does what it did."""

from __future__ import annotations

from collections.abc import Callable


def shrunk(content: bytes, still: Callable[[bytes], bool]) -> bytes:
    """`shrunk(b"xxaxx", lambda one: b"a" in one)` -> `b"a"`; of which no piece of one length can be left out."""
    width = max(1, len(content) // 2)
    while width:
        place, has_cut = 0, False
        while place < len(content):
            shorter = content[:place] + content[place + width :]
            if still(shorter):
                content, has_cut = shorter, True
            else:
                place += width
        if not has_cut or width > 1:
            width //= 2
    return content
