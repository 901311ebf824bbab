"""What keywords have looked at: equivalences with plainer keywords, and every way through applicators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import pytest

from maskwright.grammar.json_schema.evaluation import NOT_EVALUATED, Evaluated, judged_items, judged_members
from maskwright.grammar.json_schema.shapes import EVERYTHING, NOTHING_AT_ALL
from tests.grammar.json_schema.universe import TEXTS, UNIVERSE, Meaning, SmallSchemas, judged

Json = Any

N_SEEDS = 30
A = {"properties": {"a": {"type": "integer"}}, "prefixItems": [{"type": "integer"}]}
B = {"patternProperties": {"^(ab)*$|b$": {}}, "prefixItems": [True, {"type": "string"}]}
NEEDS_A = {"required": ["a"], "minItems": 1, **A}
CONTAINS = {"contains": {"type": "string"}, "minProperties": 1, "propertyNames": {"maxLength": 1}}
CLOSED = {"unevaluatedProperties": False, "unevaluatedItems": False}
REST = {"unevaluatedProperties": {"type": "string"}, "unevaluatedItems": {"type": "string"}}


def texts(numbers: frozenset[int]) -> list[str]:
    return [TEXTS[number] for number in sorted(numbers)][:6]


def check(schema: Json) -> None:
    meant, expected = Meaning(schema).values(), judged(schema)
    assert meant == expected, (json.dumps(schema), texts(meant - expected), texts(expected - meant))


def ways() -> Iterator[Json]:
    """Schemas that apply two others in place, in every way there is."""
    for one, other in permutations((A, B, NEEDS_A, CONTAINS), 2):
        for name in ("allOf", "anyOf", "oneOf"):
            yield {name: [one, other]}
        yield {"if": one, "then": other}
        yield {"if": one, "else": other}
        yield {"if": one, **other}
        yield {"not": one, **other}
        yield {"not": {"not": one}, **other}
        yield {"$ref": "#/$defs/x", "$defs": {"x": one}, **other}
        yield {"dependentSchemas": {"a": one}, **other}
        yield {"allOf": [{"anyOf": [one, {"allOf": [other]}]}, {"oneOf": [other, False]}]}
        yield {"allOf": [{**one, **REST}], **other}
        yield {"anyOf": [{**one, **CLOSED}, other]}


@pytest.mark.parametrize("judgement", [CLOSED, REST], ids=["closed", "rest"])
def test_every_way_through_applicators(judgement: dict[str, Json]) -> None:
    for schema in ways():
        check({**schema, **judgement})


def test_beside_no_other_keyword_it_is_the_plain_one() -> None:
    for seed in range(N_SEEDS):
        part = SmallSchemas(seed).schema(1)
        assert Meaning({"unevaluatedProperties": part}).values() == judged({"additionalProperties": part})
        assert Meaning({"unevaluatedItems": part}).values() == judged({"items": part})


def test_through_all_of_it_is_the_plain_one_beside_them() -> None:
    for seed in range(N_SEEDS):
        source = SmallSchemas(seed)
        one, other, rest = (source.schema(1) for _ in range(3))
        members = {"properties": {"a": one, "ab": other}, "patternProperties": {"^c": other}}
        apart = {"allOf": [{name: part} for name, part in members.items()], "unevaluatedProperties": rest}
        assert Meaning(apart).values() == judged({**members, "additionalProperties": rest})
        prefix = {"allOf": [{"prefixItems": [one, other]}, {"prefixItems": [other]}], "unevaluatedItems": rest}
        plain = {"prefixItems": [{"allOf": [one, other]}, other], "items": rest}
        assert Meaning(prefix).values() == judged(plain)


def test_what_was_looked_at_is_not_judged_again_further_out() -> None:
    check({"allOf": [{"properties": {"a": {}}, "unevaluatedProperties": {"type": "integer"}}], **CLOSED})
    check({"allOf": [{"additionalProperties": {"type": "integer"}, "items": {"type": "integer"}}], **CLOSED})


def test_evaluated_parts_add_up_in_any_order() -> None:
    parts = [
        NOT_EVALUATED,
        Evaluated(names=frozenset("a")),
        Evaluated(names=frozenset("bc"), n_items=2),
        Evaluated(patterns=frozenset([("pattern", "^x")]), matching=frozenset([(3,)])),
        Evaluated(all_members=True, n_items=1),
        Evaluated(all_items=True),
    ]
    for one, other, third in product(parts, repeat=3):
        assert one | other == other | one
        assert (one | other) | third == one | (other | third)
        assert one | one == one == one | NOT_EVALUATED
    assert Evaluated(n_items=1).with_all_members() == Evaluated(n_items=1, all_members=True)
    assert Evaluated(n_items=1).with_all_items() == Evaluated(n_items=1, all_items=True)


def test_members_that_were_not_looked_at_are_judged() -> None:
    meaning = Meaning({"type": "string"})
    evaluated = Evaluated(frozenset(["a"]), frozenset([("pattern", "b$")]))
    shape = judged_members(evaluated, meaning.root)
    assert shape is not None
    for value in UNIVERSE:
        if isinstance(value, dict):
            rest = [part for name, part in value.items() if name != "a" and not name.endswith("b")]
            assert meaning.has_shape(value, shape) == all(isinstance(part, str) for part in rest)


def test_items_that_were_not_looked_at_are_judged() -> None:
    meaning = Meaning({"type": "string"})
    integers = Evaluated(n_items=1, matching=frozenset([meaning.root]))
    shape = judged_items(integers, NOTHING_AT_ALL, meaning.form.terms.any_of)
    assert shape is not None
    for value in UNIVERSE:
        if isinstance(value, list):
            assert meaning.has_shape(value, shape) == all(isinstance(part, str) for part in value[1:])


def test_where_all_was_looked_at_nothing_is_judged() -> None:
    everything = NOT_EVALUATED.with_all_members().with_all_items()
    meaning = Meaning(True)
    for shape in (
        judged_members(everything, NOTHING_AT_ALL),
        judged_items(everything, NOTHING_AT_ALL, meaning.form.terms.any_of),
    ):
        assert shape in meaning.form.union_of(EVERYTHING)
