"""What each keyword demands: one function per keyword, in one table.

A function checks the keyword's value and writes it into the node. `read_keywords` calls them in the order of the
schema, then looks at the keywords that cannot be enforced, which need to know the others: such a keyword is refused
unless it has no effect where it stands (see `refusals`).
"""

# ruff: noqa: ARG001 - every function of a table takes the same arguments

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from maskwright.errors import GrammarSyntaxError, LimitExceeded, UnsupportedPattern
from maskwright.grammar.json_schema.document import Draft, type_name
from maskwright.grammar.json_schema.reader import SchemaReader
from maskwright.grammar.json_schema.refusals import REFUSED, has_effect
from maskwright.grammar.json_schema.schema_node import FALSE_NODE, SchemaNode
from maskwright.grammar.json_schema.strings import STANDARD_FORMATS, language
from maskwright.grammar.json_schema.values import count_of, has_spelling, is_equal, number_of
from maskwright.grammar.json_schema.vocabulary import ANNOTATIONS, FIRST_DRAFT, LAST_DRAFT, OBJECT, TYPES, is_known_in

Handler: TypeAlias = Callable[[SchemaReader, int, SchemaNode, Any], None]


def read_keywords(reader: SchemaReader, number: int) -> None:
    """Read all keywords of node `number`."""
    node = reader.nodes[number]
    schema = node.schema
    draft = reader.document.draft
    reference = schema.get("$ref")
    if reference is not None and draft <= Draft.DRAFT_7:
        _ref(reader, number, node, reference)
        if any(keyword not in ANNOTATIONS and keyword != "$ref" for keyword in schema):
            reader.notes["keywords beside $ref are ignored, as the schema's draft demands"] = None
        return
    refused = None
    for keyword, value in schema.items():
        handler = HANDLERS.get(keyword)
        if (keyword in FIRST_DRAFT or keyword in LAST_DRAFT) and not is_known_in(keyword, draft):
            reader.unknown.setdefault(keyword, []).append(number)
        elif handler is not None:
            handler(reader, number, node, value)
        elif keyword in REFUSED:
            refused = (*(refused or ()), keyword)
        elif keyword not in ANNOTATIONS:
            reader.unknown.setdefault(keyword, []).append(number)
    if node.values is not None:
        _read_values(reader, number, node)
    for keyword in refused or ():
        if has_effect(reader, number, node, keyword):
            raise reader.refuse(number, keyword)


