r"""Arguments read as they arrive, in each style: JSON, the flat styles, Gemma's.

    {"city": "Rome"}      <parameter=city>Rome</parameter>      {city:<|"|>Rome<|"|>}

Each reader begins where the arguments do and ends behind them, so no mark is searched for within them: a string of JSON
may hold whatever text it likes. Blanks before and after arguments are no part of them. In the flat styles a value goes
up to the first closing, as no value has one in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from maskwright.grammar.function_calls.call_format import CallFormat
from maskwright.grammar.function_calls.gemma_reading import read_gemma
from maskwright.grammar.function_calls.source import Expected, Source, Waiting
from maskwright.grammar.function_calls.tools import Tool
from maskwright.grammar.function_calls.value_types import json_value
from maskwright.grammar.json_schema.shapes import STRING_FAMILY
from maskwright.grammar.structural_tags.gemma import MARK
from maskwright.grammar.structural_tags.styles import FLAT_STYLES, LineEnds, Style

Arguments = dict[str, Any]

_PLAIN: Final = re.compile(r'[^"{}\[\]]+')
_IN_STRING: Final = re.compile(r'[^"\\]+')


def argument_reader(call_format: CallFormat) -> Callable[[Source, Tool | None], Waiting[Arguments]]:
    """What reads the arguments of a format: from their first character to their last."""
    if call_format.style == "json":
        return read_json_object
    if call_format.style == "gemma":
        return read_gemma_object
    style = FLAT_STYLES[call_format.style]
    if not call_format.before_arguments.endswith("\n"):
        style = replace(style, line_ends=LineEnds.KEPT)
    return lambda source, tool: read_members(source, tool, style)


def needs_types(call_format: CallFormat) -> bool:
    """Must the schema say whether a text is a string?"""
    style = FLAT_STYLES.get(call_format.style)
    return style is not None and not style.says_type


def read_json_object(source: Source, _: Tool | None) -> Waiting[Arguments]:
    """An object of JSON."""
    begin = source.at
    yield from _balanced(source, '"', _json_string)
    try:
        value = json_value(source.text[begin : source.at])
    except (ValueError, RecursionError) as error:
        raise Expected(f"a JSON object ({error})") from error
    assert isinstance(value, dict), "it begins with a brace"
    return value


def read_gemma_object(source: Source, _: Tool | None) -> Waiting[Arguments]:
    """An object as Gemma writes it."""
    begin = source.at
    yield from _balanced(source, MARK, _gemma_string)
    try:
        return read_gemma(source.text[begin : source.at])
    except (ValueError, RecursionError) as error:
        raise Expected(f"arguments as Gemma writes them ({error})") from error


def read_members(source: Source, tool: Tool | None, style: Style) -> Waiting[Arguments]:
    """The members of an object in a flat style; the last one of a name counts."""
    assert tool is not None, "in these styles the name comes first"
    found: Arguments = {}
    while True:
        yield from source.blanks()
        if not (yield from source.takes(style.opening)):
            return found
        name, family = yield from _name(source, style)
        raw: list[str] = []
        if not (yield from source.until([style.closing], raw.append)):
            raise Expected(repr(style.closing))
        found[name] = _value("".join(raw), name, family, tool, style)
        source.at += len(style.closing)


def _name(source: Source, style: Style) -> Waiting[tuple[str, int | None]]:
    """A member's name, and the family of its value where the style says it."""
    first = dict.fromkeys(texts[0] for texts in style.between.values())
    name: list[str] = []
    mark = yield from source.until([*first], name.append)
    if not mark:
        raise Expected(repr(next(iter(first))))
    source.at += len(mark)
    family, texts = next((family, texts) for family, texts in style.between.items() if texts[0] == mark)
    for text in texts[1:]:
        yield from source.blanks()
        yield from source.needs(text)
    if style.says_type and mark == style.between[STRING_FAMILY][0]:
        family = STRING_FAMILY
    return _unescaped("".join(name), style), family if style.says_type else None


def _unescaped(name: str, style: Style) -> str:
    for one in style.escaped:
        name = name.replace(style.escape(one), one)
    return name


def _value(raw: str, name: str, family: int | None, tool: Tool, style: Style) -> Any:
    if style.line_ends is not LineEnds.KEPT:
        raw = raw.removeprefix("\n").removesuffix("\n")
    if family == STRING_FAMILY:
        return raw
    try:
        return json_value(raw) if family is not None else tool.types.of(name).value_of(raw)
    except (ValueError, RecursionError) as error:
        raise Expected(f"a value of {name!r} as its schema has it, where {raw[:80]!r} stands") from error


def _balanced(source: Source, quote: str, string: Callable[[Source], Waiting[None]]) -> Waiting[None]:
    """Go past one object, whatever is in it."""
    if not (yield from source.begins_with("{")):
        raise Expected("'{'")
    depth = 0
    while True:
        if not (yield from source.some()):
            raise Expected("the end of the arguments")
        here = source.text[source.at]
        if here == quote[0] and (yield from source.begins_with(quote)):
            source.at += len(quote)
            yield from string(source)
        elif here in "{[":
            depth += 1
            source.at += 1
        elif here in "}]":
            depth -= 1
            source.at += 1
            if not depth:
                return
        else:
            source.at += 1
            more = _PLAIN_UP_TO[quote].match(source.text, source.at)
            source.at = more.end() if more else source.at


_PLAIN_UP_TO: Final = {'"': _PLAIN, MARK: re.compile(r"[^<{}\[\]]+")}


def _json_string(source: Source) -> Waiting[None]:
    """The rest of a string."""
    while (yield from source.some()):
        here = source.text[source.at]
        if here == '"':
            source.at += 1
            return
        if here != "\\":
            plain = _IN_STRING.match(source.text, source.at)
            assert plain is not None, "this is neither a quote nor a backslash"
            source.at = plain.end()
            continue
        source.at += 1
        if (yield from source.some()):
            source.at += 1  # whatever is escaped, it does not end the string
    raise Expected("the end of a string")


def _gemma_string(source: Source) -> Waiting[None]:
    if not (yield from source.until([MARK], lambda _: None)):
        raise Expected("the end of a string")
    source.at += len(MARK)
