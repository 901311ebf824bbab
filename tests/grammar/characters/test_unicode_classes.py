"""Classes of characters against the ones of Python's `re` and `unicodedata`, over all of Unicode."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from maskwright.grammar.characters import unicode_classes as unicode
from maskwright.grammar.characters.character_set import CharacterSet, character_set

SCALARS = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)


def found(pattern: str) -> CharacterSet:
    return character_set((ord(c), ord(c)) for c in re.findall(pattern, SCALARS))


@pytest.mark.parametrize(
    ("pattern", "ours"),
    [(r"\d", unicode.python_digits()), (r"\w", unicode.python_word()), (r"\s", unicode.python_space()),
     (r"(?a)\d", unicode.ASCII_DIGITS), (r"(?a)\w", unicode.ASCII_WORD), (r"(?a)\s", unicode.ASCII_SPACE)],
)  # fmt: skip
def test_python_classes_are_those_of_re(pattern: str, ours: CharacterSet) -> None:
    assert found(pattern) == ours


def test_python_classes_are_those_of_str() -> None:
    word = character_set((ord(c), ord(c)) for c in SCALARS if c.isalnum() or c == "_")
    assert unicode.python_word() == word
    assert unicode.python_digits() == unicode.characters_with(str.isdecimal)
    assert unicode.python_space() == unicode.characters_with(str.isspace)


def test_categories_are_those_of_unicodedata() -> None:
    for name in ("Lu", "Nd", "Zs", "Cn", "Cc"):
        expected = character_set((ord(c), ord(c)) for c in SCALARS if unicodedata.category(c) == name)
        assert unicode.category(name) == expected
    letters = unicode.category("Letter")
    assert letters is not None
    assert letters == unicode.category("L")
    assert unicode.category("Cs") == CharacterSet(())
    assert unicode.category("Nonsense") is None
    assert unicode.category("") is None


def test_ignoring_case_is_that_of_re_for_every_character() -> None:
    cased = [c for c in SCALARS if c.lower() != c or c.upper() != c]
    text = "".join(cased)
    wrong = []
    for character in cased[::5] + list("kKsSiIßſıİ\u212a\u212bǅǆςσΣµμ"):
        theirs = set(re.findall(re.escape(character), text, re.IGNORECASE)) | {character}
        ours = unicode.ignoring_case(character_set([(ord(character), ord(character))]))
        if {chr(code) for low, high in ours.ranges for code in range(low, high + 1)} != theirs:
            wrong.append(character)
    assert wrong == []


def test_ecma_folding_is_simple() -> None:
    def alike(character: str) -> str:
        folded = unicode.ignoring_case_folded(character_set([(ord(character), ord(character))]))
        return "".join(chr(code) for low, high in folded.ranges for code in range(low, high + 1))

    assert alike("k") == "Kk\u212a"
    assert alike("s") == "Ssſ"
    assert alike("ß") == "ßẞ"
    assert alike("İ") == "İ"
    assert alike("1") == "1"
