"""Targets of what servers are sent: structural tags, tools, requests, texts with gaps; and of what models answer."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

import maskwright as mw
from maskwright.errors import InvalidOption, MaskwrightError, NotJSON
from maskwright.integrations.command_line.gap_text import parsed
from maskwright.integrations.command_line.messages import UserMistakeError
from maskwright.integrations.vllm.asked import Asked, options_of
from maskwright.integrations.vllm.constraints import Constraints
from maskwright.matching.json_events import JSONEvent, JSONReader
from maskwright.tools import FORMATS, Event, MalformedReply, ToolCallReader, joined
from tests.fuzz.inputs.content import (
    SCHEMAS,
    bytes_of,
    chosen,
    drawn,
    json_bytes,
    spoiled_texts,
    spoiled_values,
    text_of,
    with_option,
)
from tests.fuzz.inputs.laws import BrokenLawError
from tests.fuzz.inputs.notations import Grammars
from tests.fuzz.inputs.spoiling import spoiled_text
from tests.fuzz.inputs.target import Target
from tests.grammar.function_calls.spelling import written
from tests.grammar.function_calls.tool_lists import random_arguments, random_tools
from tests.grammar.function_calls.walks import fixed_texts

LONGEST_TAG: Final = 2500


def _tag(compiler: mw.Compiler, content: bytes) -> Grammars:
    return [compiler.compile_structural_tag(text_of(content))]


def _tags() -> list[Any]:
    """Some tags of every family, short ones."""
    found = []
    for path in sorted((SCHEMAS / "structural_tags" / "families").iterdir()):
        lines = [line.rstrip(",\n") for line in path.read_text("utf-8").splitlines() if line.startswith("{")]
        tags = [json.loads(line)["tag"] for line in lines]
        found += [tag for tag in tags if len(json.dumps(tag)) <= LONGEST_TAG][:6]
    if not found:
        raise ValueError("no structural tags in schemas/structural_tags/families")
    return found


TAG_PIECES: Final = tuple(
    '"type" "format" "structural_tag" "sequence" "or" "tag" "triggered_tags" "tags_with_separator" "json_schema" '
    '"any_text" "const_string" "regex" "grammar" "begin" "content" "end" "triggers" "excludes" "style" "qwen_xml" '
    '"at_least_one" "stop_after_first" "token" "elements" <think> </think> null true [] {} ""'.split()
)
FORMAT_NAMES: Final = tuple(FORMATS)


def _tools(compiler: mw.Compiler, content: bytes) -> Grammars:
    name, content = chosen(FORMAT_NAMES, content)
    try:
        listed = json.loads(text_of(content))
    except (ValueError, RecursionError) as error:  # the server's own business, with its own parser
        raise InvalidOption("tools", content[:20], "JSON") from error
    return [compiler.compile_tool_calls(listed, name)]


def _tool_lists() -> list[Any]:
    found: list[Any] = []
    for seed in range(60):
        tools = random_tools(np.random.default_rng(seed), 1 + seed % 3).tools
        plain = [{"name": tool.name, "parameters": json.loads(json.dumps(tool.parameters))} for tool in tools]
        found.append(plain if seed % 2 else [{"type": "function", "function": one} for one in plain])
    return found


REQUESTS: Final[list[Any]] = [
    {"json": {"type": "object", "properties": {"a": {"type": "integer"}}}},
    {"regex": "[a-z]+", "engine": "maskwright"},
    {"choice": ["a", "bc"]},
    {"grammar": 'root ::= "a" root | "b"', "notation": "gbnf", "start": "root"},
    {"grammar": 'start: "a" start | B\nB: /b+/', "notation": "lark"},
    {"structural_tag": {"type": "structural_tag", "format": {"type": "any_text"}}},
    {"behaviour": "segments: {a: {}}\nflow: a", "generated_tokens": 9, "observed": ["x"]},
    {"json": "{}", "json_options": {"whitespace": "compact"}, "compact": True, "closed": True},
    {"json_object": True},
]


def _request(compiler: mw.Compiler, content: bytes) -> Grammars:
    options = options_of({"maskwright": text_of(content)})
    if options.kind is not None:
        matcher = Constraints(compiler).matcher(Asked(options.kind, options.text, options))
        matcher.fill_bitmask(mw.allocate_bitmask(1, compiler.vocabulary.size)[0])
    return []


# Replies of models, and documents, read as they arrive

REPLY_TOOLS: Final = tuple(random_tools(np.random.default_rng(seed), 3) for seed in range(4))


REPLY_PIECES: Final = tuple(dict.fromkeys(text for form in FORMATS.values() for text in fixed_texts(form)))


def _reply(_: mw.Compiler, content: bytes) -> Grammars:
    name, content = chosen(FORMAT_NAMES, content)
    tools, content = chosen(REPLY_TOOLS, content)
    text = text_of(content)
    whole = _events_of(name, tools, [text])
    rng = random.Random(zlib.crc32(content))
    cut = rng.randrange(len(text) + 1)
    if _events_of(name, tools, [text[:cut], text[cut:]]) != whole:
        raise BrokenLawError(f"cut: a reply cut at {cut} is read as another")
    if isinstance(whole, MalformedReply):
        raise whole
    return []


def _events_of(name: str, tools: Any, pieces: Sequence[str]) -> list[Event] | MalformedReply:
    reader = ToolCallReader(name, tools)
    try:
        found = [event for piece in pieces for event in reader.push(piece)]
        return joined([*found, *reader.finish()])
    except MalformedReply as error:
        return error


def _replies() -> st.SearchStrategy[bytes]:
    def make(rng: random.Random) -> bytes:
        number, which = rng.randrange(len(FORMAT_NAMES)), rng.randrange(len(REPLY_TOOLS))
        name, tools = FORMAT_NAMES[number], REPLY_TOOLS[which]
        drawing = np.random.default_rng(rng.randrange(2**32))
        some = [tools.tools[rng.randrange(len(tools.tools))] for _ in range(rng.choice((1, 1, 2)))]
        calls = [(tool.name, random_arguments(dict(tool.parameters), drawing)) for tool in some]
        text = written(name, calls, rng.choice(("", "", "Hm.\n", "x < y ")), rng.choice((None, None, "so")))
        if rng.random() < 0.8:
            text = spoiled_text(text, [*fixed_texts(FORMATS[name]), "<think>", '"', "}", "null"], rng)
        return bytes([number, which]) + bytes_of(text)

    return drawn(make)


def _document(_: mw.Compiler, content: bytes) -> Grammars:
    """Read whole and in two pieces, the events must be the same; what `json` reads as well must be read."""
    whole, fault = _json_events([content])
    cut = zlib.crc32(content) % (len(content) + 1)
    others, other_fault = _json_events([content[:cut], content[cut:]])
    if (whole, str(fault)) != (others, str(other_fault)) and fault is None:
        raise BrokenLawError(f"cut: a document cut at {cut} is read as another")
    if (fault is None) != (other_fault is None):
        raise BrokenLawError(f"cut: a document is refused if cut at {cut}: {other_fault}, or else not: {fault}")
    if fault is not None:
        raise fault
    return []


def _json_events(pieces: Sequence[bytes]) -> tuple[list[JSONEvent], NotJSON | None]:
    reader, found = JSONReader(), []
    try:
        for piece in pieces:
            reader, events = reader.read(piece)
            found += events
        reader, events = reader.end()
    except NotJSON as error:
        return found, error
    return found + events, None


SCALARS: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
DOCUMENTS: Final = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
JSON_PIECES: Final = ("{", "}", "[", "]", ":", ",", '"', "\\u", "\\ud800", "\\udc00", "\\n", "\\", "-", "0", "1e9",
                      "1E+", ".5", "true", "fals", "null", "\t", "\n", " ", "\x00")  # fmt: skip


def _documents() -> st.SearchStrategy[bytes]:
    written = st.tuples(DOCUMENTS, st.booleans()).map(lambda pair: json.dumps(pair[0], ensure_ascii=pair[1]))
    return spoiled_texts(written, JSON_PIECES) | st.binary(max_size=30)


# Texts with gaps

GAP_PIECES: Final = ("⟦", "⟧", "⟦⟦", "⟦8⟧", "⟦*⟧", "⟦2..8⟧", "⟦<=3⟧", "..", "<=", "*", "0", "9999999", "a", "b", "[]")
MASKED_SLOTS: Final = 40
PATTERN: Final = "(a|b|é|[0-9]+,?)*"


def _gap_text(compiler: mw.Compiler, content: bytes) -> Grammars:
    text = text_of(content)
    try:
        pieces = parsed(text)
        slots = [slot for piece in pieces for slot in (piece.encode() if isinstance(piece, str) else [piece])]
    except UnicodeEncodeError as error:  # no terminal and no file gives such a text; bytes are the caller's to make
        raise UserMistakeError("The text has a lone surrogate.") from error
    canvas = compiler.compile_regex(PATTERN).canvas(slots, compiler.vocabulary.eos_token_ids)
    if canvas.is_open.size <= MASKED_SLOTS:
        stuck = np.flatnonzero(canvas.is_open & ~canvas.allow().any(axis=1) & ~canvas.allows_blank())
        if stuck.size:
            raise BrokenLawError(f"dead end: nothing is allowed in slot {stuck[0]} of a canvas that can be completed")
    return []


def _gap_texts() -> st.SearchStrategy[bytes]:
    parts = st.sampled_from(["a", "b", "é", "12,", "x", "⟦1⟧", "⟦2⟧", "⟦<=2⟧", "⟦1..3⟧", "⟦*⟧", "⟦⟦"])
    return spoiled_texts(st.lists(parts, max_size=5).map("".join), GAP_PIECES)


REQUESTS_AND_REPLIES: Final = (
    Target(
        "structural_tag",
        _tag,
        lambda: spoiled_values(_tags(), TAG_PIECES),
        lambda: [json_bytes(tag) for tag in _tags()[::4]],
        TAG_PIECES,
    ),
    Target(
        "tools",
        _tools,
        lambda: with_option(len(FORMAT_NAMES), spoiled_values(_tool_lists())),
        lambda: [bytes([number]) + json_bytes(tools) for number, tools in enumerate(_tool_lists()[:20])],
        TAG_PIECES,
    ),
    Target(
        "request", _request, lambda: spoiled_values(REQUESTS, TAG_PIECES), lambda: [json_bytes(r) for r in REQUESTS]
    ),
    Target(
        "reply", _reply, _replies, lambda: [b"\0\0hello", b'\1\0<tool_call>{"name": "get_1"}'], ("<tool_call>", '"')
    ),
    Target("json_document", _document, _documents, lambda: [b'{"a": [1, 2.5e3, "\\u00e9"]}'], JSON_PIECES),
    Target(
        "gap_text",
        _gap_text,
        _gap_texts,
        lambda: [text.encode() for text in ("a⟦2⟧b", "⟦*⟧12,⟦<=3⟧", "⟦⟦")],
        GAP_PIECES,
        refusals=(MaskwrightError, UserMistakeError),
    ),
)
