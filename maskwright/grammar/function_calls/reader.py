"""Replies read back: in one go, or as they arrive.

    parse_tool_calls(text, "hermes", tools).calls[0].arguments       {"city": "Rome"}

    reader = ToolCallReader("hermes", tools)
    for piece in stream:
        for event in reader.push(piece): ...
    reader.finish()

The batch parser pushes all of the text and finishes, so the two cannot differ. What is read is decided on the text
alone (`source`): however it is cut, the events are the same once their pieces are put together (`reply.joined`).

A text that is no reply raises MalformedReply, from the batch parser and from `finish`. Nothing is lost then: the error
has the reply up to there, and the text from the faulty call on (`reply.rest`). While text arrives the fault is told
once as an event, and what comes after it is kept.
"""

from __future__ import annotations

from maskwright.errors import InvalidOption
from maskwright.grammar.function_calls.argument_reading import needs_types
from maskwright.grammar.function_calls.call_format import CallFormat
from maskwright.grammar.function_calls.choice import Reasoning, reasoning_of
from maskwright.grammar.function_calls.faults import MalformedReply
from maskwright.grammar.function_calls.formats import format_named
from maskwright.grammar.function_calls.refusals import refused_for
from maskwright.grammar.function_calls.reply import (
    ArgumentText,
    Call,
    CallFinished,
    CallStarted,
    Content,
    Event,
    Malformed,
    ParsedReply,
    ReasoningText,
    joined,
    reply_of,
)
from maskwright.grammar.function_calls.reply_reading import read_reply
from maskwright.grammar.function_calls.source import Expected, Source
from maskwright.grammar.function_calls.tools import tools_of

SHOWN = 40
"""How many characters of a text at fault an error shows."""


def parse_tool_calls(
    text: str,
    format: str,  # noqa: A002  it is what everyone calls it
    tools: object,
    *,
    reasoning: Reasoning | str | None = None,
) -> ParsedReply:
    """The free text and the calls of a reply, with the spellings of special tokens in it.

    `reasoning` is what the grammar was asked for. Raises MalformedReply, UnknownFormat, InvalidTools.
    `parse_tool_calls('<tool_call>{"name":"f","arguments":{}}</tool_call>', "hermes", [f]).calls[0].name` -> `"f"`.
    """
    reader = ToolCallReader(format, tools, reasoning=reasoning)
    reader.push(text)
    reader.finish()
    return reader.reply


class ToolCallReader:
    """Reads a reply as it arrives (mutable).

    Raises UnknownFormat, InvalidTools, InvalidChoice, and UnsupportedTool for a schema that is not understood where it
    alone tells strings from other values. With `Tools` made once, schemas are read once.
    """

    def __init__(
        self,
        format: str,  # noqa: A002  it is what everyone calls it
        tools: object,
        *,
        reasoning: Reasoning | str | None = None,
    ) -> None:
        self.format: CallFormat = format_named(format)
        self.tools = tools_of(tools)
        self._source = Source()
        self._listener = _Events(self._source)
        where = reasoning_of(reasoning, self.format)
        if needs_types(self.format):
            for tool in self.tools.tools:
                with refused_for(tool, self.format):
                    _ = tool.types  # read now, for an error about a schema must not come in the middle of a text
        self._reading = read_reply(self._source, self.format, self.tools, where, self._listener)
        self._events: list[Event] = []
        self._fault: Malformed | None = None
        self._is_finished = False

    def push(self, text: str) -> list[Event]:
        """More text; what is known now that was not known before. Raises InvalidOption after `finish`."""
        if self._is_finished:
            raise InvalidOption("text", text[:SHOWN], "given to a new reader, because this one is finished")
        self._source.text += text
        return self._go_on()

    def finish(self) -> list[Event]:
        """The text is complete; what is known now. Raises MalformedReply if it is no reply in the format."""
        self._source.is_complete = True
        events = [] if self._is_finished else self._go_on()
        self._is_finished = True
        if self._fault is not None:
            position = self._fault.position
            found = self._source.text[position : position + SHOWN]
            raise MalformedReply(position, self._fault.expected, found, self.format.name, self.reply)
        return events

    @property
    def reply(self) -> ParsedReply:
        """What has been read so far."""
        return reply_of(self._events, "" if self._fault is None else self._source.text[self._listener.untold_from :])

    def _go_on(self) -> list[Event]:
        if self._fault is None:
            try:
                next(self._reading, None)
            except Expected as expected:
                self._fault = Malformed(self._source.at, expected.what)
                self._listener.malformed(self._fault)
        found = self._listener.taken()
        self._events += found
        return found


class _Events:
    """Makes events of what is read, and knows where what has not been told begins (mutable)."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._events: list[Event] = []
        self._n_started = 0
        self.untold_from = 0

    def taken(self) -> list[Event]:
        """The events since the last time, their pieces put together."""
        found, self._events = joined(self._events), []
        return found

    def reasoning(self, text: str) -> None:
        self._events.append(ReasoningText(text))

    def content(self, text: str) -> None:
        self._events.append(Content(text))

    def told_up_to_here(self) -> None:
        self.untold_from = self._source.at

    def call_started(self, name: str) -> None:
        self._events.append(CallStarted(self._n_started, name))
        self._n_started += 1

    def argument_text(self, text: str) -> None:
        if text:
            self._events.append(ArgumentText(self._n_started - 1, text))

    def call_finished(self, call: Call) -> None:
        self._events.append(CallFinished(self._n_started - 1, call))
        self.told_up_to_here()

    def malformed(self, fault: Malformed) -> None:
        self._events.append(fault)
