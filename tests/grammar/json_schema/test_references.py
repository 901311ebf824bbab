"""References, drafts, vocabularies and dynamic scopes: judged by a naive validator that follows what the reader read.

The official suite and `jsonschema` say what is right; messages are asserted whole.
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7, DRAFT202012

from maskwright.errors import InvalidSchema, LimitExceeded, SpecificationError, UnsupportedSchema
from maskwright.grammar.json_schema import json_schema_grammar
from maskwright.grammar.json_schema.document import Draft
from maskwright.grammar.json_schema.keywords import read_all
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.reader import SchemaReader
from tests.data_folder import data_archive
from tests.grammar.json_schema.suite import DRAFTS, URI_OF_DRAFT, registry_of
from tests.naive.schema_validator import satisfies

DRAFT_2020_12 = URI_OF_DRAFT["draft2020-12"]
CORE = "https://json-schema.org/draft/2020-12/vocab/core"
APPLICATOR = "https://json-schema.org/draft/2020-12/vocab/applicator"

FILES = (
    "ref refRemote dynamicRef recursiveRef anchor id defs definitions vocabulary infinite-loop-detection "
    "unevaluatedItems unevaluatedProperties dependentSchemas dependentRequired if-then-else not anyOf oneOf allOf "
    "optional/anchor optional/cross-draft optional/dynamicRef optional/id optional/refOfUnknownKeyword "
    "optional/unknownKeyword optional/no-schema optional/dependencies-compatibility"
).split()
"""Files of the suite that the naive validator understands in full, with all that concern references."""


def read(schema: Any, registry: Registry[Any] | None = None) -> tuple[SchemaReader, int]:
    """The reader of a schema, and its node."""
    reader = SchemaReader(schema, JSONSchemaOptions(), registry)
    return reader, reader.child(schema, 0, "", "(root)")


def read_whole(schema: Any, registry: Registry[Any] | None = None) -> SchemaReader:
    """The reader after everything that keywords lead to was read."""
    reader, _ = read(schema, registry)
    read_all(reader)
    return reader


def pointers(reader: SchemaReader) -> list[str]:
    """Where the nodes stand, without the two boolean ones."""
    return [reader.pointer(node) for node in range(2, len(reader.nodes))]


def library(**documents: Any) -> Registry[Any]:
    """A registry of documents at http://lib/<name>."""
    return Registry().with_resources(
        (f"http://lib/{name}", DRAFT202012.create_resource(contents)) for name, contents in documents.items()
    )


# The official suite.


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_reference_of_the_official_suite_leads_where_it_should(draft: str) -> None:
    folder = data_archive("json-schema-test-suite")
    registry = registry_of(folder, draft)
    n_tests = 0
    wrong = []
    for name in FILES:
        path = folder / "tests" / draft / f"{name}.json"
        if not path.exists():
            continue
        for group in json.loads(path.read_text(encoding="utf-8")):
            schema = group["schema"]
            if isinstance(schema, dict) and "$schema" not in schema:
                schema = {"$schema": URI_OF_DRAFT[draft], **schema}
            for test in group["tests"]:
                reader, node = read(schema, registry)
                n_tests += 1
                if satisfies(reader, node, test["data"]) != test["valid"]:
                    wrong.append((name, group["description"], test["description"]))
    assert wrong == []
    assert n_tests > 100


@pytest.mark.parametrize("draft", DRAFTS)
def test_the_standard_metaschemas_are_known_without_a_registry(draft: str) -> None:
    reader, node = read({"$ref": URI_OF_DRAFT[draft]})
    assert satisfies(reader, node, {"minLength": 3, "properties": {"a": {"type": ["string", "null"]}}})
    assert not satisfies(reader, node, {"minLength": -1})
    assert not satisfies(reader, node, {"properties": {"a": {"type": "strong"}}})


# Against `jsonschema`.

