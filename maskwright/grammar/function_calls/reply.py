"""What is read of a reply: its parts as they arrive, and the whole of it.

    Content("Let me see. "), CallStarted(0, "f"), ArgumentText(0, '{"a":1}'), CallFinished(0, Call("f", {"a": 1}, ...))

The texts of a reply's events, in order, are what the reply has: its content is that of the `Content` events put
together, however the reply was cut into pieces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """A call: the name of the tool, its arguments as values, and both texts as they were written."""

    name: str
    arguments: dict[str, Any]
    text: str
    """The call as it was written, marks and all."""
    argument_text: str
    """The arguments as they were written."""


@dataclass(frozen=True, slots=True)
class ReasoningText:
    """A piece of the reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of the free text."""

    text: str


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A call whose name is known; calls are counted from 0."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class ArgumentText:
    """A piece of the arguments, as they are written: JSON in formats that write JSON."""

    index: int
    text: str


@dataclass(frozen=True)
class CallFinished:
    """A call that is complete."""

    index: int
    call: Call


@dataclass(frozen=True, slots=True)
class Malformed:
    """The text is no reply from here on; `ToolCallReader.finish` raises the same as an error."""

    position: int
    expected: str


Event = ReasoningText | Content | CallStarted | ArgumentText | CallFinished | Malformed


@dataclass(frozen=True)
class ParsedReply:
    """A reply: its reasoning and its free text, either of them empty if there is none, and its calls.

    rest: what could not be read, from the beginning of the faulty call on; empty unless the reply is malformed.
    """

    content: str
    calls: tuple[Call, ...]
    reasoning: str = ""
    rest: str = ""


def joined(events: Iterable[Event]) -> list[Event]:
    """The events with pieces of one text put together: `[Content("a"), Content("b")]` -> `[Content("ab")]`."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        match last, event:
            case Content(before), Content(text):
                found[-1] = Content(before + text)
            case ReasoningText(before), ReasoningText(text):
                found[-1] = ReasoningText(before + text)
            case ArgumentText(index, before), ArgumentText(_, text):
                found[-1] = ArgumentText(index, before + text)
            case _:
                found.append(event)
    return found


def reply_of(events: Iterable[Event], rest: str) -> ParsedReply:
    """The reply whose events these are."""
    events = [*events]
    return ParsedReply(
        content="".join(event.text for event in events if isinstance(event, Content)),
        calls=tuple(event.call for event in events if isinstance(event, CallFinished)),
        reasoning="".join(event.text for event in events if isinstance(event, ReasoningText)),
        rest=rest,
    )
