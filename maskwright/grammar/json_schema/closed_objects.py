"""Schemas whose objects have no members but those that are named: `additionalProperties: false` where it is silent.

Servers offer this as an option (vLLM's `disable_additional_properties`), because models that may invent members do. It
is a change of the schema before it is read, so what the result means is left to the front end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from maskwright.errors import LimitExceeded

MAX_DEPTH: Final = 500
"""How deep schemas may lie in one another; each level takes two frames of Python's stack."""

_MAPS: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
"""Keywords whose value has schemas by name."""

_SCHEMAS: Final = (
    "items additionalItems unevaluatedItems prefixItems contains propertyNames additionalProperties "
    "unevaluatedProperties not if then else allOf anyOf oneOf contentSchema"
).split()
"""Keywords whose value is a schema, or a list of them."""


def closed_schema(schema: Any, depth: int = 0) -> Any:
    """A copy in which every schema that names properties, and does not say what of others, has no others.

    `closed_schema({"properties": {"a": {}}})` -> `{"properties": {"a": {}}, "additionalProperties": False}`.
    Raises LimitExceeded for schemas nested deeper than MAX_DEPTH.
    """
    if depth > MAX_DEPTH:
        raise LimitExceeded("nesting of a schema that is to be closed", depth, MAX_DEPTH)
    if isinstance(schema, list):
        return [closed_schema(one, depth + 1) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = dict(schema)
    for keyword in _MAPS:
        if isinstance(named := closed.get(keyword), Mapping):
            closed[keyword] = {name: closed_schema(one, depth + 1) for name, one in named.items()}
    for keyword in _SCHEMAS:
        if keyword in closed:
            closed[keyword] = closed_schema(closed[keyword], depth + 1)
    if "additionalProperties" not in closed and ("properties" in closed or "patternProperties" in closed):
        closed["additionalProperties"] = False
    return closed
