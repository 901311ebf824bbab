"""Printed grammars read back as the same tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from maskwright.errors import LimitExceeded, UnsupportedConversion
from maskwright.grammar.ebnf.front_end import read_ebnf
from maskwright.grammar.ebnf.style import Notation, style_of
from maskwright.grammar.gbnf.front_end import read_gbnf
from maskwright.grammar.notation.printing import print_gbnf, print_w3c, print_xgrammar
from maskwright.grammar.notation.written import (
    Expression,
    Reference,
    Repetition,
    SpecialToken,
    Text,
    WrittenGrammar,
    WrittenRule,
    choice,
    sequence,
)
from tests.grammar.notation.written_grammars import gbnf_grammars, w3c_grammars, xgrammar_grammars

SCHEMAS = Path(__file__).parents[4] / "schemas"


def rule(expression: Expression) -> WrittenGrammar:
    return WrittenGrammar((WrittenRule("root", expression),))


@given(gbnf_grammars)
def test_gbnf_reads_back_as_the_same_tree(grammar: WrittenGrammar) -> None:
    assert read_gbnf(print_gbnf(grammar, ["note"])) == grammar


@given(xgrammar_grammars)
def test_xgrammars_ebnf_reads_back_as_the_same_tree(grammar: WrittenGrammar) -> None:
    printed = print_xgrammar(grammar, ["note"])
    assert style_of(printed).notation is Notation.XGRAMMAR
    assert read_ebnf(printed) == (grammar, "root")


@given(w3c_grammars)
def test_the_w3cs_ebnf_reads_back_as_the_same_tree(grammar: WrittenGrammar) -> None:
    printed = print_w3c(grammar, ["note"])
    assert style_of(printed).notation is Notation.W3C
    assert read_ebnf(printed) == (grammar, "root")


@pytest.mark.parametrize("path", sorted((SCHEMAS / "gbnf").glob("*.gbnf")), ids=lambda path: path.stem)
def test_gbnf_on_disk_reads_back_as_the_same_tree(path: Path) -> None:
    grammar = read_gbnf(path.read_text(encoding="utf-8"))
    assert read_gbnf(print_gbnf(grammar)) == grammar


def test_long_alternatives_get_lines_of_their_own_and_short_rules_do_not() -> None:
    words = [Text(letter * 20) for letter in "abcdef"]
    grammar = WrittenGrammar((WrittenRule("root", choice(words)), WrittenRule("x", choice(words[:2]))))
    assert print_gbnf(grammar).splitlines() == [
        'root ::= "aaaaaaaaaaaaaaaaaaaa" |',
        '         "bbbbbbbbbbbbbbbbbbbb" |',
        '         "cccccccccccccccccccc" |',
        '         "dddddddddddddddddddd" |',
        '         "eeeeeeeeeeeeeeeeeeee" |',
        '         "ffffffffffffffffffff"',
        'x    ::= "aaaaaaaaaaaaaaaaaaaa" | "bbbbbbbbbbbbbbbbbbbb"',
    ]
    assert read_gbnf(print_gbnf(grammar)) == grammar


def test_a_class_is_negated_where_that_is_shorter() -> None:
    grammar = read_gbnf('root ::= [^"\\x00-\\x1f] [a-z] . [ab] [\\x2d\\x5e]')
    assert print_gbnf(grammar) == 'root ::= [^\\x00-\\x1F"] [a-z] . [ab] [\\x2D\\x5E]\n'


def test_digits_behind_a_code_are_codes_too() -> None:
    grammar = read_gbnf("root ::= [\\x2dAF-Z]")
    printed = print_w3c(grammar)
    assert printed.splitlines()[-1] == "root ::= [#x2D#x41#x46-Z]"
    assert read_ebnf(printed) == (grammar, "root")


def test_counts_are_written_out_where_there_are_none() -> None:
    for bounds, expected in {(2, 4): "x x (x x?)?", (3, None): "x x x+", (0, 2): "(x x?)?", (0, 0): "''"}.items():
        assert print_w3c(rule(Repetition(Reference("x"), *bounds))).splitlines()[-1] == f"root ::= {expected}"
    with pytest.raises(
        LimitExceeded, match="A repetition written out at 'rule root' needs 1000, more than the 64 allowed"
    ):
        print_w3c(rule(Repetition(Reference("x"), 0, 1000)))


def test_a_text_with_both_quotes_and_a_line_break_becomes_several_texts() -> None:
    grammar = rule(Text('it\'s "so"\n'))
    printed = print_w3c(grammar)
    assert printed.splitlines()[-1] == 'root ::= "it\'s " \'"\' "so" \'"\' #xA'
    assert read_ebnf(printed) == (grammar, "root")


@pytest.mark.parametrize(
    ("token", "printer", "construct"),
    [
        (SpecialToken(names=("end",)), print_gbnf, "the token 'end'"),
        (SpecialToken(ids=(1, 2), negated=True), print_gbnf, "any token but several"),
        (SpecialToken(names=("<end>",)), print_xgrammar, "the token '<end>'"),
        (SpecialToken(ids=(1,)), print_w3c, "a special token"),
    ],
)
def test_what_a_notation_cannot_say_is_refused(token: SpecialToken, printer, construct: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnsupportedConversion) as caught:
        printer(rule(sequence((Text("a"), token))))
    assert caught.value.construct == construct and caught.value.rule == "root"
    assert str(caught.value).startswith(f"{construct} in rule 'root' cannot be written in ")


def test_several_tokens_of_one_set_are_alternatives_in_gbnf() -> None:
    grammar = rule(sequence((Text("a"), SpecialToken(ids=(1, 2)))))
    assert print_gbnf(grammar) == 'root ::= "a" (<[1]> | <[2]>)\n'
