"""Rules as pictures: whole DOT texts of small grammars, and the labels of their edges."""

from __future__ import annotations

import pytest

from maskwright.drawing import rule_graph, rule_network, to_dot
from maskwright.errors import InvalidOption
from maskwright.grammar import ir
from maskwright.grammar.drawing.labels import bytes_label, label_of
from maskwright.grammar.ir import Grammar

NUMBERS = 'root ::= "[" number ("," number)* "]"\nnumber ::= [0-9]+ | word\nword ::= "one" | "two"\n'


def test_which_rule_calls_which() -> None:
    assert to_dot(rule_graph(Grammar.from_gbnf(NUMBERS))) == (
        'digraph "rules" {\n'
        "  rankdir=LR; begin [shape=point]; begin -> 0;\n"
        '  0 [label="root", shape=ellipse, peripheries=1]\n'
        '  1 [label="number", shape=ellipse, peripheries=1]\n'
        '  2 [label="word", shape=ellipse, peripheries=1]\n'
        '  0 -> 1 [label=""]\n'
        '  1 -> 2 [label=""]\n'
        "}\n"
    )


def test_one_rule_as_a_transition_network() -> None:
    assert to_dot(rule_network(Grammar.from_gbnf(NUMBERS))) == (
        'digraph "root" {\n'
        "  rankdir=LR; begin [shape=point]; begin -> 0;\n"
        '  0 [label="", shape=ellipse, peripheries=1]\n'
        '  1 [label="", shape=ellipse, peripheries=1]\n'
        '  2 [label="", shape=ellipse, peripheries=1]\n'
        '  3 [label="", shape=ellipse, peripheries=1]\n'
        '  4 [label="", shape=ellipse, peripheries=1]\n'
        '  5 [label="", shape=ellipse, peripheries=1]\n'
        '  6 [label="", shape=ellipse, peripheries=2]\n'
        '  7 [label="", shape=ellipse, peripheries=1]\n'
        '  0 -> 1 [label="\\"[\\""]\n'
        '  1 -> 2 [label="⟨number⟩"]\n'
        '  2 -> 3 [label="ε"]\n'
        '  2 -> 4 [label="ε"]\n'
        '  3 -> 5 [label="\\",\\""]\n'
        '  4 -> 6 [label="\\"]\\""]\n'
        '  5 -> 7 [label="⟨number⟩"]\n'
        '  7 -> 3 [label="again {0,}"]\n'
        '  7 -> 4 [label="ε"]\n'
        "}\n"
    )
    assert [edge.label for edge in rule_network(Grammar.from_gbnf(NUMBERS), "number").edges] == ["(0-9){1,}\n⟨word⟩"]


def test_a_parser_has_its_rules_and_its_terminals() -> None:
    grammar = Grammar.from_lark('start: pair+\npair: NAME "=" NAME\nNAME: /[a-z]+/')
    picture = rule_graph(grammar)
    drawn = {node.label: node.shape.value for node in picture.nodes}
    assert drawn["start"] == drawn["pair"] == "ellipse"
    assert drawn["NAME"] == drawn["EQUAL"] == "box"
    assert [edge.label for edge in rule_network(grammar, "pair").edges] == ["⟨NAME⟩", "⟨EQUAL⟩", "⟨NAME⟩"]


def test_members_in_any_order_are_drawn_once_each() -> None:
    schema = {"properties": {"a": {"type": "null"}, "b": {"type": "null"}}, "required": ["a"], "type": "object"}
    network = rule_network(Grammar.from_json_schema({**schema, "additionalProperties": False}), "object /")
    labels = [label for edge in network.edges for label in edge.label.split("\n")]
    assert any(label.startswith('"\\"a\\""'.replace("\\", "")) and not label.endswith("?") for label in labels), labels
    assert any(label.startswith('""b""') and label.endswith("?") for label in labels), labels


def test_of_many_rules_those_nearest_to_the_start_are_drawn() -> None:
    rules = "".join(f"r{number} ::= r{number + 1}\n" for number in range(30)) + "r30 ::= [a]\n"
    picture = rule_graph(Grammar.from_gbnf(rules, start="r0"), max_nodes=5)
    assert [node.label for node in picture.nodes] == ["r0", "r1", "r2", "r3", "r4"]
    assert picture.note == "the 5 rules nearest to the start are shown"


def test_a_rule_that_is_none_is_refused_with_one_that_is() -> None:
    with pytest.raises(InvalidOption) as refused:
        rule_network(Grammar.from_gbnf(NUMBERS), "letter")
    assert str(refused.value) == "rule must be a rule of the grammar, such as 'root', not 'letter'."


@pytest.mark.parametrize(
    ("node", "label"),
    [
        (ir.literal(b"a b\n"), '"a␣b⏎"'),
        (ir.literal(b"x" * 60), f'"{"x" * 39}…"'),
        (ir.byte_range(0x61, 0x7A), "a-z"),
        (ir.Call("value"), "⟨value⟩"),
        (ir.TokenSet((7,), ("<end>",), negated=True), "any token but <end> <[7]>"),
        (ir.repeat(ir.Call("a"), 2, None), "(⟨a⟩){2,}"),
        (ir.choice(ir.literal(b"a"), ir.Call("b")), '"a" | ⟨b⟩'),
    ],
)
def test_labels_say_what_is_read(node: ir.Node, label: str) -> None:
    assert label_of(node) == label


@pytest.mark.parametrize(
    ("members", "label"),
    [
        (b"abcx", "a-c x"),
        (b" \t\n\r", "⇥ ⏎ ␍ ␣"),
        (bytes(range(0x20, 0x7F)), "any (ASCII)"),
        (bytes(byte for byte in range(256) if byte not in b'"\\'), 'any but " \\'),
        (bytes(range(0xC3, 0xE0)), "xC3-xDF"),
        (b"09azAZ", "0 9 A Z a z"),
    ],
)
def test_bytes_are_shown_as_characters_and_ranges(members: bytes, label: str) -> None:
    assert bytes_label(members) == label
