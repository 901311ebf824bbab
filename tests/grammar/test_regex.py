"""Grammars of patterns against Python's `re`, by the naive recogniser."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.ir import Automaton, Repeat
from maskwright.grammar.regex import regex_grammar
from tests.grammar.characters.pattern_strategies import PATTERNS, TEXTS
from tests.grammar.characters.test_languages import compiled
from tests.naive.recogniser import accepts


@settings(max_examples=150)
@given(PATTERNS, TEXTS)
def test_the_grammar_has_the_texts_that_re_matches(pattern: str, text: str) -> None:
    theirs = compiled(pattern)
    if theirs is None:
        return
    expected = theirs.fullmatch(text) is not None
    try:
        assert accepts(regex_grammar(pattern), text.encode()) == expected
    except EmptyLanguage:
        assert not expected


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"[ab]{1,99999}c", ["abc", "c", "ab" * 20 + "c", "ab"]),
        (r"(?:é|ab?){2,70000}(?:xy|z)*", ["éabxy", "aé", "é", "ééz", ""]),
        (r"\w{0,99999}", ["aé_1", "", "a-b"]),
    ],
)
def test_a_pattern_too_large_for_an_automaton_counts(pattern: str, texts: list[str]) -> None:
    grammar = regex_grammar(pattern)
    assert not isinstance(grammar.rules["root"], Automaton)
    for text in texts:
        assert accepts(grammar, text.encode()) == (re.fullmatch(pattern, text) is not None)


def test_a_counted_pattern_keeps_its_counts() -> None:
    assert isinstance(regex_grammar("a{1000000}").rules["root"], Repeat)


def test_a_pattern_without_texts_is_refused_with_the_reason() -> None:
    with pytest.raises(EmptyLanguage) as caught:
        regex_grammar("a(?!.)b")
    assert str(caught.value) == "No text can satisfy this specification: the pattern 'a(?!.)b' matches no text."


def test_a_large_pattern_with_conditions_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        regex_grammar(r"(?=x)[xy]{1,1000000}")