def _type(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise reader.invalid(number, "type", f"must be a type or a list of types, not {type_name(value)}")
    types = 0
    for name in names:
        if not isinstance(name, str) or name not in TYPES:
            raise reader.invalid(number, "type", f"names {name!r}, which is not a JSON type")
        types |= TYPES[name]
    node.types &= types


def _enum(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, list | tuple):
        raise reader.invalid(number, "enum", f"must be an array, not {type_name(value)}")
    _restrict_values(node, list(value))


def _const(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    _restrict_values(node, [value])


def _restrict_values(node: SchemaNode, values: list[Any]) -> None:
    if node.values is None:
        node.values = values
    else:
        node.values = [value for value in node.values if any(is_equal(value, other) for other in values)]


def _read_values(reader: SchemaReader, number: int, node: SchemaNode) -> None:
    """Check the enumerated values, and make nodes of the parts of arrays and objects."""
    assert node.values is not None
    keyword = "enum" if "enum" in node.schema else "const"
    kept = []
    for position, value in enumerate(node.values):
        step = (keyword, str(position)) if keyword == "enum" else "const"
        parts: Iterable[tuple[str, Any]] = ()
        if isinstance(value, str):
            if not has_spelling(value):
                continue
        elif isinstance(value, Mapping):
            names = _names(reader, number, keyword, value)
            if not all(map(has_spelling, names)):
                continue
            parts = value.items()
        elif isinstance(value, list | tuple):
            parts = ((str(place), part) for place, part in enumerate(value))
        elif value is not None and not isinstance(value, bool):
            number_of(reader, number, keyword, value)
        kept.append(value)
        if isinstance(value, Mapping | list | tuple):
            node.value_nodes.append([_value_node(reader, number, step, key, part) for key, part in parts])
    node.values = kept


def _names(reader: SchemaReader, number: int, keyword: str, value: Mapping[Any, Any]) -> list[str]:
    """The member names of an object in the schema, which in a dictionary might be anything."""
    for name in value:
        if not isinstance(name, str):
            raise reader.invalid(number, keyword, f"must have strings as member names, not {name!r}")
    return list(value)


def _value_node(reader: SchemaReader, number: int, step: str | tuple[str, str], key: str, value: Any) -> int:
    place = reader.add(
        SchemaNode(
            {"enum": [value]},
            number,
            (step if isinstance(step, str) else "/".join(step), key),
            reader.nodes[number].resource,
        )
    )
    reader.unread.append(place)
    return place


def _minimum(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    _raise_minimum(node, number_of(reader, number, "minimum", value), False)


def _maximum(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    _lower_maximum(node, number_of(reader, number, "maximum", value), False)


def _exclusive_minimum(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if isinstance(value, bool):  # draft 4: says whether `minimum` itself is excluded
        if value and "minimum" in node.schema:
            _raise_minimum(node, number_of(reader, number, "minimum", node.schema["minimum"]), True)
    else:
        _raise_minimum(node, number_of(reader, number, "exclusiveMinimum", value), True)


def _exclusive_maximum(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if isinstance(value, bool):
        if value and "maximum" in node.schema:
            _lower_maximum(node, number_of(reader, number, "maximum", node.schema["maximum"]), True)
    else:
        _lower_maximum(node, number_of(reader, number, "exclusiveMaximum", value), True)


def _raise_minimum(node: SchemaNode, bound: Decimal, is_exclusive: bool) -> None:
    if node.minimum is None or bound > node.minimum or (bound == node.minimum and is_exclusive):
        node.minimum, node.exclusive_minimum = bound, is_exclusive


def _lower_maximum(node: SchemaNode, bound: Decimal, is_exclusive: bool) -> None:
    if node.maximum is None or bound < node.maximum or (bound == node.maximum and is_exclusive):
        node.maximum, node.exclusive_maximum = bound, is_exclusive


def _multiple_of(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    divisor = number_of(reader, number, "multipleOf", value)
    if divisor <= 0:
        raise reader.invalid(number, "multipleOf", f"must be more than 0, not {value}")
    if divisor == 1:
        node.is_whole = True
    elif _applies(node, "number", "integer"):
        raise reader.refuse(number, "multipleOf")


def _applies(node: SchemaNode, *names: str) -> bool:
    """Does the node's own `type`, if it has one, leave room for one of these types?"""
    types = node.schema.get("type", names)
    return types in names if isinstance(types, str) else not set(names).isdisjoint(types)


def _min_length(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.min_length = count_of(reader, number, "minLength", value)


def _max_length(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.max_length = count_of(reader, number, "maxLength", value)


def _pattern(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, str):
        raise reader.invalid(number, "pattern", f"must be a string, not {type_name(value)}")
    if not _applies(node, "string"):
        return
    try:
        language("pattern", value)
    except GrammarSyntaxError as error:
        raise reader.invalid(number, "pattern", f"is not a regular expression: {error.message}") from error
    except UnsupportedPattern as error:
        raise reader.refuse(number, "pattern", f"cannot be enforced: {error}".rstrip(".")) from error
    except LimitExceeded as error:
        raise LimitExceeded(error.stage, error.asked, error.allowed, reader.pointer(number), error.remedy) from error
    node.languages += (("pattern", value),)


def _format(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, str):
        raise reader.invalid(number, "format", f"must be a string, not {type_name(value)}")
    if not _applies(node, "string"):
        return
    if value in STANDARD_FORMATS and language("format", value) is not None:
        node.languages += (("format", value),)
    elif value in STANDARD_FORMATS:
        raise reader.refuse(number, "format", f"names {value!r}, which is not supported yet")
    else:
        reader.notes[f"format {value!r} is not part of the specification: an annotation"] = None


def _items(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if isinstance(value, list | tuple):
        if reader.document.draft >= Draft.DRAFT_2020_12 and "$schema" in reader.document.root:
            raise reader.invalid(number, "items", "must be a schema in draft 2020-12; a tuple is called prefixItems")
        node.prefix = _children(reader, number, "items", value)
        if "additionalItems" in node.schema:
            node.items = reader.child(node.schema["additionalItems"], number, "additionalItems", "additionalItems")
    else:
        node.items = reader.child(value, number, "items", "items")


def _prefix_items(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if isinstance(node.schema.get("items"), list | tuple):
        raise reader.invalid(number, "prefixItems", "cannot stand beside items that are a tuple")
    node.prefix = _children(reader, number, "prefixItems", value)


def _children(reader: SchemaReader, number: int, keyword: str, value: Any) -> list[int]:
    if not isinstance(value, list | tuple):
        raise reader.invalid(number, keyword, f"must be an array of schemas, not {type_name(value)}")
    return [reader.child(part, number, (keyword, str(place)), keyword) for place, part in enumerate(value)]


def _branches(reader: SchemaReader, number: int, keyword: str, value: Any) -> tuple[int, ...]:
    branches = tuple(_children(reader, number, keyword, value))
    if not branches:
        raise reader.invalid(number, keyword, "must not be empty")
    return branches


def _min_items(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.min_items = count_of(reader, number, "minItems", value)


def _max_items(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.max_items = count_of(reader, number, "maxItems", value)


def _properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise reader.invalid(number, "properties", f"must be an object, not {type_name(value)}")
    node.own_position = len(node.choices)
    node.properties = {
        name: reader.child(value[name], number, ("properties", name), "properties")
        if has_spelling(name)
        else FALSE_NODE
        for name in _names(reader, number, "properties", value)
    }


def _required(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise reader.invalid(number, "required", "must be an array of member names")
    node.required = tuple(dict.fromkeys(value))
    if not all(map(has_spelling, value)):
        node.types &= ~OBJECT


def _additional_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.additional = reader.child(value, number, "additionalProperties", "additionalProperties")


def _all_of(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.choices += tuple([(branch,) for branch in _branches(reader, number, "allOf", value)])


def _any_of(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.choices += (_branches(reader, number, "anyOf", value),)


def _one_of(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.exclusive = (len(node.choices),)
    node.choices += (_branches(reader, number, "oneOf", value),)


def _ref(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, str):
        raise reader.invalid(number, "$ref", f"must be a string, not {type_name(value)}")
    node.choices += ((reader.referenced(number, value),),)


def _not(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, Mapping | bool):
        raise reader.invalid(number, "not", f"must be a schema, not {type_name(value)}")
    if value is True or value == {}:
        node.is_false = True
    elif value is not False:
        raise reader.refuse(number, "not")


HANDLERS: dict[str, Handler] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusiveMinimum": _exclusive_minimum,
    "exclusiveMaximum": _exclusive_maximum,
    "multipleOf": _multiple_of,
    "minLength": _min_length,
    "maxLength": _max_length,
    "pattern": _pattern,
    "format": _format,
    "items": _items,
    "prefixItems": _prefix_items,
    "minItems": _min_items,
    "maxItems": _max_items,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional_properties,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "$ref": _ref,
    "not": _not,
}
