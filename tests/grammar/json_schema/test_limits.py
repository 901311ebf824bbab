"""Limits: what is big and still no problem, and what ends in an error that says where and how much."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from maskwright.errors import LimitExceeded, SchemaTooComplex
from maskwright.grammar.json_schema import JSONSchemaOptions, json_schema_grammar
from maskwright.grammar.json_schema.options import MAX_NESTING
from tests.naive.recogniser import accepts


def deep(levels: int, keyword: str) -> Any:
    schema: Any = {"type": "integer"}
    for _ in range(levels):
        schema = {keyword: [schema, {"type": "null"}]} if keyword in {"allOf", "anyOf"} else {keyword: schema}
    return schema


@pytest.mark.parametrize("keyword", ["items", "additionalProperties"])
def test_deep_nesting_in_the_value_is_no_problem(keyword: str) -> None:
    json_schema_grammar(deep(5_000, keyword))


def test_a_long_chain_of_applicators_ends_in_a_limit() -> None:
    with pytest.raises(LimitExceeded) as caught:
        json_schema_grammar({"items": deep(500, "anyOf")})
    assert caught.value.stage == "chain of $ref, allOf, anyOf and oneOf"
    assert caught.value.where.startswith("/items/anyOf/0/anyOf/0")


@pytest.mark.parametrize("limit", [1, 7, MAX_NESTING])
def test_a_chain_may_be_as_long_as_the_option_says(limit: int) -> None:
    options = JSONSchemaOptions(max_nesting=limit)
    assert accepts(json_schema_grammar(deep(limit, "anyOf"), options), b"1")
    with pytest.raises(SchemaTooComplex) as caught:
        json_schema_grammar(deep(limit + 1, "anyOf"), options)
    assert (caught.value.asked, caught.value.allowed) == (limit + 1, limit)


def test_conjunctions_of_deep_schemas_are_no_problem() -> None:
    json_schema_grammar({"allOf": [deep(2_000, "items"), deep(2_000, "items"), {"items": {"title": "any"}}]})


def test_a_prefix_of_thousands_of_items_is_no_problem() -> None:
    grammar = json_schema_grammar({"type": "array", "prefixItems": [{"const": n} for n in range(3_000)], "minItems": 2})
    assert accepts(grammar, b"[0,1,2]") and not accepts(grammar, b"[0]")


def test_conjunctions_of_recursive_schemas_end() -> None:
    """Rings of 2, 3 and 5 schemas: their conjunction is a ring of 30."""
    rings = {
        f"{n}-{i}": {
            "type": "object",
            "properties": {"next": {"$ref": f"#/$defs/{n}-{(i + 1) % n}"}, f"{n}": {"const": i}},
        }
        for n in (2, 3, 5)
        for i in range(n)
    }
    grammar = json_schema_grammar({"$defs": rings, "allOf": [{"$ref": f"#/$defs/{n}-0"} for n in (2, 3, 5)]})
    assert accepts(grammar, b'{"next":{"next":{"next":{"3":0,"2":1,"5":3}}}}')
    assert not accepts(grammar, b'{"next":{"next":{"next":{"3":0,"2":1,"5":0}}}}')


def test_conjunctions_that_multiply_end_in_a_limit() -> None:
    rings = {
        f"{n}-{i}": {"type": "object", "properties": {"next": {"$ref": f"#/$defs/{n}-{(i + 1) % n}"}}}
        for n in (11, 13, 17, 19, 23)
        for i in range(n)
    }
    with pytest.raises(LimitExceeded, match="conjunctions of subschemas"):
        json_schema_grammar({"$defs": rings, "allOf": [{"$ref": f"#/$defs/{n}-0"} for n in (11, 13, 17, 19, 23)]})


def test_many_branches_told_apart_by_a_constant_are_proved_disjoint() -> None:
    tools = [
        {"type": "object", "properties": {"name": {"const": f"tool {i}"}, "x": {"minimum": i}}, "required": ["name"]}
        for i in range(128)
    ]
    grammar = json_schema_grammar({"oneOf": tools})
    assert accepts(grammar, b'{"name":"tool 7","x":7}') and not accepts(grammar, b'{"name":"tool 7","x":6}')


def test_thousands_of_enumerated_objects_take_linear_time() -> None:
    grammar = json_schema_grammar({"enum": [{"a": n} for n in range(5_000)]})
    assert grammar.rules[grammar.start]
    assert len(grammar.rules) == 5_002


def test_text_nested_too_deeply_ends_in_a_limit() -> None:
    with pytest.raises(LimitExceeded, match="nesting of the schema's text"):
        json_schema_grammar('{"items":' * 60_000 + "{}" + "}" * 60_000)


def test_a_union_that_multiplies_ends_in_a_limit_with_its_pointer() -> None:
    factors = [
        {"anyOf": [{"properties": {f"{i}{j}": {"type": "integer"}}, "required": [f"{i}{j}"]} for j in range(6)]}
        for i in range(9)
    ]
    with pytest.raises(LimitExceeded) as caught:
        json_schema_grammar({"properties": {"a": {"type": "object", "allOf": factors}}})
    assert caught.value.stage == "number of alternatives"
    assert caught.value.where == "/properties/a"


@pytest.mark.parametrize(
    ("schema", "stage", "asked", "allowed"),
    [
        (
            {"multipleOf": 123456789},
            "The automaton of the numbers that are a multiple of 123456789",
            123456789,
            60_000,
        ),
        (
            {"allOf": [{"not": {"patternProperties": {f"^{letter}": {"type": "null"}}}} for letter in "abcde"]},
            "kinds of members that must be there",
            5,
            4,
        ),
    ],
)
def test_what_is_too_complex_says_where_and_how_much(schema: Any, stage: str, asked: int, allowed: int) -> None:
    with pytest.raises(SchemaTooComplex) as caught:
        json_schema_grammar({"items": schema})
    error = caught.value
    assert (error.stage, error.asked, error.allowed) == (stage, asked, allowed)
    assert error.where.startswith("/items")


@pytest.mark.parametrize(
    ("schema", "stage", "asked", "allowed"),
    [
        ({"allOf": [{"contains": {"const": n}} for n in range(7)]}, "conditions counted in one array", 7, 6),
        ({"contains": {"const": 1}, "minContains": 30_000}, "states of an array", 20_001, 20_000),
        (
            {"items": {"enum": list(range(12))}, "contains": {"const": 3}, "uniqueItems": True},
            "values that differ, in an array with places",
            12,
            10,
        ),
    ],
)
def test_arrays_that_are_too_complex_say_how_much(schema: Any, stage: str, asked: int, allowed: int) -> None:
    with pytest.raises(SchemaTooComplex) as caught:
        json_schema_grammar({"items": schema})
    assert (caught.value.stage, caught.value.asked, caught.value.allowed) == (stage, asked, allowed)


@pytest.mark.parametrize(
    "counted", [{"minContains": 30_000}, {"uniqueItems": True, "items": {"enum": list(range(12))}}]
)
def test_arrays_that_are_too_complex_say_where(counted: Any) -> None:
    with pytest.raises(SchemaTooComplex) as caught:
        json_schema_grammar({"items": {"contains": {"const": 1}, **counted}})
    assert caught.value.where == "/items"


def test_the_limit_of_alternatives_is_an_option() -> None:
    schema = {"anyOf": [{"type": "array", "minItems": n, "maxItems": n} for n in range(5)], "allOf": [{"maxItems": 9}]}
    json_schema_grammar(schema, JSONSchemaOptions(max_shapes=5))
    with pytest.raises(LimitExceeded):
        json_schema_grammar(schema, JSONSchemaOptions(max_shapes=4))


def test_a_bound_of_a_million_digits_ends_in_a_limit() -> None:
    with pytest.raises(LimitExceeded, match="digits of 'minimum'"):
        json_schema_grammar({"minimum": Decimal("1e1000000")})
