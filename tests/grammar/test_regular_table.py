"""Tables of grammars that are plainly regular: they accept what the grammar derives, and recursion has none."""

from __future__ import annotations

import re
from itertools import product

import pytest

from maskwright.errors import LimitExceeded, UnsupportedComposition
from maskwright.grammar.byte_table import START
from maskwright.grammar.ir import Grammar
from maskwright.grammar.regular_table import regular_table
from tests.naive.recogniser import accepts

WORDS = [bytes(word) for n in range(6) for word in product(b"ab", repeat=n)]

RIGHT_LINEAR = 'root ::= "a" rest | "b"\nrest ::= "b" root | "a" rest | ""'
NESTED_CHOICES = 'root ::= (x | y y){1,3} "a"?\nx ::= "a" | "bb"\ny ::= "b" | x'
REPEATED = 'root ::= ("a" "b"*)* ("" | "aa")'


@pytest.mark.parametrize("text", [RIGHT_LINEAR, NESTED_CHOICES, REPEATED])
def test_a_table_accepts_what_the_grammar_derives(text: str) -> None:
    grammar = Grammar.from_gbnf(text)
    table = regular_table(grammar)
    assert table is not None
    for word in WORDS:
        assert table.accepting[table.run(START, word)] == accepts(grammar, word), word


@pytest.mark.parametrize("pattern", ["(a|b)*ab", "a{2,4}b?", "[^a]b|é+", "(ab|ba){2,}", "", "(a?b)*a{0,3}"])
def test_a_table_of_a_pattern_accepts_what_the_pattern_matches(pattern: str) -> None:
    table = regular_table(Grammar.from_regex(pattern))
    assert table is not None
    for word in [*WORDS, "éé".encode(), "\xe9".encode("latin-1")]:
        expected = re.fullmatch(pattern, word.decode("utf-8", "replace")) is not None and word != b"\xe9"
        assert table.accepting[table.run(START, word)] == expected, word


@pytest.mark.parametrize(
    "text", ['root ::= "(" root ")" | "a"', 'root ::= root "a" | "b"', 'root ::= x "a" | "b"\nx ::= root "a"?']
)
def test_recursion_that_is_not_at_the_end_has_no_table(text: str) -> None:
    assert regular_table(Grammar.from_gbnf(text)) is None


def test_what_is_no_set_of_strings_has_no_table() -> None:
    with pytest.raises(UnsupportedComposition, match="the construct Distinct"):
        regular_table(Grammar.from_json_schema({"type": "array", "uniqueItems": True}))


def test_too_many_states_are_an_error() -> None:
    with pytest.raises(LimitExceeded, match="A comparison"):
        regular_table(Grammar.from_gbnf('root ::= [ab]* "a" ' + "[ab] " * 14))
