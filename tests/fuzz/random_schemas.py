"""Random schemas of draft 2020-12 that mix all keywords, more often satisfiable than not.

A schema is drawn for the kinds of value that its surroundings suggest, so that branches of `allOf` or `if` speak about
the same values. References stand anywhere inside a value; in the place of the value itself they go to later
definitions only, because a validator would not come back from a circle.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

KINDS = ("null", "boolean", "integer", "number", "string", "array", "object")
NAMES = ("a", "b", "c", "ab", "d", "é")
TEXTS = ("", "a", "b", "ab", "abc", "aab", "c", "é", "😀", '"\\', "12")
PATTERNS = ("a", "^a", "b$", "^(ab)*$", "^[^a]*$", "c|^b", "^[a-c]{2,3}$", "^[0-9]+$", "^.{1,2}$")
NAME_PATTERNS = ("^a", "b$", "^[ab]+$", "c", "^[^a]")
NUMBERS = (*range(-3, 13), Decimal("0.5"), Decimal("-1.25"), Decimal("2.5"), Decimal("0.1"), Decimal("7.75"))
UNITS = (1, 2, 3, 5, 7, 10, Decimal("0.5"), Decimal("0.1"), Decimal("1.5"), Decimal("0.25"), 100)
DEFINITIONS = ("x", "y", "z")

Json = Any


def random_schema(rng: random.Random) -> dict[str, Json]:
    """A schema with three definitions."""
    source = SchemaSource(rng)
    root = source.schema(rng.choice((1, 2, 2, 3)), -1, source.kinds())
    while isinstance(root, bool):
        root = source.schema(2, -1, source.kinds())
    definitions = {name: source.schema(rng.choice((0, 1, 1, 2)), rank, KINDS) for rank, name in enumerate(DEFINITIONS)}
    used = str(root) + str(definitions)
    named = {name: inner for name, inner in definitions.items() if f"#/$defs/{name}" in used}
    return {**root, "$defs": named} if named else root


def random_value(rng: random.Random, depth: int = 2) -> Json:
    """Any small JSON value."""
    roll = rng.random()
    if depth and roll < 0.2:
        return [random_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if depth and roll < 0.4:
        return {name: random_value(rng, depth - 1) for name in rng.sample(NAMES, rng.randrange(4))}
    return rng.choice(
        (None, True, False, rng.choice(NUMBERS), rng.choice(NUMBERS), rng.choice(TEXTS), rng.choice(TEXTS))
    )


class SchemaSource:
    """Draws schemas. `depth` is how deep applicators may nest; `rank` the definition in whose place we are, or -1."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.drawers: dict[str, Callable[[int], dict[str, Json]]] = {
            "integer": self.about_numbers,
            "number": self.about_numbers,
            "string": self.about_strings,
            "array": self.about_arrays,
            "object": self.about_objects,
        }

    def kinds(self) -> tuple[str, ...]:
        """What a fresh place in a value may hold; containers more often."""
        return self.rng.choice((("object",), ("object",), ("array",), ("array",), ("string",), ("number",), KINDS))

    def schema(self, depth: int, rank: int, kinds: tuple[str, ...]) -> Json:
        """A schema for values of about these kinds."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.06:
            return rng.random() < 0.8
        if roll < 0.14:
            return {"const": self.value_of(kinds)}
        if roll < 0.22:
            return {"enum": [self.value_of(kinds) for _ in range(rng.randrange(1, 5))]}
        if roll < 0.30 and rank < len(DEFINITIONS) - 1:
            return {"$ref": f"#/$defs/{rng.choice(DEFINITIONS[rank + 1 :])}"}
        if depth <= 0 and roll < 0.5:
            return {"type": rng.choice(kinds)}
        drawn: dict[str, Json] = {}
        if rng.random() < 0.7:
            some = rng.sample(kinds, min(len(kinds), rng.choice((1, 1, 1, 2, 3))))
            drawn["type"] = some[0] if len(some) == 1 else some
            kinds = tuple(some)
        for kind in rng.sample(kinds, min(len(kinds), rng.choice((1, 1, 2)))):
            drawn |= self.drawers.get(kind, lambda _: {})(depth)
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2)) if depth > 0 else 0):
            drawn |= self.in_place(depth, rank, kinds)
        if "object" in kinds and rng.random() < 0.12:
            drawn["unevaluatedProperties"] = self.restriction(depth)
        if "array" in kinds and rng.random() < 0.12:
            drawn["unevaluatedItems"] = self.restriction(depth)
        return drawn

    def restriction(self, depth: int) -> Json:
        """For what is left over: often nothing is allowed."""
        return False if self.rng.random() < 0.6 else self.inner(depth)

    def inner(self, depth: int) -> Json:
        """The schema of a part of the value, where any reference is fine, also to the root."""
        if self.rng.random() < 0.07:
            return {"$ref": "#"}
        return self.schema(depth - 1, -1, self.kinds() if self.rng.random() < 0.8 else KINDS)

    def value_of(self, kinds: tuple[str, ...]) -> Json:
        """A value, most often of one of the kinds."""
        for _ in range(8):
            value = random_value(self.rng)
            if kind_of(value) in kinds or (kind_of(value) == "integer" and "number" in kinds):
                return value
        return value

    def about_numbers(self, depth: int) -> dict[str, Json]:
        """Bounds and divisors."""
        rng = self.rng
        chosen: dict[str, Json] = {}
        if rng.random() < 0.4:
            chosen[rng.choice(("minimum", "exclusiveMinimum"))] = rng.choice(NUMBERS[:10])
        if rng.random() < 0.4:
            chosen[rng.choice(("maximum", "exclusiveMaximum"))] = rng.choice(NUMBERS[4:])
        if rng.random() < 0.35:
            chosen["multipleOf"] = rng.choice(UNITS)
        return chosen

    def about_strings(self, depth: int) -> dict[str, Json]:
        """Lengths and patterns."""
        rng = self.rng
        chosen: dict[str, Json] = {}
        if rng.random() < 0.3:
            chosen["minLength"] = rng.randrange(3)
        if rng.random() < 0.3:
            chosen["maxLength"] = rng.randrange(1, 5)
        if rng.random() < 0.5:
            chosen["pattern"] = rng.choice(PATTERNS)
        return chosen

    def about_arrays(self, depth: int) -> dict[str, Json]:
        """Everything about items."""
        rng = self.rng
        table: dict[str, Callable[[], Json]] = {
            "items": lambda: self.inner(depth),
            "prefixItems": lambda: [self.inner(depth) for _ in range(rng.randrange(1, 4))],
            "contains": lambda: self.inner(depth),
            "minItems": lambda: rng.randrange(4),
            "maxItems": lambda: rng.randrange(1, 5),
            "uniqueItems": lambda: rng.random() < 0.9,
        }
        chosen = {name: table[name]() for name in rng.sample(list(table), rng.choice((0, 1, 1, 2, 3)))}
        if "contains" in chosen and rng.random() < 0.5:
            chosen["minContains"] = rng.randrange(3)
        if "contains" in chosen and rng.random() < 0.4:
            chosen["maxContains"] = rng.randrange(1, 4)
        return chosen

    def about_objects(self, depth: int) -> dict[str, Json]:
        """Everything about members."""
        rng = self.rng
        table: dict[str, Callable[[], Json]] = {
            "properties": lambda: {name: self.inner(depth) for name in rng.sample(NAMES, rng.randrange(1, 4))},
            "required": lambda: rng.sample(NAMES, rng.randrange(1, 3)),
            "additionalProperties": lambda: self.restriction(depth),
            "patternProperties": lambda: {
                pattern: self.inner(depth) for pattern in rng.sample(NAME_PATTERNS, rng.randrange(1, 3))
            },
            "propertyNames": self.names_schema,
            "minProperties": lambda: rng.randrange(3),
            "maxProperties": lambda: rng.randrange(1, 5),
            "dependentRequired": lambda: {rng.choice(NAMES): rng.sample(NAMES, rng.randrange(1, 3))},
        }
        weights = (6, 4, 3, 2, 1, 1, 1, 1)
        names = set(rng.choices(list(table), weights, k=rng.choice((1, 2, 2, 3, 4))))
        return {name: draw() for name, draw in table.items() if name in names}

    def names_schema(self) -> Json:
        """A schema of member names."""
        rng = self.rng
        return rng.choice(
            (
                {"pattern": rng.choice(NAME_PATTERNS)},
                {"maxLength": rng.randrange(1, 3)},
                {"enum": rng.sample(NAMES, 3)},
                {"not": {"const": rng.choice(NAMES)}},
            )
        )

    def in_place(self, depth: int, rank: int, kinds: tuple[str, ...]) -> dict[str, Json]:
        """An applicator to the value itself."""
        rng = self.rng

        def branch() -> Json:
            return self.schema(depth - 1, rank, kinds)

        def branches(low: int = 1) -> list[Json]:
            return [branch() for _ in range(rng.randrange(low, 4))]

        name = rng.choice(("allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "$ref"))
        if name in {"allOf", "anyOf", "oneOf"}:
            return {name: branches()}
        if name == "not":
            return {"not": branch()}
        if name == "if":
            parts = {"if": branch(), "then": branch(), "else": branch()}
            if rng.random() < 0.4:
                del parts[rng.choice(("then", "else"))]
            return parts
        if name == "dependentSchemas":
            return {name: {one: branch() for one in rng.sample(NAMES, rng.randrange(1, 3))}}
        if rank < len(DEFINITIONS) - 1:
            return {"$ref": f"#/$defs/{rng.choice(DEFINITIONS[rank + 1 :])}"}
        return {}


def kind_of(value: Json) -> str:
    """The most special name of a value's type."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal):
        return "integer" if value == int(value) else "number"
    return {type(None): "null", str: "string", list: "array", dict: "object"}[type(value)]
