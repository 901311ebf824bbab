"""Options: as JSON and back, in the schema, and what the report says of them; `exact()` against RFC 8259."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import InvalidSchema, LimitExceeded, SchemaTooComplex, UnsupportedSchema
from maskwright.grammar.characters import Escapes
from maskwright.grammar.json_schema import (
    Formats,
    Indented,
    JSONSchemaOptions,
    NumberSpelling,
    PropertyOrder,
    Whitespace,
    json_schema_grammar,
)
from maskwright.grammar.json_schema.options import MAX_NESTING, OPTIONS_KEY, options_in
from maskwright.grammar.report import Exactness, Finding
from tests.naive.recogniser import accepts

OPTIONS = st.builds(
    JSONSchemaOptions,
    whitespace=st.one_of(st.sampled_from(Whitespace), st.integers(0, 64).map(Indented)),
    property_order=st.sampled_from(PropertyOrder),
    max_whitespace=st.integers(0, 1000),
    escapes=st.sampled_from(Escapes),
    numbers=st.sampled_from(NumberSpelling),
    formats=st.sampled_from(Formats),
    outer_whitespace=st.booleans(),
    max_shapes=st.integers(1, 10_000),
    max_states=st.integers(1, 10_000),
    max_nesting=st.integers(1, MAX_NESTING),
    max_string=st.one_of(st.none(), st.integers(0, 1000)),
    max_items=st.one_of(st.none(), st.integers(0, 1000)),
    field_budgets=st.dictionaries(st.text().map("/{}".format), st.integers(0, 1000), max_size=3),
)


@given(OPTIONS)
def test_options_come_back_from_json(options: JSONSchemaOptions) -> None:
    written = json.loads(json.dumps(options.to_json()))
    assert JSONSchemaOptions.from_json(written) == options
    assert options_in({"type": "null", OPTIONS_KEY: written}) == options


def test_what_is_left_out_has_its_default() -> None:
    assert JSONSchemaOptions.from_json({}) == JSONSchemaOptions() == options_in({}) == options_in(True)
    assert JSONSchemaOptions.from_json({"whitespace": 2}) == JSONSchemaOptions(whitespace=Indented(2))
    assert JSONSchemaOptions.from_json({"exact": True}) == JSONSchemaOptions.exact()
    but_for_one = dataclasses.replace(JSONSchemaOptions.exact(), property_order=PropertyOrder.DECLARED)
    assert JSONSchemaOptions.from_json({"property_order": "declared", "exact": True}) == but_for_one


@pytest.mark.parametrize(
    ("written", "pointer", "reason"),
    [
        ({"order": "any"}, "/x-maskwright/order", "is not an option; there are whitespace, property_order, "),
        ({"a/b~": 1}, "/x-maskwright/a~1b~0", "is not an option"),
        ({"property_order": "up"}, "/x-maskwright/property_order", "is one of 'any', 'declared', not 'up'"),
        ({"whitespace": 65}, "/x-maskwright/whitespace", "or the blanks of an indent, 0 to 64, not 65"),
        ({"whitespace": True}, "/x-maskwright/whitespace", "not True"),
        ({"whitespace": []}, "/x-maskwright/whitespace", "not []"),
        ({"numbers": {}}, "/x-maskwright/numbers", "is one of 'canonical', 'exact', not {}"),
        ({"max_shapes": 0}, "/x-maskwright/max_shapes", "is an integer of at least 1, not 0"),
        ({"max_states": "9"}, "/x-maskwright/max_states", "is an integer of at least 1, not '9'"),
        ({"max_nesting": 201}, "/x-maskwright/max_nesting", "is an integer of at most 200, not 201"),
        ({"exact": 1}, "/x-maskwright/exact", "is true or false, not 1"),
        ({"max_string": -1}, "/x-maskwright/max_string", "is an integer of at least 0, not -1"),
        ({"max_items": "3"}, "/x-maskwright/max_items", "is an integer of at least 0, not '3'"),
        ({"field_budgets": 3}, "/x-maskwright/field_budgets", "is an object with a number for each JSON pointer"),
        ({"field_budgets": {"a": 3}}, "/x-maskwright/field_budgets", "which begin with '/', not 'a'"),
        ({"field_budgets": {"/a": True}}, "/x-maskwright/field_budgets", "at least 0, not True for '/a'"),
        ({3: 4}, "/x-maskwright/3", "is not an option"),
        ([], "/x-maskwright", "must be an object of options, not []"),
    ],
)
def test_wrong_options_in_a_schema_are_errors_with_a_pointer(written: Any, pointer: str, reason: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        json_schema_grammar({OPTIONS_KEY: written})
    assert caught.value.pointer == pointer
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_whitespace": -1},
        {"max_shapes": 0},
        {"max_states": 0},
        {"max_nesting": 0},
        {"max_string": -1},
        {"max_items": -1},
        {"field_budgets": {"/a": -1}},
    ],
)
def test_limits_must_leave_something(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="less than"):
        JSONSchemaOptions(**wrong)


def test_a_field_is_named_by_a_pointer() -> None:
    assert JSONSchemaOptions(field_budgets={"/b": 1, "": 2}).field_budgets == (("", 2), ("/b", 1))
    with pytest.raises(ValueError, match="'a' in field_budgets is not a JSON pointer"):
        JSONSchemaOptions(field_budgets={"a": 1})


def test_a_chain_of_applicators_has_a_greatest_limit() -> None:
    assert JSONSchemaOptions(max_nesting=MAX_NESTING).max_nesting == MAX_NESTING
    with pytest.raises(ValueError, match="more than 200"):
        JSONSchemaOptions(max_nesting=MAX_NESTING + 1)


def test_the_key_of_the_root_counts_and_an_argument_replaces_it() -> None:
    schema = {
        "required": ["a"],
        "properties": {"a": {"type": "null"}},
        "type": "object",
        OPTIONS_KEY: {"whitespace": 1},
    }
    assert not accepts(json_schema_grammar({**schema, "additionalProperties": False}), b'{"a":null}')
    assert accepts(json_schema_grammar({**schema, "additionalProperties": False}), b'{\n "a": null\n}')
    compact = JSONSchemaOptions(whitespace=Whitespace.COMPACT)
    assert accepts(json_schema_grammar(schema, compact), b'{"a":null}')


def test_the_key_of_another_schema_is_an_unknown_keyword() -> None:
    schema = {"type": "array", "items": {"type": "null", OPTIONS_KEY: {"anything": 1}}}
    found = [finding for finding in json_schema_grammar(schema).report if finding.keyword == OPTIONS_KEY]
    assert [(finding.pointer, finding.status) for finding in found] == [("/items", Exactness.ANNOTATION)]
    assert not [f for f in json_schema_grammar({OPTIONS_KEY: {}}).report if f.keyword == OPTIONS_KEY]


EXACT_TEXTS: list[tuple[Any, list[str], list[str]]] = [
    ({"type": "integer"}, ["1.0", "1e0", "10e-1", " 1\n", "-0"], ["1.5", "1e-1", "01", "1."]),
    ({"const": "a/b"}, ['"a/b"', r'"a\/b"', r'"\u0061\u002F\u0062"', r'"\u0061\u002f\u0062"'], ['"a\\b"']),
    ({"const": "\U0001f600"}, ['"\U0001f600"', r'"\ud83d\ude00"', r'"\uD83D\uDe00"'], [r'"\ud83d"', r'"\ude00"']),
    ({"maxLength": 1, "type": "string"}, [r'"\ud83d\ude00"', r'"\n"', '""'], ['"ab"', '"\n"']),
    ({"format": "date"}, ['"today"', "1"], ["today"]),
    ({"const": {"a": 1, "b": 2}}, ['{"b":2,"a":1}', '\t{ "a" : 1.0 , "b" : 20e-1 } '], ['{"a":1}']),
    ({"enum": [1e2]}, ["100", "1e2", "1E+2", "100.0", "0.1e3"], ["10", "1e3"]),
    ({"minimum": 5, "type": "number"}, ["5", "5.0", "0.5e1", "50e-1"], ["4.9", "0.49e1"]),
]


@pytest.mark.parametrize(("schema", "accepted", "rejected"), EXACT_TEXTS, ids=lambda item: str(item)[:40])
def test_exact_takes_every_spelling_of_a_valid_value(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    grammar = json_schema_grammar(schema, JSONSchemaOptions.exact())
    assert [text for text in accepted if not accepts(grammar, text.encode())] == []
    assert [text for text in rejected if accepts(grammar, text.encode())] == []


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "size": {"type": "number"},
        "bounded": {"maximum": 3},
        "when": {"type": "string", "format": "date"},
        "what": {"type": "string", "format": "shape", "colour": "red"},
        "which": {"enum": ["a", 1]},
    },
}


def test_every_subschema_is_in_the_report() -> None:
    report = json_schema_grammar(SCHEMA).report
    statuses = {pointer.removeprefix("/properties"): status.value for pointer, status in report.statuses().items()}
    assert statuses == {
        "": "restricted",
        "/count": "restricted",
        "/size": "exact",
        "/bounded": "restricted",
        "/when": "exact",
        "/what": "annotation",
        "/which": "restricted",
    }
    assert [finding.keyword for finding in report if finding.pointer == ""] == [
        "whitespace", "outer_whitespace", "escapes",
    ]  # fmt: skip


def test_exact_options_restrict_nothing() -> None:
    report = json_schema_grammar(SCHEMA, JSONSchemaOptions.exact()).report
    assert [finding for finding in report if finding.status is not Exactness.ANNOTATION] == []
    assert {(finding.pointer, finding.keyword) for finding in report} == {
        ("/properties/when", "format"),
        ("/properties/what", "format"),
        ("/properties/what", "colour"),
    }


def test_the_declared_order_is_a_restriction_where_there_are_members() -> None:
    options = dataclasses.replace(JSONSchemaOptions.exact(), property_order=PropertyOrder.DECLARED)
    findings = [f for f in json_schema_grammar(SCHEMA, options).report if f.status is Exactness.RESTRICTED]
    assert findings == [
        Finding("", Exactness.RESTRICTED, "property_order", "members of properties stand in the declared order")
    ]


def test_all_refusals_of_a_document_are_in_the_error() -> None:
    schema = {"properties": {"a": {"pattern": r"(a)\1"}, "b": {"items": {"pattern": r"(b)\1"}}, "c": {"pattern": "c"}}}
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar(schema)
    error = caught.value
    assert {refusal.pointer for refusal in (error, *error.others)} == {"/properties/a", "/properties/b/items"}
    assert str(error).endswith("(1 more refused).")


def test_too_complex_is_a_limit_exceeded() -> None:
    error = SchemaTooComplex("alternatives", 3000, 2000, "/anyOf/1")
    assert isinstance(error, LimitExceeded)
    assert str(error) == (
        "alternatives at '/anyOf/1' needs 3000, more than the 2000 allowed: simplify that part or raise the limit."
    )
