"""Traces: what is written is what happened, is read back as it was, and does nothing to whoever looks at it."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import maskwright as mw
from maskwright.behaviour import Spec
from maskwright.errors import InvalidTraceFile, MatcherError
from maskwright.integrations.command_line import tracing
from maskwright.integrations.tracing import (
    Trace,
    TracedText,
    TracedToken,
    TraceHeader,
    TraceRecorder,
    read_trace,
)
from maskwright.integrations.tracing.page import page_of
from maskwright.integrations.tracing.shown import grade_of, share_of, spelling_of, visible
from maskwright.sampling.rows import MaskedRow

TOKENS = [*(bytes([byte]) for byte in range(256)), b'{"a"', b": 1", b"</s>"]
END = len(TOKENS) - 1
VOCABULARY = mw.Vocabulary(TOKENS, eos_token_ids=[END], special_token_names={"</s>": END})
COMPILER = mw.Compiler(VOCABULARY)
HEADER = TraceHeader(VOCABULARY.key, "json-schema", "a.json", {"seed": 3})


def written(path: Path, seed: int = 0, n_texts: int = 2) -> list[list[int]]:
    """Some texts of a grammar, drawn from random rows and written down in turns; their tokens."""
    rng = np.random.default_rng(seed)
    members = {"a": {"type": "integer", "maximum": 20}, "b": {"maxLength": 3, "type": "string"}}
    schema = {"type": "object", "properties": members, "required": ["a"], "additionalProperties": False}
    grammar = COMPILER.compile_json_schema(schema)
    matchers = [grammar.matcher() for _ in range(n_texts)]
    taken: list[list[int]] = [[] for _ in matchers]
    masses = []
    with TraceRecorder(path, HEADER, VOCABULARY) as trace:
        while not all(matcher.is_finished() for matcher in matchers):
            for number, matcher in enumerate(matchers):
                if matcher.is_finished():
                    continue
                row = np.zeros(matcher.row_shape, np.int32)
                matcher.fill_bitmask(row)
                logits = rng.normal(size=VOCABULARY.size)
                logits[END] += 9
                mass = MaskedRow(logits, row)
                trace.masked(matcher, row, mass.log_mass, number)
                allowed = mw.allowed_tokens(row, VOCABULARY.size)
                token = int(allowed[np.argmax(logits[allowed])])
                trace.took(token, number)
                matcher.accept_token(token)
                taken[number].append(token)
                probabilities = np.exp(logits - logits.max())
                masses.append(probabilities[allowed].sum() / probabilities.sum())
                if matcher.is_finished():
                    trace.ended(is_complete=True, text=number)
    kept = [token.kept or 0.0 for text in read_trace(path).texts for token in text.tokens]
    assert sorted(kept) == pytest.approx(sorted(masses))
    return taken


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    taken = written(tmp_path / "run.jsonl")
    trace = read_trace(tmp_path / "run.jsonl")
    assert trace.header == HEADER
    assert [[token.token_id for token in text.tokens] for text in trace.texts] == taken
    for text, tokens in zip(trace.texts, taken, strict=True):
        assert text.is_complete
        assert text.bytes == VOCABULARY.decode(tokens)
        matcher = COMPILER.compile_json_schema(True).matcher()
        for token in text.tokens:
            assert token.pointer == matcher.where().pointer
            assert token.is_forced == (token.allowed == 1)
            matcher.accept_token(token.token_id)


def test_the_lines_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    matcher = COMPILER.compile_json_schema({"type": "object", "maxProperties": 0}).matcher()
    row = np.zeros(matcher.row_shape, np.int32)
    with TraceRecorder(path, HEADER, VOCABULARY) as trace:
        matcher.fill_bitmask(row)
        trace.masked(matcher, row)
        trace.took(ord("{"))
        trace.ended(is_complete=False)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {
            "format": "maskwright trace",
            "version": 1,
            "grammar": "json-schema",
            "name": "a.json",
            "vocabulary": VOCABULARY.key,
            "options": {"seed": 3},
        },
        {
            "text": 0,
            "token": 123,
            "bytes": "{",
            "kept": None,
            "allowed": 1,
            "forced": True,
            "pointer": "",
            "rules": ["object /"],
        },
        {"text": 0, "complete": False},
    ]


def test_sessions_are_written_down_by_their_segments(tmp_path: Path) -> None:
    spec = Spec.from_yaml("segments: {a: {open: A, text: {choice: [x, y]}}}\nflow: a a", "two")
    session = COMPILER.compile_behaviour(spec).start()
    row = np.zeros(session.row_shape, np.int32)
    with TraceRecorder(tmp_path / "run.jsonl", HEADER, VOCABULARY) as trace:
        for token in b"AxAy":
            session.fill_bitmask(row)
            trace.masked(session, row)
            trace.took(token)
            session.accept_token(token)
    assert read_trace(tmp_path / "run.jsonl").texts[0].bytes == b"AxAy"
    assert read_trace(tmp_path / "run.jsonl").texts[0].is_complete is None


def test_a_token_needs_a_mask(tmp_path: Path) -> None:
    with TraceRecorder(tmp_path / "run.jsonl", HEADER, VOCABULARY) as trace, pytest.raises(MatcherError) as refused:
        trace.took(5)
    assert str(refused.value) == "Text 0 of the trace has no mask to take token 5 from."


def test_a_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    taken = written(path, n_texts=1)[0]
    content = path.read_bytes()
    path.write_bytes(content[:-5])
    assert read_trace(path).texts[0].is_complete is None
    path.write_bytes(content[: content.rindex(b'{"text": 0, "token"') + 20])
    assert [token.token_id for token in read_trace(path).texts[0].tokens] == taken[:-1]


FIRST = json.dumps(HEADER.to_json())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "its first line does not say that it is a maskwright trace"),
        ("{}\n", "its first line does not say that it is a maskwright trace"),
        ("[1]\n", "line 1 is no JSON object"),
        ("nothing\n", "line 1 is no JSON"),
        ("[" * 100_000 + "\n", "line 1 is no JSON"),
        ('{"format": "maskwright trace", "version": 2}\n', "it has version 2, this one reads 1"),
        ('{"format": "maskwright trace", "version": 1}\n', "its first line is none of a trace ('vocabulary')"),
        (FIRST + '\n{"text": "x"}\n', "line 2 is no line of a trace (text must be of type int)"),
        (FIRST + '\n{"text": 0, "complete": 1}\n', "line 2 is no line of a trace (complete must be of type bool)"),
        (
            FIRST + '\n{"text": 0, "token": 1, "bytes": "a", "kept": 2, "allowed": 1, "pointer": null, "rules": []}\n',
            "line 2 is no line of a trace (kept must be a probability)",
        ),
        (
            FIRST + '\n{"text": 0, "token": 1, "bytes": "a", "kept": 1, "allowed": 1, "pointer": 7, "rules": []}\n',
            "line 2 is no line of a trace (pointer and rules must be texts)",
        ),
    ],
)
def test_what_is_no_trace_is_refused_with_its_place(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(content)
    with pytest.raises(InvalidTraceFile) as refused:
        read_trace(path)
    assert str(refused.value) == f"{path} cannot be read as a trace: {reason}."


class Tags(HTMLParser):
    """The tags of a page and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = st.sampled_from(
    [
        b"<script>alert(1)</script>",
        b'"><img src=x onerror=alert(1)>',
        b"' onmouseover='alert(1)",
        b"</style><svg/onload=alert(1)>",
        b"javascript:alert(1)",
        b"\x1b]0;title\x07\x1b[2J",
        b"\xff\xc3",
        "\u202e".encode(),
        b"&lt;b&gt;",
        b"",
    ]
)
NAMES = HOSTILE.map(lambda text: text.decode("utf-8", "replace"))
TRACED = st.builds(
    TracedToken,
    token_id=st.integers(0, 9),
    bytes=HOSTILE,
    name=st.just("") | NAMES,
    kept=st.none() | st.floats(0, 1),
    allowed=st.integers(1, 3),
    pointer=st.none() | NAMES,
    rules=st.tuples(NAMES, NAMES),
)
TEXTS = st.builds(TracedText, st.lists(TRACED, min_size=1, max_size=6).map(tuple), st.none() | st.booleans())
TRACES = st.builds(
    Trace,
    st.builds(TraceHeader, NAMES, NAMES, NAMES, st.dictionaries(NAMES, NAMES, max_size=2)),
    st.lists(TEXTS, max_size=2).map(tuple),
)


