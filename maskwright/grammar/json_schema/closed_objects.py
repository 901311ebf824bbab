"""Schemas whose objects have no members but those that are named: `additionalProperties: false` where it is silent.

Servers offer this as an option (vLLM's `disable_additional_properties`), because models that may invent members do.
Every schema that names properties, and does not say what of others, gets no others, as the host's own walk does it. So
objects whose members are named in several places (`allOf`) lose some; there the author says `unevaluatedProperties`.

Never wider. Closing a schema narrows it, but within `not`, `if`, `oneOf` and the like a narrower part makes a wider
whole. Where one of these occurs the result is therefore the closed schema *and* the one that was given, each a resource
of its own, so that references stay within it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from maskwright.errors import LimitExceeded

MAX_DEPTH: Final = 200
"""How deep schemas may lie in one another; each level takes two frames of Python's stack."""

_MAPS: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
"""Keywords whose value has schemas by name."""

_SCHEMAS: Final = (
    "items additionalItems unevaluatedItems prefixItems contains propertyNames additionalProperties "
    "unevaluatedProperties not if then else allOf anyOf oneOf contentSchema"
).split()
"""Keywords whose value is a schema, or a list of them."""

_TURNING: Final = frozenset(
    "not if oneOf contains maxContains disallow extends unevaluatedProperties unevaluatedItems".split()
)
"""Keywords under which a narrower schema may make a wider one; as names of members they do no harm here."""

_RESOURCES: Final = ("urn:maskwright:given", "urn:maskwright:closed")


def closed_schema(schema: Any) -> Any:
    """A schema with instances of `schema` only, in which objects have no members but those that are named.

    `closed_schema({"properties": {"a": {}}})` -> `{"properties": {"a": {}}, "additionalProperties": False}`.
    Raises LimitExceeded for schemas nested deeper than MAX_DEPTH.
    """
    closed = _closed(schema, 0)
    if not isinstance(schema, Mapping) or not _has_turning(schema):
        return closed
    kept = {name: schema[name] for name in ("$schema",) if name in schema}
    both = [{**part, "$id": name} for name, part in zip(_RESOURCES, (schema, closed), strict=True)]
    return {**kept, "allOf": both}


def _closed(schema: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise LimitExceeded("nesting of a schema that is to be closed", depth, MAX_DEPTH)
    if isinstance(schema, list):
        return [_closed(one, depth + 1) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = dict(schema)
    for keyword in _MAPS:
        if isinstance(named := closed.get(keyword), Mapping):
            closed[keyword] = {name: _closed(one, depth + 1) for name, one in named.items()}
    for keyword in _SCHEMAS:
        if keyword in closed:
            closed[keyword] = _closed(closed[keyword], depth + 1)
    if "additionalProperties" not in closed and ("properties" in closed or "patternProperties" in closed):
        closed["additionalProperties"] = False
    return closed


def _has_turning(value: Any) -> bool:
    """Does any of the keywords occur somewhere? Names of members count too, which costs time and changes nothing."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            if not _TURNING.isdisjoint(one):
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False
