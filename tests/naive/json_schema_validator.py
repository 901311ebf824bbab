"""JSON Schema 2020-12 by the letter of the specification, on exact numbers: the oracle of the fuzz tests.

`evaluated(schema, value, root)` is None if the value is invalid, else the set of member names or item positions that
the schema has looked at; `unevaluatedProperties` and `unevaluatedItems` ask for that set. Numbers are `Decimal`.

`jsonschema` is asked as well wherever it is exact; a second judge of our own is needed because it divides decimals with
28 digits, reads patterns in Python's syntax, takes `1.0` as Decimal for no integer, and misses some evaluated members.
References are JSON pointers into the root. Annotations, formats and other documents are outside of its world.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Evaluated = frozenset[Any]
Keyword = Callable[[Mapping[str, Any], Any, Any], Evaluated | None]

NOTHING: Evaluated = frozenset()


def is_valid(schema: Any, value: Any, root: Any = None) -> bool:
    """Does the value satisfy the schema?"""
    return evaluated(schema, value, schema if root is None else root) is not None


def evaluated(schema: Any, value: Any, root: Any) -> Evaluated | None:
    """What the schema has looked at in a valid value; None for an invalid one."""
    if isinstance(schema, bool):
        return NOTHING if schema else None
    done: set[Any] = set()
    for keywords in (ASSERTIONS, APPLICATORS):
        for name in schema.keys() & keywords.keys():
            seen = keywords[name](schema, value, root)
            if seen is None:
                return None
            done |= seen
    for name, kind in (("unevaluatedItems", list), ("unevaluatedProperties", dict)):
        if name in schema and isinstance(value, kind):
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            rest = {key: part for key, part in parts if key not in done}
            if not all(is_valid(schema[name], part, root) for part in rest.values()):
                return None
            done |= rest.keys()
    return frozenset(done)


def equal(one: Any, other: Any) -> bool:
    """Are two values the same JSON value? `1` and `1.0` are, `1` and `true` are not."""
    return canonical(one) == canonical(other)


def canonical(value: Any) -> Any:
    """Something hashable that is the same for equal values only."""
    if isinstance(value, dict):
        return ("object", frozenset((name, canonical(part)) for name, part in value.items()))
    if isinstance(value, list):
        return ("array", tuple(canonical(part) for part in value))
    if isinstance(value, bool) or value is None:
        return ("literal", value)
    return ("string", value) if isinstance(value, str) else ("number", Decimal(value))


def type_names(value: Any) -> set[str]:
    """`Decimal("1.0") -> {"integer", "number"}`."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return {"number", "integer"} if is_whole(Decimal(value)) else {"number"}
    return {{bool: "boolean", type(None): "null", str: "string", list: "array", dict: "object"}[type(value)]}


def is_whole(number: Decimal) -> bool:
    """Is it an integer? Never writes it out, so `1e999999999` is no trouble."""
    return is_multiple(number, Decimal(1))


def is_multiple(number: Decimal, divisor: Decimal) -> bool:
    """Is `number` an integer times `divisor`, exactly?"""
    mantissa, exponent = _scaled(number)
    unit, power = _scaled(divisor)
    if exponent >= power:
        return mantissa * pow(10, exponent - power, unit) % unit == 0
    shift = power - exponent
    return mantissa == 0 or (shift <= len(str(mantissa)) and mantissa % (unit * 10**shift) == 0)


def _scaled(number: Decimal) -> tuple[int, int]:
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    return int("".join(map(str, digits))), exponent


