"""Recursion in every form: the work for a token does not grow with the text, and stacks may be deep.

Work is counted, not timed: `memory.n_steps` are the bytes read for the first time, `n_configurations` what they made.
"""

from __future__ import annotations

import pytest

import maskwright as mw
from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.gbnf import gbnf_grammar
from maskwright.grammar.lark import lark_grammar
from maskwright.matching.compiled_grammar import CompiledGrammar

TOKENS = [*(bytes([byte]) for byte in range(256)), b"aa", b"aaaa", b"((", b"))", b""]
VOCABULARY = mw.Vocabulary(TOKENS, eos_token_ids=[len(TOKENS) - 1], special_token_ids=[len(TOKENS) - 1])

N_TOKENS = 4_096
DEPTH = 100_000

GBNF = {
    "left recursion": 'root ::= root "a" | "a"',
    "right recursion": 'root ::= "a" root | "a"',
    "hidden left recursion": 'root ::= empty root "a" | "a"\nempty ::= "" | "b"',
    "indirect left recursion": 'root ::= one "a" | "a"\none ::= two | root\ntwo ::= root',
    "a rule that derives itself": 'root ::= root | other | "a" root\nother ::= root | "a"',
    "a nullable rule": 'root ::= part root | ""\npart ::= "a"? "b"?',
    "nullable rules in a loop": 'root ::= (one two)*\none ::= two | "a" | ""\ntwo ::= one | ""',
    "ambiguity": 'root ::= root root | "a"',
    "ambiguity with nothing": 'root ::= root root root | "a" | ""',
    "recursion in the middle": 'root ::= "a" root "a" | "a"',
    "two sides": 'root ::= "a" root | root "a" | "a"',
    "two sides and a part between": 'root ::= "b" root | root "b" | root "c"? root | "a"',
}

LARK = {
    "left recursion": 'start: start "a" | "a"',
    "right recursion": 'start: "a" start | "a"',
    "indirect left recursion": 'start: one "a" | "a"\none: start',
    "a nullable rule": 'start: part*\npart: "a" "b"?',
    "ambiguity, decided by a preferred shift": 'start: start start | "a"',
    "a rule that derives itself, decided by a priority": 'start: one "a" | "a"\none.2: one | start',
}


def compiled(kind: str, name: str) -> CompiledGrammar:
    grammar = gbnf_grammar(GBNF[name]) if kind == "gbnf" else lark_grammar(LARK[name])
    return mw.Compiler(VOCABULARY).compile_grammar(grammar)


def work_between(grammar: CompiledGrammar, first: int, last: int) -> int:
    """Bytes read for the first time, and configurations made, while tokens `first` to `last` of a text are taken."""
    matcher = grammar.matcher()
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    before = 0
    for n in range(last):
        if n == first:
            before = grammar.memory.n_steps + grammar.memory.n_configurations
        matcher.fill_bitmask(row)
        assert row[ord("a") >> 5] >> (ord("a") & 31) & 1
        matcher.accept_token(ord("a"))
    return grammar.memory.n_steps + grammar.memory.n_configurations - before


CASES = [(kind, name) for kind, names in (("gbnf", GBNF), ("lark", LARK)) for name in names]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_the_work_for_a_token_does_not_grow_with_the_text(kind: str, name: str) -> None:
    early = work_between(compiled(kind, name), N_TOKENS // 4, N_TOKENS // 2)
    late = work_between(compiled(kind, name), N_TOKENS - N_TOKENS // 4, N_TOKENS)
    assert late <= early + 64


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_text_of_many_tokens_is_read(kind: str, name: str) -> None:
    matcher = compiled(kind, name).matcher()
    # What is inside brackets of one letter on both sides is somewhere among all places.
    long = ord("a") if name == "recursion in the middle" else TOKENS.index(b"aaaa")
    assert matcher.accept_tokens([long] * N_TOKENS) == N_TOKENS
    assert matcher.accept_tokens([ord("a")]) == 1
    assert matcher.is_accepting()


@pytest.mark.parametrize(
    ("kind", "text"),
    [("gbnf", 'root ::= "(" root ")" | "x"'), ("lark", 'start: "(" start ")" | "x"')],
)
def test_a_hundred_thousand_brackets_are_opened_and_closed(kind: str, text: str) -> None:
    grammar = mw.Compiler(VOCABULARY).compile_grammar(gbnf_grammar(text) if kind == "gbnf" else lark_grammar(text))
    matcher = grammar.matcher()
    assert matcher.accept_tokens([ord("(")] * DEPTH + [ord("x")]) == DEPTH + 1
    assert not matcher.is_accepting()
    row = mw.allocate_bitmask(1, VOCABULARY.size)[0]
    matcher.fill_bitmask(row)
    assert mw.allowed_tokens(row, VOCABULARY.size).tolist() == [ord(")"), TOKENS.index(b"))")]
    assert matcher.accept_tokens([ord(")")] * DEPTH) == DEPTH
    assert matcher.is_accepting() and not matcher.allows(ord(")"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('start: start "a" | one\none: start | "a"', "can both end before A"),
        ('start: empty start "a" | "a"\nempty: "b" |', "derives itself|can both end|EmptyLanguage"),
        ('start: start | "a"', "can both end before the end of the text"),
    ],
)
def test_recursion_that_larks_parser_cannot_read_is_refused_or_read_as_lark_reads_it(text: str, message: str) -> None:
    from lark import Lark
    from lark.exceptions import LarkError

    try:
        Lark(text, parser="lalr")
    except LarkError:
        with pytest.raises(GrammarSyntaxError, match=message):
            lark_grammar(text)
    else:
        lark_grammar(text)
