"""Few blanks: random and wasteful walks end in documents within the bound; masks, accepts and rollbacks agree."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

import pytest

import maskwright as mw
from maskwright.errors import InvalidOption, TokenRejected
from maskwright.grammar.json_schema import Indented
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.completion.sparing import OUTSIDE, SparingMatcher, counted

TEXTS = [bytes([byte]) for byte in range(256)]
TEXTS += [
    b"  ",
    b"    ",
    b" " * 16,
    b"\n",
    b"\n\n",
    b"\n  ",
    b"\t\t",
    b" \n ",
    b'"a',
    b'": ',
    b', "',
    b",\n",
    b'  "',
    b"} ",
    b" b",
]
VOCABULARY = mw.Vocabulary([*TEXTS, b"</s>"], eos_token_ids=[len(TEXTS)])
EOS = len(TEXTS)
SCHEMA = {
    "type": "object",
    "properties": {
        "a": {"type": "string", "maxLength": 6},
        "b": {"type": "array", "items": {"type": "integer"}, "maxItems": 4},
        "c": {"type": "object", "properties": {"a": {"type": ["null", "boolean"]}}, "additionalProperties": False},
    },
    "required": ["a"],
    "additionalProperties": False,
}


def blanks_outside(text: bytes) -> int:
    """How many blanks stand outside the strings of a JSON text."""
    return len(re.findall(rb"[ \t\r\n]", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", text)))


def compiled(**options: object) -> CompiledGrammar:
    return mw.Compiler(VOCABULARY).compile_json_schema(SCHEMA, options=mw.JSONSchemaOptions(**options))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def grammar() -> CompiledGrammar:
    return compiled()


def mask_of(matcher: mw.Matcher) -> list[int]:
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    matcher.fill_bitmask(row)
    return [int(token) for token in mw.allowed_tokens(row, VOCABULARY.size)]


def is_member(grammar: CompiledGrammar, text: bytes) -> bool:
    """Is the text a whole member, read byte by byte without bounds?"""
    matcher = grammar.matcher()
    return matcher.accept_tokens(text) == len(text) and matcher.is_accepting()


def blanks_first(rng: random.Random, allowed: list[int]) -> int:
    """The token with the most blanks."""
    return max(allowed, key=lambda token: (sum(byte in b" \t\r\n" for byte in VOCABULARY.text_of(token)), rng.random()))


def digits_last(rng: random.Random, allowed: list[int]) -> int:
    """Any token, but a digit or letter only where there is nothing else, so that texts end."""
    others = [token for token in allowed if not VOCABULARY.text_of(token).isalnum()]
    return rng.choice(others or allowed)


def walk(matcher: mw.Matcher, choose: Callable[[random.Random, list[int]], int], seed: int) -> tuple[bytes, list[int]]:
    """Tokens chosen along the masks until the text ends."""
    rng = random.Random(seed)
    tokens: list[int] = []
    while not matcher.is_finished():
        allowed = mask_of(matcher)
        assert allowed, "a dead end"
        token = EOS if EOS in allowed else choose(rng, allowed)
        matcher.accept_token(token)
        tokens.append(token)
        assert len(tokens) < 3000
    return b"".join(map(VOCABULARY.text_of, tokens)), tokens


@pytest.mark.parametrize("choose", [blanks_first, digits_last, lambda rng, allowed: rng.choice(allowed)])
@pytest.mark.parametrize("max_blanks", [0, 1, 7, 40])
def test_walks_end_in_documents_with_few_blanks(
    grammar: CompiledGrammar, choose: Callable[[random.Random, list[int]], int], max_blanks: int
) -> None:
    for seed in range(8):
        matcher = grammar.matcher(max_tokens=400, max_blanks=max_blanks)
        text, tokens = walk(matcher, choose, seed)
        json.loads(text)
        assert is_member(grammar, text)
        alone = sum(len(one) for one in map(VOCABULARY.text_of, tokens) if one and not one.strip(b" \t\r\n"))
        alone -= sum(blanks_in_strings(tokens))
        assert alone <= max_blanks
        assert matcher.n_blanks == blanks_outside(text)


def blanks_in_strings(tokens: list[int]) -> list[int]:
    """The lengths of the tokens of blanks alone that stand in strings."""
    found, tally = [], (0, OUTSIDE)
    for text in map(VOCABULARY.text_of, tokens):
        if text and not text.strip(b" \t\r\n") and tally[1] != OUTSIDE:
            found.append(len(text))
        tally = counted(text, tally)
    return found


@pytest.mark.parametrize(
    "options", [{"whitespace": Indented(2)}, {"whitespace": mw.Whitespace.ANY}, {"outer_whitespace": True}]
)
def test_other_kinds_of_blanks_have_no_dead_ends_either(options: dict[str, object]) -> None:
    grammar = compiled(**options)
    for seed in range(6):
        text, _ = walk(grammar.matcher(max_tokens=300, max_blanks=2), blanks_first, seed)
        assert is_member(grammar, text)
        if "whitespace" in options and isinstance(options["whitespace"], Indented):
            assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False).encode()


def test_mask_allows_accept_and_validate_say_the_same(grammar: CompiledGrammar) -> None:
    rng = random.Random(5)
    matcher = grammar.matcher(max_blanks=3)
    while not matcher.is_finished():
        allowed = mask_of(matcher)
        assert allowed == [token for token in range(VOCABULARY.size) if matcher.allows(token)]
        assert allowed == [token for token in range(VOCABULARY.size) if matcher.validate_tokens([token]) == 1]
        refused = rng.choice([token for token in range(VOCABULARY.size) if token not in allowed])
        with pytest.raises(TokenRejected):
            matcher.accept_token(refused)
        matcher.accept_token(EOS if EOS in allowed else blanks_first(rng, allowed))


def test_rollback_fork_and_reset_give_blanks_back(grammar: CompiledGrammar) -> None:
    matcher = grammar.matcher(max_blanks=5)
    fresh = mask_of(matcher)
    matcher.accept_bytes(b'{   "a" : ')
    assert (matcher.n_blanks, TEXTS.index(b"\t\t") in mask_of(matcher)) == (5, False)
    other = matcher.fork()
    matcher.rollback(1)
    assert matcher.n_blanks == 0
    matcher.accept_bytes(b'{"a"')
    assert matcher.accept_tokens([TEXTS.index(b"  "), ord(":"), TEXTS.index(b"    ")]) == 2
    assert (matcher.n_blanks, other.n_blanks) == (2, 5)
    assert other.validate_tokens([ord('"'), *b"  ", ord('"'), ord(" ")]) == 4  # in a string blanks are free
    assert other.n_blanks == 5
    other.reset()
    assert mask_of(other) == fresh and other.n_blanks == 0


def test_the_reason_is_told(grammar: CompiledGrammar) -> None:
    matcher = grammar.matcher(max_blanks=2)
    matcher.accept_bytes(b"{ ")
    two = TEXTS.index(b"  ")
    reason = "the text has 1 blanks of at most 2, and something else may come"
    with pytest.raises(TokenRejected, match=reason):
        matcher.accept_token(two)
    assert str(matcher.explain(two)).endswith(f": {reason}.")
    assert matcher.explain(ord(" ")).is_allowed and not matcher.explain(ord("x")).is_allowed


def test_tokens_of_blanks_stay_where_nothing_else_may_come() -> None:
    vocabulary = mw.Vocabulary([b"[", b"]", b"1", b" ", b"\n", b"</s>"], eos_token_ids=[5])
    options = mw.JSONSchemaOptions(whitespace=Indented(1))
    schema = {"type": "array", "items": {"const": 1}, "minItems": 1, "maxItems": 1}
    matcher = mw.Compiler(vocabulary).compile_json_schema(schema, options=options).matcher(max_blanks=0)
    assert matcher.accept_tokens([0, 4, 3, 2, 4, 1]) == 6
    assert matcher.is_accepting()


def test_wrong_bounds_are_refused(grammar: CompiledGrammar) -> None:
    with pytest.raises(InvalidOption, match="max_blanks must be at least 0, not -1"):
        grammar.matcher(max_blanks=-1)
    with pytest.raises(InvalidOption, match="max_blanks must be left out where the text is not one JSON text, not 3"):
        mw.Compiler(VOCABULARY).compile_regex("[a ]*").matcher(max_blanks=3)
    assert isinstance(grammar.matcher(max_blanks=0), SparingMatcher)


def test_counting_does_not_depend_on_where_a_text_is_cut() -> None:
    text = b'{ "a\\" \\\\" : [1 , "\\\\\\"  "] }\n'
    whole = counted(text, (0, OUTSIDE))
    assert whole == (blanks_outside(text), OUTSIDE)
    for cut in range(len(text)):
        assert counted(text[cut:], counted(text[:cut], (0, OUTSIDE))) == whole
