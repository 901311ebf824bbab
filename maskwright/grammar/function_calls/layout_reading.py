"""A whole reply read: reasoning, free text, calls, in the layout that the format has.

Prose. Text goes up to the trigger. Behind it there must be a call, and behind a call another one, the end of the
section, or free text again, which templates do not write but models do. Blanks that stand alone before a call, between
calls and after them are layout, no text.

Channels. Each message says at its beginning what it is. Two messages of text are put together with a line end between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from maskwright.grammar.function_calls.call_format import CallFormat, Channels, Prose, ReasoningMarks
from maskwright.grammar.function_calls.call_reading import Listener, read_call
from maskwright.grammar.function_calls.choice import Reasoning
from maskwright.grammar.function_calls.reply import Call
from maskwright.grammar.function_calls.source import Expected, Source, Waiting
from maskwright.grammar.function_calls.tools import Tools


class ReplyListener(Listener, Protocol):
    """Who is told of the parts of a reply while it is read."""

    def reasoning(self, text: str) -> None:
        """A piece of the reasoning."""

    def content(self, text: str) -> None:
        """A piece of the free text."""

    def call_begins(self) -> None:
        """What follows is a call; its name is not known yet."""

    def call_finished(self, call: Call) -> None:
        """A call is complete."""


def read_reply(
    source: Source, call_format: CallFormat, tools: Tools, reasoning: Reasoning | None, listener: ReplyListener
) -> Waiting[None]:
    """All of a reply; raises Expected where it is none."""
    if isinstance(call_format.around, Channels):
        yield from _ChannelsReader(source, call_format, tools, listener).messages(call_format.around)
        return
    if call_format.reasoning is not None and reasoning is not None:
        yield from _reasoning(source, call_format.reasoning, reasoning, listener.reasoning)
    yield from _ProseReader(source, call_format, tools, listener).reply(call_format.around)


def _reasoning(source: Source, marks: ReasoningMarks, where: Reasoning, take: Callable[[str], None]) -> Waiting[None]:
    """The section of reasoning, if it is there; one that never ends is the whole reply."""
    is_begun = where is Reasoning.BEGUN or (yield from source.takes(marks.begin))
    if not is_begun and where is Reasoning.REQUIRED:
        raise Expected(repr(marks.begin))
    if is_begun and (yield from source.until([marks.end], take)):
        source.at += len(marks.end)
        yield from source.takes(marks.gap)


class _CallsReader:
    """What a reader of either layout needs (mutable in its source)."""

    def __init__(self, source: Source, call_format: CallFormat, tools: Tools, listener: ReplyListener) -> None:
        self.source, self.format, self.tools, self.listener = source, call_format, tools, listener

    def call(self) -> Waiting[None]:
        """One call."""
        self.listener.call_finished((yield from read_call(self.source, self.format, self.tools, self.listener)))


class _ProseReader(_CallsReader):
    """Reads free text with calls behind it."""

    def reply(self, around: Prose) -> Waiting[None]:
        """All of it."""
        if around.text_end:
            yield from self._framed(around)
        elif around.calls_stand_alone:
            yield from self._apart(around)
        else:
            has_calls = False
            while (yield from self._text_up_to(around.trigger, has_calls)):
                self.listener.call_begins()
                yield from self._section(around)
                has_calls = True

    def _text_up_to(self, trigger: str, has_calls: bool) -> Waiting[bool]:
        """Free text up to the next call; False at the end of the reply."""
        source = self.source
        begin = source.at
        yield from source.blanks()
        if (yield from source.begins_with(trigger)):
            return True
        if source.is_at_end and has_calls:
            return False
        source.at = begin
        return bool((yield from source.until([trigger], self.listener.content)))

    def _apart(self, around: Prose) -> Waiting[None]:
        source = self.source
        begin = source.at
        yield from source.blanks()
        is_marked = bool(around.marker) and (yield from source.takes(around.marker))
        yield from source.blanks()
        if is_marked or (yield from source.begins_with(around.trigger)):
            self.listener.call_begins()
            yield from self._section(around)
            begin = source.at
            yield from source.blanks()
            if source.is_at_end:
                return
        source.at = begin
        while (yield from source.some()):
            self.listener.content(source.text[source.at :])
            source.at = len(source.text)

    def _framed(self, around: Prose) -> Waiting[None]:
        source = self.source
        yield from source.takes(around.text_begin)
        if not (yield from source.until([around.text_end], self.listener.content)):
            return
        source.at += len(around.text_end)
        yield from source.blanks()
        if (yield from source.begins_with(around.trigger)):
            self.listener.call_begins()
            yield from self._section(around)
        yield from source.blanks()
        yield from source.takes(around.tail)
        yield from source.blanks()
        if (yield from source.some()):
            raise Expected("the end of the reply")

    def _section(self, around: Prose) -> Waiting[None]:
        """All calls up to the end of the section, or, without a section, up to what is no call."""
        source, section = self.source, around.section
        first = str(self.format.calls[0][0])
        if section.begin:
            yield from source.needs(section.begin)
            yield from source.blanks()
        yield from self.call()
        while True:
            begin = source.at
            yield from source.blanks()
            if section.end and (yield from source.takes_loosely(section.end)):
                return
            separator = section.separator.strip()
            is_next = (yield from source.takes(separator)) if separator else (yield from self._is_call(first))
            if not is_next and section.end:
                raise Expected(f"{section.end.strip()!r} or another call")
            if not is_next:
                source.at = begin
                return
            yield from source.blanks()
            self.listener.call_begins()
            yield from self.call()

    def _is_call(self, first: str) -> Waiting[bool]:
        """Does a call begin here? Its first mark says it, however it goes on."""
        return self.source.begins_with(first.split(maxsplit=1)[0])


class _ChannelsReader(_CallsReader):
    """Reads messages that say what they are."""

    def messages(self, around: Channels) -> Waiting[None]:
        """All of them."""
        source, listener = self.source, self.listener
        has_text: set[str] = set()
        while (yield from source.some()):
            self.listener.call_begins()
            yield from source.takes(around.separator)
            if (yield from source.takes(around.reasoning)):
                yield from self._text(around, listener.reasoning, "reasoning", has_text)
            elif (yield from source.takes(around.preamble)) or (yield from source.takes(around.answer)):
                yield from self._text(around, listener.content, "content", has_text)
            else:
                yield from self.call()
                yield from self._end_of_call(around)

    def _text(self, around: Channels, take: Callable[[str], None], kind: str, has_text: set[str]) -> Waiting[None]:
        """The text of a message and its end."""
        parts = self._joined(take, kind, has_text)
        mark = yield from self.source.until(around.last_ends, parts)
        self.source.at += len(mark)

    def _joined(self, take: Callable[[str], None], kind: str, has_text: set[str]) -> Callable[[str], None]:
        """The same `take`, which puts a line end between this message and an earlier one of its kind."""
        is_first = kind not in has_text

        def joined(text: str) -> None:
            nonlocal is_first
            take(text if is_first else "\n" + text)
            is_first = True
            has_text.add(kind)

        return joined

    def _end_of_call(self, around: Channels) -> Waiting[None]:
        for end in around.last_ends:
            if (yield from self.source.takes(end)):
                return
        if (yield from self.source.some()):
            raise Expected(" or ".join(map(repr, around.last_ends)))
