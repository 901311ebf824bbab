"""Internationalised host names against Python's Punycode and the rules of IDNA 2008 on single characters."""

from __future__ import annotations

import random
import unicodedata

from maskwright.grammar.characters import format_language
from maskwright.grammar.characters.format_idn import _BLOCKS, _LONGEST, is_pvalid

LETTERS = [chr(code) for low, high in _BLOCKS for code in range(low, high + 1) if is_pvalid(chr(code))]


def test_the_longest_labels_fit_into_an_a_label() -> None:
    rng = random.Random(1)
    for _ in range(20_000):
        letters = rng.choices(LETTERS if rng.random() < 0.5 else LETTERS[:60] + LETTERS[-60:], k=_LONGEST)
        label = "".join(c if rng.random() < 0.8 else rng.choice("az0") for c in letters)
        assert len(b"xn--" + label.encode("punycode")) <= 60


def test_letters_of_the_blocks_are_left_to_right_and_stay_as_they_are() -> None:
    for letter in LETTERS:
        assert unicodedata.bidirectional(letter) in ("L", "ON")
        assert unicodedata.combining(letter) == 0
        assert unicodedata.normalize("NFC", letter) == letter


def test_random_labels_of_the_blocks_are_in_normal_form_and_accepted() -> None:
    rng = random.Random(2)
    language = format_language("idn-hostname")
    assert language is not None
    for _ in range(300):
        label = "".join(rng.choices(LETTERS, k=rng.randint(1, _LONGEST)))
        assert unicodedata.normalize("NFC", label) == label
        assert language.accepts(label)
        assert not language.accepts(label + "\u0301")
        assert not language.accepts(label.upper()) or label.upper() == label
