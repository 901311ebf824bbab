"""Matchers with events: whatever the tokens and whatever is taken back, they are those that `json.loads` gives."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright import Compiler, JSONSchemaOptions, Vocabulary, Whitespace, allocate_bitmask, allowed_tokens
from maskwright.errors import MatcherError, NotJSON, TokenRejected
from maskwright.matching.event_matcher import EventMatcher
from maskwright.matching.json_events import JSONEvent, JSONReader, Numbers, ObjectStarted, ValueCompleted
from maskwright.matching.random_texts import Habits, Walker
from tests.data_folder import tokenizer_folder
from tests.matching.test_json_events import events_of

MERGED = [b'{"', b'":', b'","', b'"}', b"}]", b"],", b"12", b"true", b", ", b"ab", b'":[{"', b"\xc3\xa9", b'a"', b'":"']
EOS = 256 + len(MERGED)
VOCABULARY = Vocabulary([*(bytes([byte]) for byte in range(256)), *MERGED, b""], eos_token_ids=[EOS])
SCHEMAS: list[Any] = [
    True,
    {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "é": {"type": "array", "items": {"type": ["string", "null"]}},
            "of": {"$ref": "#"},
        },
        "required": ["a"],
        "additionalProperties": {"enum": [True, "x", [1.5, {}]]},
    },
    {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
    {"type": "number"},
]
TERSE = JSONSchemaOptions(whitespace=Whitespace.COMPACT)
GRAMMARS = [Compiler(VOCABULARY).compile_json_schema(schema, options=TERSE) for schema in SCHEMAS]
WALKER = Walker(VOCABULARY, Habits(tired=25, longest=300))


def walk(seed: int) -> tuple[EventMatcher, bytes]:
    """A new matcher of some grammar, and a random text of it."""
    grammar = GRAMMARS[seed % len(GRAMMARS)]
    attempt = 0
    while (text := WALKER.text(grammar.matcher(), np.random.default_rng([seed, attempt]))) is None:
        attempt += 1
    return grammar.event_matcher(), text


def tokens_of(text: bytes, rng: np.random.Generator) -> list[int]:
    """The text in tokens, which of those that fit by chance."""
    tokens = []
    while text:
        fitting = [token for token in range(256, EOS) if text.startswith(VOCABULARY.text_of(token))]
        fitting.append(text[0])
        tokens.append(fitting[int(rng.integers(len(fitting)))])
        text = text[len(VOCABULARY.text_of(tokens[-1])) :]
    return [*tokens, EOS]


def expected(text: bytes) -> list[JSONEvent]:
    """The events of a document that is there as a whole, repeated names included."""
    assert "NaN" not in text.decode()
    return events_of(json.loads(text))


@settings(max_examples=60)
@given(st.integers(0, 1 << 30))
def test_events_are_those_of_the_document_however_it_is_cut(seed: int) -> None:
    matcher, text = walk(seed)
    found = [event for token in tokens_of(text, np.random.default_rng(seed)) for event in matcher.accept_token(token)]
    assert found == expected(text)
    assert matcher.is_finished()
    assert matcher.accept_token(EOS) == []


@settings(max_examples=60)
@given(st.integers(0, 1 << 30))
def test_rollbacks_forks_and_resets_leave_no_trace(seed: int) -> None:
    matcher, text = walk(seed)
    rng = np.random.default_rng(seed)
    tokens = tokens_of(text, rng)
    known: list[list[JSONEvent]] = []  # of each step that stands
    for _ in range(3 * len(tokens)):
        what = rng.random()
        if what < 0.6 and len(known) < len(tokens):
            known.append(matcher.accept_token(tokens[len(known)]))
        elif what < 0.8:
            n = int(rng.integers(len(known) + 1))
            matcher.rollback(n)
            known = known[: len(known) - n]
        elif what < 0.97:
            other = matcher.fork()
            other.rollback(other.n_accepted)
            assert other.n_accepted == 0
            assert matcher.n_accepted == len(known)
            matcher = matcher.fork()
        else:
            matcher.reset()
            known = []
    while len(known) < len(tokens):
        known.append(matcher.accept_token(tokens[len(known)]))
    assert [event for events in known for event in events] == expected(text)


@settings(max_examples=30)
@given(st.integers(0, 1 << 30))
def test_with_a_budget_every_document_ends_in_time_and_is_told(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grammar = GRAMMARS[seed % len(GRAMMARS)]
    max_tokens = grammar.least_tokens() + int(rng.integers(12))
    matcher = grammar.event_matcher(max_tokens=max_tokens)
    row = allocate_bitmask(1, VOCABULARY.size)[0]
    tokens: list[int] = []
    found: list[JSONEvent] = []
    while not matcher.is_finished():
        matcher.fill_bitmask(row)
        tokens.append(int(rng.choice(allowed_tokens(row, VOCABULARY.size))))
        before = matcher.fork()
        told = matcher.accept_token(tokens[-1])
        assert before.accept_tokens(tokens[-1:]) == (1, told)
        found += told
    assert len(tokens) <= max_tokens
    assert found == expected(VOCABULARY.decode(tokens))


def test_a_value_is_told_with_the_token_that_completes_it() -> None:
    matcher = GRAMMARS[1].event_matcher()
    assert matcher.accept_bytes(b'{"a') == [ObjectStarted(())]
    assert matcher.accept_bytes(b'":1') == []
    assert matcher.accept_token(ord("2")) == []
    assert matcher.accept_token(ord(",")) == [ValueCompleted(("a",), 12)]
    matcher.rollback(1)
    assert matcher.reader.path == ("a",)
    assert matcher.accept_token(ord("3")) == []
    assert matcher.accept_token(ord(",")) == [ValueCompleted(("a",), 123)]
    assert matcher.accept_tokens(b'"x":true,!') == (9, [ValueCompleted(("x",), True)])


def test_numbers_may_stay_as_they_are_written() -> None:
    matcher = GRAMMARS[3].event_matcher(JSONReader(numbers=Numbers.EXACT))
    assert matcher.accept_bytes(b"0.10000000000000000000000000000000000001") == []
    assert matcher.accept_token(EOS) == [ValueCompleted((), Decimal("0.10000000000000000000000000000000000001"))]
    matcher.reset()
    assert matcher.accept_bytes(b"-10") == []
    (event,) = matcher.accept_token(EOS)
    assert event == ValueCompleted((), -10)
    assert isinstance(event.value, int)


def test_a_refused_token_changes_nothing() -> None:
    matcher = GRAMMARS[1].event_matcher()
    matcher.accept_bytes(b'{"a":')
    with pytest.raises(TokenRejected):
        matcher.accept_token(ord("}"))
    with pytest.raises(MatcherError, match="Cannot roll back 2 of 1"):
        matcher.rollback(2)
    assert matcher.accept_bytes(b"1}") == events_of({"a": 1})[1:]


def test_json_within_a_larger_text_is_refused_and_nothing_is_read() -> None:
    matcher = Compiler(VOCABULARY).compile_regex("<call>[0-9]+</call>").event_matcher()
    with pytest.raises(NotJSON, match="'<' stands where a value must come"):
        matcher.accept_token(ord("<"))
    assert matcher.n_accepted == 0
    assert matcher.allows(ord("<"))


def test_masks_are_those_of_a_matcher() -> None:
    events, matcher = GRAMMARS[1].event_matcher(), GRAMMARS[1].matcher()
    rows = allocate_bitmask(2, VOCABULARY.size)
    for byte in b'{"a":4':
        events.accept_token(byte)
        matcher.accept_token(byte)
        events.fill_bitmask(rows[0])
        matcher.fill_bitmask(rows[1])
        assert (rows[0] == rows[1]).all()
        assert events.is_accepting() == matcher.is_accepting()


def test_events_of_a_real_tokenizer() -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="reads a real tokenizer")
    tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer_folder("llama3") / "tokenizer.json"))
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=[128001])
    document = {"a": 1, "é": ["", None, "日本"], "of": {"a": -20, "b": [1.5, {}]}}
    matcher = Compiler(vocabulary).compile_json_schema(SCHEMAS[1]).event_matcher()
    found: list[JSONEvent] = []
    for token in tokenizer.encode(json.dumps(document, ensure_ascii=False), add_special_tokens=False).ids:
        found += matcher.accept_token(token)
    assert found == events_of(document)
