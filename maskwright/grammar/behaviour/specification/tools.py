"""Tools: the shorthand, a list of functions, or a file with one of them, all as a JSON list of functions.

    {search: {query: string}, lookup: {term: string}}     a name, and the types or schemas of its arguments
    [{name: search, parameters: {...schema...}}]          as APIs take them, see `function_signatures`

A list is kept as it is written; the shorthand becomes one whose functions take all their arguments, and no others.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from maskwright.errors import InvalidSchema
from maskwright.grammar.behaviour.specification.document import Data, Node
from maskwright.grammar.behaviour.specification.files import Folder
from maskwright.grammar.behaviour.specification.names import unknown
from maskwright.grammar.function_signatures import function_call_schema
from maskwright.grammar.json_schema.python_types import is_python_input

_NAME = re.compile(r"[^\W\d][\w.\-:/]{0,99}")
"""What formulas read as the name of a tool."""

TYPES = ("string", "integer", "number", "boolean", "null", "array", "object")


def functions_of(node: Node, folder: Folder) -> str:
    """The JSON list of functions that a document declares.

    `functions_of(node_of({"f": {"x": "string"}}), Folder())` -> `'[{"name": "f", "parameters": {...}}]'`.
    """
    if isinstance(node.value, str):
        return functions_of(folder.document(node), Folder())
    if isinstance(node.value, dict):
        functions = [_of_shorthand(name, arguments) for name, arguments in node.members().items()]
    else:
        functions = [item.data() for item in node.items()]
    try:
        function_call_schema(functions)
    except InvalidSchema as fault:
        raise node.error(f"no list of tools: {fault}") from fault
    made = as_json(functions)
    for name in tool_names(made):
        if _NAME.fullmatch(name) is None:
            raise node.error_at_name(f"{name[:60]!r} is no name for a tool: letters, digits and _.-:/ make one", name)
    return made


def _of_shorthand(name: str, arguments: Node) -> Data:
    properties: dict[str, Data] = {}
    for argument, kind in (arguments.members() if arguments.value is not None else {}).items():
        if isinstance(kind.value, str):
            if kind.value not in TYPES:
                raise kind.error(unknown("type", kind.value, TYPES))
            properties[argument] = {"type": kind.value}
        else:
            kind.members()
            properties[argument] = kind.data()
    parameters: Data = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"name": name, "parameters": parameters}


def described(tool: object) -> object:
    """The description of a tool that may be a Python function; others are descriptions already.

    `described(search)` -> `{"name": "search", "parameters": {...}}`.
    """
    if not is_python_input(tool):
        return tool
    call = function_call_schema([tool])["anyOf"][0]["properties"]
    parameters = {key: value for key, value in call["arguments"].items() if key != "$id"}
    return {"name": call["name"]["const"], "parameters": parameters}


def as_json(data: Data) -> str:
    """A plain value as JSON, the same text for equal values in the same order."""
    return json.dumps(data, ensure_ascii=False)


def tool_names(functions: str) -> tuple[str, ...]:
    """The names of the tools in a JSON list of functions."""
    return tuple(_argument_schemas(functions))


def argument_names(functions: str, tool: str) -> tuple[str, ...] | None:
    """The names that arguments of a tool can have; None if its schema does not list them."""
    schema = _argument_schemas(functions)[tool]
    if not isinstance(schema, dict):
        return None
    is_listed = schema.get("additionalProperties") is False and not schema.keys() & _OPEN
    return tuple(schema.get("properties", {})) if is_listed else None


_OPEN = {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "patternProperties"}
"""Keywords that may let in names which `properties` does not list."""


@lru_cache(64)
def _argument_schemas(functions: str) -> dict[str, Any]:
    listed = json.loads(functions)
    if not listed:
        return {}
    calls = [call["properties"] for call in function_call_schema(listed)["anyOf"]]
    return {call["name"]["const"]: call["arguments"] for call in calls}
