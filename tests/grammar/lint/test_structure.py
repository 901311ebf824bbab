"""Rules without use, without end, or in circles: against plain fixpoints, and against the passes of the engine."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.automata.passes import keep_productive, reachable
from maskwright.errors import EmptyLanguage, GrammarSyntaxError
from maskwright.grammar.gbnf import gbnf_grammar
from maskwright.grammar.ir import Call, Grammar
from maskwright.grammar.json_schema import json_schema_grammar
from maskwright.grammar.lint import Finding, Kind, Severity, lint_ebnf, lint_gbnf, lint_grammar, lint_lark
from maskwright.grammar.lint.components import components
from tests.grammar.lint.small_grammars import NAMES, Productions, as_gbnf, productions
from tests.naive.parse_trees import derives_itself, in_use, n_trees
from tests.naive.random_grammars import random_grammar
from tests.naive.recogniser import Recogniser


def rules_of(kind: Kind, findings: tuple[Finding, ...]) -> set[str | None]:
    return {finding.rule for finding in findings if finding.kind is kind}


def is_empty(grammar: Grammar, start: str) -> bool:
    try:
        keep_productive(Grammar(start, grammar.rules))
    except EmptyLanguage:
        return True
    return False


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_unproductive_rules_are_those_that_the_engine_finds_empty(seed: int) -> None:
    grammar = random_grammar(random.Random(seed))
    found = rules_of(Kind.UNPRODUCTIVE, lint_grammar(grammar, fuel=0))
    assert found == {name for name in grammar.rules if is_empty(grammar, name)}


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_rules_that_the_engine_never_builds_are_unreachable(seed: int) -> None:
    """The other way round it need not be: the engine builds what a network calls from states that nothing leads to."""
    grammar = random_grammar(random.Random(seed))
    found = rules_of(Kind.UNREACHABLE, lint_grammar(grammar, fuel=0))
    assert found >= set(grammar.rules) - set(reachable(grammar))
    assert grammar.start not in found


@settings(max_examples=100, deadline=None)
@given(grammar=productions())
def test_rules_that_derive_themselves_are_told_by_one_of_each_circle(grammar: Productions) -> None:
    told = rules_of(Kind.CYCLE, lint_gbnf(as_gbnf(grammar), "s", fuel=0))
    assert told <= derives_itself(grammar)
    assert bool(told) == bool(derives_itself(grammar))


def test_loops_over_what_may_be_empty_are_found_through_rules() -> None:
    text = 'root ::= (a b)* c*\na ::= "x"?\nb ::= a a | ""\nc ::= a "y"'
    (finding,) = [finding for finding in lint_gbnf(text) if finding.kind is Kind.NULLABLE_LOOP]
    assert (finding.rule, finding.line) == ("root", 1)
    assert Recogniser(gbnf_grammar('root ::= (a b)\na ::= "x"?\nb ::= a a | ""'), b"").accepts()


@settings(max_examples=100, deadline=None)
@given(grammar=productions())
def test_rules_of_no_text_have_no_tree_of_any_short_text(grammar: Productions) -> None:
    findings = lint_gbnf(as_gbnf(grammar), "s", fuel=0)
    empty = rules_of(Kind.UNPRODUCTIVE, findings)
    used = set(in_use(grammar, "s"))
    assert not empty & used
    for name in empty:
        assert not any(n_trees(grammar, str(name), text) for text in ("", "a", "b", "ab", "aa"))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3)))
def test_components_are_the_classes_of_nodes_that_lead_to_each_other(graph: dict[str, list[str]]) -> None:
    graph = {node: graph.get(node, []) for node in "abcdef"}
    reached = {node: {node} for node in graph}
    for _ in graph:
        for targets in reached.values():
            targets |= {other for node in list(targets) for other in graph[node]}
    found = components(graph)
    assert sorted(node for group in found for node in group) == list("abcdef")
    for place, group in enumerate(found):
        assert set(group) == {node for node in reached[group[0]] if group[0] in reached[node]}
        assert reached[group[0]] <= {node for earlier in found[: place + 1] for node in earlier}


def test_a_schema_without_faults_has_no_findings() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"enum": [1, "</s>"]}}}
    assert lint_grammar(json_schema_grammar(schema), fuel=0) == ()
    (finding,) = lint_grammar(json_schema_grammar(schema), special_tokens=["</s>"], fuel=0)
    assert (finding.kind, finding.example) == (Kind.SPECIAL_TOKEN, '"</s>"')


def test_a_rule_that_only_an_exclusion_uses_is_used() -> None:
    findings = lint_ebnf('root ::= word - short\nword ::= [a-z]+\nshort ::= "a" | "b"')
    assert rules_of(Kind.UNREACHABLE, findings) == set()


def test_an_undefined_rule_is_an_error_in_every_notation() -> None:
    with pytest.raises(GrammarSyntaxError, match="rule 'b' is used but not defined"):
        lint_gbnf("root ::= b")
    with pytest.raises(GrammarSyntaxError, match="rule 'b' is used but not defined"):
        lint_grammar(Grammar("a", {"a": Call("b")}))
    with pytest.raises(GrammarSyntaxError, match="there is no rule 'root' to start from"):
        lint_lark('start: "x"', "root")


def test_findings_come_in_the_order_of_the_text() -> None:
    text = "".join(f"{name} ::= {name}\n" for name in reversed(NAMES)) + 'root ::= "x" | "x"'
    lines = [finding.line for finding in lint_gbnf(text) if finding.line is not None]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'root ::= "x"\nold ::= older\nolder ::= "y"',
            [
                (
                    "line 2, column 1: warning: rule 'old' is never used: from the start 'root' no rule leads to "
                    "it; use it, start from it, or remove it [unreachable]"
                ),
                (
                    "line 3, column 1: warning: rule 'older' is never used: from the start 'root' only rules that are "
                    "never used lead to it ('old'); use it, start from it, or remove it [unreachable]"
                ),
            ],
        ),
        (
            'root ::= list | "x"\nlist ::= item "," list\nitem ::= "y"',
            [
                (
                    "line 2, column 1: warning: rule 'list' derives no text: every alternative needs 'list' again, "
                    "without end; add an alternative that ends, as in `list ::= item | item list`, or make the "
                    "repetition optional with ? or * [unproductive]"
                ),
            ],
        ),
        (
            'root ::= a\na ::= "x" b\nb ::= "y" a',
            [
                "line 1, column 1: error: rule 'root' derives no text: it needs 'a', which derives none [unproductive]",
                (
                    "line 2, column 1: warning: rule 'a' derives no text: every alternative needs 'a' again (a -> b "
                    "-> a), without end; add an alternative that ends, as in `list ::= item | item list`, or make "
                    "the repetition optional with ? or * [unproductive]"
                ),
                (
                    "line 3, column 1: warning: rule 'b' derives no text: every alternative needs 'b' again (b -> a "
                    "-> b), without end; add an alternative that ends, as in `list ::= item | item list`, or make "
                    "the repetition optional with ? or * [unproductive]"
                ),
            ],
        ),
        (
            'root ::= a\na ::= b | "x"\nb ::= a',
            [
                (
                    "line 2, column 1: warning: rule 'a' can derive itself without reading anything (a -> b -> a), "
                    "so each of its texts has infinitely many derivations; remove the alternative that leads back "
                    "[cycle]"
                ),
                (
                    "line 2, column 1: information: rule 'a' is left-recursive (a -> b -> a): fine here, but llama.cpp "
                    "refuses it [left-recursion]"
                ),
            ],
        ),
        (
            'root ::= ("x"?)* "."',
            [
                (
                    "line 1, column 1: warning: rule 'root' repeats something that may be empty, as in (x?)*, so "
                    "each of its texts has infinitely many derivations; let the repetition alone allow the empty "
                    "text, as in x* [nullable-loop]"
                ),
            ],
        ),
        (
            'root ::= ("x" | "y" | "x")',
            [
                (
                    "line 1, column 1: warning: alternative 3 of rule 'root' is the same as alternative 1; remove "
                    "one of them [duplicate-alternative]"
                ),
            ],
        ),
        (
            'root ::= "<|im_end|>\\n"',
            [
                (
                    "line 1, column 1: warning: the literal '<|im_end|>\\n' in rule 'root' contains '<|im_end|>', "
                    "the spelling of a special token: the grammar means the characters, and the special token is "
                    "never taken for them; if it was meant, name the token, as in <|im_end|> [special-token]"
                ),
            ],
        ),
    ],
)
def test_messages_say_what_is_wrong_and_what_to_do(text: str, expected: list[str]) -> None:
    found = lint_gbnf(text, special_tokens=["<|im_end|>"], fuel=0)
    assert [str(finding) for finding in found] == expected


def test_an_unproductive_start_is_an_error_as_compiling_it_would_be() -> None:
    (finding,) = lint_gbnf('root ::= "x" root')
    assert (finding.severity, finding.kind) == (Severity.ERROR, Kind.UNPRODUCTIVE)
