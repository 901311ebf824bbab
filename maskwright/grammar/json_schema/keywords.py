"""What each keyword demands: one function per keyword, in one table.

A function checks the keyword's value and writes it into the node; `read_keywords` calls them in the schema's order.
What a keyword means beside others (`additionalProperties` beside `properties`) is decided later, in `terms`; keywords
that combine conditions become choices between branches, each a conjunction of subschemas or their negations.
"""

# ruff: noqa: ARG001 - every function of a table takes the same arguments

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

from maskwright.errors import GrammarSyntaxError, LimitExceeded, UnsupportedPattern, UnsupportedSchema
from maskwright.grammar.json_schema.document import Draft, type_name
from maskwright.grammar.json_schema.options import OPTIONS_KEY, Formats
from maskwright.grammar.json_schema.reader import NOT_A_KEYWORD, SchemaReader
from maskwright.grammar.json_schema.schema_node import FALSE_NODE, ChoiceKind, NodeChoice, SchemaNode
from maskwright.grammar.json_schema.strings import STANDARD_FORMATS, Language, known_language
from maskwright.grammar.json_schema.values import count_of, has_spelling, is_equal, number_of
from maskwright.grammar.json_schema.vocabulary import ANNOTATIONS, OBJECT, TYPES

MAX_ENUMERATED = 200_000
"""Values of one `enum`: some 10 us and 500 bytes each."""

Handler: TypeAlias = Callable[[SchemaReader, int, SchemaNode, Any], None]


def read_all(reader: SchemaReader) -> None:
    """Read every subschema that is reached; the error for a refused one holds all the others (one a subschema)."""
    refused: list[UnsupportedSchema] = []
    while reader.unread:
        try:
            read_keywords(reader, reader.unread.pop())
        except UnsupportedSchema as error:
            refused.append(error)
    if refused:
        raise replace(refused[0], others=tuple(refused[1:])) from refused[0].__cause__


def read_keywords(reader: SchemaReader, number: int) -> None:
    """Read all keywords of node `number`."""
    node = reader.nodes[number]
    schema = node.schema
    reader.keep_known(number)
    for keyword, value in node.schema.items():
        handler = HANDLERS.get(keyword)
        if handler is not None:
            handler(reader, number, node, value)
        elif keyword not in ANNOTATIONS and not (keyword == OPTIONS_KEY and schema is reader.document.root):
            reader.note(number, keyword, NOT_A_KEYWORD)
    if node.values is not None:
        _read_values(reader, number, node)


