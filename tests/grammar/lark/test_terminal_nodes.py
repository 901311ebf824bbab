"""Terminals as nodes: those like free text are shared automata, and read what the others read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters import match_language
from maskwright.grammar.ir import Automaton
from maskwright.grammar.lark.terminal_nodes import TerminalNodes

SHARED = ['"[^"\\n]*"', "[a-z]+", "(?s:.)*", '"(?:[^"\\\\]|\\\\.)*"', "[a-zà-ÿ]+(?:-[a-zà-ÿ]+)*"]


def accepts(automaton: ByteAutomaton, text: bytes) -> bool:
    place = (automaton, 0)
    for byte in text:
        step = place[0].successor(place[1], byte)
        if step is None:
            return False
        place = step[:2]
    return bool(place[0].accepting[place[1]])


@pytest.mark.parametrize("pattern", SHARED)
def test_a_terminal_like_free_text_is_shared(pattern: str) -> None:
    node = TerminalNodes().node(match_language(pattern))
    assert isinstance(node, Automaton) and node.automaton.is_shared


@given(
    st.sampled_from(SHARED),
    st.one_of(st.text(alphabet='ab-"\\\nàé€😀', max_size=6).map(str.encode), st.binary(max_size=5)),
)
def test_a_shared_automaton_reads_the_members_in_utf8_and_nothing_else(pattern: str, text: bytes) -> None:
    language = match_language(pattern)
    node = TerminalNodes().node(language)
    assert isinstance(node, Automaton)
    try:
        expected = language.accepts(text.decode())
    except UnicodeDecodeError:
        expected = False
    assert accepts(node.automaton, text) == expected


def test_only_the_first_few_terminals_are_shared_and_counted_ones_count() -> None:
    nodes = TerminalNodes()
    made = [nodes.node(match_language(f"{sign}[a-z]*")) for sign in "!#;%&"]
    assert [node.automaton.is_shared for node in made if isinstance(node, Automaton)] == [True] * 4 + [False]
    counted = nodes.node(match_language("[a-z]{2,300}"))
    assert isinstance(counted, Automaton) and counted.counter == (2, 300)
    short = nodes.node(match_language("[0-9]*x"))
    assert isinstance(short, Automaton) and not short.automaton.is_shared
