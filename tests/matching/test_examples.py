"""Examples: members of every specification that we have, short, and mended where siblings must differ."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from maskwright.errors import LimitExceeded, SpecificationError
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import Indented, JSONSchemaOptions, Whitespace, json_schema_grammar
from maskwright.grammar.lark import lark_grammar
from maskwright.grammar.regex import regex_grammar
from maskwright.matching.compiler import Compiler
from maskwright.matching.examples import _confirmed, example_texts, shortest_text, single_bytes
from tests.data_folder import data_archive
from tests.grammar.json_schema.test_cases import FILES, options_of
from tests.naive.recogniser import accepts

COMPILER = Compiler(single_bytes())
DEMO = Path(__file__).parents[2] / "schemas" / "demo"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_examples_of_the_schemas_on_disk(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    grammar = json_schema_grammar(case["schema"], options_of(case))
    texts = list(islice(example_texts(grammar), 3))
    assert len(set(texts)) == len(texts) >= 1
    for text in texts:
        matcher = COMPILER.compile_grammar(grammar).matcher()
        matcher.accept_bytes(text)
        assert matcher.is_accepting()
    assert len(texts[0]) <= min(len(text.encode()) for text in case["accepted"])


@pytest.mark.parametrize("path", sorted(DEMO.glob("*.json")), ids=lambda path: path.stem)
@pytest.mark.parametrize("whitespace", [Whitespace.COMPACT, Indented(2)], ids=str)
def test_examples_are_valid_instances(path: Path, whitespace: Whitespace | Indented) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for text in islice(example_texts(json_schema_grammar(schema, JSONSchemaOptions(whitespace=whitespace))), 6):
        validator.validate(json.loads(text))


def test_examples_of_real_schemas_are_valid_instances() -> None:
    files = sorted(data_archive("maskbench-dev").rglob("*.json"))
    n_examples = 0
    for path in random.Random(3).sample(files, 60):
        schema = json.loads(path.read_text(encoding="utf-8"))["schema"]
        try:
            grammar = json_schema_grammar(schema)
        except SpecificationError:
            continue
        for text in islice(example_texts(grammar), 2):
            n_examples += 1
            assert is_valid(schema, json.loads(text)), (path.name, text)
    assert n_examples > 50


def is_valid(schema: Any, value: Any) -> bool:
    return bool(jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)(schema).is_valid(value))


@pytest.mark.parametrize(
    ("pattern", "text", "mended"),
    [
        (r"\[(?:0,(1,2|2,1)|1,(0,2|2,0)|2,(0,1|1,0))\]", b"[0,0,0]", b"[0,1,2]"),
        (r'\["a",(?:"b"|"[^a]\w"),"c"\]', b'["a","a","a"]', b'["a","b","c"]'),
        (r'\{"id":0(\.[0-9]+)?\},\{"id":([1-9]|0\.[1-9])\}', b'{"id":0},{"id":0}', b'{"id":0},{"id":1}'),
        ("ab{300}c", b"abc", b"a" + b"b" * 300 + b"c"),
        ("abc", b"abc", b"abc"),
    ],
)
def test_a_refused_text_is_mended_nearby(pattern: str, text: bytes, mended: bytes) -> None:
    assert _confirmed(COMPILER.compile_regex(pattern).matcher(), text) == mended


def test_a_mend_that_is_too_far_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwright.matching.examples.MAX_TRIES", 50)
    with pytest.raises(LimitExceeded):
        _confirmed(COMPILER.compile_regex("a[b-z]{3}c+d").matcher(), b"aaad")


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "integer", "minimum": 17}, b"20"),
        ({"type": "array", "minItems": 2}, b"[0,0]"),
        ({"type": "object", "required": ["b", "a"]}, b'{"b":0,"a":0}'),
        ({"type": "string", "minLength": 3}, b'"aaa"'),
        ({"enum": ["long", "word", 100]}, b"100"),
        ({"type": "array", "uniqueItems": True, "minItems": 3, "items": {"enum": ["a", "b", 1]}}, b'[1,"a","b"]'),
        ({"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "string"}}, b'["","a","b"]'),
    ],
    ids=str,
)
def test_the_shortest_document(schema: dict[str, Any], text: bytes) -> None:
    assert shortest_text(json_schema_grammar(schema)) == text


def test_items_that_must_differ_do() -> None:
    schema = {"type": "array", "uniqueItems": True, "minItems": 30, "items": {"type": ["number", "string"]}}
    text = shortest_text(json_schema_grammar(schema))
    assert is_valid(schema, json.loads(text)) and len(text) <= 30 * len('"ab",') + 2


def test_a_pattern_has_a_shortest_text() -> None:
    grammar = regex_grammar("[A-Z]{3}-(?:cat|horse)")
    assert shortest_text(grammar) == b"AAA-cat"
    assert all(accepts(grammar, text) for text in islice(example_texts(grammar), 8))


def test_examples_of_a_lark_grammar_and_of_larger_ones_that_hold_it() -> None:
    grammar = lark_grammar('start: "let" NAME ("=" NAME)?\nNAME: /[a-z]+/\n%ignore " "\n')
    assert list(islice(example_texts(grammar), 2)) == [b"let a", b"let b=b"]
    twice = regex_grammar("<+") + grammar.repeat(2, 2)
    texts = list(islice(example_texts(twice), 4))
    assert texts[0] == b"<let alet a" and len(set(texts)) == 4
    assert all(reads(twice, text) for text in texts)


def reads(grammar: Grammar, text: bytes) -> bool:
    matcher = COMPILER.compile_grammar(grammar).matcher()
    matcher.accept_bytes(text)
    return matcher.is_accepting()
