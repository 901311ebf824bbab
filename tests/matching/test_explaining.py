"""Laws of explanations: they agree with the matcher, name the first byte that is refused, and change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskwright as mw
from maskwright.errors import MatcherError, TokenRejected
from maskwright.grammar.ir import Grammar
from maskwright.matching.completing import shortest_completion
from maskwright.matching.explaining import Reason, found_at
from maskwright.matching.matcher import Matcher

WORDS = [b"ab", b'"a"', b'["', b'",', b"12", b"1,", b"},", b'{"a"', b":1", "né".encode(), b"ba", b"((", b"=1", b" ="]
TOKENS = [*(bytes([byte]) for byte in range(256)), *WORDS, b"", b"<tool>", b"</s>"]
SPECIAL = {"<tool>": len(TOKENS) - 2, "</s>": len(TOKENS) - 1}
VOCABULARY = mw.Vocabulary(
    TOKENS, eos_token_ids=[SPECIAL["</s>"]], special_token_ids=SPECIAL.values(), special_token_names=SPECIAL
)
COMPILER = mw.Compiler(VOCABULARY)
GRAMMARS = [
    COMPILER.compile_grammar(grammar)
    for grammar in (
        Grammar.from_json_schema({"type": "array", "items": {"enum": ["a", "b", 12]}, "uniqueItems": True}),
        Grammar.from_json_schema({"type": "object", "properties": {"a": {"type": "integer"}}, "maxProperties": 2}),
        Grammar.from_json_schema({"uniqueItems": True, "type": "array"}),
        Grammar.from_regex("(ab|ba)*[0-9]{2,3}é?"),
        Grammar.from_gbnf('root ::= "(" root ")" | "a" | <tool> root'),
        Grammar.from_lark('start: (NAME "=" NUMBER ";"?)+\nNAME: /[a-z]+/\nNUMBER: /[0-9]+/\n%ignore " "'),
        Grammar.from_text("x") + Grammar.from_json_schema({"type": "array", "uniqueItems": True}),
    )
]


@st.composite
def places(draw: st.DrawFn) -> Matcher:
    """A matcher of one of the grammars after some allowed tokens."""
    matcher = draw(st.sampled_from(GRAMMARS)).matcher()
    row = np.zeros(matcher.row_shape, np.int32)
    for _ in range(draw(st.integers(0, 8))):
        matcher.fill_bitmask(row)
        allowed = mw.allowed_tokens(row, VOCABULARY.size).tolist()
        longer = [token for token in allowed if token >= 256] or allowed
        matcher.accept_token(draw(st.sampled_from(longer if draw(st.booleans()) else allowed)))
        if matcher.is_finished():
            break
    return matcher


def readable(matcher: Matcher, text: bytes) -> bool:
    """May these bytes come next?"""
    fork = matcher.fork()
    try:
        fork.accept_bytes(text)
    except TokenRejected:
        return False
    return True


@settings(deadline=None, max_examples=60)
@given(places())
def test_a_token_is_allowed_exactly_if_its_explanation_says_so_and_nothing_changes(matcher: Matcher) -> None:
    before, after = np.zeros(matcher.row_shape, np.int32), np.zeros(matcher.row_shape, np.int32)
    matcher.fill_bitmask(before)
    n_accepted = matcher.n_accepted
    for token in [*range(256, VOCABULARY.size), *b'ab"1,[]{}() =']:
        told = matcher.explain(token)
        assert told.is_allowed == matcher.allows(token)
        assert str(told).startswith(f"Token {token}")
    matcher.fill_bitmask(after)
    assert (before == after).all()
    assert matcher.n_accepted == n_accepted


@settings(deadline=None, max_examples=60)
@given(places(), st.integers(0, len(WORDS) - 1))
def test_the_refused_byte_is_the_first_that_cannot_be_read(matcher: Matcher, word: int) -> None:
    told = matcher.explain(256 + word)
    if told.is_allowed or told.reason is Reason.FINISHED:
        return
    text = WORDS[word]
    first = next(n for n in range(len(text)) if not readable(matcher, text[: n + 1]))
    assert (told.position, told.found, told.accepted) == (first, text[first], text[:first])
    behind = matcher.fork()
    behind.accept_bytes(text[:first])
    assert told.expected.first == bytes(byte for byte in range(256) if readable(behind, bytes([byte])))
    assert told.expected.may_end == behind.is_accepting()


@settings(deadline=None, max_examples=60)
@given(places())
def test_where_a_text_is_does_not_depend_on_how_it_was_spelled_nor_on_what_was_taken_back(matcher: Matcher) -> None:
    if matcher.is_finished():
        assert str(matcher.where()) == "behind the end"
        return
    place = matcher.where()
    assert set(matcher.rules()) == set(place.innermost)
    row = np.zeros(matcher.row_shape, np.int32)
    matcher.fill_bitmask(row)
    ahead = matcher.fork()
    ahead.accept_token(int(mw.allowed_tokens(row, VOCABULARY.size)[0]))
    ahead.rollback(1)
    assert ahead.where() == place
    if not any(isinstance(read, int) and read in SPECIAL.values() for read in matcher.trail.reads):
        text = b"".join(read if isinstance(read, bytes) else VOCABULARY.text_of(read) for read in matcher.trail.reads)
        whole = matcher.grammar.matcher()
        whole.accept_bytes(text)
        assert whole.where() == place


def test_places_of_a_document() -> None:
    schema = {
        "properties": {"a": {"items": {"$ref": "#/$defs/b"}, "type": "array"}},
        "$defs": {"b": {"type": "object"}},
    }
    grammar = COMPILER.compile_json_schema({"type": "object", **schema})
    told = {}
    inner = ("object /", "array /properties/a", "any object")  # all objects that nothing is said of are one rule
    for text in (b"", b'{"', b'{"a"', b'{"a":[', b'{"a":[{', b'{"a":[{"b/~":', b'{"a":[{"b":1},{}]', b'{"a":[]}'):
        matcher = grammar.matcher()
        matcher.accept_bytes(text)
        where = matcher.where()
        told[text] = (where.pointer, where.is_at_name, where.schema, where.rules)
    assert told == {
        b"": ("", False, ("",), ("object /",)),
        b'{"': ("", True, ("",), ("object /",)),
        b'{"a"': ("/a", False, ("/properties/a",), ("object /",)),
        b'{"a":[': ("/a", False, ("/properties/a",), ("object /", "array /properties/a")),
        b'{"a":[{': ("/a/0", False, ("/$defs/b",), inner),
        b'{"a":[{"b/~":': ("/a/0/b~1~0", False, ("/$defs/b",), inner),
        b'{"a":[{"b":1},{}]': ("", False, ("",), ("object /",)),
        b'{"a":[]}': ("", False, ("",), ("root",)),
    }


@pytest.mark.parametrize("token", [-1, VOCABULARY.size, "a", 1.5])
def test_what_is_no_token_is_told_or_refused(token: object) -> None:
    matcher = GRAMMARS[3].matcher()
    if isinstance(token, int):
        assert matcher.explain(token).reason is Reason.NO_TOKEN
        return
    with pytest.raises(MatcherError):
        matcher.explain(token)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=40)
@given(places())
def test_a_shortest_completion_completes_and_no_shorter_text_does(matcher: Matcher) -> None:
    if matcher.is_finished():
        return
    completion = shortest_completion(matcher)
    assert completion is not None
    end = matcher.fork()
    end.accept_bytes(completion)
    assert end.is_accepting()
    found = [matcher.fork()]
    for _ in range(min(2, max(0, len(completion) - 1))):  # all texts that are shorter, up to two bytes
        assert not any(one.is_accepting() for one in found)
        longer = []
        for one in found:
            for byte in one.grammar.next_bytes(one.trail):
                fork = one.fork()
                try:
                    fork.accept_bytes(bytes([byte]))
                except TokenRejected:
                    continue
                longer.append(fork)
        found = longer


def test_a_text_is_read_to_the_first_character_that_cannot_stand() -> None:
    grammar = COMPILER.compile_regex("(é|ab){2,5000}")
    text = "éab" * 2000
    told = grammar.explain(text + "è" + text)
    assert told.position == len(text.encode())
    assert (told.line, told.column) == (1, len(text) + 1)
    assert not told.is_incomplete
    assert told.excerpt.split("\n")[1].index("^") == 60
    assert grammar.explain(text.encode()).satisfies
    assert grammar.explain("é\n").line == 1
    assert grammar.explain("").completion == b"abab"


@pytest.mark.parametrize(
    ("text", "position", "found"),
    [
        ("é", 0, "`é`"),
        ("é", 1, "byte A9 of `é`"),
        ("aé", 2, "byte A9 of `é`"),
        ("a€b", 3, "byte AC of `€`"),
        ("a€b", 4, "`b`"),
    ],
)
def test_a_byte_is_told_with_the_character_that_it_is_a_part_of(text: str, position: int, found: str) -> None:
    assert found_at(text.encode(), position) == found


def test_bytes_of_no_character_are_told_as_such() -> None:
    assert found_at(b"a\xff", 1) == "byte FF"
    assert found_at(b"\xa9", 0) == "byte A9"


def test_a_special_token_without_a_name_is_told_by_its_bytes() -> None:
    vocabulary = mw.Vocabulary([*TOKENS[:256], b"<one>", b""], eos_token_ids=[], special_token_ids=[256, 257])
    matcher = mw.Compiler(vocabulary).compile_regex("[a-z]+").matcher()
    assert [matcher.explain(token).name for token in (97, 256, 257)] == ["", "<one>", ""]
    assert VOCABULARY.special_token_names["<tool>"] == SPECIAL["<tool>"]
    assert GRAMMARS[3].matcher().explain(SPECIAL["<tool>"]).name == "<tool>"
