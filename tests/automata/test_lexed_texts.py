"""Texts of lexed languages: lark accepts every one, and some are short, of many ways, and in blocks."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from maskwright.automata.shortest_text import short_texts
from maskwright.automata.terminal_words import words_of_terminals
from maskwright.errors import EmptyLanguage, LimitExceeded, MaskwrightError
from maskwright.grammar.ir import Grammar, Lexed
from maskwright.grammar.lark import Indenter, lark_grammar
from tests.naive.lark_itself import ShippedGrammar, accepts, lark_parser, shipped_grammars
from tests.naive.random_lark_grammars import random_lark_grammar

SHIPPED = {grammar.name: grammar for grammar in shipped_grammars()}


def read(grammar: ShippedGrammar) -> Grammar:
    return lark_grammar(
        grammar.text, grammar.start, indenter=Indenter(**grammar.indenter) if grammar.indenter else None
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_lark_accepts_the_texts_of_the_grammars_on_disk(name: str) -> None:
    grammar = SHIPPED[name]
    texts = list(islice(short_texts(read(grammar)), 8))
    parser = grammar.parser()
    assert len(texts) == 8
    assert [text for text in texts if not accepts(parser, text.decode())] == []
    assert len(texts[0]) <= min(len(text.encode()) for text in grammar.accepted) + 2


def check_random(seed: int) -> int:
    """Lark accepts the texts of a random grammar; how many there are."""
    grammar = random_lark_grammar(random.Random(seed))
    try:
        texts = list(islice(short_texts(lark_grammar(grammar.text)), 6))
    except MaskwrightError:
        return 0
    parser = lark_parser(grammar.text)
    assert [text for text in texts if not accepts(parser, text.decode())] == [], grammar.text
    assert len(set(texts)) == len(texts)
    return len(texts)


def test_lark_accepts_the_texts_of_random_grammars() -> None:
    assert sum(check_random(seed) for seed in range(40)) > 50


@pytest.mark.deep
@pytest.mark.parametrize("first", range(100, 2_100, 200))
def test_lark_accepts_the_texts_of_many_random_grammars(first: int) -> None:
    assert sum(check_random(seed) for seed in range(first, first + 200)) > 250


def test_blocks_are_indented() -> None:
    blocks = "start: b+\nb: WORD _NL | WORD _NL _INDENT b+ _DEDENT\nWORD: /w/\n%declare _INDENT _DEDENT\n"
    indenter = Indenter("_NL", "_INDENT", "_DEDENT", (), ())
    for line_break, blank in ((r"/(\n *)+/", b" "), (r"/(\n\t*)+/", b"\t"), (r"/(\n(    )*)+/", b"    ")):
        grammar = lark_grammar(blocks + f"_NL: {line_break}\n", indenter=indenter)
        texts = list(islice(short_texts(grammar), 12))
        assert texts[0] == b"w\n" and any(b"\n" + blank + b"w\n" in text for text in texts)


def test_a_blank_stands_between_words_and_wherever_terminals_would_run_together() -> None:
    written = next(short_texts(lark_grammar('start: "let" NAME "=" NAME NAME\nNAME: /[a-z]+/\n%ignore " "\n')))
    assert written == b"let a=a a"
    assert next(short_texts(lark_grammar('start: A B\nA: "<"\nB: /=+/\nC: "<="\n%ignore C\n'))) == b"<<=="


def test_a_terminal_takes_another_text_where_the_lexer_would_not_take_its_shortest() -> None:
    assert next(short_texts(lark_grammar('start: A+ B\nA.1: "a"\nB: /[ab]/\n'))) == b"ab"
    assert next(short_texts(lark_grammar("start: A B\nA: /a+(?=b)/\nB: /b/\n%ignore / /\n"))) == b"ab"


def test_the_empty_text_is_one_where_the_language_has_it() -> None:
    texts = list(islice(short_texts(lark_grammar('start: "a"*\n')), 3))
    assert texts == [b"", b"a", b"aa"]
    leaf = lark_grammar('start: "a"*\n').rules["start"]
    assert isinstance(leaf, Lexed)
    assert next(short_texts(Grammar("s", {"s": Lexed(leaf.language, has_empty=False)}))) == b"a"


def test_a_language_without_a_text_that_can_be_found_is_refused() -> None:
    grammar = lark_grammar('start: A B\nA: /a+/\nB: "a"\n')  # the lexer takes every a for A
    with pytest.raises((LimitExceeded, EmptyLanguage)):
        next(short_texts(grammar))


def test_words_of_terminals_are_the_most_readable_of_the_shortest() -> None:
    leaf = lark_grammar('start: ("if" NAME | NUMBER)+\nNAME: /[a-z_]+/\nNUMBER: /[0-9]{2}/\n%ignore /[\\t ]/\n').rules[
        "start"
    ]
    assert isinstance(leaf, Lexed)
    words = words_of_terminals(leaf.language, 2)
    assert {leaf.language.names[symbol]: found for symbol, found in words.items()} == {
        "IF": [b"if"],
        "NAME": [b"a", b"b"],
        "NUMBER": [b"00", b"01"],
        "__IGNORE_0": [b" ", b"\t"],
    }
