"""Closed schemas: objects without members that nobody named, and never an instance that the schema did not have."""

from __future__ import annotations

import itertools
import json
from typing import Any

import jsonschema
import pytest

import maskwright as mw
from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.json_schema.closed_objects import MAX_DEPTH, closed_schema

COMPILER = mw.Compiler(mw.Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256]))
INTEGER = {"type": "integer"}
VALUES = [
    dict(zip(names, values, strict=True))
    for count in range(4)
    for names in itertools.combinations("abck", count)
    for values in itertools.product([1, 2, "x"], repeat=count)
]
SCHEMAS: dict[str, dict[str, Any]] = {
    "plain": {"properties": {"a": INTEGER, "b": INTEGER}},
    "said": {"properties": {"a": INTEGER}, "additionalProperties": INTEGER},
    "not": {"properties": {"a": {}, "b": {}}, "not": {"properties": {"a": {"const": 1}}, "required": ["a"]}},
    "if": {
        "properties": {"k": {}, "a": {}, "b": {}},
        "if": {"properties": {"k": {"const": "x"}}, "required": ["k"]},
        "then": {"required": ["b"]},
    },
    "oneOf": {
        "properties": {"a": INTEGER, "b": INTEGER},
        "oneOf": [
            {"properties": {"a": {"const": 1}}, "required": ["a"]},
            {"properties": {"a": {}, "b": {"const": 2}}, "required": ["b"]},
        ],
    },
    "anyOf": {"anyOf": [{"properties": {"a": INTEGER}, "required": ["a"]}, {"properties": {"b": {"const": "x"}}}]},
    "reference": {"$defs": {"d": {"properties": {"a": INTEGER}}}, "not": {"required": ["b"]}, "$ref": "#/$defs/d"},
    "recursive": {"properties": {"a": {"anyOf": [INTEGER, {"$ref": "#"}]}, "b": {"oneOf": [INTEGER, {"$ref": "#"}]}}},
    "draft 7": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"d": INTEGER},
        "properties": {"a": {"$ref": "#/definitions/d"}, "b": {}},
        "not": {"required": ["a", "b"]},
    },
}


def accepts(grammar: mw.CompiledGrammar, value: object) -> bool:
    text = json.dumps(value).encode()
    matcher = grammar.matcher()
    return matcher.accept_tokens(text) == len(text) and matcher.is_accepting()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_closed_schema_has_no_instance_that_the_schema_had_not(name: str) -> None:
    schema = {"type": "object", **SCHEMAS[name]}
    grammar = COMPILER.compile_json_schema(closed_schema(schema))
    valid = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)(schema).is_valid
    accepted = [value for value in VALUES if accepts(grammar, value)]
    assert accepted
    assert all(valid(value) for value in accepted)
    if name != "said":
        assert all(set(value) <= {*schema.get("properties", "ab")} for value in accepted)


def test_an_object_without_names_stays_open() -> None:
    assert closed_schema({"type": "object"}) == {"type": "object"}
    assert closed_schema(True) is True
    assert closed_schema({"items": [{"properties": {}}, False]})["items"] == [
        {"properties": {}, "additionalProperties": False},
        False,
    ]


def test_the_schema_that_was_given_is_left_alone() -> None:
    schema = {"properties": {"a": {"properties": {"b": {}}}}, "not": {"properties": {"c": {}}}}
    before = json.dumps(schema)
    closed_schema(schema)
    assert json.dumps(schema) == before


def test_what_nothing_is_left_of_is_refused() -> None:
    schema = {"type": "object", "allOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}]}
    with pytest.raises(EmptyLanguage):
        COMPILER.compile_json_schema(closed_schema(schema))


def test_deep_schemas_are_a_limit_and_no_crash() -> None:
    deep: Any = {}
    for _ in range(MAX_DEPTH + 1):
        deep = {"properties": {"a": deep}}
    with pytest.raises(LimitExceeded, match="nesting of a schema that is to be closed"):
        closed_schema(deep)
