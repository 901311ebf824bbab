"""What is refused, in the whole words that a user reads, and what passes because it has no effect."""

from __future__ import annotations

import gc
import pickle
import weakref
from typing import Any

import pytest

from maskwright.errors import (
    EmptyLanguage,
    GrammarSyntaxError,
    InvalidSchema,
    UnsupportedSchema,
)
from maskwright.grammar.json_schema import JSONSchemaOptions, json_schema_grammar
from maskwright.grammar.report import Exactness, Finding
from tests.naive.recogniser import accepts

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


NEGATED = "stands under a negation, where it cannot be enforced"
GETS_STUCK = (
    "cannot be enforced here: some item can be begun in a way that leaves only finitely many values, all of which may "
    "have occurred"
)
RUNS_OUT = "counts members whose names may run out, which would have to be told apart"


@pytest.mark.parametrize(
    ("schema", "keyword", "pointer", "reason"),
    [
        ({"not": {"uniqueItems": True}}, "uniqueItems", "/not", NEGATED),
        ({"if": {"type": "array", "uniqueItems": True}, "then": {"maxItems": 9}}, "uniqueItems", "/if", NEGATED),
        ({"oneOf": [{"type": "array"}, {"uniqueItems": True}]}, "uniqueItems", "/oneOf/1", NEGATED),
        ({"contains": {"type": "array", "uniqueItems": True}}, "uniqueItems", "/contains", NEGATED),
        ({"items": {"type": "string", "maxLength": 40}, "uniqueItems": True}, "uniqueItems", "", GETS_STUCK),
        (
            {"items": {"items": {"type": "boolean"}, "maxItems": 3}, "uniqueItems": True, "type": "array"},
            "uniqueItems",
            "",
            GETS_STUCK,
        ),
        (
            {"items": {"type": "object", "required": ["a"], "additionalProperties": False, "properties": {"a": {}}}}
            | {"uniqueItems": True},
            "uniqueItems",
            "",
            GETS_STUCK,
        ),
        ({"propertyNames": {"maxLength": 1}, "minProperties": 2}, "minProperties", "", RUNS_OUT),
        (
            {"$schema": "http://json-schema.org/draft-03/schema#", "extends": {}},
            "extends",
            "",
            "belongs to draft 3, which is not supported",
        ),
        (
            {"$ref": "other.json#/a"},
            "$ref",
            "",
            "refers to other.json#/a, which is neither in the document nor in the registry",
        ),
    ],
)
def test_what_cannot_be_enforced_is_refused_with_its_pointer(
    schema: Any, keyword: str, pointer: str, reason: str
) -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar({"properties": {"a/b": {"items": schema}}, "$schema": DRAFT_2020})
    where = "/properties/a~1b/items" + pointer
    assert (caught.value.keyword, caught.value.pointer, caught.value.reason) == (keyword, where, reason)
    assert str(caught.value) == f"JSON Schema keyword {keyword!r} at '{where}' {reason}."


def test_a_keyword_refused_in_a_branch_has_the_pointer_of_the_branch() -> None:
    branch = {"items": {"type": "string", "maxLength": 40}, "uniqueItems": True}
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar({"anyOf": [{"type": "null"}, branch]})
    assert caught.value.pointer == "/anyOf/1"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "propertyNames": {"maxLength": 40}, "minProperties": 2},
        {"type": "object", "patternProperties": {"^.{1,9}$": {}}, "additionalProperties": False, "minProperties": 2},
    ],
)
def test_counted_members_whose_names_have_a_bounded_length_are_refused(schema: Any) -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar(schema)
    assert (caught.value.keyword, caught.value.reason) == ("minProperties", RUNS_OUT)


