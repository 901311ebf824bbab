"""Keywords that exclude each other: enough to leave no value, none of them idle, and the rest left out of account."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from maskwright.errors import EmptyLanguage, SpecificationError
from maskwright.grammar.json_schema import json_schema_grammar
from maskwright.grammar.json_schema.conflict import MAX_ATTEMPTS, MAX_NAMED, conflicting_keywords
from tests.grammar.json_schema.universe import Meaning, SmallSchemas

Json = Any


def is_empty(schema: Json) -> bool:
    try:
        meaning = Meaning(schema)
    except SpecificationError:
        return False
    return not meaning.productivity.is_productive(meaning.root)


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"type": "object", "title": "x", "required": ["a"], "properties": {"a": False}}, "/required /properties/a"),
        ({"minLength": 3, "type": "string", "maxLength": 2}, "/minLength /type /maxLength"),
        ({"enum": [1, 2], "type": "string", "minLength": 1}, "/enum /type"),
        ({"type": "integer", "$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, "/type /$ref /$defs/a/type"),
        ({"allOf": [{"type": "null"}, {"title": "x"}, {"type": "array"}]}, "/allOf/0/type /allOf/2/type"),
        (
            {"anyOf": [{"const": 1, "type": "null"}, {"minimum": 3, "maximum": 2, "type": "integer"}]},
            "/anyOf/0/const /anyOf/0/type /anyOf/1/minimum /anyOf/1/maximum /anyOf/1/type",
        ),
        (
            {"type": "object", "required": ["a/b"], "properties": {"a/b": {"const": 1, "type": "null"}, "c": {}}},
            "/required /properties/a~1b/const /properties/a~1b/type /type",
        ),
        (
            {"type": "array", "contains": {"type": "integer"}, "items": {"type": "string"}, "minItems": 1},
            "/type /contains/type /items/type",
        ),
        (
            {"type": "object", "if": {"required": ["a"]}, "then": False, "else": False, "properties": {"a": {}}},
            "/type /if /then /else",
        ),
        ({"type": "string", "not": {"type": "string"}}, "/type /not"),
        ({"not": {}}, "/not"),
    ],
)
def test_the_keywords_in_conflict_are_named(schema: Json, named: str) -> None:
    assert set(conflicting_keywords(schema, is_empty)) - {"/type"} == set(named.split()) - {"/type"}


def test_the_error_names_them() -> None:
    with pytest.raises(EmptyLanguage) as caught:
        json_schema_grammar({"title": "t", "const": 1, "maximum": 0, "multipleOf": 1})
    assert str(caught.value).endswith("exclude each other: see /const, /maximum.")


def contradictions() -> Iterator[Json]:
    """Random schemas that nothing satisfies, without negations."""
    for seed in range(900):
        schema = {"allOf": [SmallSchemas(seed + shift).schema(1) for shift in (0, 10_000, 20_000)]}
        text = json.dumps(schema)
        if not any(word in text for word in ('"not"', '"if"', '"oneOf"', "max")) and is_empty(schema):
            yield schema


def test_what_is_named_is_enough() -> None:
    """With all keywords that are not named left out, there is still no value."""
    n = 0
    for schema in contradictions():
        named = conflicting_keywords(schema, is_empty)
        if not named or len(named) == MAX_NAMED:
            continue
        n += 1
        assert is_empty(_pruned(schema, "", lambda pointer, named=named: any(_leads(pointer, one) for one in named)))
    assert n > 20


def _leads(pointer: str, named: str) -> bool:
    """Is the place on the way to a keyword that was named, or inside one?"""
    return f"{named}/".startswith(f"{pointer}/") or pointer.startswith(f"{named}/")


def _pruned(part: Json, pointer: str, keep: Callable[[str], bool]) -> Json:
    if isinstance(part, dict):
        return {
            name: _pruned(inner, f"{pointer}/{name}", keep) for name, inner in part.items() if keep(f"{pointer}/{name}")
        }
    if isinstance(part, list) and any(isinstance(inner, dict) for inner in part):
        return [
            _pruned(inner, f"{pointer}/{place}", keep)
            if keep(f"{pointer}/{place}")
            else (isinstance(inner, dict) or inner)
            for place, inner in enumerate(part)
        ]
    return part


def test_the_schema_itself_is_left_as_it_was() -> None:
    schema = {"allOf": [{"type": "null"}, {"type": "array"}], "properties": {"a": {"const": 1}}}
    before = copy.deepcopy(schema)
    conflicting_keywords(schema, is_empty)
    assert schema == before


def test_attempts_and_names_are_bounded() -> None:
    asked = []

    def is_always_needed(schema: Json) -> bool:
        asked.append(schema)
        return False

    schema = {"properties": {str(name): {"const": name} for name in range(3 * MAX_ATTEMPTS)}}
    assert len(conflicting_keywords(schema, is_always_needed)) == MAX_NAMED
    assert len(asked) == MAX_ATTEMPTS
