"""Texts that arrive in pieces: which characters are whole, and what two spellings of a text begin with together."""

from __future__ import annotations

from collections.abc import Sequence


def whole_characters(text: bytes) -> bytes:
    """Without the beginning of a character at the end: `whole_characters(b"a\\xc3") -> b"a"`.

    Bytes that no UTF-8 text has are left where they are, for the decoder to complain about.
    """
    for n_last in range(1, min(3, len(text)) + 1):
        byte = text[-n_last]
        if byte & 0xC0 != 0x80:  # not within a character: one begins here
            n_needed = 2 if byte >> 5 == 0b110 else 3 if byte >> 4 == 0b1110 else 4 if byte >> 3 == 0b11110 else 1
            return text if n_needed <= n_last else text[:-n_last]
    return text


def n_shared(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two texts begin with together: `n_shared([1, 2, 3], [1, 2, 4]) -> 2`."""
    shorter = min(len(first), len(second))
    if first[:shorter] == second[:shorter]:  # the usual case, and a quick comparison between lists or between tuples
        return shorter
    return next((place for place in range(shorter) if first[place] != second[place]), shorter)
