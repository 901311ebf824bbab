"""What `Annotated` adds to a Python type: keywords of JSON Schema, a description, or bounds as others write them.

    Annotated[str, {"pattern": "^a"}]                  a dictionary holds keywords
    Annotated[str, "the name of a city"]               a text describes
    Annotated[int, annotated_types.Interval(ge=0)]     anything else is asked for the attributes in `_BOUNDS`

The last are those of the package annotated-types, which pydantic's `Field` has too; neither is imported. As the typing
specification demands, metadata that mean nothing to us are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from maskwright.errors import UnsupportedType

Schema: TypeAlias = dict[str, Any] | bool

_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
}
"""Attributes of the metadata in `Annotated`, by the names that the package annotated-types uses."""

_LENGTHS = {
    "string": {"min_length": "minLength", "max_length": "maxLength"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
    "object": {"min_length": "minProperties", "max_length": "maxProperties"},
}


def annotated(base: Schema, metadata: tuple[Any, ...], path: str) -> Schema:
    """The schema of a type with metadata; raises UnsupportedType for a bound that does not suit the type."""
    schema: dict[str, Any] = {} if isinstance(base, bool) else base  # no type has the schema `false`
    for item in _flattened(metadata):
        if isinstance(item, str):
            schema = {**schema, "description": item}
            continue
        keywords = dict(item) if isinstance(item, Mapping) else _keywords_of(item, schema, path)
        schema = {"allOf": [schema, keywords]} if schema.keys() & keywords.keys() else {**schema, **keywords}
    return schema


def _flattened(metadata: tuple[Any, ...]) -> list[Any]:
    """Groups of metadata (`annotated_types.Interval`, `pydantic.Field`) taken apart."""
    flat: list[Any] = []
    for item in metadata:
        inner = getattr(item, "metadata", None)
        if isinstance(inner, list):
            flat += [*_flattened(tuple(inner)), *([item.description] if getattr(item, "description", None) else [])]
        elif getattr(item, "__is_annotated_types_grouped_metadata__", False):
            flat += _flattened(tuple(item))
        else:
            flat.append(item)
    return flat


def _keywords_of(item: object, schema: dict[str, Any], path: str) -> dict[str, Any]:
    """The keywords that a piece of metadata asks for; one without any of the known attributes means nothing to us."""
    kind = schema.get("type")
    lengths = _LENGTHS.get(kind, {}) if isinstance(kind, str) else {}
    keywords: dict[str, Any] = {}
    for attribute in (*_BOUNDS, "min_length", "max_length"):
        value = getattr(item, attribute, None)
        if value is None or (attribute == "min_length" and value == 0):
            continue
        keyword = _BOUNDS.get(attribute) or lengths.get(attribute)
        if keyword is None:
            raise UnsupportedType(
                repr(item)[:80], path, f"{attribute} bounds strings, lists and dictionaries, not this type"
            )
        keywords[keyword] = value
    return keywords
