"""Every format, on lists of tools made at random: what is written is read back, what is drawn is a call of a tool."""

from __future__ import annotations

from itertools import pairwise

import jsonschema
import numpy as np
import pytest

import maskwright as mw
from maskwright.grammar.function_calls.call_format import Channels
from maskwright.grammar.function_calls.formats import FORMATS
from maskwright.grammar.function_calls.reader import ToolCallReader, parse_tool_calls
from maskwright.grammar.function_calls.reply import Event, ParsedReply, joined
from maskwright.grammar.function_calls.tools import Tools
from tests.grammar.function_calls.spelling import WITHOUT_TEXT, NamedCall, written
from tests.grammar.function_calls.tool_lists import random_arguments, random_tools
from tests.grammar.function_calls.walks import vocabulary_of, walk

SIZES = (1, 2, 3, 5, 8)
LARGE = 128
CONTENTS = ("", "Let me see.\n", "\n\nx < y {a} [b]", "é <tool> </t", " ")


def compiled_for(format_name: str, tools: Tools, **asked: object) -> mw.CompiledGrammar:
    compiler = mw.Compiler(vocabulary_of(FORMATS[format_name]), cache_bytes=0)
    return compiler.compile_tool_calls(tools, format_name, **asked)  # type: ignore[arg-type]


def is_member(compiled: mw.CompiledGrammar, text: str) -> bool:
    matcher = compiled.matcher()
    try:
        matcher.accept_bytes(text.encode())
    except mw.TokenRejected:
        return False
    return matcher.is_accepting()


def random_calls(tools: Tools, rng: np.random.Generator, n_calls: int) -> list[NamedCall]:
    chosen = [tools.tools[int(rng.integers(len(tools.tools)))] for _ in range(n_calls)]
    return [(tool.name, random_arguments(dict(tool.parameters), rng)) for tool in chosen]


def events_of(format_name: str, tools: Tools, pieces: list[str], reasoning: str | None = None) -> list[Event]:
    reader = ToolCallReader(format_name, tools, reasoning=reasoning)
    found = [event for piece in pieces for event in reader.push(piece)]
    return joined([*found, *reader.finish()])


def calls_of(reply: ParsedReply) -> list[NamedCall]:
    return [(call.name, call.arguments) for call in reply.calls]


def check_splits(format_name: str, tools: Tools, text: str, rng: np.random.Generator, reasoning: str | None) -> None:
    """Every split in two, every character alone, and some splits in many read the same."""
    whole = events_of(format_name, tools, [text], reasoning)
    for place in range(1, len(text)):
        assert events_of(format_name, tools, [text[:place], text[place:]], reasoning) == whole, (text, place)
    assert events_of(format_name, tools, [*text], reasoning) == whole, text
    for _ in range(5):
        cuts = [0, *sorted(rng.integers(0, len(text) + 1, 6).tolist()), len(text)]
        pieces = [text[begin:end] for begin, end in pairwise(cuts)]
        assert events_of(format_name, tools, pieces, reasoning) == whole, (text, cuts)


def check_written(format_name: str, tools: Tools, rng: np.random.Generator, has_splits: bool) -> None:
    """A reply of known calls is in the grammar, and is read as what it says."""
    has_reasoning = FORMATS[format_name].reasoning is not None or format_name == "harmony"
    reasoning = "required" if has_reasoning and rng.random() < 0.5 else None
    calls = random_calls(tools, rng, int(rng.integers(1, 4)))
    content = "" if format_name in WITHOUT_TEXT else str(rng.choice(CONTENTS))
    text = written(format_name, calls, content, "Hm,\nso." if reasoning else None)
    compiled = compiled_for(format_name, tools, reasoning=reasoning)
    assert is_member(compiled, text), text
    reply = parse_tool_calls(text, format_name, tools, reasoning=reasoning)
    assert calls_of(reply) == calls, text
    assert reply.reasoning == ("Hm,\nso." if reasoning else ""), text
    is_layout = not content.strip() and format_name not in ("kimi_k3", "harmony")
    assert reply.content == ("" if is_layout else content), text
    n_calls = len(calls)
    assert not is_member(compiled_for(format_name, tools, reasoning=reasoning, at_most=n_calls - 1), text)
    assert not is_member(compiled_for(format_name, tools, reasoning=reasoning, at_least=n_calls + 1), text)
    bounds = compiled_for(format_name, tools, reasoning=reasoning, at_least=n_calls, at_most=n_calls)
    assert is_member(bounds, text)
    if has_splits:
        check_splits(format_name, tools, text, rng, reasoning)


def check_drawn(format_name: str, tools: Tools, rng: np.random.Generator, n_texts: int, has_splits: bool) -> int:
    """What is drawn is read as calls of the tools, as many as asked for, and so are these calls written anew."""
    at_least = int(rng.integers(0, 3))
    at_most = at_least + int(rng.integers(0, 2)) or 1
    required = rng.random() < 0.4
    compiled = compiled_for(
        format_name, tools, at_least=at_least, at_most=at_most, choice="required" if required else "auto"
    )
    form = FORMATS[format_name]
    n_found = 0
    for _ in range(n_texts * 3):
        text = walk(compiled, form, rng)
        if text is None:
            continue
        n_found += 1
        reply = parse_tool_calls(text, format_name, tools)
        assert max(at_least, required) <= len(reply.calls) <= at_most, text
        for call in reply.calls:
            schema = tools.by_name[call.name].parameters
            jsonschema.Draft202012Validator(schema).validate(call.arguments)
        if reply.calls and "Decimal" not in repr(reply.calls):  # a number beyond floats, which nobody spells by hand
            again = written(format_name, calls_of(reply))
            assert calls_of(parse_tool_calls(again, format_name, tools)) == calls_of(reply), (text, again)
        assert all(call.text in text for call in reply.calls)
        if not isinstance(form.around, Channels):
            assert reply.content in text
        if has_splits:
            check_splits(format_name, tools, text, rng, None)
        if n_found == n_texts:
            break
    return n_found


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_reply_of_known_calls_is_read_as_these(format_name: str) -> None:
    rng = np.random.default_rng(1)
    for size in SIZES:
        check_written(format_name, random_tools(rng, size), rng, has_splits=size == 2)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_random_reply_calls_the_tools_as_their_schemas_say(format_name: str) -> None:
    rng = np.random.default_rng(2)
    n_found = sum(check_drawn(format_name, random_tools(rng, size), rng, 2, has_splits=size == 1) for size in SIZES)
    assert n_found >= 4


@pytest.mark.deep
@pytest.mark.parametrize("format_name", FORMATS)
def test_fifty_lists_of_tools_are_called_and_read_back(format_name: str) -> None:
    rng = np.random.default_rng(3)
    n_found = 0
    for number in range(50):
        size = LARGE if number % 10 == 9 else int(rng.integers(1, 12))
        tools = random_tools(rng, size)
        check_written(format_name, tools, rng, has_splits=True)
        n_found += check_drawn(format_name, tools, rng, 3, has_splits=number % 2 == 0)
    assert n_found >= 75
