"""Spelled automata against the languages they spell, by the naive recogniser and `json.loads`."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.byte_automaton import REFUSED, ByteAutomaton
from maskwright.grammar.characters import (
    ANY_JSON_STRING,
    ANY_TEXT,
    CharacterAutomaton,
    Escapes,
    any_json_string,
    json_string_automaton,
    search_language,
    utf8_automaton,
    words,
)
from maskwright.grammar.ir import Automaton, Grammar
from tests.grammar.characters.json_spellings import spelled, takes
from tests.naive.recogniser import accepts

PATTERNS = [
    "^[a-z]{1,3}$", "a", "^.{1,3}$", "^[^a]*$", "^[^a]", "é$", "^[é-😀]*$", r"\S", r"^\S+$", "^(?!.*a)",
    "/|\"", r"^\\?$",
    "^[\\x00-\\x1f]*$", "^[^\\x00-\\x1f]+$", "^\\x7f", "^\\u{10000}", "^[\\ud7ff\\ue000]$", "foo|^bar|baz$",
    "^(?:ab)*$",
    "^[\\u0080-\\u07ff]$", "^[^\\u0800-\\u{10000}]$", "^[\\u{3ffff}-\\u{40001}]$",
    "^[\\u{10000}-\\u{10ffff}]x$", "^([^\\u0080-\\uffff]x)+$", "^([\\u0800-\\u{10ffff}]x)*y$",
]  # fmt: skip
LANGUAGES = st.sampled_from(PATTERNS).map(search_language)
CHARACTERS = 'abz /"\\\n\t\x00\x1f\x7f\x80é߿ࠀ퟿\ue000€\u2028\ufeff\uffff𐀀😀\U0003ffff\U00040000\U0010ffff'
TEXTS = st.text(alphabet=CHARACTERS, max_size=4)
ESCAPES = st.sampled_from(list(Escapes))
SEEDS = st.integers(0, 10**6).map(random.Random)


@given(LANGUAGES, TEXTS, ESCAPES, SEEDS)
def test_a_spelling_is_accepted_if_its_value_is_a_member(
    language: CharacterAutomaton, text: str, escapes: Escapes, rng: random.Random
) -> None:
    spelling = spelled(text, escapes, rng)
    assert json.loads(spelling, strict=False) == text
    assert takes(json_string_automaton(language, escapes), spelling) == language.accepts(text)
    assert takes(utf8_automaton(language), text) == language.accepts(text)


@given(ESCAPES, st.text(alphabet='"\\/bnud8c0fe9DAx😀\n', max_size=14))
def test_what_is_accepted_is_json(escapes: Escapes, inner: str) -> None:
    text = f'"{inner}"'
    try:
        value = json.loads(text)
        is_json = isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)
    except ValueError:
        is_json = False
    is_taken = takes(any_json_string(escapes), text)
    assert is_taken == is_json if escapes is Escapes.EXACT else is_taken <= is_json


@pytest.mark.parametrize(
    ("text", "in_canonical", "in_exact"),
    [
        ('"a"', True, True), (r'"\u0041"', False, True), (r'"\/"', False, True), ('"/"', True, True),
        (r'"\n"', True, True), (r'"\u000A"', True, True), ('"\n"', False, False), (r'"\u007f"', True, True),
        ('"\x7f"', True, True), (r'"\u007e"', False, True), (r'"\ud83d\ude00"', True, True),
        (r'"\ud83d"', False, False),
        (r'"\ude00"', False, False), (r'"\ud83d\u0041"', False, False), (r'"\uD83D\uDE00"', True, True),
        ('"', False, False),
        ('"a', False, False), ('""', True, True), (r'"\"', False, False), (r'"\x"', False, False), ("a", False, False),
        ('"\ud800"', False, False),
    ],
)  # fmt: skip
def test_particular_spellings(text: str, in_canonical: bool, in_exact: bool) -> None:
    assert takes(any_json_string(Escapes.CANONICAL), text) == in_canonical
    assert takes(any_json_string(Escapes.EXACT), text) == in_exact


@given(LANGUAGES, TEXTS, ESCAPES, SEEDS, st.integers(0, 3), st.integers(0, 4))
def test_characters_are_the_units_that_a_counter_counts(
    language: CharacterAutomaton, text: str, escapes: Escapes, rng: random.Random, least: int, more: int
) -> None:
    counted = Automaton(json_string_automaton(language, escapes), 0, (least, least + more))
    expected = language.accepts(text) and least <= len(text) <= least + more
    assert takes(counted, spelled(text, escapes, rng)) == expected
    if least == 0:
        assert takes(Automaton(utf8_automaton(language), 0, (0, more)), text) == (
            language.accepts(text) and len(text) <= more
        )


def test_the_universal_language_is_the_shared_automaton() -> None:
    assert json_string_automaton(ANY_TEXT) is ANY_JSON_STRING
    assert ANY_JSON_STRING.is_shared
    assert any_json_string(Escapes.EXACT) != ANY_JSON_STRING


def test_what_anything_may_follow_is_linked_and_what_most_may_follow_is_a_difference() -> None:
    contains = json_string_automaton(search_language("a"))
    assert contains.links == ((ANY_JSON_STRING, 1),)
    starts_otherwise = json_string_automaton(search_language("^[^a]"))
    assert starts_otherwise.base_automaton == ANY_JSON_STRING
    assert starts_otherwise.base is not None
    body = int(starts_otherwise.edges[0][2])
    assert starts_otherwise.base[body] == 1
    # only the letter a and the closing quote differ from any string
    rows = starts_otherwise.edges[starts_otherwise.edge_start[body] : starts_otherwise.edge_start[body + 1]]
    assert rows.tolist() == [[0x22, 0x22, REFUSED], [0x61, 0x61, REFUSED]]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("escapes", list(Escapes))
def test_every_state_can_be_reached_and_can_finish(pattern: str, escapes: Escapes) -> None:
    language = search_language(pattern)
    for automaton in (json_string_automaton(language, escapes), utf8_automaton(language)):
        check_invariants(automaton)


def check_invariants(automaton: ByteAutomaton) -> None:
    """Sorted edges without overlap; every state reachable; every state without base leads on or accepts."""
    successors: list[set[int]] = []
    finishes = automaton.accepting.copy()
    for state in range(automaton.n_states):
        rows = automaton.edges[automaton.edge_start[state] : automaton.edge_start[state + 1]].tolist()
        for (_, high, _), (low, _, _) in pairwise(rows):
            assert high < low
        successors.append({target for _, _, target in rows if target >= 0})
        finishes[state] |= any(target < 0 and target != REFUSED for _, _, target in rows)
        if automaton.base is not None and automaton.base[state] >= 0:
            finishes[state] = True
    reached, todo = {0}, [0]
    while todo:
        for target in successors[todo.pop()] - reached:
            reached.add(target)
            todo.append(target)
    assert reached == set(range(automaton.n_states))
    for _ in range(automaton.n_states):
        finishes = np.array([finishes[s] or any(finishes[t] for t in successors[s]) for s in range(len(finishes))])
    assert finishes.all()


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS, ESCAPES, SEEDS)
def test_finite_languages_and_their_complements(
    names: list[str], text: str, escapes: Escapes, rng: random.Random
) -> None:
    language = words(names)
    for candidate in [text, *names]:
        spelling = spelled(candidate, escapes, rng)
        assert takes(json_string_automaton(language, escapes), spelling) == (candidate in names)
        assert takes(json_string_automaton(~language, escapes), spelling) == (candidate not in names)


@pytest.mark.parametrize(
    "pattern", ["^[\\u{10000}-\\u{10ffff}]x$", "^[^\\u0080-\\uffff]x$", "^(a|[\\u{f0000}-\\u{fffff}]x)*$"]
)
def test_where_only_long_characters_lead_to_a_state_they_are_spelled_to_their_end(pattern: str) -> None:
    language = search_language(pattern)
    quoted, plain = (
        Grammar("root", {"root": Automaton(one)}) for one in (json_string_automaton(language), utf8_automaton(language))
    )
    for character in "\U0001f600\U000f5150\U0010ffff":
        if language.accepts(f"{character}x"):
            text = f"{character}x".encode()
            assert accepts(quoted, b'"' + text + b'"') and accepts(plain, text)
            for cut in (text[:3], text[:3] + b"x", text[:3] + b'"x'):
                assert not accepts(quoted, b'"' + cut + b'"') and not accepts(plain, cut)