@pytest.mark.parametrize("pattern", [r"(a)\1", r"(?<n>a)\k<n>"])
def test_a_back_reference_is_refused_with_the_pattern_in_the_reason(pattern: str) -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar({"properties": {"x": {"pattern": pattern}}})
    assert (caught.value.keyword, caught.value.pointer) == ("pattern", "/properties/x")
    assert repr(pattern) in caught.value.reason and "back-reference" in caught.value.reason


HONOURED: list[tuple[Any, bytes, bytes]] = [
    ({"not": {"type": "string"}}, b"1", b'"a"'),
    ({"uniqueItems": True, "items": {"enum": [1, 2]}}, b"[1,2]", b"[1,1]"),
    ({"contains": {"type": "integer"}}, b'["a",1]', b'["a"]'),
    ({"patternProperties": {"^a": {"type": "integer"}}}, b'{"a":1}', b'{"a":"a"}'),
    ({"propertyNames": {"maxLength": 3}}, b'{"abc":1}', b'{"abcd":1}'),
    ({"minProperties": 1}, b'{"a":1}', b"{}"),
    ({"maxProperties": 1}, b"{}", b'{"a":1,"b":1}'),
    ({"multipleOf": 0.01}, b"1.25", b"1.255"),
    ({"dependencies": {"a": ["b"]}, "$schema": DRAFT_7}, b'{"a":1,"b":1}', b'{"a":1}'),
    ({"dependentRequired": {"a": ["b"]}}, b'{"b":1}', b'{"a":1}'),
    ({"dependentSchemas": {"a": {"required": ["b"]}}}, b'{"b":1}', b'{"a":1}'),
    ({"unevaluatedProperties": False, "properties": {"a": {}}}, b'{"a":1}', b'{"b":1}'),
    ({"unevaluatedItems": False, "prefixItems": [{}]}, b"[1]", b"[1,1]"),
    ({"if": {"type": "string"}, "then": {"minLength": 1}}, b'"a"', b'""'),
    ({"oneOf": [{"type": "integer"}, {"minimum": 3}]}, b"2", b"3"),
    ({"$ref": "#place", "$defs": {"a": {"$anchor": "place", "const": 1}}}, b"1", b"2"),
    ({"$dynamicRef": "#node", "$defs": {"a": {"$dynamicAnchor": "node", "const": 1}}}, b"1", b"2"),
    ({"type": "string", "format": "idn-email"}, b'"a@example.com"', b'"a"'),
]


