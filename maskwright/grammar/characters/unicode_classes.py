r"""Named classes of characters: general categories, a few properties, `\d \w \s` in two dialects, and letter case.

Source of the categories: `unicodedata`, so they are those of the Python that runs us. `\w` and `\s` of Python are
defined by `str.isalnum`, `str.isspace`, as in CPython's `Modules/_sre`; those of ECMA-262 by 22.2.2.9 (2024 edition).
Case: under IGNORECASE a character matches those with the same simple lower case, or whose lower cases share an upper
case (CPython's `_casefix`).

Cost: one pass over all of Unicode, 0.1 to 0.2 s, only for a pattern that needs categories or a non-ASCII case; kept for
the process. The dialect classes and ASCII case need no such pass: their tables are constants, or runs that `re` finds
in a text of all characters (5 ms; one call of a predicate for each character takes 60).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from maskwright.grammar.characters.character_set import (
    CharacterSet,
    character_set,
)

ASCII_DIGITS = character_set([(0x30, 0x39)])
ASCII_WORD = character_set([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
ASCII_SPACE = character_set([(0x09, 0x0D), (0x20, 0x20)])
_ECMA_SPACES = (0x20, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF)
ECMA_SPACE = character_set([(0x09, 0x0D), (0x2000, 0x200A), *((code, code) for code in _ECMA_SPACES)])
ECMA_LINE_TERMINATORS = character_set([(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)])

LONG_CATEGORY_NAMES = {
    "Letter": "L", "Cased_Letter": "LC", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn",
    "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd",
    "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc",
    "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi",
    "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc",
    "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs", "Line_Separator": "Zl",
    "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf", "Surrogate": "Cs",
    "Private_Use": "Co", "Unassigned": "Cn",
}  # fmt: skip


FIRST_EMPTY, LAST_EMPTY = 0x40000, 0xDFFFF
"""Planes in which nothing is assigned in any version of Unicode so far; a test looks at each of their characters."""


@lru_cache(maxsize=1)
def _ranges_by_category() -> dict[str, list[tuple[int, int]]]:
    """The ranges of each two-letter general category; empty and private planes are not looked at."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    begin, current = 0, unicodedata.category("\0")
    for first, last in ((0, FIRST_EMPTY - 1), (LAST_EMPTY + 1, 0xEFFFF)):
        for code, category in enumerate(map(unicodedata.category, map(chr, range(first, last + 1))), first):
            if category != current:
                found[current].append((begin, code - 1))
                begin, current = code, category
    found[current].append((begin, 0xEFFFF))
    for plane in (0xF0000, 0x100000):
        found["Co"].append((plane, plane + 0xFFFD))
        found["Cn"].append((plane + 0xFFFE, plane + 0xFFFF))
    return dict(found)


@lru_cache(maxsize=64)
def category(name: str) -> CharacterSet | None:
    """A general category by its short or long name, or a group such as L: `category("Lu")`; None: no such name."""
    short = LONG_CATEGORY_NAMES.get(name, name)
    table = _ranges_by_category()
    members = ["Lu", "Ll", "Lt"] if short == "LC" else [key for key in table if key.startswith(short)]
    if not members or not short or (len(short) == 1 and not short.isupper()):
        return None
    return character_set(piece for key in members for piece in table[key])


def characters_with(belongs: Callable[[str], bool]) -> CharacterSet:
    """The characters of which a predicate is true: `characters_with(str.isspace)`."""
    flags = map(belongs, map(chr, range(sys.maxunicode + 1)))
    ranges, begin, inside = [], 0, False
    for code, member in enumerate(flags):
        if member is not inside:
            if inside:
                ranges.append((begin, code - 1))
            begin, inside = code, member
    if inside:
        ranges.append((begin, sys.maxunicode))
    return character_set(ranges)


@lru_cache(maxsize=1)
def python_word() -> CharacterSet:
    r"""Python's `\w`: alphanumeric characters and the underscore."""
    return _runs(r"\w+")


@lru_cache(maxsize=1)
def python_digits() -> CharacterSet:
    r"""Python's `\d`: decimal digits of every script."""
    return _runs(r"\d+")


