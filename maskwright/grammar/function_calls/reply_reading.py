"""A whole reply read: first the reasoning, then what the layout of the format has."""

from __future__ import annotations

from collections.abc import Callable

from maskwright.grammar.function_calls.call_format import CallFormat, Channels, ReasoningMarks
from maskwright.grammar.function_calls.call_reading import CallReader, Listener
from maskwright.grammar.function_calls.channel_reading import read_messages
from maskwright.grammar.function_calls.choice import Reasoning
from maskwright.grammar.function_calls.prose_reading import read_prose
from maskwright.grammar.function_calls.source import Expected, Source, Waiting
from maskwright.grammar.function_calls.tools import Tools


def read_reply(
    source: Source, call_format: CallFormat, tools: Tools, reasoning: Reasoning | None, listener: Listener
) -> Waiting[None]:
    """All of a reply; raises Expected where it is none."""
    calls = CallReader(source, call_format, tools, listener)
    if isinstance(call_format.around, Channels):
        yield from read_messages(calls, call_format.around)
        return
    if call_format.reasoning is not None and reasoning is not None:
        yield from _reasoning(source, call_format.reasoning, reasoning, listener.reasoning)
    yield from read_prose(calls, call_format.around)


def _reasoning(source: Source, marks: ReasoningMarks, where: Reasoning, take: Callable[[str], None]) -> Waiting[None]:
    """The section of reasoning, if it is there; one that never ends is the whole reply."""
    is_begun = where is Reasoning.BEGUN or (yield from source.takes(marks.begin))
    if not is_begun and where is Reasoning.REQUIRED:
        raise Expected(repr(marks.begin))
    if is_begun and (yield from source.until([marks.end], take)):
        source.at += len(marks.end)
        yield from source.takes(marks.gap)
