"""Lint of Lark grammars with embedded grammars, special tokens, terminal algebra and lazy rules."""

from __future__ import annotations

import pytest

from maskwright.errors import GrammarSyntaxError
from maskwright.grammar.lint import Finding, Kind, lint_lark


def of_kind(text: str, kind: Kind) -> list[Finding]:
    return [finding for finding in lint_lark(text) if finding.kind is kind]


def test_an_embedded_grammar_is_something_whole_and_called_as_it_is_written() -> None:
    text = 'start: call\n\ncall: %json {\n  "const": 1\n} | %json {"const": 2} | <tool>\nold: "x"\n'
    (unused,) = of_kind(text, Kind.UNREACHABLE)
    assert (unused.rule, unused.line, unused.column) == ("old", 6, 1)
    assert [finding for finding in lint_lark(text) if "EMBEDDED" in finding.message] == []


def test_an_ambiguity_between_embedded_grammars_is_told_in_the_words_of_the_text() -> None:
    text = "start: a | b\na: %json {} x\nb: %json {} x\nx: <end>\n"
    assert of_kind(text, Kind.AMBIGUITY)[0].message.startswith("no ambiguity was found")
    (found,) = of_kind("start: a | b\na: x\nb: x\nx: <end>\n", Kind.AMBIGUITY)
    assert "<end>" in found.message and "EMBEDDED" not in found.message


def test_places_are_those_of_the_text_that_was_written() -> None:
    text = '%llguidance {}\nstart: A{2,3}\nA: "a"\nB: "b"\n'
    (unused,) = of_kind(text, Kind.UNREACHABLE)
    assert (unused.rule, unused.position, unused.line, unused.column) == ("B", text.index("B:"), 4, 1)


def test_the_faults_of_a_dialect_text_are_told_where_they_stand() -> None:
    text = 'start: %json {"const": 1} missing\n'
    with pytest.raises(GrammarSyntaxError) as error:
        lint_lark(text)
    assert (error.value.source, error.value.position) == (text, text.index("missing"))


def test_combined_terminals_are_known_by_their_language() -> None:
    text = 'start: NAME | NUMBER | OTHER\nNAME: WORD & ~"if"\nWORD: /[a-z]+/\nNUMBER: /[0-9]+/\nOTHER.-1: /[b-d]+/\n'
    assert of_kind(text, Kind.SHADOWED) == []  # what combines others hides nothing, as far as lint knows
    (empty,) = of_kind('start: A "x"\nA: /[ab]*/ & ~"b"\n', Kind.EMPTY_TERMINAL)
    assert empty.rule == "A"
    (nothing,) = of_kind('start: A | "x"\nA: "a" & "b"\n', Kind.UNPRODUCTIVE)
    assert nothing.rule == "A"


def test_no_ambiguity_is_looked_for_where_a_rule_is_lazy() -> None:
    text = 'start: a a\na[lazy]: /x+/ "y"?\n'
    assert of_kind(text, Kind.AMBIGUITY) == []
