"""Configurations as pictures: what is drawn is what the matcher does, byte by byte."""

from __future__ import annotations

import pytest

import maskwright as mw
from maskwright.drawing import configuration_graph, to_dot
from maskwright.errors import InvalidOption
from maskwright.grammar.ir import Grammar

PHONE = Grammar.from_regex("[0-9]{2}(-[0-9])?")


def test_a_small_automaton_whole() -> None:
    assert to_dot(configuration_graph(PHONE)) == (
        'digraph "configurations" {\n'
        "  rankdir=LR; begin [shape=point]; begin -> 0;\n"
        '  0 [label="root", shape=box, peripheries=1]\n'
        '  1 [label="root", shape=box, peripheries=1]\n'
        '  2 [label="root", shape=box, peripheries=2]\n'
        '  3 [label="root", shape=box, peripheries=1]\n'
        '  4 [label="root", shape=box, peripheries=2]\n'
        '  0 -> 1 [label="0-9"]\n'
        '  1 -> 2 [label="0-9"]\n'
        '  2 -> 3 [label="-"]\n'
        '  3 -> 4 [label="0-9"]\n'
        "}\n"
    )


def test_what_is_forced_is_one_edge() -> None:
    picture = configuration_graph(Grammar.from_gbnf('root ::= "yes, " ("sir" | "madam")'))
    assert [edge.label for edge in picture.edges] == ['"yes,␣"', "m", "s", '"adam"', '"ir"']


def test_the_nearest_are_drawn_and_the_note_says_so() -> None:
    assert configuration_graph(PHONE, n_steps=2).note == "as far as 2 steps"
    picture = configuration_graph(PHONE, max_nodes=3)
    assert len(picture.nodes) == 3
    assert picture.note == "the 3 configurations nearest to the start are shown"


def test_a_picture_may_begin_behind_a_text() -> None:
    assert [edge.label for edge in configuration_graph(PHONE, after=b"12").edges] == ["-", "0-9"]
    with pytest.raises(InvalidOption) as refused:
        configuration_graph(PHONE, after=b"x")
    assert str(refused.value) == "after must be the beginning of a text of the grammar, not b'x'."


@pytest.mark.parametrize(
    "grammar",
    [
        Grammar.from_gbnf('root ::= "(" root? ")" | [a-c]{2,3}'),
        Grammar.from_json_schema({"type": "array", "items": {"enum": [1, 12, True]}, "maxItems": 2}),
        Grammar.from_lark('start: NAME ("," NAME)*\nNAME: /[ab]+/'),
    ],
)
def test_every_edge_is_what_a_matcher_reads_and_nothing_is_missing(grammar: Grammar) -> None:
    """Walk the picture and a matcher together, by single bytes of every edge."""
    compiler = mw.Compiler(mw.Vocabulary([bytes([byte]) for byte in range(256)] + [b""], eos_token_ids=[256]))
    picture = configuration_graph(grammar, n_steps=5, max_nodes=500)
    texts = {0: b""}
    for edge in picture.edges:  # nearest first, so the source of an edge has a text already
        label = edge.label.split("\n")[0]
        quoted = label[1:-1] if len(label) > 2 and label[0] == label[-1] == '"' else label[0]
        texts.setdefault(edge.target, texts[edge.source] + quoted.replace("␣", " ").replace("⇥", "\t").encode())
    leaving = {edge.source for edge in picture.edges}
    for number, text in texts.items():
        matcher = compiler.compile_grammar(grammar).matcher()
        matcher.accept_bytes(text)
        assert matcher.is_accepting() == picture.nodes[number].is_double
        if number not in leaving and not picture.note:
            assert matcher.is_accepting()
