"""Budgets of strings and arrays: against enumeration in a small world, under applicators, and what is refused."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maskwright.errors import (
    InvalidOption,
    InvalidSchema,
    MaskwrightError,
    SchemaTooComplex,
    SpecificationError,
    UnsupportedSchema,
)
from maskwright.grammar.json_schema import JSONSchemaOptions, has_instance, json_schema_grammar
from maskwright.grammar.json_schema.difference import schema_difference
from maskwright.grammar.report import Exactness, Finding
from maskwright.matching.bitmask import allowed_tokens
from tests.grammar.json_schema.suite import accepts as reads
from tests.grammar.json_schema.suite import byte_compiler
from tests.grammar.json_schema.universe import LEAN, TEXTS, UNIVERSE, Json, Meaning, SmallSchemas, judged
from tests.naive.recogniser import accepts

N_SCHEMAS = 150
N_COMPILED = 60


def is_within(value: Json, n_characters: int, n_items: int) -> bool:
    """Are all strings and arrays in a value, names aside, that short?"""
    if isinstance(value, str):
        return len(value) <= n_characters
    if isinstance(value, list):
        return len(value) <= n_items and all(is_within(item, n_characters, n_items) for item in value)
    return not isinstance(value, dict) or all(is_within(part, n_characters, n_items) for part in value.values())


def says(schema: Json, *keywords: str) -> bool:
    """Does any of the keywords occur in a schema?"""
    return any(f'"{keyword}"' in json.dumps(schema) for keyword in keywords)


def places_of(schema: Json, pointer: str = "") -> Iterator[str]:
    """The pointers of the subschemas that a small schema has."""
    yield pointer
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in {"items", "contains", "not", "if", "then", "else", "additionalProperties"}:
            yield from places_of(value, f"{pointer}/{keyword}")
        elif keyword in {"allOf", "anyOf", "oneOf", "prefixItems"}:
            for number, part in enumerate(value):
                yield from places_of(part, f"{pointer}/{keyword}/{number}")
        elif keyword == "properties":
            for name, part in value.items():
                yield from places_of(part, f"{pointer}/properties/{name}")


@pytest.mark.parametrize(("n_characters", "n_items"), [(1, 2), (0, 1), (2, 0)])
def test_bounds_of_all_strings_and_arrays_leave_exactly_the_short_values(n_characters: int, n_items: int) -> None:
    options = replace(LEAN, max_string=n_characters, max_items=n_items)
    n_compared = 0
    for seed in range(N_SCHEMAS):
        schema = SmallSchemas(seed).schema()
        if says(schema, "enum", "const", "propertyNames", "contains"):
            continue
        try:
            found = Meaning(schema, options).values()
        except SchemaTooComplex:
            continue
        short = {number for number in judged(schema) if is_within(UNIVERSE[number], n_characters, n_items)}
        assert found == short, schema
        n_compared += 1
    assert n_compared > N_SCHEMAS / 10


def test_the_engine_reads_the_texts_of_the_short_values() -> None:
    compiler = byte_compiler()
    options = replace(LEAN, max_string=1, max_items=2)
    n_compared = 0
    for seed in range(N_COMPILED):
        schema = SmallSchemas(seed, has_unevaluated=seed % 4 == 0).schema()
        try:
            grammar = compiler.compile_json_schema(schema, options=options)
        except SpecificationError:
            continue
        expected = Meaning(schema, options).values()
        assert {number for number, text in enumerate(TEXTS) if reads(grammar, text)} == expected, schema
        n_compared += 1
    assert n_compared > N_COMPILED / 4


def test_a_budget_anywhere_lets_no_invalid_value_in_and_keeps_every_short_one() -> None:
    n_compared = 0
    for seed in range(3 * N_SCHEMAS):
        schema = SmallSchemas(seed, has_unevaluated=seed % 3 == 0).schema()
        if says(schema, "propertyNames"):
            continue
        pointer = random.Random(seed).choice(list(places_of(schema)))
        options = replace(LEAN, field_budgets={pointer: 1}, max_string=2 if seed % 2 else None)
        before = copy.deepcopy(schema)
        try:
            found = Meaning(schema, options).values()
        except (SchemaTooComplex, InvalidOption, UnsupportedSchema):
            continue
        assert schema == before
        valid = judged(schema)
        assert found <= valid, (schema, pointer)
        assert found >= {number for number in valid if is_within(UNIVERSE[number], 1, 1)}, (schema, pointer)
        n_compared += 1
    assert n_compared > N_SCHEMAS / 5


S = {"type": "string"}
A = {"type": "array", "items": {"type": "integer"}}

BOUNDED: list[tuple[Any, dict[str, Any], list[str], list[str]]] = [
    (S, {"max_string": 3}, ['""', '"abc"', '"\U0001f600\U0001f600\U0001f600"', r'"\n\n\n"'], ['"abcd"']),
    ({**S, "maxLength": 2}, {"max_string": 3}, ['"ab"'], ['"abc"']),
    ({**S, "pattern": "^(ab)*$"}, {"max_string": 3}, ['""', '"ab"'], ['"abab"', '"aba"']),
    (A, {"max_items": 2}, ["[]", "[1,2]"], ["[1,2,3]"]),
    (True, {"max_string": 1, "max_items": 1}, ['["a"]', '{"long name":"a"}', "12345"], ['["ab"]', "[1,2]"]),
    ({"enum": ["a long word", "b"]}, {"max_string": 1}, ['"a long word"', '"b"'], ['"c"']),
    ({"prefixItems": [S, S], "items": False, "type": "array"}, {"max_items": 1}, ['["a"]'], ['["a","b"]']),
    (
        {"type": "object", "properties": {"a": S, "b": S}, "additionalProperties": False},
        {"max_string": 1, "field_budgets": {"/properties/a": 3}},
        ['{"a":"abc","b":"a"}'],
        ['{"b":"ab"}', '{"a":"abcd"}'],
    ),
    (
        {"type": "object", "properties": {"a": {**S, "maxLength": 2}}, "additionalProperties": False},
        {"field_budgets": {"/properties/a": 3}},
        ['{"a":"ab"}'],
        ['{"a":"abc"}'],
    ),
    (
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/t"}, "b": {"$ref": "#/$defs/t"}}, "$defs": {"t": S}},
        {"field_budgets": {"/properties/a": 1}},
        ['{"a":"a","b":"abc"}'],
        ['{"a":"ab"}'],
    ),
    (
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/t"}, "b": {"$ref": "#/$defs/t"}}, "$defs": {"t": S}},
        {"field_budgets": {"/$defs/t": 1}},
        ['{"a":"a","b":"a"}', '{"c":"abc"}'],
        ['{"a":"ab"}', '{"b":"ab"}'],
    ),
    (
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/t"}, "b": {"$ref": "#/$defs/t"}}, "$defs": {"t": S}},
        {"field_budgets": {"/$defs/t": 2, "/properties/a": 1}},
        ['{"a":"a","b":"ab"}'],
        ['{"a":"ab"}', '{"b":"abc"}'],
    ),
    (
        {"type": "object", "properties": {"a/b": True, "c~d": A}, "additionalProperties": False},
        {"field_budgets": {"/properties/a~1b": 1, "/properties/c~0d": 2}},
        ['{"a/b":["long"]}', '{"c~d":[1,2]}', '{"a/b":"x"}', '{"a/b":12}'],
        ['{"a/b":[1,2]}', '{"c~d":[1,2,3]}', '{"a/b":"xy"}'],
    ),
    ({"type": ["string", "array"]}, {"field_budgets": {"": 1}}, ['"a"', "[1]", '["ab"]'], ['"ab"', "[1,2]"]),
    # A string of three characters is valid by the second branch, which has no budget of its own.
    ({"anyOf": [S, {**S, "minLength": 3}]}, {"field_budgets": {"/anyOf/0": 1}}, ['"a"', '"abc"'], ['"ab"']),
    # What `not` excludes does not shrink with the budget: two characters are excluded still.
    ({**S, "not": {"minLength": 2, "type": "string"}}, {"max_string": 1}, ['"a"'], ['"ab"']),
    (
        {**S, "oneOf": [{"minLength": 1}, {"pattern": "^ab"}]},
        {"max_string": 2, "field_budgets": {"/oneOf/0": 5}},
        ['"b"', '"xbcde"'],
        ['"ab"', '"abc"', '"xbcdef"'],
    ),
    (
        {"if": {**S, "maxLength": 2}, "then": {"pattern": "a"}, "else": {"type": "string"}},
        {"field_budgets": {"/else": 3}},
        ['"a"', '"xyz"'],
        ['"x"', '"xyzu"'],
    ),
    (
        {"type": "array", "items": S, "contains": {"const": "long"}},
        {"max_string": 1, "max_items": 2},
        ['["long"]', '["a","long"]'],
        ['["ab","long"]', '["a"]', '["a","b","long"]'],
    ),
    (
        {"type": "object", "additionalProperties": {"$ref": "#"}, "properties": {"s": S}},
        {"field_budgets": {"/properties/s": 1}},
        ['{"x":{"s":"a"}}'],
        ['{"x":{"s":"ab"}}'],
    ),
    (
        {"allOf": [{"properties": {"a": S}}], "type": "object", "unevaluatedProperties": A},
        {"field_budgets": {"/allOf/0/properties/a": 1, "/unevaluatedProperties": 1}},
        ['{"a":"x","b":[1]}'],
        ['{"a":"xy"}', '{"b":[1,2]}'],
    ),
]


@pytest.mark.parametrize(("schema", "chosen", "accepted", "rejected"), BOUNDED, ids=lambda item: str(item)[:50])
def test_texts_within_budgets(schema: Any, chosen: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    grammar = json_schema_grammar(schema, JSONSchemaOptions(**chosen))
    assert [text for text in accepted if not accepts(grammar, text.encode())] == []
    assert [text for text in rejected if accepts(grammar, text.encode())] == []


def test_an_object_of_python_in_two_places_has_the_budget_in_one() -> None:
    text = {"type": "string"}
    schema = {"type": "object", "properties": {"a": text, "b": text}}
    grammar = json_schema_grammar(schema, JSONSchemaOptions(field_budgets={"/properties/a": 1}))
    assert accepts(grammar, b'{"b":"abc"}') and not accepts(grammar, b'{"a":"abc"}')
    assert schema == {"type": "object", "properties": {"a": text, "b": text}} and text == {"type": "string"}


NOTHING_BOUNDED = "one that leads to strings or arrays which the schema generates and does not enumerate"
NO_SUBSCHEMA = "one that leads to a subschema of the document"


@pytest.mark.parametrize(
    ("schema", "pointer", "reason"),
    [
        ({"properties": {"a": S}}, "/properties/b", NO_SUBSCHEMA),
        ({"properties": {"a": S}}, "/properties/a/type", NO_SUBSCHEMA),
        ({"prefixItems": [S]}, "/prefixItems/1", NO_SUBSCHEMA),
        ({"prefixItems": [S]}, "/prefixItems/x", NO_SUBSCHEMA),
        ({"prefixItems": [S]}, "/prefixItems", NO_SUBSCHEMA),
        (False, "", NO_SUBSCHEMA),
        ({"properties": {"a": {"type": "integer"}}}, "/properties/a", NOTHING_BOUNDED),
        ({"properties": {"a": {"enum": ["x"]}}}, "/properties/a", NOTHING_BOUNDED),
        ({**S, "not": {**S, "maxLength": 3}}, "/not", NOTHING_BOUNDED),
        ({"$defs": {"t": S}}, "/$defs/t", NOTHING_BOUNDED),
        ({"type": "object", "propertyNames": {"minLength": 2}}, "/propertyNames", NOTHING_BOUNDED),
    ],
)
def test_a_pointer_that_bounds_nothing_is_an_error(schema: Any, pointer: str, reason: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        json_schema_grammar(schema, JSONSchemaOptions(field_budgets={pointer: 5}))
    assert str(caught.value) == f"Each pointer of field_budgets must be {reason}, not {pointer!r}."


@pytest.mark.parametrize(
    ("schema", "chosen", "message"),
    [
        (
            {"properties": {"a": {**S, "minLength": 9}}},
            {"max_string": 3},
            (
                "the shortest string at '/properties/a' needs 9, more than the 3 allowed: "
                "allow more characters in max_string."
            ),
        ),
        (
            {"anyOf": [{"type": "null"}, {**S, "pattern": "^.{7,}$"}]},
            {"max_string": 3},
            "the shortest string needs 7, more than the 3 allowed: allow more characters in max_string.",
        ),
        (
            {"items": {"type": "array", "minItems": 4}},
            {"field_budgets": {"/items": 2}},
            (
                "the shortest array at '/items' needs 4, more than the 2 allowed: "
                "allow more items in field_budgets['/items']."
            ),
        ),
        (
            {"type": "array", "items": {"enum": [1, 2]}, "contains": {"const": 1}, "minContains": 3},
            {"max_items": 2},
            "the shortest array needs 3, more than the 2 allowed: allow more items in max_items.",
        ),
        (
            {"type": "array", "allOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}}]},
            {"max_items": 1},
            "the shortest array needs 2, more than the 1 allowed: allow more items in max_items.",
        ),
    ],
)
def test_what_a_budget_leaves_nothing_of_is_refused(schema: Any, chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaTooComplex) as caught:
        json_schema_grammar(schema, JSONSchemaOptions(**chosen))
    assert str(caught.value) == message


def test_an_array_of_different_items_says_that_a_budget_makes_them_few() -> None:
    schema = {"type": "array", "items": S, "uniqueItems": True}
    with pytest.raises(UnsupportedSchema, match=r"\(strings that max_string or field_budgets bound are few\)"):
        json_schema_grammar(schema, JSONSchemaOptions(max_string=9))
    grammar = json_schema_grammar(schema, JSONSchemaOptions(max_items=2))
    assert accepts(grammar, b'["a","b"]') and not accepts(grammar, b'["a","b","c"]')


FRACTION = [("date-time", "2024-02-29T00:00:00.{}Z", 60), ("time", "23:59:59.{}+01:00", 45)]


@pytest.mark.parametrize(("name", "text", "most"), FRACTION)
def test_a_format_of_many_states_is_bounded_by_a_counter_exactly(name: str, text: str, most: int) -> None:
    options = JSONSchemaOptions(max_string=most)
    grammar = byte_compiler().compile_json_schema({"type": "string", "format": name}, options=options)
    n_fixed = len(text.format(""))
    assert [n for n in range(1, 70) if reads(grammar, json.dumps(text.format("1" * n)))] == [
        *range(1, most - n_fixed + 1)
    ]
    matcher = grammar.matcher()
    matcher.accept_bytes(json.dumps(text.format("1" * (most - n_fixed)))[:-1].split("Z")[0].split("+")[0].encode())
    row = np.zeros(matcher.row_shape, np.int32)
    while not matcher.is_accepting():  # at the bound each way on ends in time
        matcher.fill_bitmask(row)
        matcher.accept_token(int(allowed_tokens(row)[-1]))


def test_an_empty_schema_is_explained_without_its_budgets() -> None:
    schema = {"properties": {"a": S}, "required": ["a", "b"], "additionalProperties": False, "type": "object"}
    options = JSONSchemaOptions(field_budgets={"/properties/a": 1}, max_items=3)
    with pytest.raises(MaskwrightError) as bounded:
        json_schema_grammar(schema, options)
    with pytest.raises(MaskwrightError) as free:
        json_schema_grammar(schema)
    assert str(bounded.value) == str(free.value)
    assert not has_instance(schema, options)


def test_comparing_schemas_leaves_budgets_aside() -> None:
    options = JSONSchemaOptions(max_string=1, field_budgets={"/nowhere": 1})
    found = schema_difference({**S, "maxLength": 9}, {**S, "maxLength": 8}, options)
    assert found is not None and accepts(found, b'"123456789"')


def test_the_report_lists_budgets() -> None:
    schema = {"type": "object", "properties": {"a": S, "b": A}}
    options = JSONSchemaOptions(max_string=5, max_items=6, field_budgets={"/properties/a": 7})
    found = [finding for finding in json_schema_grammar(schema, options).report if "most" in finding.reason]
    assert found[1:] == [
        Finding(
            "", Exactness.RESTRICTED, "max_string", "strings have at most 5 characters, unless they are enumerated"
        ),
        Finding("", Exactness.RESTRICTED, "max_items", "arrays have at most 6 items"),
        Finding(
            "/properties/a",
            Exactness.RESTRICTED,
            "field_budgets",
            "strings have at most 7 characters, and arrays as many items",
        ),
    ]


def test_compiled_grammars_are_kept_by_their_budgets() -> None:
    compiler = byte_compiler()
    narrow, wide = (JSONSchemaOptions(field_budgets={"": most}) for most in (1, 2))
    assert narrow != wide and hash(narrow) != hash(wide)
    first = compiler.compile_json_schema(S, options=narrow)
    assert compiler.compile_json_schema(S, options=JSONSchemaOptions(field_budgets=(("", 1),))) is first
    assert compiler.compile_json_schema(S, options=wide) is not first


def test_a_schema_may_hold_its_budgets_itself() -> None:
    written = {"max_string": 1, "field_budgets": {"/properties/a": 2}}
    grammar = json_schema_grammar({"type": "object", "properties": {"a": S}, "x-maskwright": written})
    assert accepts(grammar, b'{"a":"ab","b":"a"}') and not accepts(grammar, b'{"b":"ab"}')
    with pytest.raises(InvalidSchema, match="has JSON pointers, which begin with '/', not 'a'"):
        json_schema_grammar({"x-maskwright": {"field_budgets": {"a": 2}}})
