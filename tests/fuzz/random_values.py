"""Values that have a chance to satisfy a schema, and small changes to values."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.fuzz.random_schemas import KINDS, NAMES, NUMBERS, TEXTS, random_value
from tests.naive.json_schema_validator import target_of

Json = Any
SINGLE = ("allOf", "then", "else", "$ref")


def likely_value(schema: Json, root: Json, rng: random.Random, depth: int = 4) -> Json:
    """A value drawn along the schema: not always valid, but much more often than any value is."""
    if isinstance(schema, bool) or depth < 0:
        return random_value(rng, 1 if depth > 0 else 0)
    parts = list(_beside(schema, root, rng))
    listed = [part["enum"] if "enum" in part else [part["const"]] for part in parts if part.keys() & {"enum", "const"}]
    if listed:
        return rng.choice(rng.choice(listed))
    kinds = set(KINDS)
    for part in parts:
        if "type" in part:
            named = {part["type"]} if isinstance(part["type"], str) else set(part["type"])
            kinds &= named | ({"integer"} if "number" in named else set())
    hints = {"properties": "object", "required": "object", "items": "array", "contains": "array", "pattern": "string"}
    hinted = [kind for name, kind in hints.items() if any(name in part for part in parts) and kind in kinds]
    kind = rng.choice(hinted or sorted(kinds) or list(KINDS))
    if kind == "object":
        return _object(parts, root, rng, depth)
    if kind == "array":
        return _array(parts, root, rng, depth)
    if kind == "string":
        return rng.choice(TEXTS)
    if kind in {"integer", "number"}:
        return _number(parts, rng)
    return None if kind == "null" else rng.random() < 0.5


def _beside(schema: Json, root: Json, rng: random.Random, fuel: int = 6) -> Iterator[dict[str, Json]]:
    """The schema, and those applied to the same value: all that must hold, and one of each choice."""
    if isinstance(schema, bool) or fuel == 0:
        return
    yield schema
    following = list(schema.get("allOf", ()))
    following += [rng.choice(schema[name]) for name in ("anyOf", "oneOf") if name in schema]
    if "if" in schema:
        branch = rng.choice(("then", "else"))
        following += [schema["if"]] * (branch == "then") + [schema.get(branch, True)]
    if "$ref" in schema:
        following.append(target_of(schema["$ref"], root))
    following += [inner for inner in schema.get("dependentSchemas", {}).values() if rng.random() < 0.5]
    for inner in following:
        yield from _beside(inner, root, rng, fuel - 1)


def _object(parts: list[dict[str, Json]], root: Json, rng: random.Random, depth: int) -> Json:
    required = [name for part in parts for name in part.get("required", ())]
    declared = [name for part in parts for name in part.get("properties", ())]
    names = required + [name for name in declared if rng.random() < 0.5]
    names += [rng.choice(NAMES) for _ in range(rng.choice((0, 0, 0, 1, 2)))]
    rng.shuffle(names)
    return {name: likely_value(_member_schema(name, parts, rng), root, rng, depth - 1) for name in dict.fromkeys(names)}


def _member_schema(name: str, parts: list[dict[str, Json]], rng: random.Random) -> Json:
    found = [part["properties"][name] for part in parts if name in part.get("properties", {})]
    if not found:
        for part in parts:
            found += part.get("patternProperties", {}).values()
            found += [part[word] for word in ("additionalProperties", "unevaluatedProperties") if word in part]
    return rng.choice(found) if found else True


def _array(parts: list[dict[str, Json]], root: Json, rng: random.Random, depth: int) -> Json:
    low = max((part.get("minItems", 0) for part in parts), default=0)
    items = []
    for position in range(rng.randrange(low, low + 3)):
        found = [part["prefixItems"][position] for part in parts if position < len(part.get("prefixItems", ()))]
        found = found or [
            part[word] for part in parts for word in ("items", "contains", "unevaluatedItems") if word in part
        ]
        items.append(likely_value(rng.choice(found) if found else True, root, rng, depth - 1))
    return items


def _number(parts: list[dict[str, Json]], rng: random.Random) -> Json:
    words = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    bounds = [part[word] for part in parts for word in words if word in part]
    units = [part["multipleOf"] for part in parts if "multipleOf" in part]
    if units and rng.random() < 0.7:
        return rng.choice(units) * rng.randrange(-4, 13)
    if bounds and rng.random() < 0.7:
        return rng.choice(bounds) + rng.choice((0, 1, -1, Decimal("0.5"), Decimal("-0.5"), Decimal("0.01")))
    return rng.choice(NUMBERS)


def mutated(value: Json, rng: random.Random) -> Json:
    """The value with one change somewhere."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        name = rng.choice(list(value))
        if rng.random() < 0.25:
            return {key: part for key, part in value.items() if key != name}
        if rng.random() < 0.25:
            return {**value, rng.choice(NAMES): rng.choice((random_value(rng, 1), value[name]))}
        return {**value, name: mutated(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        position = rng.randrange(len(value))
        if rng.random() < 0.25:
            return value[:position] + value[position + 1 :]
        if rng.random() < 0.35:
            return [*value, rng.choice((random_value(rng, 1), value[position]))]
        return [*value[:position], mutated(value[position], rng), *value[position + 1 :]]
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and abs(value) < 10**6 and rng.random() < 0.7:
        return value + rng.choice((1, -1, Decimal("0.5"), Decimal("0.1")))
    if isinstance(value, str) and rng.random() < 0.7:
        return rng.choice((value + rng.choice("abé"), value[1:], value[:-1]))
    return random_value(rng, 1)
