"""What is asked of a reply: which tools may be called, how often, and whether reasoning comes first.

    "auto"        text, or calls, or both          "required"    at least one call, no text before it
    "none"        text alone                       Named("f")    calls of this tool alone, one unless more are asked for

The words are those of OpenAI's API, and its `{"type": "function", "function": {"name": "f"}}` is understood as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from maskwright.grammar.function_calls.call_format import CallFormat, Channels
from maskwright.grammar.function_calls.faults import InvalidChoice
from maskwright.grammar.function_calls.tools import Tool, Tools


@dataclass(frozen=True, slots=True)
class Named:
    """The choice of one tool."""

    name: str


class Reasoning(StrEnum):
    """Where a section of reasoning stands."""

    BEGUN = "begun"
    """The reply begins inside it, because the prompt has written its beginning."""
    REQUIRED = "required"
    """The reply begins with it."""
    OPTIONAL = "optional"
    """The reply may begin with it."""


ToolChoice = str | Named | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    """A choice understood: the tools that may be called, how often, whether text may come before, and reasoning."""

    tools: tuple[Tool, ...]
    at_least: int
    at_most: int | None
    has_text_before: bool
    reasoning: Reasoning | None


def asked_of(
    tools: Tools,
    call_format: CallFormat,
    at_least: int,
    at_most: int | None,
    choice: ToolChoice,
    reasoning: Reasoning | str | None,
) -> Asked:
    """The choice understood; raises InvalidChoice for one that no reply can honour."""
    known_reasoning = reasoning_of(reasoning, call_format)
    if at_least < 0 or (at_most is not None and at_most < at_least):
        raise InvalidChoice(
            f"at least {at_least} and at most {at_most} calls; the first must be 0 or more, and not more"
        )
    allowed, has_text_before = tools.tools, True
    if isinstance(choice, Mapping):
        choice = _named(choice)
    if isinstance(choice, Named):
        if choice.name not in tools.by_name:
            raise InvalidChoice(f"no tool is called {choice.name!r}; there are {', '.join(tools.names) or 'none'}")
        at_least, has_text_before = max(1, at_least), False
        at_most = at_least if at_most is None else at_most
        allowed = (tools.by_name[choice.name],)
    elif choice == "none":
        if at_least:
            raise InvalidChoice(f'with "none" there are no calls, but at least {at_least} are asked for')
        at_most = 0
    elif choice == "required":
        at_least, has_text_before = max(1, at_least), False
    elif choice != "auto":
        raise InvalidChoice(f'{choice!r} is neither "auto", "required" nor "none"; write Named({choice!r}) for a tool')
    if at_least and not allowed:
        raise InvalidChoice(f"at least {at_least} calls are asked for, but there is no tool to call")
    if at_most is not None and at_most < at_least:
        raise InvalidChoice(f"at most {at_most} calls cannot be, where at least {at_least} must be")
    return Asked(allowed, at_least, at_most if allowed else 0, has_text_before, known_reasoning)


def reasoning_of(given: Reasoning | str | None, call_format: CallFormat) -> Reasoning | None:
    """Where the reasoning stands; raises InvalidChoice for a word that says nothing, or a format without reasoning."""
    if given is None:
        return None
    if given not in [*Reasoning]:
        raise InvalidChoice(
            f"reasoning is {given!r}; it can be {', '.join(repr(str(one)) for one in Reasoning)} or None"
        )
    if call_format.reasoning is None and not isinstance(call_format.around, Channels):
        raise InvalidChoice(f"the format {call_format.name!r} has no marks for reasoning")
    if isinstance(call_format.around, Channels) and given == Reasoning.BEGUN:
        raise InvalidChoice(
            f"in the format {call_format.name!r} each message says what it is, so none is begun by the prompt"
        )
    return Reasoning(given)


def _named(choice: Mapping[str, object]) -> Named:
    inner = choice.get("function", choice)
    name = inner.get("name") if isinstance(inner, Mapping) else None
    if not isinstance(name, str):
        raise InvalidChoice("a choice given as an object must name a function")
    return Named(name)