@pytest.mark.parametrize(("schema", "accepted", "rejected"), HONOURED, ids=lambda part: str(part)[:40])
def test_all_other_keywords_are_honoured(schema: Any, accepted: bytes, rejected: bytes) -> None:
    grammar = json_schema_grammar(schema)
    assert accepts(grammar, accepted) and not accepts(grammar, rejected)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "text"}, "JSON Schema keyword 'type' at '/' names 'text', which is not a JSON type."),
        ({"type": []}, "JSON Schema keyword 'type' at '/' must be a type or a list of types, not an array."),
        ({"enum": "a"}, "JSON Schema keyword 'enum' at '/' must be an array, not a string."),
        (
            {"minLength": -1},
            "JSON Schema keyword 'minLength' at '/' must be a whole number that is not negative, not -1.",
        ),
        ({"maxItems": "3"}, "JSON Schema keyword 'maxItems' at '/' must be a number, not a string."),
        ({"minimum": True}, "JSON Schema keyword 'minimum' at '/' must be a number, not a boolean."),
        ({"maximum": float("inf")}, "JSON Schema keyword 'maximum' at '/' is inf, which is not a JSON number."),
        ({"multipleOf": 0}, "JSON Schema keyword 'multipleOf' at '/' must be more than 0, not 0."),
        ({"pattern": 3}, "JSON Schema keyword 'pattern' at '/' must be a string, not a number."),
        ({"format": None}, "JSON Schema keyword 'format' at '/' must be a string, not null."),
        ({"properties": []}, "JSON Schema keyword 'properties' at '/' must be an object, not an array."),
        (
            {"properties": {"a": 3}},
            "JSON Schema keyword 'properties' at '/' must hold schemas, but /properties/a is a number.",
        ),
        ({"properties": {1: {}}}, "JSON Schema keyword 'properties' at '/' must have strings as member names, not 1."),
        ({"const": [{1: 2}]}, "JSON Schema keyword 'enum' at '/const/0' must have strings as member names, not 1."),
        ({"required": True}, "JSON Schema keyword 'required' at '/' must be an array of member names."),
        ({"anyOf": []}, "JSON Schema keyword 'anyOf' at '/' must not be empty."),
        ({"allOf": {}}, "JSON Schema keyword 'allOf' at '/' must be an array of schemas, not an object."),
        ({"uniqueItems": 1}, "JSON Schema keyword 'uniqueItems' at '/' must be a boolean, not a number."),
        ({"$ref": "#/$defs/no"}, "JSON Schema keyword '$ref' at '/' refers to #/$defs/no, which does not exist."),
        (
            {"$ref": "#/title", "title": "x"},
            "JSON Schema keyword '$ref' at '/' refers to #/title, which is not a schema.",
        ),
        ({"$ref": "#"}, "JSON Schema keyword '$ref' at '/' leads back to itself without a step into the value."),
        (
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "items": [{}]},
            "JSON Schema keyword 'items' at '/' must be a schema in draft 2020-12; a tuple is called prefixItems.",
        ),
        ([], "JSON Schema keyword '(root)' at '/' must be an object or a boolean, not an array."),
    ],
)
def test_malformed_schemas_are_named_in_full(schema: Any, message: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        json_schema_grammar(schema)
    assert str(caught.value) == message


def test_a_malformed_pattern_is_an_invalid_schema() -> None:
    with pytest.raises(InvalidSchema) as caught:
        json_schema_grammar({"items": {"pattern": "("}})
    assert (caught.value.keyword, caught.value.pointer) == ("pattern", "/items")
    assert caught.value.reason.startswith("is not a regular expression: ")


def test_schema_text_that_is_not_json_is_a_syntax_error_with_its_place() -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        json_schema_grammar('{"type":\n  strin}')
    assert (caught.value.line, caught.value.column, caught.value.source_name) == (2, 3, "JSON Schema")


@pytest.mark.parametrize("constant", ["NaN", "Infinity"])
def test_constants_that_json_lacks_are_syntax_errors(constant: str) -> None:
    with pytest.raises(GrammarSyntaxError, match="is not a JSON number"):
        json_schema_grammar('{"minimum": ' + constant + "}")


EXCLUDE = "conditions that exclude each other"


@pytest.mark.parametrize(
    ("schema", "pointer", "reason"),
    [
        (False, "", f"the schema has {EXCLUDE}"),
        (
            {"type": "string", "minLength": 3, "maxLength": 2},
            "",
            f"the schema has {EXCLUDE}: see /type, /minLength, /maxLength",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"allOf": [{"type": "string"}, {"minLength": 2}, {"const": "x"}]}},
                "required": ["a"],
            },
            "/properties/a",
            (
                f"member .a has {EXCLUDE}: see /type, /properties/a/allOf/1/minLength, /properties/a/allOf/2/const, "
                "/required"
            ),
        ),
        (
            {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}},
            "",
            "the required member .next contains itself without end: see /type, /required, /properties/next/$ref",
        ),
        (
            {
                "type": "array",
                "minItems": 2,
                "prefixItems": [{}, {"allOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}],
                "$defs": {"a": {"type": "array"}},
            },
            "/prefixItems/1",
            (
                f"member [1] has {EXCLUDE}: see /$defs/a/type, /type, /minItems, /prefixItems/1/allOf/0/$ref, "
                "/prefixItems/1/allOf/1/type"
            ),
        ),
        (
            {"type": "string", "pattern": "^a", "allOf": [{"pattern": "^b"}]},
            "",
            f"the schema has {EXCLUDE}: see /type, /pattern, /allOf/0/pattern",
        ),
        ({"not": {}}, "", f"the schema has {EXCLUDE}: see /not"),
        (
            {"type": "array", "contains": {"type": "null"}, "items": {"type": "string"}},
            "",
            f"the schema has {EXCLUDE}: see /type, /contains/type, /items/type",
        ),
        (
            {"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True, "minItems": 3},
            "",
            f"the schema has {EXCLUDE}: see /type, /items/enum, /uniqueItems, /minItems",
        ),
        (
            {"type": "object", "propertyNames": {"pattern": "^[ab]$"}, "minProperties": 3, "title": "few names"},
            "",
            f"the schema has {EXCLUDE}: see /type, /propertyNames/pattern, /minProperties",
        ),
    ],
)
def test_an_empty_language_is_an_error_with_its_reason(schema: Any, pointer: str, reason: str) -> None:
    with pytest.raises(EmptyLanguage) as caught:
        json_schema_grammar(schema)
    assert (caught.value.pointer, caught.value.reason) == (pointer, reason)
    assert str(caught.value).startswith(f"No text can satisfy this specification: {reason}")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "patternProperties": {"a": False}, "uniqueItems": True, "minProperties": 4},
        {"type": "integer", "multipleOf": 1},
        {"type": "string", "multipleOf": 7},
        {"enum": ["a", 1], "uniqueItems": True},
        {"uniqueItems": True, "maxItems": 1},
        {"contains": True, "minItems": 1},
        {"contains": {"type": "null"}, "minContains": 0},
        {"then": {"minLength": 3}, "else": False},
        {"if": {"type": "string"}},
        {"minProperties": 1, "required": ["a"]},
        {"maxProperties": 1, "properties": {"a": {}}, "additionalProperties": False},
        {"patternProperties": {}},
        {"patternProperties": {"^x": True}},
        {"propertyNames": {}},
        {"unevaluatedProperties": True, "unevaluatedItems": {}},
        {"dependencies": {}, "dependentRequired": {"a": []}, "dependentSchemas": {"a": True}},
        {"additionalItems": False, "items": {"type": "string"}},
        {"not": False},
        {"$defs": {"unused": {"not": {"type": "string"}}}},
        {"title": "t", "description": "d", "default": 1, "examples": [2], "readOnly": True, "deprecated": False},
    ],
)
def test_keywords_without_effect_pass(schema: Any) -> None:
    json_schema_grammar(schema)


