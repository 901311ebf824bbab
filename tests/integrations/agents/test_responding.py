"""Which calls are found in what a model wrote, and what the other side says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from maskwright.grammar.behaviour.monitor import Turn, Written
from maskwright.grammar.behaviour.specification.spec import Spec
from maskwright.integrations.agents.calculator import calculate
from maskwright.integrations.agents.responding import Call, Responder, actions_of, calls_of
from maskwright.integrations.agents.tools import Tool, Tools

TOOLS = Tools([Tool("calculate", calculate), Tool("echo", lambda text: text)])


Pairs = Sequence[tuple[str, str]]


def written(pairs: Pairs) -> tuple[Written, ...]:
    return tuple(Written(*pair) for pair in pairs)


def turn(segment: str, pairs: Pairs = ()) -> Turn:
    return Turn(segment, written(pairs))


@pytest.mark.parametrize(
    ("pairs", "calls"),
    [
        ([("thought", "I add."), ("action", "calculate"), ("input", "1+1")], [Call("calculate", "1+1")]),
        ([("call", '{"name": "delete", "arguments": {"id": 3}}')], [Call("delete", {"id": 3})]),
        ([("call", '{"name": "delete"}')], []),
        ([("thought", "calculate is a tool")], []),
        ([("action", "calculate")], []),
        (
            [
                ("label", "#E1"),
                ("action", "echo"),
                ("input", "a"),
                ("label", "#E2"),
                ("action", "echo"),
                ("input", "#E1"),
            ],
            [Call("echo", "a", "#E1"), Call("echo", "#E1", "#E2")],
        ),
    ],
)
def test_calls_are_found_in_both_forms(pairs: Pairs, calls: list[Call]) -> None:
    assert calls_of(written(pairs), TOOLS) == calls


def test_a_call_is_answered_by_its_tool() -> None:
    assert Responder(TOOLS)(turn("observation", [("action", "calculate"), ("input", "6*7")])) == "42"
    assert Responder(TOOLS)(turn("observation", [("thought", "hm")])) is None


def test_a_label_stands_for_the_result_of_its_call() -> None:
    plan = [
        ("label", "#E1"), ("action", "calculate"), ("input", "6*7"),
        ("label", "#E2"), ("action", "calculate"), ("input", "#E1 + #E9 1"),
    ]  # fmt: skip
    assert Responder(TOOLS)(turn("answer", plan)) == "Error: a number was expected at character 6, not '#'."
    assert Responder(TOOLS)(turn("answer", [*plan[:-1], ("input", "#E1 + 1")])) == "43"
    call = ("call", '{"name": "echo", "arguments": {"text": "#E1"}}')
    assert Responder(TOOLS)(turn("answer", [*plan[:3], call])) == "42"


def test_several_calls_are_answered_line_by_line() -> None:
    calls = [("action", "calculate"), ("input", "6*7"), ("action", "echo"), ("input", "x")]
    assert Responder(TOOLS)(turn("summary", calls)) == "42\nx"


def test_settled_replies_come_in_order_and_the_last_one_stays() -> None:
    responder = Responder(TOOLS, {"evaluation": ["wrong", "correct"]})
    assert [responder(turn("evaluation")) for _ in range(3)] == ["wrong", "correct", "correct"]


def test_a_user_says_everything_once() -> None:
    responder = Responder(TOOLS, {"user": ["hello", "bye"]}, frozenset({"user"}))
    assert [responder(turn("user")) for _ in range(3)] == ["hello", "bye", None]


def test_a_thought_that_is_the_name_of_a_tool_is_no_call() -> None:
    spec = Spec.load("schemas/behaviour/react.yaml")
    actions = actions_of(spec)
    assert actions == {"action"}
    thinking = [("thought", "calculate"), ("action", "calculate"), ("input", "6*7")]
    assert Responder(TOOLS, actions=actions)(turn("observation", thinking)) == "42"
    assert "\n" in str(Responder(TOOLS)(turn("observation", thinking)))
