"""Lark grammars beyond lark's own notation: what can be converted is, the rest is refused with its rule."""

from __future__ import annotations

import pytest

from maskwright.errors import GrammarSyntaxError, UnsupportedConversion
from maskwright.grammar.notation.conversion import converted
from maskwright.grammar.notation.notations import Source, Target


def test_counts_in_braces_are_converted() -> None:
    text = converted('%llguidance {}\nstart: "a"{2,5}\n', Source.LARK, Target.GBNF)
    assert text.splitlines()[-1] == 'root ::= "a"{2,5}'


@pytest.mark.parametrize(
    ("grammar", "message"),
    [
        (
            'start: "x" a\na: %json {"const": 1}\n',
            "%json {...} in rule 'a' cannot be written in another notation: write its texts as rules.",
        ),
        ("start: <end>\n", "<end> in rule 'start' cannot be written in another notation: write its texts as rules."),
        (
            'start: A\nA: /[a-z]+/ & ~"if"\n',
            (
                "'&', '~' or %regex in rule 'A' cannot be written in another notation: write its texts as one regular "
                "expression."
            ),
        ),
        (
            'start: a "b"\na[lazy]: /x+/\n',
            (
                "the attribute lazy, suffix or stop in rule 'a' cannot be written in another notation: "
                "write as a terminal what it matches."
            ),
        ),
    ],
)
def test_what_no_rule_can_say_is_refused_with_its_rule(grammar: str, message: str) -> None:
    with pytest.raises(UnsupportedConversion) as error:
        converted(grammar, Source.LARK, Target.GBNF)
    assert str(error.value) == message


def test_faults_are_told_where_they_stand() -> None:
    text = 'start: "a"{2,5} missing\n'
    with pytest.raises(GrammarSyntaxError) as error:
        converted(text, Source.LARK, Target.GBNF)
    assert (error.value.source, error.value.position) == (text, text.index("missing"))
