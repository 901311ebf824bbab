"""Keys: finite sets of JSON strings and all strings but those, in every spelling."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.characters import (
    ANY_JSON_STRING,
    Escapes,
    json_spelling,
    json_string_except,
    json_string_words,
    json_words,
)
from maskwright.grammar.ir import NOTHING, Automaton, Literal
from tests.grammar.characters.json_spellings import spelled, takes
from tests.grammar.characters.test_spelling import check_invariants

NAMES = st.text(alphabet='ab"\\\n\x7f/é😀', max_size=4)
PLAIN_NAMES = st.text(alphabet=" !#ab[]~", max_size=4)
ESCAPES = st.sampled_from(list(Escapes))


@given(st.lists(NAMES, max_size=5), NAMES, ESCAPES, st.integers(0, 10**6))
def test_a_name_is_a_word_or_an_exception_in_every_spelling(
    names: list[str], other: str, escapes: Escapes, seed: int
) -> None:
    rng = random.Random(seed)
    these, others = json_string_words(names, escapes), json_string_except(names, escapes)
    check_invariants(others)
    if isinstance(these, Automaton):
        check_invariants(these.automaton)
    for text in [other, *names]:
        spelling = spelled(text, escapes, rng)
        assert takes(these, spelling) == (text in names)
        assert takes(others, spelling) == (text not in names)
        shorter = Automaton(others, 0, (0, 2))
        assert takes(shorter, spelling) == (text not in names and len(text) <= 2)


@pytest.mark.no_jit
@given(
    st.lists(st.text(alphabet=" !#ab[]~", max_size=4), min_size=2, max_size=8), st.text(alphabet=' !"#ab', max_size=4)
)
def test_the_tree_of_plain_names_is_the_tree_of_any_names(names: list[str], other: str) -> None:
    made = json_string_words(names), Automaton(json_string_except(names))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_words, "_are_plain", lambda *_: False)
        expected = json_string_words(names), Automaton(json_string_except(names))
    for one, another in zip(made, expected, strict=True):
        if isinstance(one, Automaton) and isinstance(another, Automaton):
            assert one.automaton.n_states == another.automaton.n_states
            assert len(one.automaton.edges) == len(another.automaton.edges)
        for text in (other, *names, *(name + "a" for name in names), *(name[:-1] for name in names)):
            assert takes(one, json.dumps(text)) == takes(another, json.dumps(text))


@given(NAMES, st.text(alphabet='ab"\\nu00efd83é', max_size=10))
def test_exceptions_are_only_names(name: str, inner: str) -> None:
    text = f'"{inner}"'
    if takes(ANY_JSON_STRING, text):
        assert takes(json_string_except([name]), text) == (json.loads(text) != name)


def test_a_single_spelling_is_a_literal() -> None:
    assert json_spelling("name") == Literal(b'"name"')
    assert json_spelling('say "a\\b"') == Literal(rb'"say \"a\\b\""')
    assert json_spelling("") == Literal(b'""')
    assert isinstance(json_spelling("é"), Automaton)
    assert isinstance(json_spelling("name", Escapes.EXACT), Automaton)
    assert json_string_words(["a", "a"]) == Literal(b'"a"')


def test_names_that_no_text_can_hold_are_no_words_and_no_exceptions() -> None:
    assert json_string_words(["\ud800"]) == NOTHING
    assert json_string_words([]) == NOTHING
    assert json_string_except(["\ud800"]) is ANY_JSON_STRING
    assert json_string_except([]) is ANY_JSON_STRING


def test_exceptions_share_all_but_a_few_edges_with_any_string() -> None:
    names = [f"property_{index}" for index in range(100)]
    automaton = json_string_except(names)
    assert automaton.base_automaton is ANY_JSON_STRING
    n_characters = sum(map(len, names))
    assert automaton.n_states <= n_characters + 2
    assert len(automaton.edges) <= n_characters + 2 + len(names)
