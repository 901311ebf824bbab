"""A reply of messages read: each says at its beginning what it is.

Two messages of text are put together with a line end between, and so are two of reasoning.
"""

from __future__ import annotations

from collections.abc import Callable

from maskwright.grammar.function_calls.call_format import Channels
from maskwright.grammar.function_calls.call_reading import CallReader
from maskwright.grammar.function_calls.source import Expected, Source, Waiting


def read_messages(calls: CallReader, around: Channels) -> Waiting[None]:
    """All messages."""
    source = calls.source
    reasoning, content = _Joined(calls.listener.reasoning), _Joined(calls.listener.content)
    while (yield from source.some()):
        calls.listener.told_up_to_here()
        yield from source.takes(around.separator)
        if (yield from source.takes(around.reasoning)):
            yield from _text(source, around, reasoning.message())
        elif (yield from source.takes(around.preamble)) or (yield from source.takes(around.answer)):
            yield from _text(source, around, content.message())
        else:
            yield from calls.read()
            yield from _end_of_call(source, around)


class _Joined:
    """Takes the texts of several messages, with a line end between two (mutable)."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._has_text = False

    def message(self) -> Callable[[str], None]:
        """What takes the text of the next message, piece by piece."""
        needs_line_end = self._has_text

        def take(text: str) -> None:
            nonlocal needs_line_end
            self._take("\n" + text if needs_line_end else text)
            needs_line_end, self._has_text = False, True

        return take


def _text(source: Source, around: Channels, take: Callable[[str], None]) -> Waiting[None]:
    """The text of a message and its end."""
    mark = yield from source.until(around.ends, take)
    source.at += len(mark)


def _end_of_call(source: Source, around: Channels) -> Waiting[None]:
    yield from source.blanks()
    for end in around.ends:
        if (yield from source.takes(end)):
            return
    if (yield from source.some()):
        raise Expected(" or ".join(map(repr, around.ends)))
