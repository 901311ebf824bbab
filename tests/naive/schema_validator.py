"""JSON Schema by its definition: does a value satisfy a node?  Only `SchemaReader` is asked, for where keywords lead.

So what is tested with it is the reading: references, drafts, vocabularies and scopes, and nothing of the shape algebra.
Keywords are read from the schema itself. The result of a check is what was evaluated, `None` where the value fails:
the names and positions that `unevaluatedProperties` and `unevaluatedItems` need not look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from maskwright.grammar.json_schema.document import Draft
from maskwright.grammar.json_schema.reader import SchemaReader
from maskwright.grammar.json_schema.schema_node import FALSE_NODE, TRUE_NODE
from maskwright.grammar.json_schema.values import is_equal

IS_TYPE: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value == int(value),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}

ASSERTIONS: dict[str, Callable[[Any, Any], bool]] = {
    "const": is_equal,
    "enum": lambda allowed, value: any(is_equal(each, value) for each in allowed),
    "type": lambda types, value: any(IS_TYPE[name](value) for name in ([types] if isinstance(types, str) else types)),
    "minimum": lambda bound, value: not IS_TYPE["number"](value) or value >= bound,
    "maximum": lambda bound, value: not IS_TYPE["number"](value) or value <= bound,
    "minLength": lambda bound, value: not isinstance(value, str) or len(value) >= bound,
    "maxLength": lambda bound, value: not isinstance(value, str) or len(value) <= bound,
    "pattern": lambda pattern, value: not isinstance(value, str) or re.search(pattern, value) is not None,
    "minItems": lambda bound, value: not isinstance(value, list) or len(value) >= bound,
    "maxItems": lambda bound, value: not isinstance(value, list) or len(value) <= bound,
    "minProperties": lambda bound, value: not isinstance(value, dict) or len(value) >= bound,
    "maxProperties": lambda bound, value: not isinstance(value, dict) or len(value) <= bound,
    "required": lambda names, value: not isinstance(value, dict) or set(names) <= value.keys(),
    "exclusiveMinimum": lambda bound, value: bound is True or not IS_TYPE["number"](value) or value > bound,
    "exclusiveMaximum": lambda bound, value: bound is True or not IS_TYPE["number"](value) or value < bound,
    "multipleOf": lambda divisor, value: (
        not IS_TYPE["number"](value) or Fraction(str(value)) % Fraction(str(divisor)) == 0
    ),
    "uniqueItems": lambda unique, value: (
        not (unique and isinstance(value, list))
        or not any(is_equal(value[i], value[j]) for i in range(len(value)) for j in range(i))
    ),
}

SILENT = frozenset(
    "$schema $id id $anchor $dynamicAnchor $recursiveAnchor $defs definitions $comment $vocabulary title description "
    "default examples format then else additionalItems contentMediaType contentEncoding contentSchema readOnly "
    "writeOnly deprecated unevaluatedItems unevaluatedProperties additionalProperties".split()
)
"""Keywords without an effect of their own, or looked at together with others."""


def satisfies(reader: SchemaReader, node: int, value: Any) -> bool:
    """Does the value satisfy the node?"""
    return _evaluate(reader, node, value) is not None


def _evaluate(reader: SchemaReader, number: int, value: Any) -> set[Any] | None:
    if number in (FALSE_NODE, TRUE_NODE):
        return set() if number == TRUE_NODE else None
    reader.keep_known(number)
    schema: Mapping[str, Any] = reader.nodes[number].schema
    evaluated: set[Any] = set()
    members = value if isinstance(value, dict) else {}
    items = value if isinstance(value, list) else []

    def holds(step: Any, part: Any, below: Any) -> bool:
        keyword = step if isinstance(step, str) else step[0]
        return _evaluate(reader, reader.child(part, number, step, keyword), below) is not None

    def applies(step: Any, part: Any) -> set[Any] | None:
        keyword = step if isinstance(step, str) else step[0]
        return _evaluate(reader, reader.child(part, number, step, keyword), value)

    def all_items(keyword: str, first: int) -> bool:
        evaluated.update(range(first, len(items)))
        return all(holds(keyword, schema[keyword], item) for item in items[first:])

    for keyword, argument in schema.items():
        found: set[Any] | None = set()
        if keyword in ASSERTIONS:
            found = set() if ASSERTIONS[keyword](argument, value) else None
        elif keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            found = _evaluate(reader, reader.referenced(number, argument, keyword), value)
        elif keyword in ("allOf", "anyOf", "oneOf"):
            branches = [applies((keyword, str(place)), part) for place, part in enumerate(argument)]
            held = [branch for branch in branches if branch is not None]
            enough = {"allOf": len(held) == len(branches), "anyOf": bool(held), "oneOf": len(held) == 1}[keyword]
            found = set().union(*held) if enough else None
        elif keyword == "not":
            found = set() if applies("not", argument) is None else None
        elif keyword == "if":
            condition = applies("if", argument)
            branch = "else" if condition is None else "then"
            found = applies(branch, schema[branch]) if branch in schema else set()
            found = None if found is None else found | (condition or set())
        elif keyword == "properties":
            present = [name for name in argument if name in members]
            evaluated.update(present)
            found = set() if all(holds((keyword, name), argument[name], members[name]) for name in present) else None
        elif keyword == "patternProperties":
            pairs = [(pattern, name) for pattern in argument for name in members if re.search(pattern, name)]
            evaluated.update(name for _, name in pairs)
            found = set() if all(holds((keyword, p), argument[p], members[name]) for p, name in pairs) else None
        elif keyword == "propertyNames":
            found = set() if all(holds(keyword, argument, name) for name in members) else None
        elif keyword in ("dependentSchemas", "dependencies", "dependentRequired"):
            for name in [name for name in argument if name in members]:
                if isinstance(argument[name], list):
                    part = set() if set(argument[name]) <= members.keys() else None
                else:
                    part = applies((keyword, name), argument[name])
                found = None if part is None or found is None else found | part
        elif keyword == "prefixItems" or (keyword == "items" and isinstance(argument, list)):
            evaluated.update(range(min(len(items), len(argument))))
            paired = enumerate(zip(argument, items, strict=False))
            found = set() if all(holds((keyword, str(place)), part, item) for place, (part, item) in paired) else None
            if keyword == "items" and "additionalItems" in schema and not all_items("additionalItems", len(argument)):
                found = None
        elif keyword == "items":
            found = set() if all_items("items", len(schema.get("prefixItems", []))) else None
        elif keyword == "contains":
            held_at = {place for place, item in enumerate(items) if holds(keyword, argument, item)}
            least, most = schema.get("minContains", 1), schema.get("maxContains", len(items))
            found = set() if not isinstance(value, list) or least <= len(held_at) <= most else None
            if reader.draft(number) >= Draft.DRAFT_2020_12:
                evaluated |= held_at
        elif keyword not in SILENT and keyword.startswith("$"):
            raise NotImplementedError(keyword)
        if found is None:
            return None
        evaluated |= found
    if "additionalProperties" in schema:
        beside = set(schema.get("properties", ()))
        extra = [
            name
            for name in members
            if name not in beside and not any(re.search(each, name) for each in schema.get("patternProperties", ()))
        ]
        evaluated.update(extra)
        if not all(holds("additionalProperties", schema["additionalProperties"], members[name]) for name in extra):
            return None
    for keyword, parts in (("unevaluatedProperties", members), ("unevaluatedItems", dict(enumerate(items)))):
        if keyword in schema:
            if not all(holds(keyword, schema[keyword], parts[key]) for key in parts if key not in evaluated):
                return None
            evaluated.update(parts)
    return evaluated
