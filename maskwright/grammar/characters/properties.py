r"""What `\p{...}` stands for in ECMA-262: general categories, and the binary properties that Python knows exactly.

Names are those of ECMA-262, tables 67 to 69, and nothing else: no other case, no blanks. Some properties are constants
of the standard; some are what a method of `str` asks, because CPython fills it from the same file of Unicode
(`DerivedCoreProperties`); some are defined by others. What needs a file that Python does not have (Script, Emoji,
Alphabetic) has no set here, and patterns with it are refused rather than guessed from the names of characters.
The version of Unicode is that of the running Python, as for categories.
Cost: one pass over the first planes for each property that is used, some 0.1 s; kept for the process.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from maskwright.grammar.characters.character_set import ANY_CHARACTER, CharacterSet, character_set
from maskwright.grammar.characters.unicode_classes import category, characters_with

Ranges = tuple[tuple[int, int], ...]

_CONSTANTS: dict[str, Ranges] = {
    "ASCII": ((0, 0x7F),),
    "ASCII_Hex_Digit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
    "Bidi_Control": ((0x61C, 0x61C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069)),
    "Hex_Digit": (
        (0x30, 0x39), (0x41, 0x46), (0x61, 0x66), (0xFF10, 0xFF19), (0xFF21, 0xFF26), (0xFF41, 0xFF46),
    ),
    "Join_Control": ((0x200C, 0x200D),),
    "Noncharacter_Code_Point": (
        (0xFDD0, 0xFDEF), *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)),
    ),
    "Pattern_White_Space": ((0x9, 0xD), (0x20, 0x20), (0x85, 0x85), (0x200E, 0x200F), (0x2028, 0x2029)),
    "Regional_Indicator": ((0x1F1E6, 0x1F1FF),),
    "Variation_Selector": ((0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)),
    "White_Space": (
        (0x9, 0xD), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
        (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
    ),
}  # fmt: skip

_OTHER_ID_START = character_set([(0x1885, 0x1886), (0x2118, 0x2118), (0x212E, 0x212E), (0x309B, 0x309C)])
_OTHER_ID_CONTINUE = character_set([(0xB7, 0xB7), (0x387, 0x387), (0x1369, 0x1371), (0x19DA, 0x19DA)])
_PATTERN_SYNTAX_LETTER = character_set([(0x2E2F, 0x2E2F)])
_OTHER_UNIFIED = character_set((code, code) for code in (
    0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F, 0xFA21, 0xFA23, 0xFA24, 0xFA27, 0xFA28, 0xFA29,
))  # fmt: skip


def _decomposed(character: str) -> str:
    return unicodedata.normalize("NFD", character)


def _before_final_sigma(character: str) -> bool:
    """Does a sigma after it (and an A before it) become a final one: is it cased or case-ignorable?"""
    return ("A" + character + "\u03a3").lower().endswith("\u03c2")


def _is_cased_only(character: str) -> bool:
    """Is it cased and not case-ignorable?"""
    return (character + "\u03a3").lower().endswith("\u03c2")


_PREDICATES: dict[str, Callable[[str], bool]] = {
    "Bidi_Mirrored": lambda c: bool(unicodedata.mirrored(c)),
    "Case_Ignorable": lambda c: _before_final_sigma(c) and not _is_cased_only(c),
    "Changes_When_Casefolded": lambda c: _decomposed(c).casefold() != _decomposed(c),
    "Changes_When_Lowercased": lambda c: _decomposed(c).lower() != _decomposed(c),
    "Changes_When_Titlecased": lambda c: _decomposed(c).capitalize() != _decomposed(c),
    "Changes_When_Uppercased": lambda c: _decomposed(c).upper() != _decomposed(c),
    "Lowercase": str.islower,
    "Uppercase": str.isupper,
    "XID_Continue": lambda c: ("a" + c).isidentifier(),
    "XID_Start": lambda c: c.isidentifier() and c != "_",
}


def _category(name: str) -> CharacterSet:
    found = category(name)
    assert found is not None
    return found


def _union(*names: str) -> CharacterSet:
    result = character_set([])
    for name in names:
        part = _binary(name)
        assert part is not None
        result |= part
    return result


def _unified_ideographs() -> CharacterSet:
    named = characters_with(lambda c: unicodedata.name(c, "").startswith("CJK UNIFIED IDEOGRAPH-"))
    return named | _OTHER_UNIFIED


def _id_start() -> CharacterSet:
    return (_category("L") | _category("Nl") | _OTHER_ID_START) - _PATTERN_SYNTAX_LETTER


_DEFINED: dict[str, Callable[[], CharacterSet]] = {
    "Any": lambda: ANY_CHARACTER,
    "Assigned": lambda: ~_category("Cn"),
    "Cased": lambda: _union("Lowercase", "Uppercase") | _category("Lt"),
    "Changes_When_Casemapped": lambda: _union(
        "Changes_When_Lowercased", "Changes_When_Titlecased", "Changes_When_Uppercased"
    ),
    "ID_Continue": lambda: (
        _id_start() | _category("Mn") | _category("Mc") | _category("Nd") | _category("Pc") | _OTHER_ID_CONTINUE
    ),
    "ID_Start": _id_start,
    "Unified_Ideograph": _unified_ideographs,
}

_SHORT_NAMES = {
    "AHex": "ASCII_Hex_Digit", "Bidi_C": "Bidi_Control", "Bidi_M": "Bidi_Mirrored", "CI": "Case_Ignorable",
    "CWCF": "Changes_When_Casefolded", "CWCM": "Changes_When_Casemapped", "CWL": "Changes_When_Lowercased",
    "CWT": "Changes_When_Titlecased", "CWU": "Changes_When_Uppercased", "Hex": "Hex_Digit", "IDC": "ID_Continue",
    "IDS": "ID_Start", "Join_C": "Join_Control", "Lower": "Lowercase", "NChar": "Noncharacter_Code_Point",
    "Pat_WS": "Pattern_White_Space", "RI": "Regional_Indicator", "UIdeo": "Unified_Ideograph", "Upper": "Uppercase",
    "VS": "Variation_Selector", "space": "White_Space", "XIDC": "XID_Continue", "XIDS": "XID_Start",
}  # fmt: skip

BINARY_PROPERTIES = tuple(sorted({*_CONSTANTS, *_PREDICATES, *_DEFINED}))
"""The long names of the binary properties that are known."""


def property_set(name: str | None, value: str) -> CharacterSet | None:
    r"""The set of `\p{name=value}` or of `\p{value}` (name None); None where it is not known.

    `property_set("gc", "Lu")`, `property_set(None, "Lu")`, `property_set(None, "Uppercase")`.
    """
    if name is None:
        return category(value) or _binary(_SHORT_NAMES.get(value, value))
    return category(value) if name in ("General_Category", "gc") else None


@lru_cache(maxsize=64)
def _binary(name: str) -> CharacterSet | None:
    """The characters that have a property, by its long name."""
    if name in _CONSTANTS:
        return character_set(_CONSTANTS[name])
    if name in _PREDICATES:
        return characters_with(_PREDICATES[name])
    return _DEFINED[name]() if name in _DEFINED else None
