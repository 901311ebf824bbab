"""A small world of JSON values, small schemas that speak of it, and what a shape means in it.

The laws of the algebra are checked by enumeration: a schema means the set of the world's values that satisfy it, and a
connective of schemas has to do to these sets what it says. Three readings of a schema are compared:

    judged    by `jsonschema`, or by our naive validator where evaluated members matter
    meant     by the normal form, whose shapes are read here word by word, without rules or an engine
    written   by the grammar, as texts
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any

from jsonschema import Draft202012Validator

from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.front_end import understood
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.shapes import (
    ArrayShape,
    BooleanShape,
    Conjunction,
    NullShape,
    NumberShape,
    NumberWords,
    ObjectShape,
    Shape,
    StringShape,
    StringWords,
    item_condition,
    member_condition,
)
from maskwright.grammar.json_schema.strings import conjunction_language
from maskwright.grammar.number_sets import contains
from tests.naive.json_schema_validator import canonical, is_valid

Json = Any

SCALARS: tuple[Json, ...] = (None, True, False, -1, 0, 1, 2, 3, 0.5, 1e2, "", "a", "b", "ab", "aab", "ba")
NAMES = ("a", "b", "ab", "c")
PATTERNS = ("a", "^a", "b$", "^(ab)*$", "^[^a]*$", "^.b", "c")
LEAN = JSONSchemaOptions.exact()


def _values() -> Iterator[Json]:
    yield from SCALARS
    few = (None, True, 1, 2, 0.5, "a", "ab")
    yield []
    yield from ([item] for item in SCALARS)
    yield from map(list, product(few, repeat=2))
    yield from map(list, product((1, 2, "a", False), repeat=3))
    yield from ([[]], [{}], [[1]], [[1], [1]], [{"a": 1}], [{"a": 1}, {"a": 1}], [1, 1, 1, 1], [1, 2, "a", "b"], [[[]]])
    yield {}
    yield from ({name: part} for name, part in product(NAMES, (*few, 0, "")))
    yield from ({one: 1, other: part} for one, other in product(NAMES, repeat=2) if one != other for part in (1, "a"))
    yield from ({"a": one, "b": other, "ab": 0} for one, other in product((1, "a", None), repeat=2))
    yield from ({"a": {}}, {"a": []}, {"b": {"a": 1}}, {"a": {"b": "a"}}, {"c": [1]}, {"a": 1, "b": 2, "ab": 3, "c": 4})
    yield from ({"a": 1, "b": "a", "c": True}, {"c": 1, "ab": 1, "b": 1}, {"aa": 1}, {"a": 1, "aa": "b", "bb": 2})


UNIVERSE: tuple[Json, ...] = tuple({canonical(value): value for value in _values()}.values())
EVERYWHERE = frozenset(range(len(UNIVERSE)))
TEXTS: tuple[str, ...] = tuple(json.dumps(value) for value in UNIVERSE)


def judged(schema: Json) -> frozenset[int]:
    """The values of the world that satisfy a schema, each by its number."""
    if "unevaluated" in json.dumps(schema):
        return frozenset(number for number, value in enumerate(EXACT_UNIVERSE) if is_valid(schema, value))
    judge = Draft202012Validator(schema)
    return frozenset(number for number, value in enumerate(UNIVERSE) if judge.is_valid(value))


EXACT_UNIVERSE: tuple[Json, ...] = tuple(json.loads(text, parse_int=Decimal, parse_float=Decimal) for text in TEXTS)


class Meaning:
    """What conjunctions of one schema mean in the world (mutable: it grows by being asked)."""

    def __init__(self, schema: Json, options: JSONSchemaOptions = LEAN) -> None:
        _, self.form, self.productivity, self.root = understood(read_document(schema), options, None)

    def values(self, conjunction: Conjunction | None = None) -> frozenset[int]:
        """The values of the world that satisfy a conjunction, by default the whole schema."""
        asked = self.root if conjunction is None else conjunction
        return frozenset(number for number, value in enumerate(UNIVERSE) if self.satisfies(value, asked))

    def shape_values(self, shape: Shape) -> frozenset[int]:
        """The values of the world that have a shape."""
        return frozenset(number for number, value in enumerate(UNIVERSE) if self.has_shape(value, shape))

    def satisfies(self, value: Json, conjunction: Conjunction) -> bool:
        """Has the value any of the shapes of a conjunction?"""
        return any(self.has_shape(value, shape) for shape in self.form.union_of(conjunction))

    def is_meant(self, value: Json, conjunction: Conjunction) -> bool:
        """Does the value satisfy a conjunction, whatever the budgets say of how it is written?"""
        return any(self.has_shape(value, shape) for shape in self.form.meaning_of(conjunction))

    def has_shape(self, value: Json, shape: Shape) -> bool:
        """Is the value what the shape says, word by word?"""
        match shape:
            case NullShape():
                return value is None
            case BooleanShape(has_false, has_true):
                return isinstance(value, bool) and (has_true if value else has_false)
            case NumberShape(numbers):
                return is_number(value) and contains(numbers, exact(value))
            case NumberWords(words):
                return is_number(value) and exact(value) in dict(words)
            case StringShape(languages, minimum, maximum):
                if not isinstance(value, str) or len(value) < minimum or (maximum is not None and len(value) > maximum):
                    return False
                return conjunction_language(languages).accepts(value)
            case StringWords(words):
                return isinstance(value, str) and value in words
            case ArrayShape():
                return isinstance(value, list) and self._is_array(value, shape)
            case ObjectShape():
                return isinstance(value, dict) and self._is_object(value, shape)
        raise AssertionError(shape)

    def _is_array(self, items: list[Json], shape: ArrayShape) -> bool:
        counts = (
            (sum(self.is_meant(item, count.condition) for item in items[count.start :]), count.minimum, count.maximum)
            for count in shape.counted
        )
        return (
            _is_between(len(items), shape.min_items, shape.max_items)
            and all(self.satisfies(item, item_condition(shape, place)) for place, item in enumerate(items))
            and all(_is_between(*count) for count in counts)
            and (not shape.is_unique or len({canonical(item) for item in items}) == len(items))
        )

    def _is_object(self, members: dict[str, Json], shape: ObjectShape) -> bool:
        return (
            _is_between(len(members), shape.min_properties, shape.max_properties)
            and all(name in members for name in shape.required)
            and all(self.is_meant(name, shape.names) for name in members)
            and all(self.satisfies(part, member_condition(shape, name)) for name, part in members.items())
            and all(
                any(
                    conjunction_language(obligation.languages).accepts(name)
                    and self.is_meant(name, obligation.names)
                    and self.is_meant(part, obligation.condition)
                    for name, part in members.items()
                )
                for obligation in shape.obligations
            )
        )


def _is_between(n: int, minimum: int, maximum: int | None) -> bool:
    return n >= minimum and (maximum is None or n <= maximum)


def is_number(value: Json) -> bool:
    """Is it a number, which true and false are not?"""
    return isinstance(value, int | float) and not isinstance(value, bool)


def exact(value: float) -> Decimal:
    """The number that was written."""
    return Decimal(repr(value))


class SmallSchemas:
    """Draws schemas that cut the world into pieces; `depth` is how deep applicators nest."""

    def __init__(self, seed: int, *, has_unique: bool = False, has_unevaluated: bool = False) -> None:
        self.rng = random.Random(seed)
        self.has_unique = has_unique
        self.has_unevaluated = has_unevaluated

    def schema(self, depth: int = 2) -> Json:
        """A schema of one to three keywords."""
        rng = self.rng
        if rng.random() < 0.05:
            return rng.random() < 0.7
        drawn: dict[str, Json] = {}
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            about = (
                (self._scalars, self._scalars)
                if depth <= 0
                else (self._scalars, self._arrays, self._objects, self._logic)
            )
            drawn |= rng.choice(about)(depth - 1)
        if rng.random() < 0.3:
            drawn["type"] = rng.choice(("array", "object", "string", "number", "integer", ["object", "null"]))
        if self.has_unevaluated and depth > 0 and rng.random() < 0.4:
            drawn[rng.choice(("unevaluatedProperties", "unevaluatedItems"))] = rng.choice(
                (False, False, self.schema(0))
            )
        return drawn

    def _scalars(self, depth: int) -> dict[str, Json]:
        rng = self.rng
        return rng.choice(
            (
                {"const": rng.choice(UNIVERSE)},
                {"enum": rng.sample(UNIVERSE, 3)},
                {"enum": rng.sample(SCALARS, 4)},
                {"type": rng.choice(("null", "boolean", "integer", "number", "string", "array", "object"))},
                {"type": rng.sample(("null", "boolean", "integer", "string", "array", "object"), 2)},
                {
                    rng.choice(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")): rng.choice(
                        (0, 0.5, 1, 2)
                    )
                },
                {"multipleOf": rng.choice((2, 0.5, 1, 1.5))},
                {rng.choice(("minLength", "maxLength")): rng.choice((0, 1, 2))},
                {"pattern": rng.choice(PATTERNS)},
            )
        )

    def _arrays(self, depth: int) -> dict[str, Json]:
        rng = self.rng
        chosen: dict[str, Json] = {"items": self.schema(depth)} if rng.random() < 0.4 else {}
        if rng.random() < 0.4:
            chosen["prefixItems"] = [self.schema(depth) for _ in range(rng.choice((1, 2)))]
        if rng.random() < 0.4:
            chosen["contains"] = self.schema(min(depth, 0))
            if rng.random() < 0.5:
                chosen |= rng.choice(({"minContains": 0}, {"minContains": 2}, {"maxContains": 1}, {"maxContains": 2}))
        if rng.random() < 0.4 or not chosen:
            chosen[rng.choice(("minItems", "maxItems"))] = rng.choice((0, 1, 2, 3))
        if self.has_unique and rng.random() < 0.3:
            chosen["uniqueItems"] = True
        return chosen

    def _objects(self, depth: int) -> dict[str, Json]:
        rng = self.rng
        chosen: dict[str, Json] = {}
        if rng.random() < 0.5:
            chosen["properties"] = {name: self.schema(depth) for name in rng.sample(NAMES, rng.choice((1, 2)))}
        if rng.random() < 0.35:
            chosen["patternProperties"] = {
                name: self.schema(depth) for name in rng.sample(PATTERNS, rng.choice((1, 2)))
            }
        if rng.random() < 0.35:
            chosen["additionalProperties"] = self.schema(depth)
        if rng.random() < 0.35:
            chosen["required"] = rng.sample(NAMES, rng.choice((1, 2)))
        if rng.random() < 0.2:
            chosen["propertyNames"] = self._scalars(0)
        if rng.random() < 0.2 or not chosen:
            chosen[rng.choice(("minProperties", "maxProperties"))] = rng.choice((0, 1, 2, 3))
        if rng.random() < 0.1:
            chosen["dependentRequired"] = {rng.choice(NAMES): [rng.choice(NAMES)]}
        if rng.random() < 0.1:
            chosen["dependentSchemas"] = {rng.choice(NAMES): self.schema(depth)}
        return chosen

    def _logic(self, depth: int) -> dict[str, Json]:
        rng = self.rng
        name = rng.choice(("not", "if", "allOf", "anyOf", "oneOf"))
        if name == "not":
            return {"not": self.schema(depth)}
        if name == "if":
            branches = rng.choice((("then",), ("else",), ("then", "else")))
            return {"if": self.schema(depth)} | {branch: self.schema(depth) for branch in branches}
        return {name: [self.schema(depth) for _ in range(rng.choice((2, 2, 3)))]}
