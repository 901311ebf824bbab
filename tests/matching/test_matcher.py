"""The laws of a matcher: one meaning, failure changes nothing, rollback, fork, bytes only, threads, bounded memory."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import maskwright as mw
from maskwright.grammar.ir import EPSILON, Call, Grammar, TokenSet, byte_range, choice, literal, repeat, sequence
from maskwright.matching.compiled_grammar import CompiledGrammar
from maskwright.matching.mask_tables import MaskTables

WORDS = [b"(", b")", b"a", b"b", b"((", b"))", b"ab", b"a)", b"(a", b"aa", b"()"]
VOCABULARY = mw.Vocabulary([*WORDS, b"</s>", b"<call>"], eos_token_ids=[11], special_token_ids=[12])
EOS, CALL = 11, 12

# Balanced brackets around runs of a and b, with a special token allowed before a closing bracket.
BRACKETS = Grammar(
    "S",
    {
        "S": repeat(choice(Call("B"), literal(b"a"), literal(b"b")), 1),
        "B": sequence(literal(b"("), choice(repeat(Call("S"), 0, 1), TokenSet(ids=(CALL,))), literal(b")")),
    },
)


@pytest.fixture(scope="module")
def brackets() -> CompiledGrammar:
    return mw.Compiler(VOCABULARY).compile_grammar(BRACKETS)


def mask_of(matcher: mw.Matcher) -> list[int]:
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    matcher.fill_bitmask(row)
    return mw.allowed_tokens(row, VOCABULARY.size).tolist()


def random_text(grammar: CompiledGrammar, rng: random.Random, length: int) -> list[int]:
    """The tokens of a random walk along the masks."""
    matcher, tokens = grammar.matcher(), []
    for _ in range(length):
        token = rng.choice(mask_of(matcher))
        matcher.accept_token(token)
        tokens.append(token)
        if matcher.is_finished():
            break
    return tokens


@given(st.integers(0, 2**32))
def test_mask_and_allows_and_accept_say_the_same(brackets: CompiledGrammar, seed: int) -> None:
    rng = random.Random(seed)
    matcher = brackets.matcher()
    for _ in range(12):
        allowed = mask_of(matcher)
        for token in range(VOCABULARY.size):
            assert matcher.allows(token) == (token in allowed)
            probe = matcher.fork()
            if token in allowed:
                probe.accept_token(token)
            else:
                with pytest.raises(mw.TokenRejected):
                    probe.accept_token(token)
        matcher.accept_token(rng.choice(allowed))
        if matcher.is_finished():
            return


@given(st.integers(0, 2**32))
def test_failure_changes_nothing(brackets: CompiledGrammar, seed: int) -> None:
    rng = random.Random(seed)
    matcher = brackets.matcher()
    matcher.accept_tokens(random_text(brackets, rng, 6))
    before, accepted = mask_of(matcher), matcher.n_accepted
    for token in set(range(-2, VOCABULARY.size + 2)) - set(before):
        with pytest.raises(mw.TokenRejected):
            matcher.accept_token(token)
    with pytest.raises(mw.TokenRejected):
        matcher.accept_bytes(b"xyz")
    assert (mask_of(matcher), matcher.n_accepted) == (before, accepted)


@given(st.integers(0, 2**32))
def test_rollback_restores_every_earlier_mask(brackets: CompiledGrammar, seed: int) -> None:
    rng = random.Random(seed)
    tokens = random_text(brackets, rng, 15)
    matcher, masks = brackets.matcher(), []
    for token in tokens:
        masks.append(mask_of(matcher))
        matcher.accept_token(token)
    n = rng.randint(0, len(tokens))
    matcher.rollback(n)
    assert matcher.n_accepted == len(tokens) - n
    assert mask_of(matcher) == [*masks, mask_of(matcher)][len(tokens) - n]
    with pytest.raises(mw.MatcherError, match="Cannot roll back"):
        matcher.rollback(matcher.n_accepted + 1)


def test_rollback_takes_back_the_end(brackets: CompiledGrammar) -> None:
    matcher = brackets.matcher()
    matcher.accept_token(2)
    before = mask_of(matcher)
    matcher.accept_token(EOS)
    assert matcher.is_finished() and mask_of(matcher) == [EOS]
    assert not matcher.allows(2)
    matcher.rollback(1)
    assert not matcher.is_finished() and mask_of(matcher) == before


def test_forks_go_their_own_ways(brackets: CompiledGrammar) -> None:
    one = brackets.matcher()
    one.accept_token(0)
    other = one.fork()
    one.accept_token(CALL)
    other.accept_token(2)
    assert one.forced_bytes() == b")" and 2 in mask_of(other)
    assert one.validate_tokens([1, 2, 12, 3]) == 2 and one.n_accepted == 2


@given(st.integers(0, 2**32))
def test_the_state_depends_on_bytes_alone(brackets: CompiledGrammar, seed: int) -> None:
    tokens = [token for token in random_text(brackets, random.Random(seed), 10) if token not in (EOS, CALL)]
    text = VOCABULARY.decode(tokens)
    by_tokens, by_bytes, at_once = brackets.matcher(), brackets.matcher(), brackets.matcher()
    if by_tokens.accept_tokens(tokens) < len(tokens):
        return  # it went through a special token, which has no bytes
    for byte in text:
        by_bytes.accept_bytes(bytes([byte]))
    at_once.accept_bytes(text)
    assert mask_of(by_tokens) == mask_of(by_bytes) == mask_of(at_once)


def test_a_special_token_is_not_its_spelling() -> None:
    vocabulary = mw.Vocabulary([b"<", b">", b"a", b"<a>", b"</s>"], eos_token_ids=[4], special_token_ids=[3])
    matcher = mw.Compiler(vocabulary).compile_grammar(Grammar("S", {"S": literal(b"<a>")})).matcher()
    with pytest.raises(mw.TokenRejected, match="special token"):
        matcher.accept_token(3)
    assert matcher.accept_tokens([0, 2, 1]) == 3 and matcher.is_accepting()


def test_rejections_say_why(brackets: CompiledGrammar) -> None:
    matcher = brackets.matcher()
    with pytest.raises(mw.TokenRejected) as rejected:
        matcher.accept_token(1)
    assert str(rejected.value) == "Token 1 is not allowed after 0 tokens: its text b')' does not fit."
    with pytest.raises(mw.TokenRejected, match="the vocabulary has ids from 0 to 12"):
        matcher.accept_token(99)
    with pytest.raises(mw.TokenRejected, match="the text is not complete"):
        matcher.accept_token(EOS)
    with pytest.raises(mw.MatcherError, match="must be integers"):
        matcher.allows("a")  # type: ignore[arg-type]


def test_a_wrong_row_is_refused_before_anything_is_written(brackets: CompiledGrammar) -> None:
    matcher = brackets.matcher()
    for row in (np.zeros(2, np.int32), np.zeros(1, np.int64), np.zeros((1, 1), np.int32)):
        with pytest.raises(mw.MatcherError, match=r"int32\[1\]"):
            matcher.fill_bitmask(row)


def test_a_batch_fills_its_rows(brackets: CompiledGrammar) -> None:
    matchers = [brackets.matcher() for _ in range(5)]
    for n, matcher in enumerate(matchers):
        matcher.accept_tokens([0] * n)
    mask = mw.allocate_bitmask(6, VOCABULARY.size)
    mw.fill_bitmasks(matchers, mask)
    for row, matcher in zip(mask, matchers, strict=False):
        assert mw.allowed_tokens(row, VOCABULARY.size).tolist() == mask_of(matcher)
    assert (mask[5] == -1).all()


def test_forced_text_and_tokens() -> None:
    keywords = Grammar("S", {"S": sequence(literal(b"(a)"), choice(literal(b"a"), literal(b"b")))})
    matcher = mw.Compiler(VOCABULARY).compile_grammar(keywords).matcher()
    assert matcher.forced_bytes() == b"(a)"
    tokens = matcher.forced_tokens()
    assert VOCABULARY.decode(tokens) == b"(a)" and matcher.accept_tokens(tokens) == len(tokens)
    assert matcher.forced_bytes() == b""


def test_forced_bytes_stop_where_they_are_forced_for_ever() -> None:
    endless = Grammar("S", {"S": sequence(repeat(literal(b"a"), 6000, 6000), literal(b"b"))})
    assert mw.Compiler(VOCABULARY).compile_grammar(endless).matcher().forced_bytes() == b"a" * 4096


def test_threads_share_a_grammar_and_agree_with_one() -> None:
    """8 threads of 1,000 sequences on one grammar: every mask equals the one found alone."""
    serial = mw.Compiler(VOCABULARY).compile_grammar(BRACKETS)
    shared = mw.Compiler(VOCABULARY).compile_grammar(BRACKETS)
    texts = [random_text(serial, random.Random(seed), 8) for seed in range(1000)]
    expected = []
    for tokens in texts:
        matcher = serial.matcher()
        masks = []
        for token in tokens:
            masks.append(mask_of(matcher))
            matcher.accept_token(token)
        expected.append(masks)
    wrong: list[int] = []

    def run(order: list[int]) -> None:
        for i in order:
            matcher = shared.matcher()
            for token, mask in zip(texts[i], expected[i], strict=True):
                if mask_of(matcher) != mask:
                    wrong.append(i)
                matcher.accept_token(token)

    threads = []
    for seed in range(8):
        order = list(range(1000))
        random.Random(seed).shuffle(order)
        threads.append(threading.Thread(target=run, args=(order,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_memory_stays_bounded_and_answers_stay_the_same() -> None:
    """A counter makes every position a new configuration, so the arena fills again and again."""
    letters = Grammar("S", {"S": repeat(sequence(byte_range(97, 98), byte_range(97, 98)), 0, 300_000)})
    tables = MaskTables(VOCABULARY)
    small = CompiledGrammar(letters, tables, max_bytes=8 << 20)
    large = CompiledGrammar(letters, tables, max_bytes=256 << 20)
    one, other = small.matcher(), large.matcher()
    kept = small.matcher()
    kept.accept_tokens([2, 3, 2])
    row, expected = mw.allocate_bitmask(2, VOCABULARY.size)
    for position in range(100_000):
        token = 2 + position % 2
        one.accept_token(token)
        other.accept_token(token)
        if position % 500 == 0:
            one.fill_bitmask(row)
            other.fill_bitmask(expected)
            assert (row == expected).all()
    memory = small.memory
    assert memory.n_restarts > 0 and memory.arena_bytes + memory.row_bytes <= 8 << 20
    assert large.memory.n_restarts == 0
    fresh = large.matcher()
    fresh.accept_tokens([2, 3, 2])
    assert mask_of(kept) == mask_of(fresh)  # found its place again after the restarts
    one.rollback(one.n_accepted)
    assert one.n_accepted == 0 and one.is_accepting()


def test_a_limit_that_is_too_small_is_refused() -> None:
    with pytest.raises(mw.LimitExceeded, match="raise max_bytes"):
        CompiledGrammar(BRACKETS, MaskTables(VOCABULARY), max_bytes=1000)


def test_rules_are_those_that_the_text_is_in() -> None:
    vocabulary = mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b"</s>"], eos_token_ids=[256])
    compiler = mw.Compiler(vocabulary)
    schema = {"properties": {"a": {"items": {"type": "integer"}}}, "type": "object", "maxProperties": 3}
    for grammar, text, wanted in (
        (compiler.compile_gbnf('root ::= "<" number ">"\nnumber ::= [0-9]+'), b"<1", {"number"}),
        (compiler.compile_gbnf('root ::= "<" number ">"\nnumber ::= [0-9]+'), b"<1>", {"root"}),
        (compiler.compile_json_schema(schema), b'{"a": [1', {"array /properties/a"}),
        (compiler.compile_json_schema(schema), b'{"a": [1], "b": 2', {"object /"}),
        (compiler.compile_lark('start: NAME "=" NAME\nNAME: /[a-z]+/'), b"ab=", {"start"}),
    ):
        matcher = grammar.matcher()
        matcher.accept_bytes(text)
        assert wanted <= set(matcher.rules()), text
    matcher = compiler.compile_regex("a").matcher()
    for token in (97, 256):
        assert len(matcher.rules()) == 1
        matcher.accept_token(token)
    assert matcher.rules() == ()


def test_a_text_may_begin_with_any_rule_and_is_found_again_after_memory_started_over() -> None:
    rules = {
        "root": sequence(literal(b"x"), Call("word")),
        "word": repeat(byte_range(97, 122), 1, None),
        "alone": choice(EPSILON, Call("word")),
    }
    compiler = mw.Compiler(mw.Vocabulary([bytes([b]) for b in range(256)] + [b""], eos_token_ids=[256]))
    grammar = compiler.compile_grammar(Grammar("root", rules, is_prepared=True))
    word, alone = grammar.matcher("word"), grammar.matcher("alone")
    assert not word.is_accepting()
    assert alone.is_accepting()
    with pytest.raises(mw.TokenRejected):
        word.accept_bytes(b"1")
    word.accept_bytes(b"ab")
    assert word.is_accepting()
    grammar._begin_anew()
    fork = word.fork()
    fork.accept_bytes(b"c")
    assert fork.is_accepting()
    row = np.zeros(word.row_shape, np.int32)
    word.fill_bitmask(row)
    assert row.any()
    grammar.matcher().accept_bytes(b"xab")


@pytest.mark.parametrize("forget", ["nothing", "places", "all"])
def test_spellings_of_one_text_are_at_one_place_unless_tokens_count(forget: str) -> None:
    compiler = mw.Compiler(mw.Vocabulary([b"a", b"aa", b"</s>"], eos_token_ids=[2]))
    counting = repeat(TokenSet(negated=True), 3, 3)
    for rule, is_one in ((repeat(literal(b"a"), 2, 9), True), (counting, False)):
        grammar = compiler.compile_grammar(Grammar("S", {"S": rule}))
        first, second = grammar.matcher(), grammar.matcher()
        first.accept_tokens([0, 0])
        if forget == "places":
            grammar._forget_places()
        elif forget == "all":
            grammar._begin_anew()
        second.accept_token(1)
        assert first.is_at_place_of(second) is is_one
        assert second.is_at_place_of(first) is is_one
        if is_one:
            second.accept_token(2)
            assert not first.is_at_place_of(second)
