"""Lazy rules, suffixes and stops against their definitions, on every short text; regular rules against patterns."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark.grammar import Rule

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.characters import CharacterAutomaton, match_language
from maskwright.grammar.lark import lark_grammar
from maskwright.grammar.lark.lazy_rules import NotRegularError, rule_language, shortest, with_stop, with_suffix
from maskwright.grammar.lark.source import read_source
from tests.grammar.lark.reading import judge

TEXTS = ["".join(letters) for n in range(7) for letters in itertools.product("ab", repeat=n)]
BODIES = st.sampled_from(["(?:a|b)*", "a*", "a+b?", "(?:ab|a)*", "b", "", "(?:aa)+|b", "a{2,4}"])
ENDINGS = st.sampled_from(["b", "ab", "a|ab", "aba", "b+", "(?:ab)*b"])


def members_of(language: CharacterAutomaton) -> set[str]:
    return {text for text in TEXTS if language.accepts(text)}


def first_members(language: CharacterAutomaton) -> set[str]:
    """The definition: members no proper beginning of which is a member."""
    return {
        text for text in members_of(language) if not any(language.accepts(text[:length]) for length in range(len(text)))
    }


@given(BODIES)
def test_a_lazy_rule_ends_where_it_first_may(body: str) -> None:
    assert members_of(shortest(match_language(body))) == first_members(match_language(body))


@given(BODIES, ENDINGS)
def test_a_suffix_ends_a_rule_where_it_first_occurs_behind_the_body(body: str, ending: str) -> None:
    found = with_suffix(match_language(body), match_language(ending))
    assert members_of(found) == first_members(match_language(f"(?:{body})(?:{ending})"))


@given(BODIES, ENDINGS)
def test_a_stop_is_no_part_of_what_stands_before_it(body: str, ending: str) -> None:
    bodies, endings = match_language(body), match_language(ending)
    ended = with_suffix(bodies, endings)
    expected = {
        text
        for text in members_of(bodies)
        if any(endings.accepts(end) and ended.accepts(text + end) for end in TEXTS if len(end) <= 4)
    }
    short = {text for text in members_of(with_stop(bodies, endings)) if len(text) <= 4}
    assert short == {text for text in expected if len(text) <= 4}


@pytest.mark.parametrize(
    ("rules", "pattern"),
    [
        ('r: "a" b* "c"\nb: "x" | "y" "z"', "a(?:x|yz)*c"),
        ('r: r "a" | "b"', "ba*"),
        ('r: "a" r | "b" |', "a*b?"),
        ('r: x "a" | "b"\nx: r "c" | r "d"', "b(?:[cd]a)*"),
        ('r: ["a"] ("b" | "c")+ "d"~2..3', "a?[bc]+d{2,3}"),
        ('r: r | "a"', "a"),
    ],
)
def test_a_rule_that_recurs_at_one_end_is_regular(rules: str, pattern: str) -> None:
    source = read_source(f"start: r\n{rules}\n")
    terminals, compiled, _ = source.grammar.compile(["start"], set())
    languages = {terminal.name: match_language(terminal.pattern.to_regexp()) for terminal in terminals}
    bodies: dict[str, list[Rule]] = {}
    for rule in compiled:
        bodies.setdefault(rule.origin.name, []).append(rule)
    assert rule_language("r", bodies, languages.__getitem__) == match_language(pattern)


def test_a_rule_that_recurs_in_its_middle_is_no_regular_one() -> None:
    source = read_source('start: r\nr: "(" r ")" |\n')
    terminals, compiled, _ = source.grammar.compile(["start"], set())
    languages = {terminal.name: match_language(terminal.pattern.to_regexp()) for terminal in terminals}
    bodies = {"r": [rule for rule in compiled if rule.origin.name == "r"]}
    with pytest.raises(NotRegularError, match="r"):
        rule_language("r", bodies, languages.__getitem__)
    with pytest.raises(GrammarSyntaxError) as refused:
        lark_grammar('start: r\nr[lazy]: "(" r ")" |\n')
    assert (refused.value.line, refused.value.column) == (2, 2)
    assert "must be regular, but 'r' contains itself in the middle" in refused.value.message


LAZY = [
    'start: t "!"\nt[lazy]: /(.|\\n)*/ "</a>"\n',
    'start: t "!"\nt[suffix="</a>"]: /(.|\\n)*/\n',
    'start: t "</a>" "!"\nt[stop="</a>"]: /(.|\\n)*/\n',
    'start: t "!"\nt[suffix=END]: /(.|\\n)*/\nEND: "</a>"\n',
    'start: t "!"\nt[suffix=/<.a>/]: (/(.|\\n)/)*\n',
]


@pytest.mark.parametrize("grammar", LAZY)
def test_three_ways_to_say_up_to_the_first_end_are_the_same(grammar: str) -> None:
    accepts = judge(grammar)
    assert accepts("x\ny</a>!") and accepts("</a>!") and accepts("<</a>!")
    assert not accepts("x</a>y</a>!") and not accepts("x!") and not accepts("x</a>")


def test_what_is_ignored_stands_before_a_lazy_rule_but_not_within() -> None:
    accepts = judge('start: "=" word ";"\nword[lazy]: /[a-z]+/ ","\n%ignore / +/\n')
    assert accepts("=  ab,;") and accepts("=ab, ;")
    assert not accepts("=ab ,;") and not accepts("=a b,;")


def test_a_lazy_rule_holds_terminals_only() -> None:
    with pytest.raises(GrammarSyntaxError, match="can contain terminals only, no embedded part"):
        lark_grammar("start: a\na[lazy]: %json {}\n")


def test_triggers_in_free_text_as_llguidance_writes_them() -> None:
    grammar = r"""
start: ( f_foo | f_bar )* f_end
f_end: TEXT
TEXT: /(.|\n)*/

f_foo_hd[lazy]: TEXT "<function"
f_foo: f_foo_hd "=foo>" %json { "type": "object" } "</function>"

f_bar_hd[lazy]: TEXT "<function"
f_bar: f_bar_hd "=bar>" /[0-9]+/ "</function>"
"""
    accepts = judge(grammar)
    assert accepts("no call") and accepts('a<function=foo>{"x": [1]}</function> b')
    assert accepts("a<function=bar>12</function><function=bar>1</function>z")
    assert accepts("a<function=bar>x</function>")  # the end is any text
