"""Compiling: what is refused, with whole messages, and limits that end in an error instead of a hang."""

from __future__ import annotations

import threading
import time

import pytest

import maskwright as mw
from maskwright.grammar.ir import Call, Grammar, TokenSet, literal, repeat, sequence

VOCABULARY = mw.Vocabulary([b"a", b"b", b"</s>", b"<call>"], eos_token_ids=[2], special_token_ids=[3])
COMPILER = mw.Compiler(VOCABULARY, max_bytes=8 << 20)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (TokenSet(ids=(2,)), "token 2 ends the text, so no rule may name it"),
        (TokenSet(ids=()), "this set has no token"),
        (TokenSet(ids=(9,)), "token id 9 lies outside the vocabulary of 4 ids"),
        (TokenSet(names=("<none>",)), "the vocabulary has no special token '<none>'"),
    ],
)
def test_token_sets_are_checked_when_compiling(node: TokenSet, message: str) -> None:
    rules = {"S": sequence(literal(b"a" * 5000), Call("T")), "T": sequence(literal(b"b"), node)}
    with pytest.raises(mw.GrammarSyntaxError) as refused:
        COMPILER.compile_grammar(Grammar("S", rules))
    assert refused.value.message == message


def test_a_rule_that_does_not_fit_is_refused() -> None:
    with pytest.raises(mw.LimitExceeded, match="raise max_bytes"):
        COMPILER.compile_grammar(Grammar("S", {"S": literal(b"a" * 2_000_000)}))


def test_rules_that_fit_only_one_at_a_time_are_refused_and_not_tried_for_ever() -> None:
    rules = {"S": sequence(literal(b"a" * 130_000), Call("T")), "T": literal(b"b" * 130_000)}
    matcher = COMPILER.compile_grammar(Grammar("S", rules)).matcher()
    matcher.accept_bytes(b"a" * 129_000)
    with pytest.raises(mw.LimitExceeded, match="raise max_bytes"):
        matcher.accept_bytes(b"a" * 1_000 + b"b")
    matcher.accept_bytes(b"a")
    assert matcher.allows(0) and not matcher.allows(1)


def test_a_text_longer_than_memory_is_read_in_one_go() -> None:
    """Each position of a counted repetition is a new configuration; all of them together do not fit."""
    pair = sequence(literal(b"a"), Call("T"))
    compiled = COMPILER.compile_grammar(Grammar("S", {"S": repeat(pair, 0, 100_000), "T": literal(b"b")}))
    matcher = compiled.matcher()
    matcher.accept_bytes(b"ab" * 60_000)
    assert compiled.memory.n_restarts > 0
    other = matcher.fork()
    matcher.accept_bytes(b"ab" * 40_000)
    assert not matcher.allows(0) and matcher.is_accepting()
    other.accept_bytes(b"")
    assert other.allows(0)


def test_special_tokens_are_taken_whole() -> None:
    rules = {"S": sequence(literal(b"a"), TokenSet(negated=True, ids=(0,)))}
    matcher = COMPILER.compile_grammar(Grammar("S", rules)).matcher()
    matcher.accept_token(0)
    assert [matcher.allows(token) for token in range(4)] == [False, True, False, True]


def test_a_submitted_specification_arrives_as_a_future() -> None:
    with mw.Compiler(VOCABULARY, max_workers=1) as compiler:
        futures = [compiler.submit(compiler.compile_regex, "a+b") for _ in range(3)]
        options = mw.JSONSchemaOptions(whitespace=mw.Whitespace.COMPACT)
        futures.append(compiler.submit(compiler.compile_json_schema, {"const": 1}, options=options))
        assert all(isinstance(future.result(), mw.CompiledGrammar) for future in futures[:3])
        assert len({id(future.result()) for future in futures[:3]}) == 1
        assert isinstance(futures[3].exception(), mw.VocabularyGap), "this vocabulary has no digits"


def test_the_error_of_a_submitted_specification_is_the_same_as_without_a_pool() -> None:
    with mw.Compiler(VOCABULARY) as compiler, pytest.raises(mw.GrammarSyntaxError) as refused:
        compiler.submit(compiler.compile_gbnf, "root ::= (").result()
    with pytest.raises(mw.GrammarSyntaxError) as directly:
        compiler.compile_gbnf("root ::= (")
    assert str(refused.value) == str(directly.value)


def test_what_waits_can_be_cancelled_and_closing_cancels_it() -> None:
    compiler = mw.Compiler(VOCABULARY, max_workers=1)
    began, go_on = threading.Event(), threading.Event()

    def slow() -> mw.CompiledGrammar:
        began.set()
        assert go_on.wait(10)
        return compiler.compile_regex("a")

    running = compiler.submit(slow)
    assert began.wait(10)
    cancelled, left = (compiler.submit(compiler.compile_regex, pattern) for pattern in "ab")
    assert cancelled.cancel() and not running.cancel()
    closing = threading.Thread(target=compiler.close)
    closing.start()
    while not left.cancelled():
        time.sleep(0.001)
    go_on.set()
    closing.join(10)
    assert running.done() and running.result().vocabulary is VOCABULARY
    with pytest.raises(mw.MatcherError, match="The compiler is closed, so nothing can be submitted to it"):
        compiler.submit(compiler.compile_regex, "a")
    compiler.close()
    assert compiler.compile_regex("b").matcher().allows(1)
