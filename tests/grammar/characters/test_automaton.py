"""The algebra of languages: laws, canonical form, bounds, finite languages."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters import ANY_TEXT, NO_TEXT, CharacterAutomaton, length_between, match_language, words

pytestmark = pytest.mark.no_jit

PIECES = st.sampled_from(["a", "b", "[^a]", "(?s:.)", "é", "(?:ab)*", "a{2,3}", "", "(?:a|bb)+", "[a-c]*b"])
LANGUAGES = st.lists(PIECES, max_size=3).map(lambda pieces: match_language("".join(pieces)))
TEXTS = st.text(alphabet="abcé😀", max_size=6)


@given(LANGUAGES, LANGUAGES, st.lists(TEXTS, max_size=10))
def test_membership_follows_the_operators(a: CharacterAutomaton, b: CharacterAutomaton, texts: list[str]) -> None:
    for text in texts:
        assert (a & b).accepts(text) == (a.accepts(text) and b.accepts(text))
        assert (a | b).accepts(text) == (a.accepts(text) or b.accepts(text))
        assert (a - b).accepts(text) == (a.accepts(text) and not b.accepts(text))
        assert (~a).accepts(text) == (not a.accepts(text))


@given(LANGUAGES, LANGUAGES)
def test_equal_languages_are_equal_objects(a: CharacterAutomaton, b: CharacterAutomaton) -> None:
    assert ~~a == a
    assert a & b == b & a == ~(~a | ~b)
    assert a | b == b | a
    assert a - b == a & ~b
    assert a & ~a == NO_TEXT
    assert a | ~a == ANY_TEXT
    assert hash(a | b) == hash(b | a)
    assert (a - b).is_empty == (a | b == b)


@given(LANGUAGES)
def test_arrays_give_the_same_language_back(a: CharacterAutomaton) -> None:
    assert CharacterAutomaton.from_arrays(a.to_arrays()) == a


@given(LANGUAGES, LANGUAGES)
def test_the_shortest_member_is_one_and_bounds_hold(a: CharacterAutomaton, b: CharacterAutomaton) -> None:
    for language in (a, a & b, a - b):
        shortest = language.shortest()
        if language.is_empty:
            assert shortest is None
            continue
        least, greatest = language.length_bounds()
        assert shortest is not None
        assert language.accepts(shortest)
        assert len(shortest) == least
        assert (language & length_between(0, least - 1) if least else NO_TEXT).is_empty
        if greatest is not None:
            assert (language - length_between(least, greatest)).is_empty
            assert not (language & length_between(greatest, greatest)).is_empty


@given(st.lists(TEXTS, max_size=6))
def test_words_are_exactly_those(names: list[str]) -> None:
    language = words(names)
    assert language.members(100) == sorted(set(names), key=lambda text: (len(text), text))
    assert language.is_empty == (not names)
    for name in names:
        assert language.accepts(name)
        assert language.accepts(name + "a") == (name + "a" in names)


def test_members_are_counted_before_they_are_listed() -> None:
    assert match_language("[ab]{2}").members(4) == ["aa", "ab", "ba", "bb"]
    assert match_language("[ab]{2}").members(3) is None
    assert match_language("a*").members(1000) is None
    assert match_language("(?s:.{5})").members(1000) is None
    assert NO_TEXT.members(0) == []


def test_surrogates_are_no_characters() -> None:
    assert not ANY_TEXT.accepts("\ud800")
    assert words(["\ud800", "a"]) == words(["a"])
    assert words(["\udfff"]).is_empty


def test_length_bounds_of_particular_languages() -> None:
    assert match_language("a{3,7}|b").length_bounds() == (1, 7)
    assert match_language("a{3,}").length_bounds() == (3, None)
    assert words([""]).length_bounds() == (0, 0)
    assert length_between(2, None) == match_language("(?s:.{2,})")
    assert length_between(0, 0) == words([""])
    assert length_between(3, 2).is_empty


def test_an_automaton_is_minimal() -> None:
    assert match_language("a{100}").n_states == 101
    assert match_language("(?:aa|ab|ba|bb)*").n_states == 2
    assert match_language("(?s:.*)").n_states == 1
    assert words(["aax", "bax", "cax"]).n_states == 4
    assert match_language("[ac]|[bc]").transitions.shape == (2, 1)


def test_a_product_that_grows_too_large_says_how_much() -> None:
    a = match_language("(?:a{997})*b?")
    b = match_language("(?:a{991})*c?")
    with pytest.raises(LimitExceeded) as caught:
        a | b
    assert caught.value.asked > caught.value.allowed


@given(st.sampled_from([r"(?:a|b)*abb", r"a{3,5}b*", r"(?:ab|ba)+c?", r"[^a]*a[^a]*"]), TEXTS)
def test_minimisation_keeps_the_language(pattern: str, text: str) -> None:
    assert match_language(pattern).accepts(text) == (re.fullmatch(pattern, text) is not None)


def test_every_state_is_live_and_numbered_breadth_first() -> None:
    language = match_language("(?:ab|cd)*e{2,4}")
    seen = [0]
    for state in seen:
        seen.extend(t for t in dict.fromkeys(language.transitions[state].tolist()) if t >= 0 and t not in seen)
    assert seen == list(range(language.n_states))
    reaches = language.accepting.copy()
    for _ in range(language.n_states):
        reaches |= np.where(language.transitions >= 0, reaches[language.transitions], False).any(axis=1)
    assert reaches.all()
