"""Measures of languages against enumeration of all short texts."""

from __future__ import annotations

from itertools import product

import pytest

from maskwright.grammar.characters import (
    ANY_TEXT,
    NO_TEXT,
    CharacterAutomaton,
    count_members,
    has_all_lengths,
    has_reserve,
    is_finite,
    is_free,
    least_to_accept,
    match_language,
)

PATTERNS = [
    "[ab]{1,3}",
    "a*b?",
    "a*",
    "(?:ab)*",
    "(?:ab|c){2}",
    "a|bb|ccc",
    "",
    "[ab]*c",
    "(?:a|b{3})*",
    "abc?",
    "a+|bc",
]
TEXTS = ["".join(letters) for length in range(8) for letters in product("abc", repeat=length)]


def state_after(language: CharacterAutomaton, text: str) -> int:
    state = 0
    for character in text:
        cls = language.alphabet.class_of(ord(character))
        state = int(language.transitions[state, cls]) if cls >= 0 and state >= 0 else -1
    return state


@pytest.mark.parametrize("pattern", ["a+b+", "a*|b+c+", "(a+b){0,3}c+", "a?b*", "[^c]+ca*"])
def test_patterns_that_can_go_on_by_one_character_have_all_lengths(pattern: str) -> None:
    assert has_all_lengths(match_language(pattern))


@pytest.mark.parametrize("pattern", ["(ab)*", "a*(bb)*", "abc?", "a+|bc", "(aa)*"])
def test_patterns_that_skip_lengths_do_not_have_all(pattern: str) -> None:
    assert not has_all_lengths(match_language(pattern))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_measures_agree_with_enumeration(pattern: str) -> None:
    language = match_language(pattern)
    accepted = [text for text in TEXTS if language.accepts(text)]
    least = least_to_accept(language)
    reached = {state_after(language, text): text for text in reversed(TEXTS)}
    assert set(range(language.n_states)) <= reached.keys()
    n_long = {}
    for state in range(language.n_states):
        beginning = reached[state]
        ends = [text for text in accepted if text.startswith(beginning)]
        assert min(map(len, ends)) - len(beginning) == least[state]
        n_long[state] = sum(len(text) >= 5 for text in ends)
        if has_all_lengths(language):
            lengths = {len(text) - len(beginning) for text in ends}
            assert lengths >= set(range(least[state], 8 - len(beginning)))
    assert is_finite(language) == (n_long[0] == 0)
    assert is_free(language) == all(n_long.values())
    assert count_members(language, 1000) == (len(accepted) if is_finite(language) else None)
    if is_finite(language):
        assert count_members(language, len(accepted) - 1) is None
        assert sorted(language.members(len(accepted)) or []) == sorted(accepted)


def test_measures_of_nothing_and_of_everything() -> None:
    assert is_finite(NO_TEXT) and not is_free(NO_TEXT) and count_members(NO_TEXT, 0) == 0
    assert not is_finite(ANY_TEXT) and is_free(ANY_TEXT) and count_members(ANY_TEXT, 10**9) is None


def test_members_are_counted_without_listing_them() -> None:
    assert count_members(match_language("[a-z]{40}"), 10**9) is None
    assert count_members(match_language("[a-z]{4}"), 10**9) == 26**4


def test_what_states_need_can_be_kept_unless_it_is_too_much() -> None:
    assert has_reserve(match_language("(ab)*")) and has_reserve(match_language("b{0,9000}"))
    assert not has_reserve(match_language("b{9000}"))
