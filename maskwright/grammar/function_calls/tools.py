"""The tools that a model may call: names and the schemas of their arguments, whatever they were given as.

    tools_of([get_weather, {"name": "ping", "inputSchema": {"type": "object"}}]).names    ("get_weather", "ping")

A tool is a Python function (its parameters are the arguments), a type whose fields are the arguments (dataclass,
`TypedDict`, pydantic model), or a description as OpenAI's API takes it (also within `{"type": "function", ...}`), as
Anthropic's does (`input_schema`), or as MCP's `tools/list` gives it (`inputSchema`; the whole answer will do too).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from maskwright.grammar.function_calls.faults import InvalidTools
from maskwright.grammar.function_calls.value_types import MemberTypes
from maskwright.grammar.json_schema.python_types import is_python_input, schema_of_python

NAME: Final = re.compile(r"[\w./-]+")
"""What a name may be: in every format the character behind a name is none of these."""

SHOWN: Final = 40
"""Characters of what is no schema in an error."""

_PARAMETERS: Final = ("parameters", "input_schema", "inputSchema")
_NO_ARGUMENTS: Final[Mapping[str, Any]] = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True)
class Tool:
    """One tool: its name, and the JSON Schema of its arguments, which are always an object."""

    name: str
    parameters: Mapping[str, Any] = field(hash=False)
    description: str = ""

    @cached_property
    def types(self) -> MemberTypes:
        """The types of its arguments, for readers of styles that do not say them."""
        return MemberTypes.from_schema(self.parameters)


@dataclass(frozen=True)
class Tools:
    """Tools in order, no two of one name."""

    tools: tuple[Tool, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for place, tool in enumerate(self.tools):
            if not NAME.fullmatch(tool.name):
                raise InvalidTools(
                    f"the tool {place}",
                    f"is called {tool.name!r}; a name has letters, digits, '_', '-', '.' and '/' only",
                )
            if tool.name in seen:
                raise InvalidTools(f"the tool {place}", f"is called {tool.name!r}, as another one is")
            seen.add(tool.name)

    @cached_property
    def by_name(self) -> Mapping[str, Tool]:
        """The tools by their names."""
        return {tool.name: tool for tool in self.tools}

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        return tuple(tool.name for tool in self.tools)

    def to_openai(self) -> list[dict[str, Any]]:
        """The list as OpenAI's API takes it, and as chat templates do: for the prompt."""
        return [
            {
                "type": "function",
                "function": {"name": one.name, "description": one.description, "parameters": dict(one.parameters)},
            }
            for one in self.tools
        ]


def tools_of(given: object) -> Tools:
    """Tools of functions, types and descriptions: a list of them, one alone, or the answer of an MCP server.

    Raises InvalidTools, and UnsupportedType for a Python type without a JSON form.
    `tools_of([f]).names` -> `("f",)`.
    """
    if isinstance(given, Tools):
        return given
    if isinstance(given, Mapping) and isinstance(given.get("tools"), list):
        given = given["tools"]
    many = given if isinstance(given, Iterable) and not isinstance(given, Mapping | str | type) else [given]
    return Tools(tuple(_tool(one, f"the tool {place}") for place, one in enumerate(many)))


def _tool(given: object, place: str) -> Tool:
    if isinstance(given, Tool):
        return given
    if is_python_input(given):
        of_arguments = schema_of_python(given)
        name = str(getattr(given, "__name__", type(given).__name__))
        written = of_arguments.get("description", "") if isinstance(of_arguments, Mapping) else ""
        return Tool(name, _of_object(of_arguments, f"the tool {name!r}"), str(written))
    inner = given.get("function", given) if isinstance(given, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise InvalidTools(place, "is neither a function, nor a type, nor a description with a name")
    found = [inner[key] for key in _PARAMETERS if inner.get(key) is not None]
    if len(found) > 1:
        raise InvalidTools(f"the tool {inner['name']!r}", "has the schema of its arguments twice")
    schema = found[0] if found else _NO_ARGUMENTS
    return Tool(inner["name"], _of_object(schema, f"the tool {inner['name']!r}"), str(inner.get("description") or ""))


def _of_object(schema: object, place: str) -> Mapping[str, Any]:
    """The schema, of objects alone."""
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except RecursionError as error:
            raise InvalidTools(place, "has a schema that is nested too deeply to be read") from error
        except ValueError as error:
            raise InvalidTools(place, f"has a schema that is no JSON: {error}") from error
    if schema is True:
        schema = {}
    if not isinstance(schema, Mapping):
        raise InvalidTools(
            place, f"has arguments described by {repr(schema)[:SHOWN]}, which is no JSON Schema of objects"
        )
    kind = schema.get("type", "object")
    if kind != "object" and not (isinstance(kind, list) and "object" in kind):
        raise InvalidTools(place, f'has arguments of type {kind!r}; they are an object, so the type must be "object"')
    return schema if kind == schema.get("type") == "object" else {**schema, "type": "object"}
