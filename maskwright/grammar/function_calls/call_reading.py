"""One call read piece by piece, in whichever of the format's spellings it is.

The spellings are followed side by side: a fixed text goes on with those that have it there. Those that begin alike have
their holes at the same places. Where the arguments stand before the name, they are told when the name is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from maskwright.grammar.function_calls.argument_reading import argument_reader
from maskwright.grammar.function_calls.call_format import CallFormat, Hole, Piece
from maskwright.grammar.function_calls.reply import Call
from maskwright.grammar.function_calls.source import Expected, Source, Waiting
from maskwright.grammar.function_calls.tools import NAME, Tools

_NUMBER: Final = re.compile(r"[0-9]+")


class Listener(Protocol):
    """Who is told of the parts of a reply while it is read."""

    def reasoning(self, text: str) -> None:
        """A piece of the reasoning."""

    def content(self, text: str) -> None:
        """A piece of the free text."""

    def told_up_to_here(self) -> None:
        """What was read so far has been told; what follows, a call mostly, has not."""

    def call_started(self, name: str) -> None:
        """The name is known."""

    def argument_text(self, text: str) -> None:
        """A piece of the arguments as they are written."""

    def call_finished(self, call: Call) -> None:
        """A call is complete."""


@dataclass(frozen=True, slots=True)
class CallReader:
    """Reads the calls of a reply."""

    source: Source
    format: CallFormat
    tools: Tools
    listener: Listener

    @property
    def first_mark(self) -> str:
        """What tells that a call begins, however it goes on."""
        return str(self.format.calls[0][0]).split()[0]

    def read(self) -> Waiting[None]:
        """One call."""
        self.listener.call_finished((yield from read_call(self.source, self.format, self.tools, self.listener)))


def read_call(source: Source, call_format: CallFormat, tools: Tools, listener: Listener) -> Waiting[Call]:
    """A call, from its first piece to its last."""
    begin = source.at
    spellings = [*call_format.calls, *call_format.also_read]
    name, argument_text = "", ""
    arguments: dict[str, Any] = {}
    untold: list[str] = []
    place = 0
    while place < len(spellings[0]):
        piece = spellings[0][place]
        if isinstance(piece, str):
            spellings = yield from _texts(source, spellings, place)
        elif piece is Hole.NAME:
            name = yield from _name(source, tools)
            listener.call_started(name)
            for text in untold:
                listener.argument_text(text)
        elif piece is Hole.NUMBER:
            if not (yield from source.run(_NUMBER)):
                raise Expected(Hole.NUMBER.value)
        else:
            yield from source.blanks()
            first = source.at
            reading = argument_reader(call_format)(source, tools.by_name.get(name))
            arguments = yield from _told(reading, source, listener.argument_text if name else untold.append)
            argument_text = source.text[first : source.at]
            if place + 1 < len(spellings[0]):
                yield from source.blanks()
        place += 1
    return Call(name, arguments, source.text[begin : source.at], argument_text)


def _texts(source: Source, spellings: list[tuple[Piece, ...]], place: int) -> Waiting[list[tuple[Piece, ...]]]:
    """Go past the fixed text of one of the spellings; those that have it are left."""
    texts = dict.fromkeys(str(spelling[place]) for spelling in spellings)
    for text in texts:
        if (yield from source.takes_loosely(text)):
            return [spelling for spelling in spellings if spelling[place] == text]
    raise Expected(" or ".join(repr(text.strip()) for text in texts))


def _name(source: Source, tools: Tools) -> Waiting[str]:
    begin = source.at
    name = yield from source.run(NAME)
    if name not in tools.by_name:
        source.at = begin
        raise Expected(f"{Hole.NAME.value}: {', '.join(tools.names) or 'there is none'}")
    return name


def _told(reading: Waiting[dict[str, Any]], source: Source, take: Callable[[str], None]) -> Waiting[dict[str, Any]]:
    """The same reading; whatever it has gone past is told at once."""
    sent = source.at
    while True:
        try:
            next(reading)
        except StopIteration as found:
            take(source.text[sent : source.at])
            value: dict[str, Any] = found.value
            return value
        except Expected:
            take(source.text[sent : source.at])
            raise
        take(source.text[sent : source.at])
        sent = source.at
        yield
