"""Objects resolved into rules: same meaning as the shape, no name in two places; counts and needs in both orders."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations, islice, permutations
from typing import Any

import pytest

from maskwright.errors import EmptyLanguage, UnsupportedSchema
from maskwright.grammar.json_schema import Indented, JSONSchemaOptions, PropertyOrder, Whitespace, json_schema_grammar
from maskwright.grammar.json_schema.intersection import is_inhabited
from maskwright.grammar.json_schema.objects import MAX_NAMES, ResolvedObject, resolve
from maskwright.grammar.json_schema.shapes import ObjectShape
from maskwright.grammar.json_schema.strings import conjunction_language
from maskwright.matching.compiler import Compiler
from tests.fuzz.walks import End, Walker
from tests.grammar.json_schema.suite import accepts, byte_compiler
from tests.grammar.json_schema.universe import NAMES, PATTERNS, UNIVERSE, Json, Meaning
from tests.naive.json_schema_validator import is_valid

N_SEEDS = 60
OBJECTS = [value for value in UNIVERSE if isinstance(value, dict)]
DECLARED = JSONSchemaOptions(property_order=PropertyOrder.DECLARED, whitespace=Whitespace.COMPACT)
LAYOUTS = {
    "any order, flexible": JSONSchemaOptions(),
    "any order, indented": JSONSchemaOptions(whitespace=Indented(2)),
    "declared, compact": DECLARED,
    "declared, indented": JSONSchemaOptions(property_order=PropertyOrder.DECLARED, whitespace=Indented(1)),
}


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return byte_compiler()


def counting_schema(seed: int) -> Json:
    """An object with declared members, classes of names, numbers of members and things that some member must be."""
    rng = random.Random(seed)
    simple: tuple[Json, ...] = (
        {"type": "integer"},
        {"type": "string"},
        {"type": "null"},
        True,
        {"enum": [1, "a", None]},
    )
    schema: dict[str, Json] = {"type": "object"}
    if rng.random() < 0.7:
        schema["properties"] = {name: rng.choice(simple) for name in rng.sample(NAMES, rng.choice((1, 2, 3)))}
    if rng.random() < 0.4:
        schema["required"] = rng.sample(NAMES, rng.choice((1, 2)))
    if rng.random() < 0.5:
        schema["minProperties"] = rng.choice((1, 2, 3))
    if rng.random() < 0.5:
        schema["maxProperties"] = rng.choice((1, 2, 3, 4))
    if rng.random() < 0.4:
        schema["additionalProperties"] = rng.choice((False, *simple))
    if rng.random() < 0.3:
        schema["patternProperties"] = {rng.choice(PATTERNS): rng.choice(simple)}
    if rng.random() < 0.2:
        schema["propertyNames"] = rng.choice(({"pattern": "^a"}, {"enum": ["a", "b", "ab"]}, {"minLength": 2}))
    some = (
        {"additionalProperties": rng.choice(simple[:3])},
        {"patternProperties": {rng.choice(PATTERNS): rng.choice(simple[:3])}},
        {"propertyNames": {"pattern": rng.choice(PATTERNS)}},
        {"required": [rng.choice(NAMES)]},
    )
    chosen = rng.sample(some, rng.choice((0, 0, 1, 1, 1 if "maxProperties" in schema else 2)))
    return schema | ({"allOf": [{"not": one} for one in chosen]} if chosen else {})


def resolved_shapes() -> Iterator[tuple[Meaning, ObjectShape, tuple[ResolvedObject, ...]]]:
    for seed in range(N_SEEDS):
        meaning = Meaning(counting_schema(seed))
        meaning.productivity.reach(meaning.root)
        for shape in meaning.productivity.reached:
            if isinstance(shape, ObjectShape):
                yield meaning, shape, resolve(meaning.form, shape)


def fits(meaning: Meaning, value: dict[str, Json], resolved: ResolvedObject) -> bool:
    """Is the object what the alternative says?"""
    members = dict(resolved.members)
    for name, part in value.items():
        conditions = [members[name]] if name in members else []
        if name not in resolved.declared:
            conditions = [
                extra.condition for extra in resolved.extras if conjunction_language(extra.languages).accepts(name)
            ]
        if not any(meaning.satisfies(part, condition) for condition in conditions):
            return False
    return (
        resolved.required <= value.keys()
        and len(value) >= resolved.minimum
        and (resolved.maximum is None or len(value) <= resolved.maximum)
        and all(
            any(
                name not in resolved.declared
                and conjunction_language(need.languages).accepts(name)
                and meaning.satisfies(part, need.condition)
                for name, part in value.items()
            )
            for need in resolved.needs
        )
    )


def test_the_alternatives_of_a_shape_mean_the_shape() -> None:
    n_needs = 0
    for meaning, shape, alternatives in resolved_shapes():
        n_needs += any(alternative.needs for alternative in alternatives)
        for value in OBJECTS:
            expected = meaning.has_shape(value, shape)
            assert any(fits(meaning, value, one) for one in alternatives) == expected, (shape, value)
    assert n_needs > 10


def test_no_name_is_in_two_places_and_no_class_is_finite() -> None:
    for _, _, alternatives in resolved_shapes():
        for resolved in alternatives:
            assert len(set(resolved.declared)) == len(resolved.declared)
            for one, other in combinations(resolved.extras, 2):
                assert not is_inhabited((*one.languages, *other.languages))
            for extra in (*resolved.extras, *resolved.needs):
                assert not extra.languages or conjunction_language(extra.languages).members(MAX_NAMES) is None


def orders(value: dict[str, Json]) -> Iterator[str]:
    for names in islice(permutations(value), 24):
        yield json.dumps({name: value[name] for name in names}, separators=(",", ":"))


def test_counts_and_needs_in_any_and_in_declared_order(compiler: Compiler) -> None:
    """Every order of a valid object is accepted, or at least one where the order is declared; no invalid one is."""
    n_valid = 0
    refused = []
    for seed in range(N_SEEDS):
        schema = counting_schema(seed)
        try:
            free, ordered = compiler.compile_json_schema(schema), compiler.compile_json_schema(schema, options=DECLARED)
        except EmptyLanguage:
            free = ordered = None
        except UnsupportedSchema as error:
            refused.append(error.keyword)
            continue
        for value in OBJECTS:
            exact = json.loads(json.dumps(value), parse_int=Decimal, parse_float=Decimal)
            valid = is_valid(schema, exact)
            n_valid += valid
            assert {accepts(free, text) for text in orders(value)} == {valid}, (schema, value)
            assert any(accepts(ordered, text) for text in orders(value)) == valid, (schema, value)
    assert n_valid > 500 and set(refused) <= {"minProperties"} and len(refused) < N_SEEDS / 4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_walks_come_to_no_dead_end(layout: str, compiler: Compiler) -> None:
    """Every text that a walk ends with is valid, and no name occurs twice in it."""
    walker = Walker(compiler.vocabulary)
    ends = []
    for seed in range(0, N_SEEDS, 2):
        schema = counting_schema(seed)
        try:
            grammar = compiler.compile_json_schema(schema, options=LAYOUTS[layout])
        except (EmptyLanguage, UnsupportedSchema):
            continue
        rng = random.Random(seed)
        for _ in range(3):
            walk = walker.walk(grammar, rng, walker.interesting('abc1"{},:null'), 150)
            ends.append(walk.end)
            assert walk.end is not End.DEAD, (schema, walk.text)
            if walk.end is End.COMPLETE:
                pairs = json.loads(walk.text, object_pairs_hook=list, parse_int=Decimal, parse_float=Decimal)
                assert len(dict(pairs)) == len(pairs) and is_valid(schema, dict(pairs)), (schema, walk.text)
    assert ends.count(End.COMPLETE) > len(ends) / 2


def test_the_declared_order_is_kept_whatever_is_counted(compiler: Compiler) -> None:
    schema = {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in "abcd"},
        "required": ["c"],
        "minProperties": 2,
        "maxProperties": 3,
        "not": {"additionalProperties": {"type": "integer"}},
    }
    grammar = compiler.compile_json_schema(schema, options=DECLARED)
    accepted = ['{"c":1,"x":"a"}', '{"a":1,"c":1,"x":null}', '{"c":1,"d":1,"x":[]}', '{"c":1,"x":1,"y":"a"}']
    rejected = ['{"c":1}', '{"x":"a","c":1}', '{"c":1,"a":1,"x":"a"}', '{"a":1,"b":1,"c":1}', '{"a":1,"c":1,"x":1}']
    too_many = '{"a":1,"b":1,"c":1,"x":"a"}'
    assert [text for text in accepted if not accepts(grammar, text)] == []
    assert [text for text in (*rejected, too_many) if accepts(grammar, text)] == []


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "object"}, '{"a":1,"a":1}'),
        ({"type": "object", "minProperties": 2}, '{"a":1,"a":2}'),
        ({"type": "object", "properties": {"a": {}}}, '{"a":1,"b":2,"b":2}'),
        ({"type": "object", "patternProperties": {"^x": {}}}, '{"xy":1,"z":1,"xy":2}'),
        ({"type": "object", "not": {"additionalProperties": {"type": "null"}}, "minProperties": 2}, '{"a":1,"a":2}'),
        ({"type": "array"}, '[{"ab":1,"ab":1}]'),
    ],
)
def test_an_undeclared_name_stands_once(schema: Json, text: str, compiler: Compiler) -> None:
    assert not accepts(compiler.compile_json_schema(schema), text)


def test_two_needs_under_a_maximum(compiler: Compiler) -> None:
    needs = [{"not": {"propertyNames": {"pattern": "c"}}}, {"not": {"additionalProperties": {"type": "integer"}}}]
    grammar = compiler.compile_json_schema({"type": "object", "maxProperties": 2, "allOf": needs})
    for text in ('{"a":1,"c":"x"}', '{"c":1,"a":"x"}', '{"a":"x"}', '{"a":null,"c":1}'):
        assert accepts(grammar, text)
    for text in ("{}", '{"a":1}', '{"c":"x"}', '{"a":1,"b":1}', '{"c":1,"a":"x","b":1}'):
        assert not accepts(grammar, text)


def test_a_declared_name_stands_once(compiler: Compiler) -> None:
    schemas = [
        {"type": "object", "properties": {"a": {}, "b": {}}},
        {"type": "object", "propertyNames": {"enum": ["a", "b"]}},
        {"type": "object", "patternProperties": {"^[ab]$": {}}, "additionalProperties": False, "minProperties": 2},
    ]
    for schema in schemas:
        for options in LAYOUTS.values():
            grammar = compiler.compile_json_schema(schema, options=options)
            for text in (
                '{"a":1,"b":1,"a":1}',
                '{"a":1,"a":1}',
                '{\n  "a": 1,\n  "a": 1\n}',
                '{\n "a": 1,\n "a": 1\n}',
            ):
                assert not accepts(grammar, text)


def test_rules_do_not_multiply_with_the_number_of_members() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {f"p{n}": {} for n in range(200)}, "maxProperties": 5}
    grammar = json_schema_grammar(schema)
    assert grammar.rules[grammar.start] and len(grammar.rules) < 20
