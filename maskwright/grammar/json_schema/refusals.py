"""Keywords that cannot be enforced yet, and where they have no effect and may therefore stand.

A refused keyword is harmless where the node admits no value of the type that it restricts, where its partner is
missing (`if` without `then` and `else`), and where it allows everything (`uniqueItems: false`, `minProperties: 0`).
"""

# ruff: noqa: ARG001 - every function of a table takes the same arguments

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from maskwright.grammar.json_schema.document import type_name
from maskwright.grammar.json_schema.reader import SchemaReader
from maskwright.grammar.json_schema.schema_node import FALSE_NODE, TRUE_NODE, SchemaNode
from maskwright.grammar.json_schema.values import count_of
from maskwright.grammar.json_schema.vocabulary import ALL_TYPES, ARRAY, OBJECT

Rule: TypeAlias = Callable[[SchemaReader, int, SchemaNode, Any], bool]


def has_effect(reader: SchemaReader, number: int, node: SchemaNode, keyword: str) -> bool:
    """May the keyword exclude a value that the other keywords of the node allow?  Checks the keyword's value too."""
    types, rule = REFUSED[keyword]
    if not rule(reader, number, node, node.schema[keyword]):
        return False
    if not node.types & types:
        return False
    return node.values is None or any(_json_type(value) & types for value in node.values)


def _json_type(value: Any) -> int:
    if isinstance(value, Mapping):
        return OBJECT
    return ARRAY if isinstance(value, list | tuple) else ALL_TYPES & ~(ARRAY | OBJECT)


def _always(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
    return True


def _allows_everything(value: Any) -> bool:
    return value is True or (isinstance(value, Mapping) and not value)


def _schema(keyword: str) -> Rule:
    def rule(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
        if not isinstance(value, Mapping | bool):
            raise reader.invalid(number, keyword, f"must be a schema, not {type_name(value)}")
        return not _allows_everything(value)

    return rule


def _if(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
    branches = [node.schema[keyword] for keyword in ("then", "else") if keyword in node.schema]
    return not all(_allows_everything(branch) for branch in branches)


def _contains(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
    if "maxContains" in node.schema:
        return True
    if node.schema.get("minContains") == 0:
        return False
    return not (_allows_everything(value) and node.min_items >= node.schema.get("minContains", 1))


def _unique_items(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
    if not isinstance(value, bool):
        raise reader.invalid(number, "uniqueItems", f"must be a boolean, not {type_name(value)}")
    return value and (node.max_items is None or node.max_items > 1)


def _min_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
    return count_of(reader, number, "minProperties", value) > len(node.required)


def _max_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
    most = count_of(reader, number, "maxProperties", value)
    return node.additional != FALSE_NODE or len(node.properties or ()) > most


def _by_name(keyword: str) -> Rule:
    """A keyword that maps names to conditions: harmless without names, or where no condition asks for anything."""

    def rule(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
        if not isinstance(value, Mapping):
            raise reader.invalid(number, keyword, f"must be an object, not {type_name(value)}")
        return not all(condition == [] or _allows_everything(condition) for condition in value.values())

    return rule


def _pattern_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> bool:
    if _by_name("patternProperties")(reader, number, node, value):
        return True
    return bool(value) and node.additional != TRUE_NODE


REFUSED: dict[str, tuple[int, Rule]] = {
    "if": (ALL_TYPES, _if),
    "contains": (ARRAY, _contains),
    "uniqueItems": (ARRAY, _unique_items),
    "unevaluatedItems": (ARRAY, _schema("unevaluatedItems")),
    "patternProperties": (OBJECT, _pattern_properties),
    "propertyNames": (OBJECT, _schema("propertyNames")),
    "minProperties": (OBJECT, _min_properties),
    "maxProperties": (OBJECT, _max_properties),
    "dependencies": (OBJECT, _by_name("dependencies")),
    "dependentRequired": (OBJECT, _by_name("dependentRequired")),
    "dependentSchemas": (OBJECT, _by_name("dependentSchemas")),
    "unevaluatedProperties": (OBJECT, _schema("unevaluatedProperties")),
    "$dynamicRef": (ALL_TYPES, _always),
    "$recursiveRef": (ALL_TYPES, _always),
    "extends": (ALL_TYPES, _always),
    "disallow": (ALL_TYPES, _always),
    "divisibleBy": (ALL_TYPES, _always),
}
"""The types that a keyword restricts, and when it restricts them at all."""
