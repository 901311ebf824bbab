"""The texts that a pattern takes as a whole, against `re.match` on every short text."""

from __future__ import annotations

import itertools
import re

import pytest

from maskwright.errors import UnsupportedPattern
from maskwright.grammar.characters import ANY_TEXT, match_language
from maskwright.grammar.characters.preferred import preferred_language

TEXTS = ["".join(letters) for n in range(6) for letters in itertools.product("abc", repeat=n)]

PATTERNS = [
    "a|ab", "ab|a", "a.*?b", "a+?b*", "(a|ab)(c|bcd)?", "(a*)(ab)?", "a{0,1}(ab)?", "(?:a|b)*", "(ab?)*?c?",
    "(?i:ab|aBc)", "a*", "(.|c){2,5}", "(a|b)*?", "(?!ab)a*b", "[^a]b?", "(?:ab|a)(?:c|bcd)*", "a??", "(a|)(b|bb)",
    "((a|b)*?c)+", "a?(?:a|ab)?c*?b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_is_taken_if_re_match_takes_all_of_it(pattern: str) -> None:
    language = preferred_language(pattern)
    for text in TEXTS:
        found = re.match(pattern, text)
        assert language.accepts(text) == (found is not None and found[0] == text), text


def test_what_is_taken_is_a_match_and_greedy_patterns_lose_nothing() -> None:
    for pattern in PATTERNS:
        assert (preferred_language(pattern) - match_language(pattern)).is_empty
    for pattern in ("[ab]*c?", "(?:ab|a)*", "(.|c){2,5}", r"\w+"):
        assert preferred_language(pattern) == match_language(pattern)


def test_one_repeated_character_needs_no_scanner_however_large_its_counts() -> None:
    assert preferred_language("(?:.|\n)*") == ANY_TEXT
    assert preferred_language("(?s:.){1000,3000}").n_states == 3001


@pytest.mark.parametrize("pattern", ["a(?=b)", r"a+\b", "a$", r"(?!if\b)[a-z]+", "(?=a)a*|b*"])
def test_a_pattern_whose_end_depends_on_what_follows_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPattern, match=r"lexer='contextual'|must read something"):
        preferred_language(pattern)
