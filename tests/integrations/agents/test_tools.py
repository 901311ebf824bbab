"""Calls of tools by name: arguments in every form, and every mistake answered with a text."""

from __future__ import annotations

import pytest

from maskwright.integrations.agents.calculator import calculate
from maskwright.integrations.agents.tools import Tool, Tools


def move(source: str, target: str, *, times: int = 1) -> dict[str, object]:
    return {"from": source, "to": target, "times": times}


def clock() -> str:
    return "noon"


def broken(query: str) -> str:
    raise ValueError(query)


TOOLS = Tools([Tool("calculate", calculate), Tool.of(move), Tool.of(clock), Tool.of(broken)])


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("calculate", "6 * 7", "42"),
        ("calculate", {"expression": "6 * 7"}, "42"),
        ("calculate", '{"expression": "6 * 7"}', "42"),
        ("move", '{"source": "a", "target": "ü"}', '{"from": "a", "to": "ü", "times": 1}'),
        ("move", {"source": "a", "target": "b", "times": 2}, '{"from": "a", "to": "b", "times": 2}'),
        ("clock", "whatever", "noon"),
        ("clock", "", "noon"),
        ("move", "a", "Error: move takes source, target, times: missing a required argument: 'target'."),
        ("move", {"to": 1}, "Error: move takes source, target, times: missing a required argument: 'source'."),
        ("clock", {"zone": 1}, "Error: clock takes no arguments: got an unexpected keyword argument 'zone'."),
        ("broken", "why", "Error: broken failed: ValueError: why"),
        ("delete", "x", "Error: there is no tool 'delete'; there are: calculate, move, clock, broken."),
    ],
)
def test_every_call_is_answered(name: str, arguments: str | dict[str, object], answer: str) -> None:
    assert TOOLS.call(name, arguments) == answer


def test_a_text_that_only_looks_like_json_is_the_argument() -> None:
    for text in ("{6 * 7", '{"sum": 1}', "[" * 100_000):
        assert TOOLS.call("calculate", text).startswith("Error: ")
    assert TOOLS.call("calculate", "42") == "42"


def test_names_are_listed_in_order() -> None:
    assert TOOLS.names == ("calculate", "move", "clock", "broken")
    assert "move" in TOOLS
    assert "delete" not in TOOLS


def test_a_tool_that_is_only_declared_is_known_and_answers_that_it_is_missing() -> None:
    tools = Tools([Tool.of(clock)], ["delete"])
    assert "delete" in tools
    assert tools.names == ("clock",)
    assert tools.call("delete", "x") == "Error: there is no tool 'delete'; there are: clock."
