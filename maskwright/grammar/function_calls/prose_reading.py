"""A reply of free text and calls read.

Text goes up to the trigger. Behind it there must be a call, and behind a call another one, the end of the section, or
free text again, which templates do not write but models do. Blanks that stand alone before a call, between calls and
after them are layout, no text.
"""

from __future__ import annotations

from maskwright.grammar.function_calls.call_format import Prose
from maskwright.grammar.function_calls.call_reading import CallReader
from maskwright.grammar.function_calls.source import Expected, Waiting


def read_prose(calls: CallReader, around: Prose) -> Waiting[None]:
    """Free text with calls behind it."""
    if around.text_end:
        yield from _framed(calls, around)
    elif around.calls_stand_alone:
        yield from _apart(calls, around)
    else:
        has_calls = False
        while (yield from _text_up_to(calls, around.trigger, has_calls)):
            yield from _section(calls, around)
            has_calls = True


def _text_up_to(calls: CallReader, trigger: str, has_calls: bool) -> Waiting[bool]:
    """Free text up to the next call; False at the end of the reply."""
    source = calls.source
    begin = source.at
    yield from source.blanks()
    if (yield from source.begins_with(trigger)):
        return True
    if source.is_at_end and has_calls:
        return False
    source.at = begin
    return bool((yield from source.until([trigger], calls.listener.content)))


def _apart(calls: CallReader, around: Prose) -> Waiting[None]:
    """Calls, if the reply begins with them, and then text; or text alone."""
    source = calls.source
    begin = source.at
    yield from source.blanks()
    is_marked = bool(around.marker) and (yield from source.takes(around.marker))
    yield from source.blanks()
    if is_marked or (yield from source.begins_with(around.trigger)):
        yield from _section(calls, around)
        begin = source.at
        yield from source.blanks()
        if source.is_at_end:
            return
    source.at = begin
    while (yield from source.some()):
        calls.listener.content(source.text[source.at :])
        source.at = len(source.text)


def _framed(calls: CallReader, around: Prose) -> Waiting[None]:
    """Text up to its mark, then calls, and nothing behind them."""
    source = calls.source
    yield from source.takes(around.text_begin)
    if not (yield from source.until([around.text_end], calls.listener.content)):
        return
    source.at += len(around.text_end)
    yield from source.blanks()
    if (yield from source.begins_with(around.trigger)):
        yield from _section(calls, around)
    yield from source.blanks()
    yield from source.takes(around.tail)
    yield from source.blanks()
    if (yield from source.some()):
        calls.listener.told_up_to_here()
        raise Expected("the end of the reply")


def _section(calls: CallReader, around: Prose) -> Waiting[None]:
    """All calls up to the end of the section, or, without a section, up to what is no call."""
    source, section = calls.source, around.section
    calls.listener.told_up_to_here()
    if section.begin:
        yield from source.needs(section.begin)
        yield from source.blanks()
    yield from calls.read()
    while True:
        begin = source.at
        yield from source.blanks()
        if section.end and (yield from source.takes_loosely(section.end)):
            return
        separator = section.separator.strip()
        is_next = yield from source.takes(separator) if separator else source.begins_with(calls.first_mark)
        if not is_next:
            if section.end:
                raise Expected(f"{section.end.strip()!r} or another call")
            source.at = begin
            return
        yield from source.blanks()
        calls.listener.told_up_to_here()
        yield from calls.read()
