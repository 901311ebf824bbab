"""Function calls as a JSON Schema: one object `{"name": ..., "arguments": {...}}` for one of several functions.

A function is a Python function (its parameters are the arguments), a type whose fields are the arguments (a dataclass,
a `TypedDict`, a pydantic model; the call's name is the type's), or a description as APIs take it:
`{"name": ..., "parameters": {...schema...}}`, also within `{"type": "function", "function": {...}}`, and with
`input_schema` or `inputSchema` in place of `parameters`. One without parameters takes an empty object.

Each schema of arguments is a document of its own within the whole, so its references count from its own root.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from maskwright.errors import InvalidSchema
from maskwright.grammar.json_schema.python_types import is_python_input, schema_of_python

NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
_PARAMETERS = ("parameters", "input_schema", "inputSchema")


def function_call_schema(functions: Iterable[object]) -> dict[str, Any]:
    """The schema of a call of one of the functions.

    Raises UnsupportedType for a Python type without JSON form, InvalidSchema for a description that is not understood
    or a name that occurs twice. `function_call_schema([f])` -> `{"anyOf": [{"type": "object", "properties": {...}}]}`.
    """
    calls: dict[str, dict[str, Any]] = {}
    for place, function in enumerate(functions):
        name, arguments = _described(function, place)
        if name in calls:
            raise InvalidSchema("name", f"/{place}", f"is {name!r}, which another function has too")
        calls[name] = {
            "type": "object",
            "properties": {"name": {"const": name}, "arguments": _as_document(arguments, name, place)},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
    if not calls:
        raise InvalidSchema("functions", "", "names no function to call")
    return {"anyOf": list(calls.values())}


def _described(function: object, place: int) -> tuple[str, object]:
    """The name of a function and the schema of its arguments."""
    if is_python_input(function):
        return str(getattr(function, "__name__", type(function).__name__)), schema_of_python(function)
    inner = function.get("function", function) if isinstance(function, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise InvalidSchema("name", f"/{place}", "must be a string: this describes no function")
    found = [inner[key] for key in _PARAMETERS if key in inner]
    return inner["name"], found[0] if found else NO_ARGUMENTS


def _as_document(arguments: object, name: str, place: int) -> object:
    """The schema with an address of its own, which its references count from."""
    if not isinstance(arguments, Mapping) or "$id" in arguments:
        return arguments
    return {"$id": f"urn:function:{place}:{quote(name)}", **arguments}
