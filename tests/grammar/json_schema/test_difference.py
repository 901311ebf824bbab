"""The difference of two schemas: a witness is valid in one and not in the other, and without one no value is."""

from __future__ import annotations

import copy
import json
import random
from decimal import Decimal
from typing import Any

import pytest

from maskwright.errors import InvalidOption, MaskwrightError, UnsupportedSchema
from maskwright.grammar.json_schema import Formats, JSONSchemaOptions
from maskwright.grammar.json_schema.difference import schema_difference
from maskwright.matching.examples import shortest_text
from tests.fuzz.random_schemas import random_schema
from tests.grammar.json_schema.universe import EXACT_UNIVERSE
from tests.naive.json_schema_validator import is_valid

N_PAIRS = 250
LEAST_DECIDED = 0.8

TREE = {"$id": "https://example.com/t", "properties": {"of": {"items": {"$ref": "#"}}}, "type": "object"}
OTHER_TREE = {**TREE, "properties": {"of": {"items": {"$ref": "https://example.com/t"}, "type": "array"}}}


def witness(left: object, right: object, **options: Any) -> Any:
    """The value of a shortest text of the difference, or None if there is none."""
    grammar = schema_difference(left, right, **options)
    return None if grammar is None else json.loads(shortest_text(grammar))


def pairs() -> list[tuple[Any, Any]]:
    """Random schemas; half the second ones are the first with one keyword of another."""
    found = []
    for seed in range(N_PAIRS):
        rng = random.Random(seed)
        left, right = random_schema(rng), random_schema(rng)
        if isinstance(left, dict) and isinstance(right, dict) and left and right and rng.random() < 0.5:
            keyword = rng.choice([name for name in right if name != "$defs"] or ["type"])
            right = {**copy.deepcopy(left), keyword: right.get(keyword, "string")}
        found.append((left, right))
    return found


def test_a_witness_is_valid_in_one_alone_and_without_one_no_value_is() -> None:
    n_decided = 0
    for left, right in pairs():
        try:
            grammar = schema_difference(left, right)
        except MaskwrightError:  # a keyword that cannot be negated, or a schema that is none
            continue
        n_decided += 1
        if grammar is None:
            assert not [one for one in EXACT_UNIVERSE if is_valid(left, one) and not is_valid(right, one)], (
                left,
                right,
            )
        else:
            value = json.loads(shortest_text(grammar), parse_int=Decimal, parse_float=Decimal)
            assert is_valid(left, value), (left, right, value)
            assert not is_valid(right, value), (left, right, value)
    assert n_decided > LEAST_DECIDED * N_PAIRS


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"type": "number"}, {"type": "integer"}, 0.1),
        ({"type": "integer"}, {"type": "number"}, None),
        ({"type": "number", "multipleOf": 1}, {"type": "integer"}, None),
        ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 1}, 0),
        ({"type": "object"}, {"type": "object", "required": ["a"]}, {}),
        ({"enum": ["a", "b", 1]}, {"enum": ["b", 1]}, "a"),
        ({"oneOf": [{"minimum": 1}, {"type": "integer"}], "type": "number"}, {"minimum": 1, "type": "number"}, 0),
        ({"type": "string", "pattern": "^a+$"}, {"type": "string", "pattern": "^a*$"}, None),
        ({"type": "string", "pattern": "^a*$"}, {"type": "string", "pattern": "^a+$"}, ""),
        (True, {"not": {"const": 5}}, 5),
        (False, True, None),
        (TREE, OTHER_TREE, {"of": 0}),
        (OTHER_TREE, TREE, None),
    ],
)
def test_the_shortest_text_of_the_difference(left: Any, right: Any, expected: Any) -> None:
    assert witness(left, right) == expected


def test_references_and_drafts_stay_those_of_each_schema() -> None:
    old = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"x": {"type": "integer"}},
        "items": [{"$ref": "#/definitions/x"}],
        "type": "array",
    }
    new = {"$defs": {"x": {"type": "integer"}}, "prefixItems": [{"$ref": "#/$defs/x"}], "type": "array"}
    assert witness(old, new) is None
    assert witness(new, old) is None


def test_what_both_share_cancels_out_even_where_it_cannot_be_negated() -> None:
    unique = {"type": "array", "uniqueItems": True}
    old = {"properties": {"a": unique, "b": {"type": "integer"}}, "required": ["b"], "type": "object"}
    assert witness(old, {**old, "required": ["a", "b"]}) == {"b": 0}


def test_what_cannot_be_negated_is_refused_by_the_name_of_its_schema() -> None:
    with pytest.raises(UnsupportedSchema, match="'uniqueItems' at 'urn:new#/items'"):
        schema_difference({"type": "array"}, {"items": {"uniqueItems": True}}, names=("old", "new"))


def test_formats_count_as_the_options_say() -> None:
    date, text = {"type": "string", "format": "date"}, {"type": "string"}
    assert witness(text, date) == ""
    assert witness(text, date, options=JSONSchemaOptions(formats=Formats.ANNOTATION)) is None


def test_schemas_that_disagree_on_formats_need_options() -> None:
    loose = {"x-maskwright": {"formats": "annotation"}, "format": "date"}
    with pytest.raises(InvalidOption, match="`format` means must be the same in both schemas"):
        schema_difference(loose, {"format": "date"})
    assert witness({"type": "string"}, loose, options=JSONSchemaOptions(formats=Formats.ANNOTATION)) is None