def test_the_report_lists_what_was_only_annotated() -> None:
    schema = {
        "properties": {"a": {"format": "int32", "x-order": 1}, "b": {"x-order": 2, "title": "known"}},
        "$schema": DRAFT_4,
        "const": 3,
    }
    report = json_schema_grammar(schema, JSONSchemaOptions.exact()).report
    no_keyword = "is not a keyword of the schema's draft: an annotation"
    assert [(finding.pointer, finding.keyword, finding.reason) for finding in report.findings] == [
        ("", "const", no_keyword),
        ("/properties/a", "format", "'int32' is an annotation, as the option formats says"),
        ("/properties/a", "x-order", no_keyword),
        ("/properties/b", "x-order", no_keyword),
    ]
    assert set(report.statuses().values()) == {Exactness.ANNOTATION}


def test_the_report_lists_what_the_options_narrow() -> None:
    report = json_schema_grammar({"items": {"type": "integer"}, "properties": {"a": {"pattern": "a"}}}).report
    assert {(finding.pointer, finding.keyword) for finding in report} == {
        ("", "whitespace"),
        ("", "outer_whitespace"),
        ("", "escapes"),
        ("/items", "numbers"),
    }
    assert report.statuses() == {
        "": Exactness.RESTRICTED,
        "/items": Exactness.RESTRICTED,
        "/properties/a": Exactness.EXACT,
    }


