"""Which schemas have values and which branches share one: against the small world and naive fixpoints."""

from __future__ import annotations

import json
import random
from itertools import combinations
from typing import Any

import pytest

from maskwright.errors import EmptyLanguage, SpecificationError
from maskwright.grammar.json_schema import JSONSchemaOptions, json_schema_grammar
from maskwright.grammar.json_schema.normal_form import NormalForm
from maskwright.grammar.json_schema.productivity import Productivity, explain_empty
from maskwright.grammar.numbers import NumberSpelling
from tests.grammar.json_schema.universe import Meaning, SmallSchemas, judged
from tests.naive.recogniser import is_viable

Json = Any

NEXT = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}}


def is_productive(schema: Json) -> bool:
    meaning = Meaning(schema)
    return meaning.productivity.is_productive(meaning.root)


def test_what_has_a_value_of_the_world_is_productive() -> None:
    n_empty = 0
    for seed in range(250):
        schema = SmallSchemas(seed).schema()
        meaning = Meaning(schema)
        for conjunction in list(meaning.form.unions)[:6]:
            productive = meaning.productivity.is_productive(conjunction)
            n_empty += not productive
            assert productive or not meaning.values(conjunction), (json.dumps(schema), conjunction)
    assert n_empty > 50


def test_what_is_not_productive_is_an_error_and_what_is_has_a_text() -> None:
    for seed in range(120):
        schema = SmallSchemas(seed).schema()
        if is_productive(schema):
            assert is_viable(json_schema_grammar(schema, JSONSchemaOptions.exact()), b"")
        else:
            assert not judged(schema)
            with pytest.raises(EmptyLanguage):
                json_schema_grammar(schema)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (NEXT, False),
        ({"anyOf": [NEXT, {"type": "null"}]}, True),
        ({**NEXT, "type": ["object", "null"]}, True),
        ({"type": "array", "minItems": 1, "items": {"$ref": "#"}}, False),
        ({"type": "array", "prefixItems": [{"$ref": "#"}]}, True),
        ({"type": "array", "contains": {"$ref": "#"}}, False),
        ({"type": "array", "contains": {"$ref": "#"}, "minContains": 0}, True),
        ({"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#"}}, False),
        (
            {"type": "object", "minProperties": 1, "properties": {"a": True}, "additionalProperties": {"$ref": "#"}},
            True,
        ),
        ({"type": "object", "not": {"additionalProperties": {"not": {"$ref": "#"}}}}, False),
        ({"type": "object", "not": {"additionalProperties": {"$ref": "#"}}}, True),
        ({"type": "object", "propertyNames": {"maxLength": 0}, "minProperties": 2}, False),
        ({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 3}, False),
        ({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2}, True),
        ({"type": "array", "items": {"enum": [[], {}]}, "uniqueItems": True, "minItems": 3}, False),
        ({"type": "array", "items": {"maxItems": 0, "type": "array"}, "uniqueItems": True, "minItems": 2}, False),
        ({"oneOf": [{"const": 1}, {"const": 1}]}, False),
        ({"not": {"anyOf": [{"type": "string"}, {"not": {"type": "string"}}]}}, False),
    ],
)
def test_values_that_need_themselves_or_too_many_others_do_not_exist(schema: Json, expected: bool) -> None:
    assert is_productive(schema) == expected


def test_random_rings_of_needs_against_a_naive_fixpoint() -> None:
    """Objects that need others, by all of a list or any of several: productive as a fixpoint over names finds it."""
    for seed in range(60):
        rng = random.Random(seed)
        names = "pqrstu"
        needs = {name: [rng.choices(names, k=rng.choice((1, 2))) for _ in range(rng.choice((1, 2)))] for name in names}
        ends = set(rng.sample(names, rng.choice((0, 1, 2))))
        known = set(ends)
        while True:
            grown = known | {name for name in names if any(set(way) <= known for way in needs[name])}
            if grown == known:
                break
            known = grown
        definitions = {
            name: {"anyOf": [_object_of(way) for way in needs[name]] + [{"type": "null"}] * (name in ends)}
            for name in names
        }
        for name in names:
            schema = {"$ref": f"#/$defs/{name}", "$defs": definitions}
            assert is_productive(schema) == (name in known), (seed, name)


def _object_of(names: list[str]) -> Json:
    members = {str(place): {"$ref": f"#/$defs/{name}"} for place, name in enumerate(names)}
    return {"type": "object", "required": list(members), "properties": members, "additionalProperties": False}