@lru_cache(maxsize=1)
def python_space() -> CharacterSet:
    r"""Python's `\s`."""
    return _runs(r"\s+")


def _runs(pattern: str) -> CharacterSet:
    """The characters of a class as `re` finds them: runs of neighbours. Planes without letters are not searched."""
    ranges = []
    for first, last in ((0, FIRST_EMPTY - 1), (LAST_EMPTY + 1, 0xEFFFF)):
        text = np.arange(first, last + 1, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
        ranges += [(first + run.start(), first + run.end() - 1) for run in re.finditer(pattern, text)]
    return character_set(ranges)


def _simple_lower(character: str) -> str:
    """The simple lower case: where full case conversion gives several characters, the first is the simple one."""
    return character.lower()[0]


def _simple_fold(character: str) -> str:
    """The simple case folding of Unicode (statuses C and S), derived from the full one."""
    for image in (character.casefold(), character.lower()):
        if len(image) == 1:
            return image
    return character


def _cased() -> list[str]:
    """The characters with case, all of which lie in the first two planes.

    Nearly all blocks of 64 have none, which three calls show: no character becomes the empty text, so a block that
    stays the same has no character that changes.
    """
    found = []
    for begin in range(0, 0x20000, 64):
        block = "".join(map(chr, range(begin, begin + 64)))
        if block.lower() != block or block.upper() != block or block.casefold() != block:
            found += [c for c in block if c.lower() != c or c.upper() != c or c.casefold() != c]
    return found


Variants = dict[int, tuple[int, ...]]
"""Each character with case to all that equal it when case is ignored, itself included."""


@lru_cache(maxsize=1)
def _python_variants() -> Variants:
    cased = _cased()
    by_upper: dict[str, list[str]] = defaultdict(list)
    for lower in {_simple_lower(character) for character in cased}:
        by_upper[lower.upper()].append(lower)
    by_lower: dict[str, list[int]] = defaultdict(list)
    for character in cased:
        by_lower[_simple_lower(character)].append(ord(character))
    variants = {}
    for character in cased:
        alike = by_upper[_simple_lower(character).upper()]
        variants[ord(character)] = tuple(sorted({code for low in alike for code in (*by_lower[low], ord(low))}))
    return variants


_LATER_FOLDINGS = {"\u1fd3": "\u0390", "\u1fe3": "\u03b0", "\ufb05": "\ufb06"}
"""Simple foldings that Unicode added in version 15.1; full case folding always had them."""


@lru_cache(maxsize=1)
def _folded_variants() -> Variants:
    by_fold: dict[str, list[int]] = defaultdict(list)
    for character in _cased():
        by_fold[_simple_fold(_LATER_FOLDINGS.get(character, character))].append(ord(character))
    return {code: tuple(alike) for alike in by_fold.values() for code in alike}


def _with_variants(members: CharacterSet, variants: Variants) -> CharacterSet:
    added: list[tuple[int, int]] = []
    if members.size < len(variants):
        for low, high in members.ranges:
            for code in range(low, high + 1):
                added.extend((variant, variant) for variant in variants.get(code, ()))
    else:
        for code, alike in variants.items():
            if code in members:
                added.extend((variant, variant) for variant in alike)
    return character_set((*members.ranges, *added))


@lru_cache(maxsize=256)
def ignoring_case(members: CharacterSet) -> CharacterSet:
    """All characters that equal a member when case is ignored, as Python's `re.IGNORECASE` on text has it."""
    return _with_variants(members, _python_variants())


@lru_cache(maxsize=256)
def ignoring_case_folded(members: CharacterSet) -> CharacterSet:
    """All characters with the same simple case folding as a member, as ECMA-262 has it."""
    return _with_variants(members, _folded_variants())


def ignoring_ascii_case(members: CharacterSet) -> CharacterSet:
    """The same for the letters A to Z only (`re.ASCII`)."""
    upper = members & character_set([(0x41, 0x5A)])
    lower = members & character_set([(0x61, 0x7A)])
    shifted = [(low + 32, high + 32) for low, high in upper.ranges] + [
        (low - 32, high - 32) for low, high in lower.ranges
    ]
    return character_set((*members.ranges, *shifted))
