"""Atoms about JSON texts: as schemas, and asked of a value.

    name.path.to.field == value         the field exists and is equal to it
    name.path.to.field <= number        it exists, is a number, and compares so
    call(tool, arg=value)               `{"name": tool, "arguments": {arg: value, ...}}`

Equality is that of JSON values: 1 and 1.0 are equal, 1 and true are not. Numbers are decimal, of any size.
Every atom is a schema, and schemas are closed under negation, so texts are split exactly: `{"not": ...}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.atoms import (
    Atom,
    CallAtom,
    Comparison,
    FieldAtom,
    Hole,
    Path,
    Scalar,
    Variable,
)
from maskwright.grammar.behaviour.grounding.body import Allowed

MISSING = object()
"""What stands where nothing is."""

_BOUNDS = {
    Comparison.LESS: "exclusiveMaximum",
    Comparison.AT_MOST: "maximum",
    Comparison.GREATER: "exclusiveMinimum",
    Comparison.AT_LEAST: "minimum",
}


def schema_of(atom: Atom, where: str) -> dict[str, Any]:
    """The schema of the values of which an atom holds; raises SpecError, saying `where`."""
    match atom:
        case FieldAtom(_, path, Comparison.EQUAL, value):
            assert not isinstance(value, Variable), "skeletons have no variables"
            return schema_at(path, {"const": value})
        case FieldAtom(_, path, comparison, value):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise SpecError(f"`{atom}` compares with something that is no number; write ==", where)
            return schema_at(path, {"type": "number", _BOUNDS[comparison]: value})
        case CallAtom(tool, arguments):
            parts = [schema_at(("name",), {"const": tool})]
            parts += [schema_at(("arguments", name), {"const": value}) for name, value in arguments]
            return {"allOf": parts}
    raise AssertionError(atom)


def schema_at(path: Path, schema: Any) -> dict[str, Any]:
    """The values in which something stands at a path and satisfies a schema."""
    result: dict[str, Any] = schema if isinstance(schema, dict) else {"allOf": [schema]}
    for step in reversed(path):
        if isinstance(step, int):
            result = {"type": "array", "minItems": step + 1, "prefixItems": [*[True] * step, result]}
        else:
            result = {"type": "object", "required": [step], "properties": {step: result}}
    return result


def schema_of_values(path: Path, allowed: Allowed) -> dict[str, Any]:
    """The values in which, if something stands at a path, it is allowed there."""
    listed: Any = {"enum": allowed.scalars()} if allowed.values else False
    if allowed.is_excluded:
        return {"not": schema_at(path, listed)}
    return {"anyOf": [{"not": schema_at(path, True)}, schema_at(path, listed)]}


def path_of(hole: Hole) -> Path:
    """Where in the text a hole is: arguments of a call are a level down."""
    return hole.path if hole.tool is None else ("arguments", *hole.path)


def read_value(text: str) -> Any:
    """The value of a JSON text, its numbers exact; raises ValueError."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refused, object_pairs_hook=_members)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def value_at(value: Any, path: Path) -> Any:
    """What stands at a path of a value, or MISSING."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, Sequence) or isinstance(value, str) or not -1 < step < len(value):
                return MISSING
            value = value[step]
        else:
            if not isinstance(value, Mapping) or step not in value:
                return MISSING
            value = value[step]
    return value


def holds_of(atom: Atom, value: Any) -> bool:
    """Does a field or call atom hold of a value?"""
    match atom:
        case FieldAtom(_, path, comparison, bound):
            found = value_at(value, path)
            if comparison is Comparison.EQUAL:
                return equal(found, bound)
            if isinstance(found, bool) or not isinstance(found, int | Decimal):
                return False
            limit = _exact(bound)
            match comparison:
                case Comparison.LESS:
                    return bool(found < limit)
                case Comparison.AT_MOST:
                    return bool(found <= limit)
                case Comparison.GREATER:
                    return bool(found > limit)
            return bool(found >= limit)
        case CallAtom(tool, arguments):
            given = value_at(value, ("arguments",))
            return equal(value_at(value, ("name",)), tool) and all(
                equal(value_at(given, (name,)), wanted) for name, wanted in arguments
            )
    raise AssertionError(atom)


def equal(found: Any, wanted: Any) -> bool:
    """Are a value that was read and a scalar equal as JSON values?"""
    if isinstance(found, bool) or isinstance(wanted, bool) or wanted is None or isinstance(wanted, str):
        return type(found) is type(wanted) and bool(found == wanted)
    return isinstance(found, int | Decimal) and bool(found == _exact(wanted))


def scalar(value: Any) -> Scalar:
    """A value without parts as it is kept: `scalar(Decimal("1.0"))` -> 1."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    assert value is None or isinstance(value, str | int | float | bool)
    return value


def _exact(number: Any) -> Any:
    """A number of a specification, as decimal as it was written."""
    return Decimal(repr(number)) if isinstance(number, float) else number


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise ValueError(f"the name {twice!r} stands twice in an object")
    return members