def shared_branches(branches: list[Json]) -> set[tuple[int, int]]:
    """The pairs of branches of a `oneOf` that are found to share a value, before any is excluded."""
    meaning = Meaning({"oneOf": branches})
    form = NormalForm(meaning.form.terms, JSONSchemaOptions())
    productivity = Productivity(form, NumberSpelling.EXACT)
    productivity.reach(meaning.root)
    return {(i, j) for _, _, i, j in productivity.overlaps()}


@pytest.mark.parametrize(
    "branches",
    [
        [{"type": "string"}, {"type": "integer"}, {"type": "null"}],
        [{"type": "object", "required": ["k"], "properties": {"k": {"const": n}}} for n in range(4)],
        [{"type": "integer", "maximum": 3}, {"type": "integer", "exclusiveMinimum": 3}],
        [{"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}, {"type": "string", "maxLength": 0}],
        [{"type": "array", "maxItems": 1}, {"type": "array", "minItems": 2}],
        [{"type": "integer", "multipleOf": 2}, {"type": "integer", "not": {"multipleOf": 2}}],
        [{"type": "array", "contains": {"const": 1}}, {"type": "array", "items": {"type": "string"}}],
        [{"type": "object", "required": ["a"]}, {"type": "object", "maxProperties": 0}],
        [{"type": "object", "required": ["k"], "properties": {"k": {"const": word}}} for word in "abcd"],
    ],
)
def test_branches_that_share_no_value_are_told_apart(branches: list[Json]) -> None:
    assert shared_branches(branches) == set()


def test_a_member_that_tells_branches_apart_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [["a", "b"], ["b", "c"], ["d"], ["e"], ["a", "e"]]
    branches = [{"type": "object", "required": ["k"], "properties": {"k": {"enum": kind}}} for kind in kinds]
    branches[3]["properties"]["n"] = {"type": "integer"}
    branches[4]["properties"]["n"] = {"type": "string"}
    expected = {(0, 1), (0, 4), (3, 4)}  # without an `n` the last two share a value
    assert shared_branches(branches) == expected
    branches[4]["required"] = branches[3]["required"] = ["n", "k"]
    assert shared_branches(branches) == {(0, 1), (0, 4)}
    monkeypatch.setattr(Productivity, "_telling_words", lambda *_: None)
    assert shared_branches(branches) == {(0, 1), (0, 4)}
    branches += [{"type": "object"}, {"type": "string"}]
    monkeypatch.undo()
    assert shared_branches(branches) == {(0, 1), (0, 4)} | {(i, 5) for i in range(5)}


def test_branches_that_share_a_value_of_the_world_overlap() -> None:
    n_shared = 0
    for seed in range(120):
        source = SmallSchemas(seed)
        branches = [source.schema(1) for _ in range(3)]
        if not all(isinstance(branch, dict) for branch in branches):
            continue
        found = shared_branches(branches)
        for i, j in combinations(range(3), 2):
            if judged(branches[i]) & judged(branches[j]):
                n_shared += 1
                assert (i, j) in found, json.dumps(branches)
    assert n_shared > 50


def test_the_part_to_blame_is_the_one_that_cannot_be_had() -> None:
    inner = {"type": "array", "minItems": 1, "items": {"allOf": [{"type": "string"}, {"type": "null"}]}}
    meaning = Meaning({"type": "object", "required": ["ok", "bad"], "properties": {"ok": True, "bad": inner}})
    error = explain_empty(meaning.form, meaning.productivity, meaning.root)
    assert error.pointer == "/properties/bad/items"
    assert error.reason == "member .bad[0] has conditions that exclude each other"


def test_optional_parts_that_cannot_be_had_lead_to_no_dead_end() -> None:
    schema = {
        "type": "object",
        "properties": {"a": NEXT | {"properties": {"next": {"$ref": "#/properties/a"}}}, "ab": {"type": "null"}},
        "additionalProperties": False,
    }
    grammar = json_schema_grammar(schema)
    assert is_viable(grammar, b'{"a') and not is_viable(grammar, b'{"a"')


def test_random_recursive_schemas_are_never_a_crash() -> None:
    for seed in range(80):
        source = SmallSchemas(seed)
        schema = {"anyOf": [source.schema(2), {"type": "array", "items": {"$ref": "#"}, "contains": source.schema(0)}]}
        schema["not"] = {"type": "array", "items": {"$ref": "#"}, "minItems": 2}
        try:
            is_productive(schema)
        except SpecificationError:
            continue