def python_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern for `re`; those of the fuzz tests differ in the meaning of the dollar sign and the dot only."""
    return re.compile(in_python(pattern), re.ASCII)


def in_python(pattern: str) -> str:
    r"""`"^.$" -> "^[^\n\r\u2028\u2029]\Z"`; neither sign may stand in brackets or behind a backslash."""
    return pattern.replace("$", r"\Z").replace(".", r"[^\n\r\u2028\u2029]")


def _assertion(
    kind: type | tuple[type, ...], holds: Callable[[Any, Any], bool], name: str, default: Any = None
) -> Keyword:
    """A keyword that speaks about values of one kind and of no part of them."""

    def keyword(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
        applies = isinstance(value, kind) and (kind is object or not isinstance(value, bool))
        return NOTHING if not applies or holds(schema.get(name, default), value) else None

    return keyword


def _is_unique(demanded: bool, items: list[Any]) -> bool:
    return not demanded or len({canonical(item) for item in items}) == len(items)


NUMBER = (int, Decimal)
ASSERTIONS: dict[str, Keyword] = {
    "type": _assertion(
        object,
        lambda types, value: not type_names(value).isdisjoint([types] if isinstance(types, str) else types),
        "type",
    ),
    "enum": _assertion(object, lambda listed, value: any(equal(one, value) for one in listed), "enum"),
    "const": _assertion(object, equal, "const"),
    "minimum": _assertion(NUMBER, lambda bound, value: value >= bound, "minimum"),
    "maximum": _assertion(NUMBER, lambda bound, value: value <= bound, "maximum"),
    "exclusiveMinimum": _assertion(NUMBER, lambda bound, value: value > bound, "exclusiveMinimum"),
    "exclusiveMaximum": _assertion(NUMBER, lambda bound, value: value < bound, "exclusiveMaximum"),
    "multipleOf": _assertion(NUMBER, lambda unit, value: is_multiple(Decimal(value), Decimal(unit)), "multipleOf"),
    "minLength": _assertion(str, lambda bound, value: len(value) >= bound, "minLength"),
    "maxLength": _assertion(str, lambda bound, value: len(value) <= bound, "maxLength"),
    "pattern": _assertion(str, lambda text, value: bool(python_pattern(text).search(value)), "pattern"),
    "minItems": _assertion(list, lambda bound, value: len(value) >= bound, "minItems"),
    "maxItems": _assertion(list, lambda bound, value: len(value) <= bound, "maxItems"),
    "uniqueItems": _assertion(list, _is_unique, "uniqueItems"),
    "minProperties": _assertion(dict, lambda bound, value: len(value) >= bound, "minProperties"),
    "maxProperties": _assertion(dict, lambda bound, value: len(value) <= bound, "maxProperties"),
    "required": _assertion(dict, lambda names, value: all(name in value for name in names), "required"),
    "dependentRequired": _assertion(
        dict,
        lambda table, value: all(name in value for key, names in table.items() if key in value for name in names),
        "dependentRequired",
    ),
}


def _parts(schemas: Mapping[Any, Any], parts: Mapping[Any, Any], root: Any) -> Evaluated | None:
    """Every part against the schema of its key."""
    valid = all(is_valid(schema, parts[key], root) for key, schema in schemas.items() if key in parts)
    return frozenset(schemas.keys() & parts.keys()) if valid else None


def _properties(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    return _parts(schema["properties"], value, root) if isinstance(value, dict) else NOTHING


def _pattern_properties(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    done: Evaluated = NOTHING
    for pattern, inner in schema["patternProperties"].items() if isinstance(value, dict) else ():
        found = {name: inner for name in value if python_pattern(pattern).search(name)}
        seen = _parts(found, value, root)
        if seen is None:
            return None
        done |= seen
    return done


def _additional_properties(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    if not isinstance(value, dict):
        return NOTHING
    patterns = [python_pattern(pattern) for pattern in schema.get("patternProperties", ())]
    declared = schema.get("properties", {})
    others = [name for name in value if name not in declared and not any(one.search(name) for one in patterns)]
    return _parts(dict.fromkeys(others, schema["additionalProperties"]), value, root)


def _property_names(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    names = value if isinstance(value, dict) else ()
    return NOTHING if all(is_valid(schema["propertyNames"], name, root) for name in names) else None


def _prefix_items(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    if not isinstance(value, list):
        return NOTHING
    return _parts(dict(enumerate(schema["prefixItems"])), dict(enumerate(value)), root)


def _items(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    if not isinstance(value, list):
        return NOTHING
    begin = len(schema.get("prefixItems", ()))
    return _parts(dict.fromkeys(range(begin, len(value)), schema["items"]), dict(enumerate(value)), root)


def _contains(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    if not isinstance(value, list):
        return NOTHING
    found = frozenset(i for i, item in enumerate(value) if is_valid(schema["contains"], item, root))
    low, high = schema.get("minContains", 1), schema.get("maxContains", len(value))
    return found if low <= len(found) <= high else None


def _together(schemas: list[Any], value: Any, root: Any) -> Evaluated | None:
    seen = [evaluated(schema, value, root) for schema in schemas]
    return None if any(one is None for one in seen) else NOTHING.union(*(one for one in seen if one is not None))


def _choices(schemas: list[Any], value: Any, root: Any, at_most: int) -> Evaluated | None:
    seen = [one for schema in schemas if (one := evaluated(schema, value, root)) is not None]
    return NOTHING.union(*seen) if 1 <= len(seen) <= at_most else None


def _negation(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    return None if is_valid(schema["not"], value, root) else NOTHING


def _condition(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    seen = evaluated(schema["if"], value, root)
    branch = evaluated(schema.get("else" if seen is None else "then", True), value, root)
    return None if branch is None else branch | (seen or NOTHING)


def _dependent_schemas(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    table = schema["dependentSchemas"] if isinstance(value, dict) else {}
    return _together([inner for name, inner in table.items() if name in value], value, root)


def _reference(schema: Mapping[str, Any], value: Any, root: Any) -> Evaluated | None:
    return evaluated(target_of(schema["$ref"], root), value, root)


def target_of(pointer: str, root: Any) -> Any:
    """`target_of("#/$defs/a", root) -> root["$defs"]["a"]`."""
    target = root
    for step in pointer.removeprefix("#").split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        target = target[int(step)] if isinstance(target, list) else target[step]
    return target


APPLICATORS: dict[str, Keyword] = {
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "prefixItems": _prefix_items,
    "items": _items,
    "contains": _contains,
    "allOf": lambda schema, value, root: _together(schema["allOf"], value, root),
    "anyOf": lambda schema, value, root: _choices(schema["anyOf"], value, root, len(schema["anyOf"])),
    "oneOf": lambda schema, value, root: _choices(schema["oneOf"], value, root, 1),
    "not": _negation,
    "if": _condition,
    "dependentSchemas": _dependent_schemas,
    "$ref": _reference,
}
