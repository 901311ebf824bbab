"""Bytes that arrive in pieces, as characters: what is whole, and what of a character has begun at the end."""

from __future__ import annotations


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
