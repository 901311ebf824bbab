"""Grammars whose notation nobody has named."""

from __future__ import annotations

import pytest

import maskwright as mw
from maskwright.errors import GrammarSyntaxError
from maskwright.integrations.grammar_text import Notation, compile_grammar_text, notation_of

BYTES = mw.Vocabulary([*(bytes([byte]) for byte in range(256)), b""], eos_token_ids=[256])


def accepts(grammar: mw.CompiledGrammar, text: str) -> bool:
    matcher = grammar.matcher()
    return matcher.accept_tokens(text.encode()) == len(text.encode()) and matcher.is_accepting()


@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ('root ::= "a"', Notation.EBNF),
        ('  root\n::= "a"', Notation.EBNF),
        ('[12] Char ::= "a"', Notation.EBNF),
        ("# a comment\nroot::=[a-z]+", Notation.EBNF),
        ('start: "a"', Notation.LARK),
        ('start: "x ::= y"', Notation.LARK),
        ('?start: A\nA: /b ::= c/  // root ::= "a"', Notation.LARK),
        ("%import common.INT\nstart: INT", Notation.LARK),
        ("", Notation.LARK),
    ],
)
def test_the_notation_is_told_by_the_heads_of_the_lines(text: str, notation: Notation) -> None:
    assert notation_of(text) is notation


@pytest.mark.parametrize(
    ("text", "notation", "start", "accepted", "rejected"),
    [
        ('root ::= "a" | "b" root', None, None, "bba", "ab"),
        ('start: "a" start | "b"', None, None, "aab", "ba"),
        ('root ::= "a"\nother ::= "o"', None, "other", "o", "a"),
        ('start: "a"\nother: "o"', None, "other", "o", "a"),
        (r'root ::= "\x410"', Notation.GBNF, None, "A0", "\u0410"),
        (r'root ::= "\x410"', Notation.EBNF, None, "\u0410", "A0"),
        (r'root ::= "\x410"', None, None, "\u0410", "A0"),
    ],
)
def test_a_grammar_means_what_its_notation_says(
    text: str, notation: Notation | None, start: str | None, accepted: str, rejected: str
) -> None:
    grammar = compile_grammar_text(mw.Compiler(BYTES), text, notation, start)
    assert accepts(grammar, accepted)
    assert not accepts(grammar, rejected)


def test_what_only_gbnf_has_is_read_as_gbnf() -> None:
    grammar = compile_grammar_text(mw.Compiler(BYTES), 'root ::= "a" <[7]>? "b"')
    assert accepts(grammar, "ab")


@pytest.mark.parametrize("text", ['root ::= "a', "start: (", "", "nonsense", "root ::= )("])
def test_what_is_no_grammar_is_refused(text: str) -> None:
    with pytest.raises(GrammarSyntaxError):
        compile_grammar_text(mw.Compiler(BYTES), text)
