"""`&` and `~` between terminals: against `re` for what a terminal is, against lark for how lexers read it."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable

import pytest

from maskwright.errors import EmptyLanguage, GrammarSyntaxError, UnsupportedPattern
from maskwright.grammar.lark import lark_grammar
from tests.grammar.lark.reading import judge
from tests.naive.lark_itself import accepts as lark_accepts
from tests.naive.lark_itself import lark_parser

TEXTS = ["".join(letters) for n in range(6) for letters in itertools.product("abx", repeat=n)]


def whole(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text, re.DOTALL) is not None


A, B, X = whole("[ab]*"), whole("a.*|b"), whole(".*x.*")

ALGEBRA: list[tuple[str, Callable[[str], bool]]] = [
    ("/[ab]*/ & ~/.*bb.*/", lambda t: A(t) and "bb" not in t),
    ("A & B | C", lambda t: (A(t) and B(t)) or X(t)),
    ("A & (B | C)", lambda t: A(t) and (B(t) or X(t))),
    ("~A & ~B", lambda t: not A(t) and not B(t)),
    ("~~A", A),
    ("~(A | C)", lambda t: not A(t) and not X(t)),
    ('~"a"', lambda t: t != "a"),
    ('~"a"i+ & A & /.{1,2}/', lambda t: A(t) and 1 <= len(t) <= 2 and t != "a"),
    ('"x" ~B', lambda t: t[:1] == "x" and not B(t[1:])),
    ('A "x" & ~/.{3}/', lambda t: t[-1:] == "x" and A(t[:-1]) and len(t) != 3),
    ('/a|b/ & "a".."b"', lambda t: t in ("a", "b")),
    ('/a|bx/ "x" & /.*/', lambda t: t in ("ax", "bxx")),
    ("(A & ~/b+/)~2..2 & /../", lambda t: len(t) == 2 and t in ("aa", "ab", "ba")),
    ("[A] & B{2}", lambda t: A(t) and any(B(t[:cut]) and B(t[cut:]) for cut in range(len(t)))),
    ('C & ~("x" "a"?)', lambda t: X(t) and t not in ("x", "xa")),
]


@pytest.mark.parametrize(("definition", "expected"), ALGEBRA, ids=[definition for definition, _ in ALGEBRA])
def test_a_terminal_is_the_set_that_its_operators_say(definition: str, expected: Callable[[str], bool]) -> None:
    grammar = f"start: T\nT: {definition}\nA: /[ab]*/\nB: /a.*|b/s\nC: /.*x.*/s\n"
    accepts = judge(grammar, lexer="dynamic_complete")
    for text in TEXTS:
        assert accepts(text) == expected(text), text


def test_operators_may_stand_in_what_is_ignored() -> None:
    for lexer in ("dynamic_complete", "contextual"):
        accepts = judge('start: "a" "b"\n%ignore /[ .]+/ & ~"."\n', lexer=lexer)
        assert [accepts(text) for text in ("ab", "a . b", "a.b", "a. b", "a .b")] == [True, True, False, True, True]


EQUIVALENT = [
    # the longest member: of the letters of "if" that is "i"
    ('NAME: /[a-z]+/ & ~"if"', "NAME: /[a-z]{3,}|(?!if)[a-z]{2}|[a-z]/"),
    ("NAME: /[a-z]+/ & ~/.*ff.*/s", "NAME: /(?:[a-eg-z]|f(?!f))+f?|f/"),
    ("NAME: ~/(?s:.*)[^a-z](?s:.*)/ & /.+/", "NAME: /[a-z]+/"),
]


@pytest.mark.parametrize(("ours", "theirs"), EQUIVALENT)
@pytest.mark.parametrize("lexer", ["contextual", "basic"])
def test_lexers_take_the_longest_member_and_keywords_before_it(ours: str, theirs: str, lexer: str) -> None:
    rules = 'start: (statement ";")*\nstatement: NAME "=" NAME | "if" NAME "fi" | NAME NAME\n%ignore / +/\n'
    accepts = judge(f"{rules}{ours}\n", lexer=lexer)
    parser = lark_parser(f"{rules}{theirs}\n") if lexer == "contextual" else None
    rng = random.Random(3)
    n_accepted = 0
    for _ in range(1_500):
        text = "".join(
            rng.choice(["if", "i", "f", "fi", "ab", " ", " ", "=", ";", "x"]) for _ in range(rng.randint(0, 9))
        )
        if parser is not None:
            expected = lark_accepts(parser, text)
            n_accepted += expected
            assert accepts(text) == expected, text
    assert parser is None or n_accepted > 20
    assert accepts("ab = x;")


def test_a_terminal_without_texts_is_an_error_for_a_lexer() -> None:
    with pytest.raises(EmptyLanguage, match="the terminal T has no text"):
        lark_grammar('start: T\nT: "a" & "b"\n')


def test_a_terminal_that_may_be_empty_is_refused_by_lexers_with_a_way_out() -> None:
    grammar = 'start: T "."\nT: /a*/ & ~"aa"\n'
    with pytest.raises(UnsupportedPattern, match=r"must read something: add & /\(\?s:\.\+\)/, or use lexer="):
        lark_grammar(grammar)
    assert judge(grammar, lexer="dynamic_complete")(".")


def test_conditions_beside_operators_are_refused() -> None:
    with pytest.raises(UnsupportedPattern, match="A condition beside '&' or '~'"):
        lark_grammar('start: T\nT: /a(?!b)/ (A & ~"x")\nA: /.+/\n')
    with pytest.raises(UnsupportedPattern, match="leave out comments and the flag x"):
        lark_grammar('start: T\nT: /a (?#b)/ & ~"x"\n')


def test_operators_are_for_terminals() -> None:
    with pytest.raises(GrammarSyntaxError) as refused:
        lark_grammar('start: "a" & "b"\n')
    assert str(refused.value) == (
        "Lark grammar, line 1, column 12: '&' combines terminals: give what it makes a name in upper case\n"
        '  start: "a" & "b"\n             ^'
    )


def test_signs_of_the_reader_itself_are_refused_beside_operators() -> None:
    with pytest.raises(GrammarSyntaxError, match="noncharacters"):
        lark_grammar('start: T\nT: /a+/ & ~"\ufdd0"\n')
    with pytest.raises(GrammarSyntaxError, match="noncharacters"):
        lark_grammar('start: T\nT: /a+/ & ~"\\ufdd1"\n')
    assert judge('start: "\ufdd0"\n')("\ufdd0")
