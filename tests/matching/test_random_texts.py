"""Random members: always members, all different, the same for equal seeds; nearly all walks come to an end."""

from __future__ import annotations

import json
import re
from itertools import islice

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from maskwright import Compiler, Grammar, JSONSchemaOptions, Whitespace
from maskwright.matching.examples import single_bytes
from maskwright.matching.random_texts import Habits, Walker, is_utf8, pieces_in, random_texts

TERSE = JSONSchemaOptions(whitespace=Whitespace.COMPACT)
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "tags": {"type": "array", "uniqueItems": True}, "next": {"$ref": "#"}},
    "required": ["name"],
}
CLOSED = {**PERSON, "additionalProperties": False, "required": ["name", "tags"]}


@pytest.mark.parametrize("schema", [PERSON, CLOSED, {"type": "number"}, {"enum": ["a", 1, None]}])
def test_random_texts_of_a_schema_are_valid_and_different(schema: dict[str, object]) -> None:
    texts = list(islice(random_texts(Grammar.from_json_schema(schema, TERSE), (3,)), 25))
    assert len(texts) == len(set(texts)) > 2
    assert all(Draft202012Validator(schema).is_valid(json.loads(text)) for text in texts)


def test_random_texts_of_other_grammars_are_members() -> None:
    assert all(
        re.fullmatch("[a-f]+(é|, [0-9]{2})*", text.decode())
        for text in islice(random_texts(Grammar.from_regex("[a-f]+(é|, [0-9]{2})*"), (0,)), 30)
    )
    nested = Grammar.from_gbnf('root ::= "(" root ")" root | "x"')
    texts = list(islice(random_texts(nested, (0,)), 12))
    assert len(texts) == 12
    assert all(text.count(b"(") == text.count(b")") == text.count(b"x") - 1 for text in texts)


def test_texts_depend_on_the_seed_alone() -> None:
    grammar = Grammar.from_json_schema(PERSON, TERSE)
    first = list(islice(random_texts(grammar, (7,)), 10))
    assert list(islice(random_texts(grammar, (7,)), 4)) == first[:4]
    assert list(islice(random_texts(grammar, (8,)), 10)) != first


def test_a_finite_language_is_told_whole_and_then_ends() -> None:
    assert sorted(random_texts(Grammar.from_regex("[ab]{1,2}"), (1,))) == [b"a", b"aa", b"ab", b"b", b"ba", b"bb"]


def test_nearly_all_walks_come_to_an_end() -> None:
    matcher = Compiler(single_bytes()).compile_json_schema(CLOSED, options=TERSE).matcher()
    walker = Walker(single_bytes(), Habits(pieces=(b'"name"', b'"tags"', b'"next"')))
    texts = [walker.text(matcher, np.random.default_rng(seed)) for seed in range(60)]
    assert sum(text is not None for text in texts) >= 45


def test_pieces_are_what_stands_in_quotes_and_words_as_often_as_they_do() -> None:
    assert pieces_in([b'{"a":true}', b'{"a":[1]}']) == (b'"a"', b"true", b'"a"')


def test_a_grammar_of_bytes_has_texts_that_are_none() -> None:
    assert is_utf8("é".encode())
    assert not is_utf8(b"\xc3")
