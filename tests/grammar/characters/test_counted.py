"""Folding a chain of states into a loop with a counter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.characters import folded, length_between, match_language, search_language, utf8_automaton
from maskwright.grammar.ir import Automaton
from tests.grammar.characters.json_spellings import takes


@pytest.mark.parametrize(
    ("pattern", "loop", "counter"),
    [
        ("[ab]{1,64}", "[ab]*", (1, 64)),
        ("[a-z][a-z0-9_]{0,62}", "[a-z][a-z0-9_]*", (1, 63)),
        ("[a-z][a-z0-9]{3,9}", "[a-z][a-z0-9]*", (4, 10)),
        ("(?s:.{0,100})", "(?s:.*)", (0, 100)),
        ("[0-9a-f]{40}", "[0-9a-f]*", (40, 40)),
        ("é{15}", "é*", (15, 15)),
    ],
)
def test_a_bounded_repetition_becomes_a_loop_and_a_counter(pattern: str, loop: str, counter: tuple[int, int]) -> None:
    assert folded(match_language(pattern)) == (match_language(loop), counter)


@pytest.mark.parametrize(
    "pattern", ["a*", "a{0,2}", "(?:ab){1,50}", "[ab]{19}|c", "a{3,9}b", "(?:a|bb)c{15}", "a?b{1,50}"]
)
def test_what_a_counter_cannot_say_stays_as_it_is(pattern: str) -> None:
    assert folded(match_language(pattern)) is None


def test_the_usual_identifier_of_a_schema_is_folded() -> None:
    found = folded(search_language("^[a-zA-Z0-9_-]{1,64}$"))
    assert found is not None
    assert found[0].n_states == 1


@given(
    st.sampled_from(["[ab]{1,9}", "a[ab]{0,9}", "[ab]{2}[abc]{2,9}", "b?a{1,9}", "a{9}"]), st.text("abc", max_size=12)
)
def test_a_folded_language_with_its_counter_is_the_language(pattern: str, text: str) -> None:
    language = match_language(pattern)
    found = folded(language)
    if found is not None:
        loop, counter = found
        assert takes(Automaton(utf8_automaton(loop), 0, counter), text) == language.accepts(text)
        assert loop & length_between(*counter) == language
