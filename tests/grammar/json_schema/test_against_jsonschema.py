"""Random schemas and values: the grammar accepts what `jsonschema` finds valid, and nothing else.

Where members have a declared order in the grammar, a value counts as accepted when some order of its members is. Left
out are the documented differences: whole numbers written with a point, and formats (their own tests).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice, permutations, product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from maskwright.errors import EmptyLanguage, UnsupportedSchema
from maskwright.grammar.ir import Grammar
from maskwright.grammar.json_schema import JSONSchemaOptions, PropertyOrder, Whitespace, json_schema_grammar
from tests.naive.recogniser import accepts

NAMES = ["a", "b", "c", "d"]
TEXTS = ["", "a", "ab", "b", "abc", "é😀", 'a"\\']
PATTERNS = ["a", "^a", "b$", "^(ab)*$", "^[^a]*$", "c|^b"]
ORDERED = JSONSchemaOptions(whitespace=Whitespace.COMPACT, property_order=PropertyOrder.DECLARED)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 12), st.sampled_from([0.5, -1.25, 2.5]), st.sampled_from(TEXTS)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def schemas_over(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Schemas of a few keywords each, with the usual ones more often."""
    references = st.sampled_from(["#", "#/$defs/x", "#/$defs/y"])
    keywords = {
        "type": types | st.lists(types, min_size=1, max_size=3, unique=True),
        "enum": st.lists(values, min_size=1, max_size=4),
        "const": values,
        "minimum": st.integers(-2, 9) | st.sampled_from([0.5, 1.25]),
        "maximum": st.integers(-1, 12) | st.sampled_from([2.5, 7.75]),
        "exclusiveMinimum": st.integers(-2, 9) | st.just(0.5),
        "exclusiveMaximum": st.integers(-1, 12) | st.just(2.5),
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "pattern": st.sampled_from(PATTERNS),
        "items": inner,
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 3),
        "properties": st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3),
        "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        "additionalProperties": inner | st.booleans(),
        "anyOf": st.lists(inner, min_size=1, max_size=3),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "$ref": references,
    }
    groups = [list(keywords)[:3], list(keywords)[3:10], list(keywords)[10:17], list(keywords)[17:]]
    chosen = st.lists(st.one_of(*[st.sampled_from(group) for group in groups]), max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: keywords[name] for name in names}))


subschemas = st.recursive(
    st.booleans() | types.map(lambda name: {"type": name}) | st.sampled_from(NAMES).map(lambda name: {"const": name}),
    schemas_over,
    max_leaves=5,
)
documents = st.tuples(schemas_over(subschemas), subschemas, subschemas).map(
    lambda parts: {**parts[0], "$defs": {"x": parts[1], "y": parts[2]}}
)


def orders(value: Any) -> Iterator[Any]:
    """The value with the members of its objects in every order."""
    if isinstance(value, dict):
        for names in permutations(value):
            for parts in product(*[list(islice(orders(value[name]), 24)) for name in names]):
                yield dict(zip(names, parts, strict=True))
    elif isinstance(value, list):
        for parts in product(*[list(islice(orders(part), 24)) for part in value]):
            yield list(parts)
    else:
        yield value


def accepted_orders(grammar: Grammar, value: Any) -> list[Any]:
    """The first order of the value's members that the grammar accepts, compactly written, if there is one."""
    for ordered in islice(orders(value), 200):
        if accepts(grammar, json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode()):
            return [ordered]
    return []


def is_endless(schema: Any) -> bool:
    """Does a reference lead back to its own schema without a step into the value?  `jsonschema` recurses for ever."""
    targets = {"#": schema, "#/$defs/x": schema["$defs"]["x"], "#/$defs/y": schema["$defs"]["y"]}

    def reaches(part: Any, open_parts: tuple[int, ...]) -> bool:
        if not isinstance(part, dict):
            return False
        if id(part) in open_parts:
            return True
        following = [branch for name in ("allOf", "anyOf", "oneOf") for branch in part.get(name, ())]
        following += [targets[part["$ref"]]] if "$ref" in part else []
        return any(reaches(branch, (*open_parts, id(part))) for branch in following)

    def everywhere(part: Any) -> Iterator[Any]:
        yield part
        if isinstance(part, dict | list):
            for inner in part.values() if isinstance(part, dict) else part:
                yield from everywhere(inner)

    return any(reaches(part, ()) for part in everywhere(schema))


