"""Ambiguity against brute force: every claim, that a text is ambiguous and that none is, is counted out."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark
from lark.exceptions import GrammarError

from maskwright.grammar.ir import Call, Grammar, choice, literal, repeat, sequence
from maskwright.grammar.lint import Finding, Kind, Severity, lint_ebnf, lint_gbnf, lint_grammar, lint_lark
from tests.grammar.lint.small_grammars import Productions, as_gbnf, as_lark, productions
from tests.naive.parse_trees import MANY, derives_itself, in_use, n_trees, texts_up_to
from tests.naive.random_grammars import random_grammar
from tests.naive.recogniser import Recogniser

GBNF = Path(__file__).parents[3] / "schemas" / "gbnf"
FUEL = 20_000


def ambiguity(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.kind is Kind.AMBIGUITY]


@settings(max_examples=80, deadline=None)
@given(grammar=productions())
def test_an_example_has_two_trees_and_where_none_is_claimed_there_is_none(grammar: Productions) -> None:
    told = ambiguity(lint_gbnf(as_gbnf(grammar), "s", fuel=FUEL))
    used = in_use(grammar, "s")
    if not used:
        assert told == []
        return
    found = [finding for finding in told if finding.severity is Severity.WARNING]
    for finding in found:
        assert finding.rule in used
        assert finding.example is not None
        if len(finding.example) <= 8:
            assert n_trees(grammar, "s", finding.example) == MANY
    if not found:
        (claim,) = told
        assert claim.severity is Severity.INFORMATION
        exact = re.search(r"with up to (\d+) characters were compared", claim.message)
        assert (exact is None) == bool(derives_itself(grammar).intersection(used))
        if exact is not None:
            for text in texts_up_to(min(int(exact[1]), 5), "ab"):
                assert all(n_trees(grammar, name, text) < MANY for name in used)


@settings(max_examples=80, deadline=None)
@given(grammar=productions())
def test_an_ambiguous_text_of_four_characters_is_found_where_no_rule_derives_itself(grammar: Productions) -> None:
    used = in_use(grammar, "s")
    if derives_itself(grammar).intersection(used):
        return
    told = ambiguity(lint_gbnf(as_gbnf(grammar), "s", fuel=FUEL))
    is_ambiguous = any(n_trees(grammar, "s", text) == MANY for text in texts_up_to(4, "ab"))
    assert not is_ambiguous or any(finding.severity is Severity.WARNING for finding in told)


@settings(max_examples=100, deadline=None)
@given(grammar=productions(least_symbols=1))
def test_lark_reads_an_example_in_two_ways_too(grammar: Productions) -> None:
    if derives_itself(grammar):
        return  # lark leaves out trees that go in circles
    try:
        parser = Lark(as_lark(grammar), start="s", parser="earley", lexer="basic", ambiguity="explicit")
    except GrammarError:
        return  # a rule that is used by nothing but itself
    for finding in ambiguity(lint_lark(as_lark(grammar), "s", fuel=FUEL)):
        if finding.severity is Severity.WARNING:
            assert finding.example is not None
            text = finding.example.replace('"', "").replace(" ", "")
            if len(text) <= 12:
                assert any(parser.parse(text).find_data("_ambig"))


@pytest.mark.parametrize(
    ("text", "message", "example"),
    [
        (
            'root ::= e\ne ::= e "+" e | [0-9]+',
            ('rule \'e\' reads "0+0+0" in two ways: as e("0+0") "+" e("0"), or as e("0") "+" e("0+0")'),
            "0+0+0",
        ),
        (
            'root ::= s*\ns ::= "if " s | "if " s " else " s | "x;"',
            (
                'rule \'s\' reads "if if x; else x;" in two ways: as "if " s("if x; else x;"), or as '
                '"if " s("if x;") " else " s("x;")'
            ),
            "if if x; else x;",
        ),
        (
            'root ::= "(" list ")"\nlist ::= item* item*\nitem ::= "x"',
            ('rule \'list\' reads "x" in two ways: as "x" "", or as "" "x"; a whole text with it is "(x)"'),
            "(x)",
        ),
        (
            'root ::= name | keyword\nname ::= [a-z]+\nkeyword ::= "return"',
            'rule \'root\' reads "return" in two ways: as name("return"), or as keyword("return")',
            "return",
        ),
        (
            'root ::= "a" | [a-c]',
            'rule \'root\' reads "a" in two ways: two of its alternatives read it as "a"',
            "a",
        ),
        (
            'root ::= a | b\na ::= <think> "x"\nb ::= <think> [xy]',
            'rule \'root\' reads <think> "x" in two ways: as a(<think> "x"), or as b(<think> "x")',
            "<think> x",
        ),
    ],
)
def test_the_message_shows_both_ways_to_read_the_text(text: str, message: str, example: str) -> None:
    (finding,) = ambiguity(lint_gbnf(text))
    assert finding.message == message
    assert (finding.severity, finding.example) == (Severity.WARNING, example)


def test_characters_of_a_lark_grammar_are_its_terminals() -> None:
    (finding,) = ambiguity(lint_lark('start: e\ne: e "+" e | NUMBER\nNUMBER: /[0-9]+/'))
    assert finding.message == (
        'rule \'e\' reads NUMBER "+" NUMBER "+" NUMBER in two ways: as e(NUMBER "+" NUMBER) "+" e(NUMBER), or as '
        'e(NUMBER) "+" e(NUMBER "+" NUMBER)'
    )


def test_an_unambiguous_grammar_is_compared_as_far_as_it_says() -> None:
    (finding,) = ambiguity(lint_gbnf('root ::= "a" root | "b"', fuel=10_000))
    assert str(finding) == (
        "information: no ambiguity was found: all texts of every rule with up to 48 characters were compared "
        "[ambiguity]"
    )


def test_exclusions_are_tried_by_a_few_texts_and_nothing_is_claimed() -> None:
    (finding,) = ambiguity(lint_ebnf('root ::= ([a-z]+ - "if") " "'))
    assert finding.message == (
        "no ambiguity was found, but exclusions, patterns and the like were tried by a few texts only, so this is no "
        "proof"
    )


def test_a_comment_that_may_follow_a_division_is_found_in_a_real_grammar() -> None:
    found = ambiguity(lint_gbnf((GBNF / "c_like.gbnf").read_text(encoding="utf-8")))
    assert [(finding.rule, finding.severity) for finding in found] == [("expression", Severity.WARNING)]


def test_the_intermediate_form_is_searched_byte_by_byte() -> None:
    sum_of = sequence(Call("e"), literal(b"+"), Call("e"))
    grammar = Grammar("e", {"e": choice(sum_of, repeat(literal("é".encode()), 1, 2))})
    (finding,) = ambiguity(lint_grammar(grammar))
    assert finding.example == "é+é+é"


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_an_example_of_the_intermediate_form_is_a_text_of_the_grammar(seed: int) -> None:
    grammar = random_grammar(random.Random(seed))
    for finding in ambiguity(lint_grammar(grammar, fuel=FUEL)):
        # Around members in any order no whole text is known; then the example is that of the rule, or of its part.
        is_whole = "a whole text" in finding.message or finding.message.startswith("rule 'S'")
        if is_whole and finding.example is not None and len(finding.example) <= 12:
            assert Recogniser(grammar, finding.example.encode()).accepts()


def test_equal_grammars_have_equal_findings_whatever_was_looked_at_before() -> None:
    text = (GBNF / "nullable.gbnf").read_text(encoding="utf-8")
    assert lint_gbnf(text, fuel=5_000) == lint_gbnf(text, fuel=5_000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'root ::= a | "x"\na ::= root',
            (
                "apart from rules that derive themselves, no ambiguity was found, but their steps were left out of the "
                "search, so this is no proof"
            ),
        ),
        (
            'root ::= "x" | "y" | "x"',
            (
                "apart from repeated alternatives, no ambiguity was found: all texts of every rule with up to 48 "
                "characters were compared"
            ),
        ),
    ],
)
def test_what_other_findings_tell_is_told_apart(text: str, message: str) -> None:
    (finding,) = ambiguity(lint_gbnf(text))
    assert finding.message == message
