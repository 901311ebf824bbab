"""How many values can stand at a hole, and when are they surely the same as at another?

Rules with variables count on new values (`policy.value_rules`), so a number that is too small is merely strict, while
one that is too large would be wrong: what cannot be counted is taken for one value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from maskwright.grammar.behaviour.atoms import Path
from maskwright.grammar.behaviour.grounding.body import Domain
from maskwright.grammar.characters import CharacterAutomaton, count_members, length_between, search_language

MAX_COUNTED = 1_000
"""A hole with more values than this is taken to have a new one for every segment of a trace."""

LONG = 64
"""A kind of string that may be as long as this has more values than that: nobody lists so long ones."""

_OF_STRINGS = {"type", "minLength", "maxLength", "pattern", "title", "description", "examples", "default"}
_OF_INTEGERS = {"type", "minimum", "maximum", "title", "description", "examples", "default"}


def domain_of_language(language: CharacterAutomaton) -> Domain:
    """The texts of a regular language."""
    return Domain(language, count_members(language, MAX_COUNTED))


def domain_of_schema(
    document: Any, path: tuple[str | int, ...], unknown: Hashable, has: Callable[[Any], bool]
) -> Domain:
    """The values at a path of the instances of a schema; `has`: can something of another schema stand there?"""
    schema = _at(document, path)
    key = unknown if schema is None else json.dumps(schema, sort_keys=True)
    if has({"type": "string", "minLength": LONG}) or has({"type": "number", "minimum": 1e9}):
        return Domain(key, None)
    return Domain(key, 1 if schema is None else _count(schema))


def _at(schema: Any, path: Path) -> Mapping[str, Any] | None:
    """The schema of a member, where it is written in so many words."""
    for step in path:
        if not isinstance(schema, Mapping) or {"$ref", "allOf", "anyOf", "oneOf", "not", "if"} & schema.keys():
            return None
        properties = schema.get("properties", {})
        schema = properties.get(step) if isinstance(properties, Mapping) else None
    return schema if isinstance(schema, Mapping) and "$ref" not in json.dumps(schema) else None


def _count(schema: Mapping[str, Any]) -> int | None:
    if isinstance(listed := schema.get("enum"), list):
        return len(listed)
    kind = schema.get("type")
    if kind == "boolean":
        return 2
    if kind == "string" and schema.keys() <= _OF_STRINGS:
        language = length_between(schema.get("minLength", 0), schema.get("maxLength"))
        if "pattern" in schema:
            language &= search_language(schema["pattern"])
        return count_members(language, MAX_COUNTED)
    if kind == "integer" and schema.keys() <= _OF_INTEGERS and {"minimum", "maximum"} <= schema.keys():
        size = int(schema["maximum"] - schema["minimum"]) + 1
        return size if size <= MAX_COUNTED else None
    return 1