def check(schema: Any, candidates: list[Any]) -> None:
    assume(not is_endless(schema))
    judge = Draft202012Validator(schema)
    try:
        ordered, free = json_schema_grammar(schema, ORDERED), json_schema_grammar(schema)
    except EmptyLanguage:
        assert not any(judge.is_valid(value) for value in candidates)
        return
    except UnsupportedSchema:  # a `oneOf` whose branches overlap
        assume(False)
    for value in candidates:
        is_valid = judge.is_valid(value)
        assert bool(accepted_orders(ordered, value)) == is_valid, value
        for indent in (None, 2):
            text = json.dumps(value, indent=indent, ensure_ascii=False)
            assert accepts(free, text.encode()) == is_valid, text


@given(documents, st.lists(values, min_size=3, max_size=6))
def test_random_schemas_agree_with_jsonschema(schema: Any, candidates: list[Any]) -> None:
    check(schema, candidates)


@pytest.mark.deep
@settings(max_examples=5_000)
@given(documents, st.lists(values, min_size=3, max_size=6))
def test_many_random_schemas_agree_with_jsonschema(schema: Any, candidates: list[Any]) -> None:
    check(schema, candidates)


@given(st.lists(values, min_size=1, max_size=3), st.lists(values, min_size=1, max_size=4))
def test_enumerated_values_are_accepted_and_others_are_not(listed: list[Any], others: list[Any]) -> None:
    schema = {"enum": listed}
    ordered, free, judge = (
        json_schema_grammar(schema, ORDERED),
        json_schema_grammar(schema),
        Draft202012Validator(schema),
    )
    for value in (*listed, *others):
        assert accepts(free, json.dumps(value, ensure_ascii=False).encode()) == judge.is_valid(value)
        assert bool(accepted_orders(ordered, value)) == judge.is_valid(value)
    for value in listed:
        assert accepts(ordered, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


string_schemas = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(1, 5),
            "pattern": st.sampled_from(PATTERNS),
            "enum": st.lists(st.text("abcé", max_size=3), min_size=2, max_size=6),
        },
    ),
    min_size=1,
    max_size=3,
).map(lambda parts: {"type": "string", "allOf": parts})
number_schemas = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["integer", "number"]),
            "minimum": st.integers(-12, 9) | st.sampled_from([-0.5, 1.25]),
            "exclusiveMinimum": st.integers(-12, 9) | st.sampled_from([-0.5, 1.25]),
            "maximum": st.integers(0, 120) | st.sampled_from([2.5, 10.75]),
            "exclusiveMaximum": st.integers(0, 120) | st.sampled_from([2.5, 10.75]),
            "enum": st.lists(st.integers(-9, 12) | st.sampled_from([0.5, 2.25]), min_size=3, max_size=9),
        },
    ),
    min_size=1,
    max_size=2,
).map(lambda parts: {"type": "number", "allOf": parts})
numbers = st.integers(-15, 130) | st.sampled_from([-0.5, -0.25, 0.5, 1.25, 1.5, 2.25, 2.5, 10.5, 10.75, 99.875])


@given(string_schemas, st.lists(st.text('abcé😀"\\', max_size=6), min_size=3, max_size=8))
def test_conjunctions_about_strings_agree_with_jsonschema(schema: Any, candidates: list[Any]) -> None:
    check({**schema, "$defs": {"x": True, "y": True}}, candidates)


@given(number_schemas, st.lists(numbers, min_size=3, max_size=8))
def test_conjunctions_about_numbers_agree_with_jsonschema(schema: Any, candidates: list[Any]) -> None:
    check({**schema, "$defs": {"x": True, "y": True}}, candidates)
