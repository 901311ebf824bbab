"""A matcher with a budget ends in time with a whole text, whatever is chosen, and its answers agree."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

import maskwright as mw
from maskwright.errors import BudgetTooSmall, TokenRejected
from maskwright.matching.batch import fill_bitmasks, step_matchers
from maskwright.matching.bitmask import allocate_bitmask
from maskwright.matching.completion.budgeted import BudgetedMatcher
from maskwright.matching.matcher import Matcher, accept_each
from tests.matching.completion.brute import allowed, vocabulary_of

VOCABULARY = vocabulary_of(
    '{"', '":', '","', '"}', '":"', "null", "true", "[[", "]]", "name", "    ", "\n", "ab", '"]}'
)
COMPILER = mw.Compiler(VOCABULARY)
END = VOCABULARY.size - 1

SCHEMAS: dict[str, Any] = {
    "anything": {},
    "an open object": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    "members required": {"type": "object", "required": ["a", "b", "c"], "minProperties": 4},
    "a tree": {
        "$defs": {
            "tree": {"type": "object", "properties": {"of": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}}
        },
        "$ref": "#/$defs/tree",
    },
    "items that differ": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 2},
    "numbers that differ": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "minItems": 4},
    "long strings": {"type": "array", "items": {"type": "string", "minLength": 5, "maxLength": 40}, "minItems": 2},
    "numbers": {"type": "array", "items": {"type": "number", "minimum": 10}, "minItems": 1, "maxItems": 4},
    "dates": {"type": "object", "properties": {"d": {"type": "string", "format": "date"}}, "required": ["d"]},
}
CONTEXT_FREE = {
    "sums": 'root ::= term ("+" term)*\nterm ::= [0-9]+ | "(" root ")"',
    "around a middle": 'root ::= "a" root "b" | "c" root "dd" root | "ee"',
    "tags": 'root ::= "<" name ">" root* "</>" \nname ::= [a-z]{2,6}',
    "lines": 'root ::= ([a-z]+ "\\n"){2,}',
    "keywords": 'root ::= "begin " root "end " | "x:=" [0-9] "; "',
}


def grammar_of(name: str) -> mw.CompiledGrammar:
    if name in SCHEMAS:
        return COMPILER.compile_json_schema(SCHEMAS[name])
    return COMPILER.compile_gbnf(CONTEXT_FREE[name])


def written(matcher: BudgetedMatcher, rng: random.Random, *, is_adverse: bool) -> bytes:
    """A whole text: any allowed token, or always one behind which the most must follow."""
    n_steps = 0
    while not matcher.is_finished():
        tokens = allowed(matcher)
        assert tokens, "no dead end"
        if is_adverse and tokens != [END]:
            costs = matcher._outlook.ahead(matcher.trail).costs
            others = [token for token in tokens if token != END]
            highest = max(costs[token] for token in others)
            tokens = [token for token in others if costs[token] == highest]
        matcher.accept_token(rng.choice(tokens))
        n_steps += 1
    assert n_steps <= matcher.max_tokens
    return b"".join(VOCABULARY.token_bytes[token] for token in matcher.trail.reads if isinstance(token, int))


@pytest.mark.parametrize("name", [*SCHEMAS, *CONTEXT_FREE])
def test_every_text_ends_whole_and_in_time(name: str) -> None:
    grammar = grammar_of(name)
    rng = random.Random(name)
    least = grammar.least_tokens()
    for n in [least, least, *(least + rng.randint(1, 40) for _ in range(8))]:
        for is_adverse in (False, True):
            matcher = grammar.matcher(max_tokens=n)
            text = written(matcher, rng, is_adverse=is_adverse)
            plain = grammar.matcher()
            plain.accept_bytes(text)
            assert plain.is_accepting()
            if name in SCHEMAS:
                json.loads(text)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["an open object", "items that differ", "numbers that differ", "sums"])
def test_mask_allows_and_accept_agree(name: str, seed: int) -> None:
    grammar = grammar_of(name)
    rng = random.Random(seed)
    matcher = grammar.matcher(max_tokens=grammar.least_tokens() + 3)
    while not matcher.is_finished():
        tokens = allowed(matcher)
        for token in range(-1, VOCABULARY.size + 1):
            assert matcher.allows(token) == (token in tokens)
            assert (matcher.validate_tokens([token]) == 1) == (token in tokens)
        refused = next(token for token in range(VOCABULARY.size) if token not in tokens)
        with pytest.raises(TokenRejected):
            matcher.accept_token(refused)
        matcher.accept_token(rng.choice(tokens))


def test_a_budget_that_is_too_small_names_the_least() -> None:
    grammar = grammar_of("an open object")
    least = grammar.least_tokens()
    with pytest.raises(BudgetTooSmall) as caught:
        grammar.matcher(max_tokens=least - 1)
    assert str(caught.value) == (
        f"A budget of {least - 1} tokens is too small: the shortest text takes {least}, the end token included."
    )
    assert grammar.matcher(max_tokens=least).n_needed == least


def test_masks_are_those_of_the_grammar_while_the_end_is_far() -> None:
    grammar = grammar_of("an open object")
    plain, budgeted = grammar.matcher(), grammar.matcher(max_tokens=500)
    for text in (b'{"', b"name", b'":"', b"ab", b'","'):
        token = VOCABULARY.token_bytes.index(text)
        assert allowed(plain) == allowed(budgeted)
        plain.accept_token(token)
        budgeted.accept_token(token)


def test_going_back_gives_back() -> None:
    grammar = grammar_of("anything")
    matcher = grammar.matcher(max_tokens=9)
    before = allowed(matcher)
    matcher.accept_token(ord("["))
    matcher.accept_bytes(b'"ab"')
    assert matcher.n_left == 9 - 1 - 3
    fork = matcher.fork()
    fork.accept_token(ord("]"))
    assert (fork.n_left, matcher.n_left) == (4, 5)
    matcher.rollback(1)
    assert matcher.n_left == 8
    matcher.rollback(1)
    assert (matcher.n_left, allowed(matcher)) == (9, before)
    matcher.accept_bytes(b"[[[")
    matcher.reset()
    assert matcher.n_left == 9


def test_bytes_that_leave_too_little_are_refused_and_change_nothing() -> None:
    matcher = grammar_of("sums").matcher(max_tokens=6)
    with pytest.raises(TokenRejected, match="too few tokens would be left"):
        matcher.accept_bytes(b"(((")
    assert matcher.n_accepted == 0
    matcher.accept_bytes(b"((")
    assert [VOCABULARY.token_bytes[token] for token in allowed(matcher)] == [b"%d" % digit for digit in range(10)]


def test_at_the_last_token_only_the_end_is_left() -> None:
    matcher = grammar_of("lines").matcher(max_tokens=6)
    for token in (b"ab", b"\n", b"ab", b"ab", b"\n"):
        matcher.accept_token(VOCABULARY.token_bytes.index(token))
    assert allowed(matcher) == [END]
    matcher.accept_token(END)
    assert allowed(matcher) == [END]


def test_batches_of_both_kinds() -> None:
    grammar = grammar_of("sums")
    matchers: list[Matcher] = [grammar.matcher(), grammar.matcher(max_tokens=4), grammar.matcher(max_tokens=2)]
    mask = allocate_bitmask(3, VOCABULARY.size)
    for _ in range(2):  # the second time the rows of the grammar are finished
        fill_bitmasks(matchers, mask)
        for matcher, row in zip(matchers, mask, strict=True):
            single = np.zeros(matcher.row_shape, np.int32)
            matcher.fill_bitmask(single)
            assert np.array_equal(single, row)
    with pytest.raises(TokenRejected):
        accept_each(matchers, [ord("(")] * 3)
    assert [matcher.n_accepted for matcher in matchers] == [0, 0, 0]
    step_matchers(matchers, [ord("1")] * 3, mask)
    assert [len(allowed(matcher)) for matcher in matchers[1:]] == [12, 1]


def test_a_soft_landing_prefers_what_ends() -> None:
    matcher = grammar_of("sums").matcher(max_tokens=12)
    assert matcher.landing_bias(window=8) is None
    bias = matcher.landing_bias(strength=2.0, window=20)
    assert bias is not None and bias.dtype == np.float32
    # A digit completes the sum: nothing is wasted. A bracket takes three tokens where two were enough.
    assert bias[ord("1")] == 0
    assert bias[ord("(")] == pytest.approx(-2.0 * (1 - 10 / 20) * 2)


def test_a_vocabulary_without_end_tokens_counts_the_text_alone() -> None:
    vocabulary = mw.Vocabulary([bytes([byte]) for byte in range(256)], eos_token_ids=())
    grammar = mw.Compiler(vocabulary).compile_gbnf('root ::= "ab" "c"*')
    matcher = grammar.matcher(max_tokens=2)
    matcher.accept_tokens(b"ab")
    assert grammar.least_tokens() == 2
    assert matcher.is_accepting()
    assert allowed(matcher) == []