def _type(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise reader.invalid(number, "type", f"must be a type or a list of types, not {type_name(value)}")
    types = 0
    for name in names:
        if not isinstance(name, str) or name not in TYPES:
            raise reader.invalid(number, "type", f"names {reprlib.repr(name)}, which is not a JSON type")
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
    if len(node.values) > MAX_ENUMERATED:
        raise LimitExceeded("number of values", len(node.values), MAX_ENUMERATED, f"{reader.pointer(number)}/enum")
    keyword = "enum" if "enum" in node.schema else "const"
    kept = []
    value_nodes = []
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
            value_nodes.append([_value_node(reader, number, step, key, part) for key, part in parts])
    node.values = kept
    node.value_nodes = tuple(value_nodes)


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
            reader.nodes[number].place,
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
    node.multiple_of = divisor


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
    node.languages += (_searched(reader, number, "pattern", value),)


def _searched(reader: SchemaReader, number: int, keyword: str, pattern: str) -> Language:
    """The strings in which a pattern matches somewhere."""
    try:
        known_language(("pattern", pattern))
    except GrammarSyntaxError as error:
        raise reader.invalid(number, keyword, f"is not a regular expression: {error.message}") from error
    except UnsupportedPattern as error:
        raise reader.refuse(number, keyword, f"cannot be enforced: {error}".rstrip(".")) from error
    except LimitExceeded as error:
        raise LimitExceeded(error.stage, error.asked, error.allowed, reader.pointer(number), error.remedy) from error
    return ("pattern", pattern)


def _format(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, str):
        raise reader.invalid(number, "format", f"must be a string, not {type_name(value)}")
    if not _applies(node, "string"):
        return
    if reader.options.formats is Formats.ANNOTATION and not reader.dialect(number).asserts_format:
        reader.note(number, "format", f"{value!r} is an annotation, as the option formats says")
    elif value in STANDARD_FORMATS:
        node.languages += (("format", value),)
    else:
        reader.note(number, "format", f"{value!r} is not a format of the specification: an annotation")


def _items(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if isinstance(value, list | tuple):
        dialect = reader.dialect(number)
        if dialect.is_declared and dialect.draft >= Draft.DRAFT_2020_12:
            raise reader.invalid(number, "items", "must be a schema in draft 2020-12; a tuple is called prefixItems")
        node.prefix = _children(reader, number, "items", value)
        if "additionalItems" in node.schema:
            node.items = reader.child(node.schema["additionalItems"], number, "additionalItems", "additionalItems")
            node.has_items = True
    else:
        node.items = reader.child(value, number, "items", "items")
        node.has_items = True


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


def _required(reader: SchemaReader, number: int, node: SchemaNode, value: Any, keyword: str = "required") -> None:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise reader.invalid(number, keyword, "must be an array of member names")
    node.required = tuple(dict.fromkeys(value))
    if not all(map(has_spelling, value)):
        node.types &= ~OBJECT


def _additional_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.additional = reader.child(value, number, "additionalProperties", "additionalProperties")
    node.has_additional = True


def _pattern_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise reader.invalid(number, "patternProperties", f"must be an object, not {type_name(value)}")
    if not _applies(node, "object"):
        return
    for name in _names(reader, number, "patternProperties", value):
        named = _searched(reader, number, "patternProperties", name)
        part = reader.child(value[name], number, ("patternProperties", name), "patternProperties")
        node.patterns += ((named, part),)


def _property_names(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.names = reader.child(value, number, "propertyNames", "propertyNames")


def _min_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.min_properties = count_of(reader, number, "minProperties", value)


def _max_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.max_properties = count_of(reader, number, "maxProperties", value)


def _unique_items(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    if not isinstance(value, bool):
        raise reader.invalid(number, "uniqueItems", f"must be a boolean, not {type_name(value)}")
    node.is_unique = value


def _contains(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    draft = reader.draft(number)
    node.contains = reader.child(value, number, "contains", "contains")
    node.contains_evaluates = draft >= Draft.DRAFT_2020_12
    if draft >= Draft.DRAFT_2019_09:
        if "minContains" in node.schema:
            node.min_contains = count_of(reader, number, "minContains", node.schema["minContains"])
        if "maxContains" in node.schema:
            node.max_contains = count_of(reader, number, "maxContains", node.schema["maxContains"])


def _unevaluated_items(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.unevaluated_items = reader.child(value, number, "unevaluatedItems", "unevaluatedItems")


def _unevaluated_properties(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.unevaluated_properties = reader.child(value, number, "unevaluatedProperties", "unevaluatedProperties")


def _all_of(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.choices += tuple([NodeChoice(((branch,),)) for branch in _branches(reader, number, "allOf", value)])


def _any_of(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.choices += (NodeChoice(tuple([(branch,) for branch in _branches(reader, number, "anyOf", value)])),)


def _one_of(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    branches = tuple([(branch,) for branch in _branches(reader, number, "oneOf", value)])
    node.choices += (NodeChoice(branches, ChoiceKind.ONE),)


def _reference(keyword: str) -> Handler:
    def follow(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
        if not isinstance(value, str):
            raise reader.invalid(number, keyword, f"must be a string, not {type_name(value)}")
        if keyword == "$recursiveRef" and value != "#":
            raise reader.invalid(number, keyword, f"must be '#', not {value!r}")
        node.choices += (NodeChoice(((reader.referenced(number, value, keyword),),)),)

    return follow


def _not(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    node.choices += (NodeChoice(((~reader.child(value, number, "not", "not"),),)),)


def _if(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    condition = reader.child(value, number, "if", "if")
    then, otherwise = (
        (reader.child(node.schema[keyword], number, keyword, keyword),) if keyword in node.schema else ()
        for keyword in ("then", "else")
    )
    node.choices += (NodeChoice(((condition, *then), (~condition, *otherwise)), ChoiceKind.SPLIT),)


def _dependent_required(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    _depend(reader, number, node, "dependentRequired", value)


def _dependent_schemas(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    _depend(reader, number, node, "dependentSchemas", value)


def _dependencies(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
    _depend(reader, number, node, "dependencies", value)


def _depend(reader: SchemaReader, number: int, node: SchemaNode, keyword: str, value: Any) -> None:
    """Either a member is absent, or it is there and something holds: a list of required names, or a schema."""
    if not isinstance(value, Mapping):
        raise reader.invalid(number, keyword, f"must be an object, not {type_name(value)}")
    if not _applies(node, "object"):
        return
    for name in _names(reader, number, keyword, value):
        condition = value[name]
        if isinstance(condition, str) and keyword == "dependencies":  # draft 3
            condition = [condition]
        if not has_spelling(name):
            continue
        step = (keyword, name)
        resource = reader.nodes[number].place
        absent = SchemaNode({}, number, step, resource, properties={name: FALSE_NODE})
        present = SchemaNode({}, number, step, resource, types=OBJECT, required=(name,))
        then: tuple[int, ...] = ()
        if isinstance(condition, list | tuple) and keyword != "dependentSchemas":
            _required(reader, number, present, [name, *condition], keyword)
        elif keyword != "dependentRequired":
            then = (reader.child(condition, number, step, keyword),)
        else:
            raise reader.invalid(number, keyword, f"must hold arrays of member names, not {type_name(condition)}")
        branches = (reader.add(absent),), (reader.add(present), *then)
        node.choices += (NodeChoice(branches, ChoiceKind.SPLIT),)


def _draft_3(keyword: str) -> Handler:
    def refuse(reader: SchemaReader, number: int, node: SchemaNode, value: Any) -> None:
        raise reader.refuse(number, keyword, "belongs to draft 3, which is not supported")

    return refuse


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
    "uniqueItems": _unique_items,
    "contains": _contains,
    "unevaluatedItems": _unevaluated_items,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "required": _required,
    "minProperties": _min_properties,
    "maxProperties": _max_properties,
    "unevaluatedProperties": _unevaluated_properties,
    "dependencies": _dependencies,
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "$ref": _reference("$ref"),
    "$dynamicRef": _reference("$dynamicRef"),
    "$recursiveRef": _reference("$recursiveRef"),
    "not": _not,
    "if": _if,
    "extends": _draft_3("extends"),
    "disallow": _draft_3("disallow"),
    "divisibleBy": _draft_3("divisibleBy"),
}
