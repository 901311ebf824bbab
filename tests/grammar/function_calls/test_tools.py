"""What tools can be given as, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from maskwright.errors import UnsupportedType
from maskwright.grammar.function_calls.faults import InvalidTools
from maskwright.grammar.function_calls.tools import Tool, tools_of

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def get_weather(city: str, days: int = 1) -> str:
    """The weather in a city."""
    return f"{city} {days}"


@dataclass
class Search:
    query: str


def test_a_function_is_a_tool_with_its_parameters() -> None:
    (tool,) = tools_of(get_weather).tools
    assert (tool.name, tool.description) == ("get_weather", "The weather in a city.")
    assert tool.parameters["required"] == ["city"]
    assert [*tool.parameters["properties"]] == ["city", "days"]


def test_a_type_is_a_tool_with_its_fields() -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")
    model = pydantic.create_model("Order", item=(str, ...), n=(int, 1))
    assert tools_of([Search, model]).names == ("Search", "Order")


@pytest.mark.parametrize(
    "given",
    [
        {"name": "f", "parameters": SCHEMA},
        {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}},
        {"type": "function", "name": "f", "parameters": SCHEMA},
        {"name": "f", "input_schema": SCHEMA},
        {"name": "f", "title": "F", "inputSchema": SCHEMA, "annotations": {"readOnlyHint": True}},
        Tool("f", SCHEMA),
    ],
)
def test_descriptions_of_all_kinds_are_the_same_tool(given: object) -> None:
    (tool,) = tools_of([given]).tools
    assert (tool.name, tool.parameters) == ("f", SCHEMA)


def test_the_answer_of_an_mcp_server_is_a_list_of_tools() -> None:
    answer = {"tools": [{"name": "a", "inputSchema": SCHEMA}, {"name": "b", "inputSchema": {"type": "object"}}]}
    assert tools_of(answer).names == ("a", "b")


def test_tools_may_be_given_as_openai_takes_them() -> None:
    assert tools_of(tools_of([get_weather]).to_openai()) == tools_of([get_weather])


def test_a_tool_without_parameters_takes_none() -> None:
    (tool,) = tools_of([{"name": "ping"}]).tools
    assert tool.parameters == {"type": "object", "properties": {}, "additionalProperties": False}


def test_arguments_are_an_object_even_where_the_schema_does_not_say_so() -> None:
    (tool,) = tools_of([{"name": "f", "parameters": {"properties": {"a": {}}}}]).tools
    assert tool.parameters == {"properties": {"a": {}}, "type": "object"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            [get_weather, {"name": "get_weather"}],
            "In the list of tools, the tool 1 is called 'get_weather', as another one is.",
        ),
        (
            [{"name": "say hi"}],
            (
                "In the list of tools, the tool 0 is called 'say hi'; a name has letters, digits, '_', '-', '.' and "
                "'/' only."
            ),
        ),
        (
            [{"parameters": SCHEMA}],
            "In the list of tools, the tool 0 is neither a function, nor a type, nor a description with a name.",
        ),
        (
            [{"name": "f", "parameters": {"type": "array"}}],
            (
                "In the list of tools, the tool 'f' has arguments of type 'array'; they are an object, so the "
                "type must be "
                '"object".'
            ),
        ),
        (
            [{"name": "f", "parameters": SCHEMA, "inputSchema": SCHEMA}],
            "In the list of tools, the tool 'f' has the schema of its arguments twice.",
        ),
        (
            [{"name": "f", "parameters": 3}],
            "In the list of tools, the tool 'f' has arguments described by 3, which is no JSON Schema of objects.",
        ),
        (
            [{"name": "f", "parameters": "{"}],
            (
                "In the list of tools, the tool 'f' has a schema that is no JSON: Expecting property name "
                "enclosed in double "
                "quotes: line 1 column 2 (char 1)."
            ),
        ),
    ],
)
def test_what_is_wrong_is_said(given: Any, message: str) -> None:
    with pytest.raises(InvalidTools) as caught:
        tools_of(given)
    assert str(caught.value) == message


def test_a_function_without_a_json_form_is_refused() -> None:
    def f(*rest: int) -> None:
        """Takes any number of arguments."""

    with pytest.raises(UnsupportedType):
        tools_of([f])
