"""The laws of the algebra by enumeration: schemas and shapes as sets of values of a small world (see `universe`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise

import pytest

from maskwright.errors import EmptyLanguage, UnsupportedSchema
from maskwright.grammar.json_schema.absorption import Absorption, covers, implies
from maskwright.grammar.json_schema.complement import CannotNegate, complement
from maskwright.grammar.json_schema.intersection import intersect
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.shapes import ANY_VALUE, NOTHING_AT_ALL, Shape, merge_alternatives
from maskwright.matching.compiler import Compiler
from tests.grammar.json_schema.suite import accepts, byte_compiler
from tests.grammar.json_schema.universe import EVERYWHERE, TEXTS, UNIVERSE, Json, Meaning, SmallSchemas, judged

Values = frozenset[int]

N_SCHEMAS = 120
N_LAWS = 40
N_COMPILED = 60


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return byte_compiler()


def shown(numbers: Values) -> list[str]:
    return [TEXTS[number] for number in sorted(numbers)][:5]


def differences(schemas: Iterator[tuple[Json, Values]]) -> list[tuple[str, list[str]]]:
    """The schemas that do not mean what they should, with some of the values that are too many or too few."""
    found = []
    refused = []
    n = 0
    for schema, expected in schemas:
        n += 1
        try:
            meant = Meaning(schema).values()
        except UnsupportedSchema as error:
            refused.append(error.keyword)
            continue
        if meant != expected:
            found.append((json.dumps(schema), shown(meant ^ expected)))
    assert set(refused) <= {"uniqueItems"} and len(refused) < n / 4
    return found


def test_the_world_has_values_of_all_kinds() -> None:
    assert 200 <= len(UNIVERSE) <= 300
    assert {type(value) for value in UNIVERSE} == {type(None), bool, int, float, str, list, dict}
    assert judged({"uniqueItems": True}) < EVERYWHERE > judged({"minProperties": 3, "type": "object"}) > frozenset()


def test_schemas_mean_what_they_say() -> None:
    schemas = (SmallSchemas(seed).schema() for seed in range(N_SCHEMAS))
    assert differences((schema, judged(schema)) for schema in schemas) == []


def test_schemas_with_unique_items_mean_what_they_say() -> None:
    schemas = (SmallSchemas(seed, has_unique=True).schema() for seed in range(N_SCHEMAS))
    assert differences((schema, judged(schema)) for schema in schemas) == []


def test_schemas_that_judge_the_rest_mean_what_they_say() -> None:
    schemas = (SmallSchemas(seed, has_unevaluated=True).schema() for seed in range(N_SCHEMAS))
    assert differences((schema, judged(schema)) for schema in schemas) == []


def test_a_nested_one_of_below_unevaluated_items_excludes_what_two_branches_share() -> None:
    schema = {"allOf": [{"oneOf": [{"type": "integer"}, {"const": 3}]}], "unevaluatedItems": False}
    assert differences(iter([(schema, judged(schema))])) == []


LAWS: dict[str, tuple[Callable[..., Json], Callable[..., Values]]] = {
    "not": (lambda a, b, c: {"not": a}, lambda a, b, c: EVERYWHERE - a),
    "not not": (lambda a, b, c: {"not": {"not": a}}, lambda a, b, c: a),
    "allOf": (lambda a, b, c: {"allOf": [a, b]}, lambda a, b, c: a & b),
    "allOf of itself": (lambda a, b, c: {"allOf": [a, a]}, lambda a, b, c: a),
    "anyOf": (lambda a, b, c: {"anyOf": [a, b, c]}, lambda a, b, c: a | b | c),
    "oneOf two": (lambda a, b, c: {"oneOf": [a, b]}, lambda a, b, c: a ^ b),
    "oneOf three": (lambda a, b, c: {"oneOf": [a, b, c]}, lambda a, b, c: (a ^ b ^ c) - (a & b & c)),
    "oneOf itself": (lambda a, b, c: {"oneOf": [a, a]}, lambda a, b, c: frozenset()),
    "not oneOf": (lambda a, b, c: {"not": {"oneOf": [a, b]}}, lambda a, b, c: EVERYWHERE - (a ^ b)),
    "if": (lambda a, b, c: {"if": a, "then": b, "else": c}, lambda a, b, c: (a & b) | (c - a)),
    "not if": (
        lambda a, b, c: {"not": {"if": a, "then": b, "else": c}},
        lambda a, b, c: EVERYWHERE - ((a & b) | (c - a)),
    ),
    "neither": (lambda a, b, c: {"not": {"anyOf": [a, b]}}, lambda a, b, c: EVERYWHERE - a - b),
    "not both": (lambda a, b, c: {"not": {"allOf": [a, b]}}, lambda a, b, c: EVERYWHERE - (a & b)),
    "De Morgan": (
        lambda a, b, c: {"not": {"anyOf": [{"not": a}, {"not": b}]}},
        lambda a, b, c: a & b,
    ),
    "but not": (lambda a, b, c: {"allOf": [a, {"not": b}, {"not": c}]}, lambda a, b, c: a - b - c),
    "a contradiction": (lambda a, b, c: {"allOf": [a, {"not": a}]}, lambda a, b, c: frozenset()),
    "a tautology": (lambda a, b, c: {"anyOf": [a, {"not": a}]}, lambda a, b, c: EVERYWHERE),
}


@pytest.mark.parametrize("name", LAWS)
def test_connectives_do_to_values_what_they_say(name: str) -> None:
    compose, expected = LAWS[name]

    def composed() -> Iterator[tuple[Json, Values]]:
        for seed in range(N_LAWS):
            source = SmallSchemas(seed, has_unique=seed % 10 == 0)
            parts = [source.schema(1) for _ in range(3)]
            yield compose(*parts), expected(*map(judged, parts))

    assert differences(composed()) == []


@pytest.mark.parametrize("name", ["a contradiction", "oneOf itself"])
def test_contradictions_are_found_for_all_values_of_all_worlds(name: str) -> None:
    compose, _ = LAWS[name]
    for seed in range(N_LAWS):
        schema = compose(SmallSchemas(seed).schema(1), True, True)
        meaning = Meaning(schema)
        assert not meaning.productivity.is_productive(meaning.root), json.dumps(schema)


def meanings(*, has_unique: bool = False) -> Iterator[tuple[Meaning, list[Shape]]]:
    """Random schemas with some of the shapes that a value of theirs can contain."""
    for seed in range(N_LAWS):
        try:
            meaning = Meaning(SmallSchemas(seed, has_unique=has_unique).schema())
        except UnsupportedSchema:
            continue
        meaning.productivity.reach(meaning.root)
        shapes = list(meaning.productivity.reached)
        yield meaning, list(dict.fromkeys(shapes))[:12]


def test_a_shape_and_its_complement_partition_its_type() -> None:
    n_negated = 0
    for meaning, shapes in meanings():
        form = meaning.form
        for shape in shapes:
            others = complement(shape, form.terms.negate)
            n_negated += 1
            inside = meaning.shape_values(shape)
            outside: Values = frozenset().union(*map(meaning.shape_values, others))
            assert inside | outside == meaning.shape_values(ANY_VALUE[shape.family]), shape
            assert not inside & outside, (shape, shown(inside & outside))
            for common in form.intersect_unions((shape,), others, NOTHING_AT_ALL):
                assert not meaning.productivity.is_productive_shape(common), (shape, common)
    assert n_negated > 100


def test_an_intersection_is_one_of_sets() -> None:
    n_pairs = 0
    for meaning, shapes in meanings(has_unique=True):
        for one, other in combinations(shapes[:8], 2):
            if one.family == other.family:
                n_pairs += 1
                both = intersect(one, other, meaning.form.join)
                expected = meaning.shape_values(one) & meaning.shape_values(other)
                assert expected == (frozenset() if both is None else meaning.shape_values(both)), (one, other)
    assert n_pairs > 30


def test_a_shape_that_covers_another_has_all_its_values() -> None:
    n_covered = 0
    for meaning, shapes in meanings():
        weaker = [joined for shape in shapes for joined in (shape, *_weaker(meaning, shape))]
        for one, other in combinations(weaker, 2):
            for wide, narrow in ((one, other), (other, one)):
                if covers(wide, narrow):
                    n_covered += 1
                    assert meaning.shape_values(narrow) <= meaning.shape_values(wide), (wide, narrow)
    assert n_covered > 50


def _weaker(meaning: Meaning, shape: Shape) -> Iterator[Shape]:
    """Intersections of the shape with what breaks another one: such as absorption meets."""
    for one, other in pairwise(complement(shape, meaning.form.terms.negate)):
        both = intersect(one, other, meaning.form.join)
        if both is not None:
            yield both


def test_unique_items_under_a_negation_have_no_shape() -> None:
    meaning = Meaning({"type": "array", "uniqueItems": True})
    (shape,) = meaning.form.union_of(meaning.root)
    with pytest.raises(CannotNegate, match="uniqueItems"):
        complement(shape, meaning.form.terms.negate)


def test_a_conjunction_that_implies_another_has_no_more_values() -> None:
    for meaning, _ in meanings():
        for one, other in combinations(list(meaning.form.unions)[:8], 2):
            for narrow, wide in ((one, other), (other, one)):
                if implies(narrow, wide):
                    assert meaning.values(narrow) <= meaning.values(wide)


def test_dropping_and_merging_alternatives_changes_no_value() -> None:
    for meaning, shapes in meanings():
        expected: Values = frozenset().union(*map(meaning.shape_values, shapes))
        for fewer in (Absorption().reduced(tuple(shapes)), merge_alternatives(shapes)):
            assert frozenset().union(*map(meaning.shape_values, fewer)) == expected


def test_texts_are_accepted_exactly_if_their_values_are_valid(compiler: Compiler) -> None:
    """Through the rules and the engine; a blank stands around some of the tokens."""
    for seed in range(N_COMPILED):
        schema = SmallSchemas(seed, has_unevaluated=seed % 3 == 0).schema()
        try:
            grammar = compiler.compile_json_schema(schema, options=JSONSchemaOptions.exact())
        except EmptyLanguage:
            grammar = None
        accepted = frozenset(number for number, text in enumerate(TEXTS) if accepts(grammar, text))
        assert accepted == judged(schema), (json.dumps(schema), shown(accepted ^ judged(schema)))
