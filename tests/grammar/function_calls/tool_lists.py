"""Lists of tools made at random, and arguments for them: every kind of schema that tools commonly have."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskwright.grammar.function_calls.tools import Tools, tools_of

NAMES = ("city", "days", "unit", "query", "filters", "ids", "note", "ratio", "is_new", "mode", "start", "x-id")
WORDS = ("Rome", "a b", "é", "3", "null", "true", "x<y", 'say "hi"', "back\\slash", "l1\nl2", "[1]", "", "{a}", "</b>")
DEFINITIONS = {
    "Point": {
        "type": "object",
        "properties": {"lat": {"type": "number"}, "name": {"type": "string"}},
        "required": ["lat"],
        "additionalProperties": False,
    },
    "Tag": {"type": "string", "enum": ["red", "dark blue", "5"]},
}


def random_tools(rng: np.random.Generator, n_tools: int) -> Tools:
    """So many tools; their names begin alike, so that one is the beginning of another."""
    names = [f"get_{place}" if place % 3 else f"get_{place}.v-{place}" for place in range(n_tools)]
    return tools_of([{"name": name, "parameters": random_schema(rng)} for name in names])


def random_schema(rng: np.random.Generator) -> dict[str, Any]:
    """The arguments of a tool."""
    names = [str(name) for name in rng.permutation(NAMES)[: rng.integers(0, 6)]]
    return {
        "type": "object",
        "properties": {name: random_member(rng, 2) for name in names},
        "required": [name for name in names if rng.random() < 0.6],
        "additionalProperties": False,
        "$defs": DEFINITIONS,
    }


def random_member(rng: np.random.Generator, depth: int) -> dict[str, Any]:
    """The schema of a value with at most so many objects and arrays in one another."""
    kinds = [
        "string",
        "string",
        "short",
        "enum",
        "integer",
        "range",
        "number",
        "boolean",
        "maybe",
        "reference",
        "digits",
    ]
    kind = str(rng.choice([*kinds, "array", "object"] if depth else kinds))
    if kind == "array":
        return {"type": "array", "items": random_member(rng, depth - 1), "maxItems": 3}
    if kind == "object":
        inner = [str(name) for name in rng.permutation(NAMES)[: rng.integers(0, 3)]]
        return {
            "type": "object",
            "properties": {name: random_member(rng, depth - 1) for name in inner},
            "required": inner[:1],
            "additionalProperties": False,
        }
    plain: dict[str, dict[str, Any]] = {
        "string": {"type": "string"},
        "short": {"type": "string", "minLength": 1, "maxLength": 4},
        "enum": {"enum": ["celsius", "two words", 3, None]},
        "integer": {"type": "integer"},
        "range": {"type": "integer", "minimum": 1, "maximum": 12},
        "number": {"type": "number"},
        "boolean": {"type": "boolean"},
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "reference": {"$ref": f"#/$defs/{rng.choice([*DEFINITIONS])}"},
        "digits": {"type": "string", "pattern": "^[0-9]{2,3}$"},
    }
    return plain[kind]


def random_arguments(schema: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Arguments that satisfy such a schema, in the declared order."""
    value = random_value(schema, rng)
    assert isinstance(value, dict)
    return value


def random_value(schema: dict[str, Any], rng: np.random.Generator) -> Any:
    """A value that satisfies such a schema."""
    if "$ref" in schema:
        return random_value(DEFINITIONS[schema["$ref"].rpartition("/")[2]], rng)  # type: ignore[arg-type]
    if "anyOf" in schema:
        return None if rng.random() < 0.3 else str(rng.choice(["Rome", "a b", "nil"]))
    if "enum" in schema:
        return schema["enum"][int(rng.integers(len(schema["enum"])))]
    match schema["type"]:
        case "object":
            required = schema["required"]
            kept = [name for name in schema["properties"] if name in required or rng.random() < 0.5]
            return {name: random_value(schema["properties"][name], rng) for name in kept}
        case "array":
            return [random_value(schema["items"], rng) for _ in range(rng.integers(0, 4))]
        case "integer":
            return int(rng.integers(1, 13)) if "minimum" in schema else int(rng.integers(-1000, 1000))
        case "number":
            return float(rng.integers(-50, 50)) / 8
        case "boolean":
            return bool(rng.integers(2))
    if "pattern" in schema:
        return str(rng.integers(10, 1000))
    if "minLength" in schema:
        return str(rng.choice(["a", "ab", "é é", '"x"', "1"]))
    return str(rng.choice(WORDS))