@given(TRACES)
def test_no_text_of_a_trace_becomes_a_part_of_the_page(trace: Trace) -> None:
    page = page_of(trace)
    parsed = Tags()
    parsed.feed(page)
    parsed.close()
    assert parsed.tags <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "ul", "li", "p", "span", "details", "summary"),
        *("table", "tr", "th", "td"),
    }
    assert parsed.attributes <= {"lang", "charset", "http-equiv", "content", "class", "tabindex"}
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page
    for text in trace.texts:
        for token in text.tokens:
            assert visible(token.name or token.bytes.decode("utf-8", "surrogateescape")) in parsed.text


@given(TRACES)
def test_no_text_of_a_trace_does_anything_to_a_terminal(trace: Trace) -> None:
    stream = io.StringIO()
    tracing.show(trace, stream)
    assert all(one.isprintable() or one == "\n" for one in stream.getvalue())


@given(TRACES)
def test_a_trace_is_read_back_whatever_its_texts_are(trace: Trace) -> None:
    for text in trace.texts:
        for token in text.tokens:
            assert json.loads(json.dumps(token.to_json(0)))["bytes"].encode("utf-8", "surrogateescape") == token.bytes


def token(kept: float | None, allowed: int = 5) -> TracedToken:
    return TracedToken(7, b"a b\n", "", kept, allowed, "/x", ("object /",))


def test_how_tokens_are_shown() -> None:
    assert [grade_of(token(kept)) for kept in (None, 1.0, 0.95, 0.5, 0.2, 0.0)] == [None, 0, 1, 2, 3, 4]
    assert [share_of(token(kept)) for kept in (None, 1.0, 0.123, 1e-9)] == ["?", "100.0%", "12.3%", "1.0e-07%"]
    assert spelling_of(token(None)) == "a␣b⏎"
    stream = io.StringIO()
    tracing.show(Trace(HEADER, (TracedText((token(0.5), token(None, 1)), is_complete=True),)), stream)
    assert stream.getvalue() == (
        "a.json (json-schema)\n"
        "text 0: 2 tokens, 1 of them forced, complete\n"
        " step     kept  allowed  token                         where\n"
        "    0    50.0%        5  a␣b⏎                          /x\n"
        "    1        ?        1  a␣b⏎                          /x\n"
        "a b\na b\n\n"
    )


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shown() -> str:
        stream = Terminal()
        tracing.show(Trace(HEADER, (TracedText((token(0.05), token(0.05, 1))),)), stream)
        return stream.getvalue()

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[31ma␣b⏎\x1b[0m" in shown()
    assert "\x1b[2;31ma␣b⏎\x1b[0m" in shown()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in shown()
