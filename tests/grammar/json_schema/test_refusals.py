"""What is refused, in the whole words that a user reads, and what passes because it has no effect."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import pytest

from maskwright.errors import EmptyLanguage, GrammarSyntaxError, InvalidSchema, LimitExceeded, UnsupportedSchema
from maskwright.grammar.json_schema import JSONSchemaOptions, json_schema_grammar
from tests.naive.recogniser import accepts

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("not", {"type": "string"}),
        ("uniqueItems", True),
        ("contains", {"type": "integer"}),
        ("patternProperties", {"^a": {"type": "integer"}}),
        ("propertyNames", {"maxLength": 3}),
        ("minProperties", 1),
        ("maxProperties", 1),
        ("multipleOf", 0.01),
        ("dependencies", {"a": ["b"]}),
        ("dependentRequired", {"a": ["b"]}),
        ("dependentSchemas", {"a": {"required": ["b"]}}),
        ("unevaluatedProperties", False),
        ("unevaluatedItems", False),
        ("$dynamicRef", "#node"),
    ],
)
def test_a_keyword_that_cannot_be_enforced_is_refused_with_its_pointer(keyword: str, value: Any) -> None:
    schema = {"type": "object", "properties": {"a/b": {"anyOf": [{"type": "null"}, {keyword: value}]}}}
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar(schema)
    pointer = "/properties/a~1b/anyOf/1"
    assert str(caught.value) == f"JSON Schema keyword {keyword!r} at '{pointer}' is not supported yet."
    assert (caught.value.keyword, caught.value.pointer) == (keyword, pointer)


def test_if_is_refused_with_its_pointer() -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar({"if": {"type": "string"}, "then": {"minLength": 1}})
    assert str(caught.value) == "JSON Schema keyword 'if' at '/' is not supported yet."


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            {"oneOf": [{"type": "integer"}, {"minimum": 3}]},
            (
                "JSON Schema keyword 'oneOf' at '/' has branches that some value may satisfy together, "
                "which is not supported yet."
            ),
        ),
        (
            {"items": {"$ref": "other.json#/a"}},
            "JSON Schema keyword '$ref' at '/items' refers to another document (other.json#/a), which is not fetched.",
        ),
        (
            {"$ref": "#place"},
            "JSON Schema keyword '$ref' at '/' refers to the anchor 'place'; only JSON pointers are supported.",
        ),
        (
            {"format": "idn-hostname"},
            "JSON Schema keyword 'format' at '/' names 'idn-hostname', which is not supported yet.",
        ),
        (
            {"$schema": "http://json-schema.org/draft-03/schema#", "extends": {}},
            "JSON Schema keyword 'extends' at '/' is not supported yet.",
        ),
    ],
)
def test_refusals_say_why(schema: Any, message: str) -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar(schema)
    assert str(caught.value) == message


def test_a_back_reference_is_refused_with_the_pattern_in_the_reason() -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar({"properties": {"x": {"pattern": r"(a)\1"}}})
    assert (caught.value.keyword, caught.value.pointer) == ("pattern", "/properties/x")
    assert r"(a)\\1" in caught.value.reason


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


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (False, "No text can satisfy this specification: the schema has conditions that exclude each other."),
        (
            {"type": "string", "minLength": 3, "maxLength": 2},
            "No text can satisfy this specification: the schema has conditions that exclude each other.",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"allOf": [{"type": "string"}, {"minLength": 2}, {"const": "x"}]}},
                "required": ["a"],
            },
            (
                "No text can satisfy this specification: member .a has conditions that exclude each other "
                "(at '/properties/a')."
            ),
        ),
        (
            {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}},
            "No text can satisfy this specification: the required member .next contains itself without end.",
        ),
        (
            {
                "type": "array",
                "minItems": 2,
                "prefixItems": [{}, {"allOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}],
                "$defs": {"a": {"type": "array"}},
            },
            (
                "No text can satisfy this specification: member [1] has conditions that exclude each other "
                "(at '/prefixItems/1')."
            ),
        ),
        (
            {"type": "string", "pattern": "^a", "allOf": [{"pattern": "^b"}]},
            "No text can satisfy this specification: the schema has conditions that exclude each other.",
        ),
        ({"not": {}}, "No text can satisfy this specification: the schema has conditions that exclude each other."),
    ],
)
def test_an_empty_language_is_an_error_with_its_reason(schema: Any, message: str) -> None:
    with pytest.raises(EmptyLanguage) as caught:
        json_schema_grammar(schema)
    assert str(caught.value) == message


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
    assert json_schema_grammar(schema).report == (
        "format 'int32' is not part of the specification: an annotation",
        "keyword 'const' at '/' is not part of the schema's draft: an annotation",
        "keyword 'x-order' at '/properties/b' and 1 other places is not part of the schema's draft: an annotation",
        "duplicate additional keys are accepted",
    )


def test_siblings_of_a_reference_are_reported_where_the_draft_ignores_them() -> None:
    schema = {"$schema": DRAFT_7, "definitions": {"a": {}}, "$ref": "#/definitions/a", "minLength": 2}
    assert "keywords beside $ref are ignored, as the schema's draft demands" in json_schema_grammar(schema).report


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


def test_the_limit_of_alternatives_is_an_option() -> None:
    schema = {"anyOf": [{"type": "array", "minItems": n, "maxItems": n} for n in range(5)], "allOf": [{"maxItems": 9}]}
    json_schema_grammar(schema, JSONSchemaOptions(max_shapes=5))
    with pytest.raises(LimitExceeded):
        json_schema_grammar(schema, JSONSchemaOptions(max_shapes=4))


def test_a_bound_of_a_million_digits_ends_in_a_limit() -> None:
    with pytest.raises(LimitExceeded, match="digits of 'minimum'"):
        json_schema_grammar({"minimum": Decimal("1e1000000")})


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


def test_errors_keep_their_fields_when_pickled() -> None:
    error = UnsupportedSchema("not", "/a")
    assert pickle.loads(pickle.dumps(error)) == error
