r"""The formats `idn-hostname` and `idn-email`: regular parts of IDNA 2008, from the tables of Python's `unicodedata`.

A U-label (RFC 5890) is regular but for one thing: its Punycode form has at most 63 octets. So labels beyond ASCII have
at most `_LONGEST` characters here, of which the worst need 60 octets, and a name with one of them has at most three
labels, which cannot exceed 253, those in ASCII as short. Members are valid. Left out, for the sake of small automata:
longer labels, scripts outside of `_BLOCKS` (some with marks that compose or are reordered, so that everything here is
in NFC; some from right to left, where RFC 5893 ties all labels of a name together), the join controls and the signs of
RFC 5892, appendix A, but for the middle dot of Catalan and the Greek keraia, and labels in Punycode.

Which characters are PVALID is computed as RFC 5892, section 3, says.
In addresses (RFC 6531) labels may have combining marks, and the local part takes every character beyond ASCII.
Cost: some 50 ms, once in a process and only where the formats are used. Rejected: all scripts (1,250 ranges of
characters, half a second to spell).
"""

from __future__ import annotations

import unicodedata
from functools import cache

from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.character_set import character_set
from maskwright.grammar.characters.format_tables import hostname_language
from maskwright.grammar.characters.languages import match_language

_LONGEST = 11
_DOTS = "[.\u3002\uff0e\uff61]"
"""What separates labels of a name, as the official suite of JSON Schema has it: RFC 3490, section 3.1."""

_BLOCKS = (
    (0xDF, 0x17F), (0x390, 0x3CE), (0x430, 0x45F), (0x561, 0x586), (0x10D0, 0x10F0), (0x3007, 0x3007),
    (0x3041, 0x3096), (0x30A1, 0x30FA), (0x30FC, 0x30FC), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
)  # fmt: skip
"""Latin, Greek, Cyrillic, Armenian, Georgian, Hiragana, Katakana, Han and Hangul, as far as languages of today need."""

_EXCEPTIONS = frozenset("\u00df\u03c2\u3007")
"""RFC 5892, section 2.6, of these blocks; none of its other exceptions and ignorable characters lie in them."""

_MARKS = r"\u0300-\u034e\u0350-\u036f"

_LETTER_DIGITS = frozenset(("Ll", "Lu", "Lo", "Nd", "Lm"))


def is_pvalid(character: str) -> bool:
    """May a character of the blocks stand in a U-label?  A letter that normalisation and case folding leave alone."""
    folded = unicodedata.normalize("NFKC", character).casefold()
    is_stable = unicodedata.normalize("NFKC", folded) == character
    return character in _EXCEPTIONS or (is_stable and unicodedata.category(character) in _LETTER_DIGITS)


@cache
def _letters() -> str:
    """The PVALID characters of the blocks, as the inside of a class in Python's notation."""
    codes = (code for low, high in _BLOCKS for code in range(low, high + 1) if is_pvalid(chr(code)))
    members = character_set((code, code) for code in codes)
    return "".join(rf"\u{low:04x}-\u{high:04x}" for low, high in members.ranges)


def _label(marks: str) -> str:
    """A label with a character beyond ASCII; `marks` may stand anywhere but at its beginning."""
    letter = f"a-z0-9{_letters()}"
    inner = rf"(?:[{letter}{marks}\-]|(?<=l)\u00b7(?=l)|\u0375(?=[\u03b1-\u03c9]))"
    last = f"[{letter}{marks}]"
    return rf"(?=[a-z0-9\-]{{0,{_LONGEST}}}[^\x00-\x7f])(?!..--)[{letter}](?:{inner}{{0,{_LONGEST - 2}}}{last})?"


def _ascii_label(most: int) -> str:
    """A label of letters, digits and inner hyphens, not in Punycode, with at most so many characters."""
    return rf"(?!..--)[a-zA-Z0-9](?:[a-zA-Z0-9\-]{{0,{most - 2}}}[a-zA-Z0-9])?"


@cache
def idn_hostname_language() -> CharacterAutomaton:
    """Host names of RFC 1123, and names of up to three labels of both kinds, all short."""
    label = f"(?:{_label('')}|{_ascii_label(_LONGEST)})"
    return hostname_language() | match_language(f"{label}(?:{_DOTS}{label}){{0,2}}")


@cache
def idn_email_language() -> CharacterAutomaton:
    """RFC 6531 addresses; labels in ASCII are as in `email`."""
    text = r"[a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010FFFF]"
    local = rf'(?:{text}+(?:\.{text}+)*|"(?:[ !#-\[\]-~\u0080-\U0010FFFF]|\\[ -~])*")'
    label = rf"(?:{_label(_MARKS)}|{_ascii_label(63)})"
    return match_language(f"(?s:{local}@{label}(?:\\.{label})*)")