def test_siblings_of_a_reference_are_reported_where_the_draft_ignores_them() -> None:
    schema = {"$schema": DRAFT_7, "definitions": {"a": {}}, "$ref": "#/definitions/a", "minLength": 2}
    reason = "the keywords beside it are ignored, as the schema's draft demands"
    assert Finding("", Exactness.ANNOTATION, "$ref", reason) in json_schema_grammar(schema).report.findings


def test_strings_that_utf8_cannot_spell_are_values_that_no_text_has() -> None:
    grammar = json_schema_grammar({"enum": ["\ud800", {"a": ["\udfff"]}, {"\ud800": 1}, "a"]})
    assert accepts(grammar, b'"a"') and not accepts(grammar, b'{"a":[""]}')
    with pytest.raises(EmptyLanguage):
        json_schema_grammar({"const": "\ud800"})
    with pytest.raises(EmptyLanguage):
        json_schema_grammar({"type": "object", "required": ["\ud800"]})
    grammar = json_schema_grammar({"properties": {"\ud800": True}, "type": "object"})
    assert accepts(grammar, b'{"a":1}')


def test_numbers_in_text_are_not_rounded() -> None:
    grammar = json_schema_grammar('{"type":"number","minimum":0.1234567890123456789012345}')
    assert accepts(grammar, b"0.1234567890123456789012345")
    assert not accepts(grammar, b"0.1234567890123456789012344")


def test_a_class_with_model_json_schema_is_taken_as_its_schema() -> None:
    class Model:
        @staticmethod
        def model_json_schema() -> dict[str, Any]:
            return {"type": "integer", "maximum": 9}

    grammar = json_schema_grammar(Model)
    assert accepts(grammar, b"9") and not accepts(grammar, b"10")


def test_a_pydantic_model_is_taken_as_its_schema() -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")
    colour = pydantic.create_model("Colour", name=(str, ...), alpha=(float | None, None))
    grammar = json_schema_grammar(pydantic.create_model("Palette", colours=(list[colour], ...)))
    assert accepts(grammar, b'{"colours": [{"name": "red", "alpha": null}, {"name": "blue"}]}')
    assert not accepts(grammar, b'{"colours": [{"alpha": 1}]}')


def test_equal_subschemas_share_one_rule() -> None:
    point = {"type": "object", "properties": {"x": {"type": "number"}}, "additionalProperties": False}
    grammar = json_schema_grammar(
        {"type": "object", "properties": {"a": point, "b": dict(point)}, "additionalProperties": False}
    )
    names = set()
    while set(grammar.rules) != names:
        names = set(grammar.rules)
        assert all(grammar.rules[name] for name in names)
    assert len([name for name in names if name.startswith("object")]) == 2


def test_rules_are_computed_when_asked_for() -> None:
    grammar = json_schema_grammar({"type": "array", "items": {"type": "array", "items": {"type": "array"}}})
    before = len(grammar.rules)
    assert grammar.rules[grammar.start]
    assert before < len(grammar.rules)
    with pytest.raises(KeyError):
        grammar.rules["no such rule"]


def test_a_schema_is_freed_with_its_grammar() -> None:
    schema = {
        "properties": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}, "b": {"oneOf": [{"type": "null"}]}},
        "$defs": {"a": {"$id": "http://x/a", "type": "object", "additionalProperties": {"type": "string"}}},
    }
    grammar = json_schema_grammar(schema)
    assert all(grammar.rules[name] for name in grammar.rules)
    gc.collect()
    gc.disable()
    try:
        kept = weakref.ref(grammar.rules.form.terms.reader)  # type: ignore[attr-defined]
        del grammar
        assert kept() is None, "the schema waits for the garbage collector"
    finally:
        gc.enable()


def test_errors_keep_their_fields_when_pickled() -> None:
    error = UnsupportedSchema("not", "/a")
    assert pickle.loads(pickle.dumps(error)) == error
