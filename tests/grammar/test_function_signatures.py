"""Function calls: which descriptions are understood, and which texts are calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import maskwright as mw
from maskwright import Grammar
from maskwright.grammar.function_signatures import function_call_schema
from tests.grammar.single_bytes import verdicts


def get_weather(city: str, days: int = 1) -> str:
    """The weather somewhere."""
    return f"{city} {days}"


@dataclass
class Search:
    query: str


TIME = {"name": "time", "parameters": {"type": "object", "properties": {"zone": {"$ref": "#/$defs/Zone"}},
                                       "required": ["zone"], "$defs": {"Zone": {"enum": ["UTC", "CET"]}}}}  # fmt: skip


def test_functions_types_and_descriptions_may_be_called() -> None:
    grammar = Grammar.from_function_signatures(
        [get_weather, Search, {"type": "function", "function": TIME}, {"name": "now"}]
    )
    assert (
        verdicts(
            grammar,
            '{"name":"get_weather","arguments":{"city":"Paris"}}',
            '{"name":"Search","arguments":{"query":"x"}}',
            '{"name":"time","arguments":{"zone":"UTC"}}',
            '{"name":"now","arguments":{}}',
            '{"name":"get_weather","arguments":{"query"',
            '{"name":"time","arguments":{"zone":"X',
            '{"name":"other',
        )
        == ["member"] * 4 + ["refused"] * 3
    )


def test_references_count_from_the_root_of_each_schema() -> None:
    other = {"name": "other", "input_schema": {**TIME["parameters"], "$defs": {"Zone": {"const": 7}}}}  # type: ignore[dict-item]
    grammar = Grammar.from_function_signatures([TIME, other])
    assert verdicts(
        grammar, '{"name":"time","arguments":{"zone":"CET"}}', '{"name":"other","arguments":{"zone":7}}'
    ) == ["member", "member"]


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ([], "JSON Schema keyword 'functions' at '/' names no function to call."),
        ([TIME, TIME], "JSON Schema keyword 'name' at '/1' is 'time', which another function has too."),
        ([{"parameters": {}}], "JSON Schema keyword 'name' at '/0' must be a string: this describes no function."),
    ],
)
def test_what_describes_no_functions_is_an_error(functions: list[Any], message: str) -> None:
    with pytest.raises(mw.InvalidSchema) as error:
        function_call_schema(functions)
    assert str(error.value) == message