N_RESOURCES = 4
URIS = [f"http://r/{number}" for number in range(N_RESOURCES)]


@st.composite
def resources(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A resource with an anchor at its root, maybe dynamic; references below members, and from the root to others.

    Each refuses a member with its own number, so values tell them apart.
    """
    links = ["#", "#/$defs/other", *URIS, *[f"{uri}#plain" for uri in URIS], *[f"{uri}#/$defs/other" for uri in URIS]]
    dynamic = ["#name", *[f"{uri}#name" for uri in URIS]]
    link = st.one_of(
        st.builds(lambda text: {"$ref": text}, st.sampled_from(links)),
        st.builds(lambda text: {"$dynamicRef": text}, st.sampled_from(dynamic)),
    )
    schema: dict[str, Any] = {
        "$schema": DRAFT_2020_12,
        "$id": URIS[number],
        draw(st.sampled_from(["$anchor", "$dynamicAnchor"])): "name",
        "properties": {name: draw(link) for name in draw(st.sets(st.sampled_from("abc")))},
        "$defs": {
            "other": {"properties": {"a": draw(link)}},
            "plain": {"$anchor": "plain", "properties": {"b": draw(link)}},
        },
        "not": {"required": [str(number)]},
    }
    if number + 1 < N_RESOURCES and draw(st.booleans()):
        schema["$ref"] = draw(st.sampled_from(URIS[number + 1 :]))
    return schema


ENDS = st.builds(lambda number: {str(number): 1}, st.integers(0, N_RESOURCES - 1))
VALUES = st.recursive(ENDS, lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=2), max_leaves=4)


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(*[resources(number) for number in range(N_RESOURCES)]), st.integers(0, 3), st.lists(VALUES, max_size=6)
)
def test_random_references_mean_what_they_mean_to_jsonschema(
    documents: tuple[dict[str, Any], ...], n_embedded: int, values: list[Any]
) -> None:
    root, *others = documents
    root = {**root, "$defs": {**root["$defs"], **{str(i): other for i, other in enumerate(others[:n_embedded])}}}
    registry = Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in others[n_embedded:])
    validator = jsonschema.Draft202012Validator(root, registry=registry)
    reader, node = read(root, registry)
    for value in values:
        assert satisfies(reader, node, value) == validator.is_valid(value)


# Pointers and anchors.


def test_a_pointer_is_unquoted_before_it_is_unescaped() -> None:
    schema = {"$defs": {name: {"title": name} for name in ("a/b", "c~d", "e%f", "g h", "")}}
    for text, name in (("a~1b", "a/b"), ("c~0d", "c~d"), ("e%25f", "e%f"), ("g%20h", "g h"), ("", "")):
        reader, node = read({**schema, "$ref": f"#/$defs/{text}"})
        assert reader.nodes[reader.referenced(node, f"#/$defs/{text}")].schema == {"title": name}


def test_an_index_with_a_leading_zero_is_none() -> None:
    with pytest.raises(InvalidSchema):
        read_whole({"allOf": [{"$ref": "#/anyOf/00"}], "anyOf": [{"type": "null"}]})


def test_a_pointer_may_lead_through_unknown_keywords() -> None:
    reader, node = read({"$ref": "#/unknown/0/x", "unknown": [{"x": {"type": "null"}}]})
    assert satisfies(reader, node, None)
    assert not satisfies(reader, node, 1)


def test_an_identifier_inside_an_unknown_keyword_is_none() -> None:
    with pytest.raises(UnsupportedSchema):
        read_whole({"$ref": "http://x/inner", "unknown": {"$id": "http://x/inner"}})


def test_siblings_of_a_reference_count_from_2019_on() -> None:
    for draft in DRAFTS:
        schema = {
            "$schema": URI_OF_DRAFT[draft],
            "definitions": {"a": {"type": "integer"}},
            "allOf": [{"$ref": "#/definitions/a", "minimum": 3}],
        }
        reader, node = read(schema)
        assert satisfies(reader, node, 1) == (draft in ("draft4", "draft6", "draft7"))
        assert not satisfies(reader, node, "a")


# Resources.


def test_an_embedded_resource_has_its_own_draft() -> None:
    old = {"$id": "http://x/old", "$schema": URI_OF_DRAFT["draft7"], "dependentRequired": {"a": ["b"]}}
    new = {"$id": "http://x/new", "dependentRequired": {"a": ["b"]}}
    reader, node = read({"$schema": DRAFT_2020_12, "properties": {"old": old, "new": new}})
    assert satisfies(reader, node, {"old": {"a": 1}})
    assert not satisfies(reader, node, {"new": {"a": 1}})


def test_a_draft_declared_without_an_identifier_holds_for_that_part_alone() -> None:
    schema = {
        "$schema": DRAFT_2020_12,
        "definitions": {"a": {"type": "integer"}},
        "items": {"$schema": URI_OF_DRAFT["draft7"], "allOf": [{"$ref": "#/definitions/a", "minimum": 3}]},
        "allOf": [{"items": {"$ref": "#/definitions/a", "maximum": 5}}],
    }
    reader, node = read(schema)
    assert satisfies(reader, node, [1])
    assert not satisfies(reader, node, [7])
    assert reader.draft(node) == Draft.DRAFT_2020_12
    assert reader.draft(reader.child(schema["items"], node, "items", "items")) == Draft.DRAFT_7


def test_the_pointer_of_a_remote_node_begins_with_the_address_of_its_document() -> None:
    registry = library(a={"properties": {"x/y": {"$ref": "b"}}}, b={"items": {"minLength": -1}})
    with pytest.raises(InvalidSchema) as caught:
        read_whole({"$ref": "http://lib/a"}, registry)
    assert caught.value.pointer == "http://lib/b#/items"
    reader, node = read({"$ref": "http://lib/a#/properties/x~1y"}, registry)
    assert reader.pointer(reader.referenced(node, "http://lib/a#/properties/x~1y")) == "http://lib/a#/properties/x~1y"


def test_a_registry_may_retrieve_and_is_asked_once_for_each_document() -> None:
    asked = []

    def retrieve(uri: str) -> Resource[Any]:
        asked.append(uri)
        return DRAFT7.create_resource({"definitions": {"a": {"type": "integer"}}, "items": {"$ref": "#/definitions/a"}})

    schema = {"properties": {"x": {"$ref": "http://far/s"}, "y": {"$ref": "http://far/s#/definitions/a"}}}
    reader = read_whole(schema, Registry(retrieve=retrieve))
    assert asked == ["http://far/s"]
    assert satisfies(reader, 2, {"x": [1], "y": 2})
    assert not satisfies(reader, 2, {"x": ["a"]})


def test_the_draft_that_a_caller_gives_to_a_remote_document_counts() -> None:
    remote = {"definitions": {"a": True}, "allOf": [{"$ref": "#/definitions/a", "minimum": 3}]}
    for specification, is_valid in ((DRAFT7, True), (DRAFT202012, False)):
        registry = Registry().with_resource("http://lib/a", specification.create_resource(remote))
        reader, node = read({"$ref": "http://lib/a"}, registry)
        assert satisfies(reader, node, 1) == is_valid


def test_an_embedded_resource_of_a_remote_document_is_found_by_its_own_address() -> None:
    inner = {"$id": "folder/", "properties": {"x": {"$ref": "leaf"}}}
    registry = library(a={"$id": "http://lib/a", "$defs": {"i": inner, "l": {"$id": "folder/leaf", "const": 1}}})
    reader, node = read({"$ref": "http://lib/folder/"}, registry)
    assert satisfies(reader, node, {"x": 1})
    assert not satisfies(reader, node, {"x": 2})


def test_one_object_in_two_resources_is_two_nodes() -> None:
    shared = {"$ref": "#/$defs/a"}
    schema = {
        "$id": "http://x/",
        "$defs": {"a": {"type": "integer"}},
        "properties": {"p": shared, "q": {"$id": "q", "$defs": {"a": {"type": "string"}}, "items": shared}},
    }
    reader, node = read(schema)
    assert satisfies(reader, node, {"p": 1, "q": ["a"]})
    assert not satisfies(reader, node, {"p": "a"})
    assert not satisfies(reader, node, {"q": [1]})


# Dynamic scope.

TREE = {
    "$schema": DRAFT_2020_12,
    "$id": "http://x/tree",
    "$dynamicAnchor": "node",
    "type": "object",
    "properties": {"data": True, "children": {"type": "array", "items": {"$dynamicRef": "#node"}}},
}


def test_a_subschema_under_two_scopes_is_two_nodes() -> None:
    strict = {"$id": "http://x/strict", "$dynamicAnchor": "node", "$ref": "tree", "unevaluatedProperties": False}
    schema = {"properties": {"loose": {"$ref": "http://x/tree"}, "strict": strict}, "$defs": {"tree": TREE}}
    reader, node = read(schema)
    assert satisfies(reader, node, {"loose": {"children": [{"daat": 1}]}, "strict": {"children": [{"data": 1}]}})
    assert not satisfies(reader, node, {"strict": {"children": [{"daat": 1}]}})
    items = [pointer for pointer in pointers(read_whole(schema)) if pointer.endswith("children/items")]
    assert items == ["/$defs/tree/properties/children/items"] * 2


def test_a_dynamic_anchor_costs_no_nodes_within_one_resource() -> None:
    reader = read_whole(TREE)
    assert len(reader.nodes) == 5
    assert all(node.place is reader.references.outermost for node in reader.nodes)


def test_resources_that_refer_to_each_other_are_read_once() -> None:
    parts = [
        {"$id": f"r{name}", "$dynamicAnchor": "same", "items": {"$ref": f"r{other}"}, "not": {"$dynamicRef": "#same"}}
        for name, other in ((0, 1), (1, 2), (2, 0))
    ]
    reader = read_whole({"$id": "http://x/", "$ref": "r0", "$defs": dict(zip("abc", parts, strict=True))})
    assert len(pointers(reader)) == 7, "the root, three parts and what each negates"
    assert len(reader.plain_ones) == 3, "their items are mere references, which stand for where they lead"


def test_subschemas_that_say_no_more_than_a_type_are_one_node() -> None:
    properties = {name: {"type": "string", "title": name} for name in "abc"}
    properties |= {name: {"$ref": "#/$defs/d", "description": name} for name in "xyz"}
    properties["long"] = {"type": "string", "minLength": 3}
    properties["both"] = {"$ref": "#/$defs/d", "type": "object"}
    schema = {"type": "object", "properties": properties, "$defs": {"d": {"maxProperties": 2}}}
    reader = read_whole(schema)
    assert sorted(pointers(reader)) == ["", "/$defs/d", *(f"/properties/{name}" for name in ("a", "both", "long"))]
    grammar = json_schema_grammar(schema)
    assert list(grammar.report.nodes) == ["", "/$defs/d", *(f"/properties/{name}" for name in sorted(properties))]


def test_a_mere_reference_that_leads_nowhere_has_an_error_of_its_own() -> None:
    schema = {"properties": {"a": {"$ref": "#/x"}, "b": {"$ref": "http://y/"}, "c": {"$ref": "http://z/"}}}
    with pytest.raises(InvalidSchema, match="'/properties/a' refers to #/x"):
        json_schema_grammar(schema)
    del schema["properties"]["a"]
    with pytest.raises(UnsupportedSchema) as caught:
        json_schema_grammar(schema)
    refused = [caught.value, *caught.value.others]
    assert sorted(error.pointer for error in refused) == ["/properties/b", "/properties/c"]


def test_scopes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskwright.grammar.json_schema.reader.MAX_NODES", 2_000)
    names = range(12)
    anywhere = [{"$ref": f"r{other}"} for other in names]
    parts = {
        str(name): {
            "$id": f"r{name}",
            "$dynamicAnchor": f"n{name}",
            "properties": {"a": {"anyOf": [*anywhere, {"$dynamicRef": f"#n{name}"}]}},
        }
        for name in names
    }
    with pytest.raises(LimitExceeded) as caught:
        read_whole({"$id": "http://x/", "anyOf": anywhere, "$defs": parts})
    assert caught.value.stage == "number of subschemas"


# Metaschemas and vocabularies.


def test_a_metaschema_in_the_document_leaves_vocabularies_out() -> None:
    metaschema = {"$id": "http://x/meta", "$schema": DRAFT_2020_12, "$vocabulary": {CORE: True, APPLICATOR: True}}
    schema = {"$schema": "http://x/meta", "properties": {"a": {"minimum": 3}, "b": False}, "$defs": {"m": metaschema}}
    reader, node = read(schema)
    assert satisfies(reader, node, {"a": 1})
    assert not satisfies(reader, node, {"b": 1})
    assert (reader.pointer(reader.notes[0][0]), reader.notes[0][1]) == ("/properties/a", "minimum")


def test_a_metaschema_of_ones_own_is_followed_to_its_draft() -> None:
    registry = library(meta={"$schema": "http://lib/base"}, base={"$schema": URI_OF_DRAFT["draft6"]})
    reader, node = read({"$schema": "http://lib/meta", "items": {}}, registry)
    assert reader.draft(node) == Draft.DRAFT_6


def test_an_optional_vocabulary_need_not_be_known() -> None:
    vocabularies = {CORE: True, APPLICATOR: False, "http://lib/more": False}
    registry = library(meta={"$schema": DRAFT_2020_12, "$vocabulary": vocabularies})
    reader, node = read({"$schema": "http://lib/meta", "properties": {"a": False}}, registry)
    assert not satisfies(reader, node, {"a": 1})


def test_format_is_asserted_where_the_metaschema_says_so() -> None:
    for required in (True, False):
        vocabularies = {CORE: True, "https://json-schema.org/draft/2020-12/vocab/format-assertion": required}
        registry = library(meta={"$schema": DRAFT_2020_12, "$vocabulary": vocabularies})
        reader, node = read({"$schema": "http://lib/meta", "format": "date"}, registry)
        assert reader.dialect(node).asserts_format
    reader, node = read({"$schema": DRAFT_2020_12, "format": "date"})
    assert not reader.dialect(node).asserts_format


def test_a_metaschema_that_is_not_known_is_noted() -> None:
    reader = read_whole({"$schema": "http://nowhere/meta", "type": "null"})
    assert reader.draft(2) == Draft.DRAFT_2020_12
    assert reader.notes == [(2, "$schema", "names a metaschema that is not known: read as draft 2020-12")]


def test_a_metaschema_may_describe_itself() -> None:
    schema = {"$id": "http://x/meta", "$schema": "http://x/meta", "$vocabulary": {CORE: True}, "minimum": 3}
    reader, node = read(schema)
    assert satisfies(reader, node, 1)


# What is not read, and what is refused.


def test_what_no_keyword_leads_to_may_contain_anything() -> None:
    junk = {
        "$id": 5,
        "$anchor": [1],
        "$dynamicAnchor": {},
        "properties": 7,
        "allOf": {"x": 1},
        "$schema": [],
        "items": [3],
    }
    schema = {"$ref": "#here", "$defs": {"junk": junk, "worse": 3, "here": {"$anchor": "here", "type": "null"}}}
    assert pointers(read_whole(schema)) == ["", "/$defs/here"]


def test_pointers_within_a_resource_need_no_index_of_the_document() -> None:
    schema = {"$id": "http://x/a", "items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"$ref": "http://x/a"}}}
    assert read_whole(schema).document.index is None
    assert read_whole({**schema, "not": {"$ref": "#x"}, "$defs": {"a": {"$anchor": "x"}}}).document.index is not None


def test_a_dictionary_that_contains_itself_ends() -> None:
    loop: dict[str, Any] = {"type": "array"}
    loop["items"] = loop
    assert len(read_whole(loop).nodes) == 3
    loop["$id"] = "deeper/"
    loop["items"] = {"$id": "still/", "items": loop}
    with pytest.raises(InvalidSchema, match="contains itself"):
        read_whole({"items": loop})


def test_a_registry_that_goes_on_for_ever_is_limited() -> None:
    def retrieve(uri: str) -> Resource[Any]:
        return DRAFT202012.create_resource({"$schema": uri + "x"})

    with pytest.raises(LimitExceeded) as caught:
        read_whole({"$schema": "http://far/x"}, Registry(retrieve=retrieve))
    assert caught.value.stage == "number of metaschemas"


def broken(uri: str) -> Resource[Any]:
    raise OSError(f"no route to {uri}")


NOWHERE = "which is neither in the document nor in the registry."


@pytest.mark.parametrize(
    ("schema", "registry", "message"),
    [
        (
            {"items": {"$ref": "other.json#/a"}},
            None,
            "'$ref' at '/items' refers to other.json#/a, " + NOWHERE,
        ),
        (
            {"$id": "http://x/y/", "items": {"$ref": "z#/a"}},
            Registry(retrieve=broken),
            "'$ref' at '/items' refers to z#/a, that is http://x/y/z, " + NOWHERE,
        ),
        ({"$ref": "#place"}, None, "'$ref' at '/' refers to #place, which does not exist."),
        ({"$dynamicRef": "#place"}, None, "'$dynamicRef' at '/' refers to #place, which does not exist."),
        ({"$ref": "http://lib/a#/b"}, library(a={}), "'$ref' at '/' refers to http://lib/a#/b, which does not exist."),
        ({"$ref": "#/b", "b": 3}, None, "'$ref' at '/' refers to #/b, which is not a schema."),
        (
            {"$ref": "http://["},
            None,
            "'$ref' at '/' refers to http://[, " + NOWHERE,
        ),
        (
            {"$ref": "#a", "$defs": {"x": {"$anchor": "a"}, "y": {"$anchor": "a"}}},
            None,
            "'$ref' at '/' refers to #a, which several schemas are called.",
        ),
        (
            {"$ref": "http://x/a", "$defs": {"x": {"$id": "http://x/a"}, "y": {"$id": "http://x/a"}}},
            None,
            "'$ref' at '/' refers to http://x/a, a URI that several schemas have.",
        ),
        (
            {"$schema": URI_OF_DRAFT["draft2019-09"], "items": {"$recursiveRef": "#/a"}},
            None,
            "'$recursiveRef' at '/items' must be '#', not '#/a'.",
        ),
        ({"$ref": 3}, None, "'$ref' at '/' must be a string, not a number."),
        (
            {"$schema": "http://lib/m"},
            library(m={"$schema": DRAFT_2020_12, "$vocabulary": {"http://lib/v": True}}),
            "'$schema' at '/' names http://lib/m, which requires the unknown vocabulary http://lib/v.",
        ),
        (
            {"$ref": "http://lib/b"},
            Registry().with_resource("http://lib/a", DRAFT202012.create_resource({"properties": [1], "allOf": 3})),
            "'$ref' at '/' refers to http://lib/b, " + NOWHERE,
        ),
    ],
)
def test_refusals_name_the_pointer_and_the_uri(schema: Any, registry: Registry[Any] | None, message: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        read_whole(schema, registry)
    assert str(caught.value) == f"JSON Schema keyword {message}"
