"""Substrings of a text against their enumeration."""

from __future__ import annotations

import random
import re

import pytest

import maskwright as mw
from maskwright.grammar import ir
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.substrings import Unit, substring_of
from maskwright.matching.compiler import Compiler
from maskwright.matching.vocabulary import Vocabulary

TEXTS = [
    "", "a", "abcbc", "to be or not to be", "a an  and\n\nan a\n a",
    "x\u00a0\u00a1y \u00a1\u00a0x \u00e9\u00e9\u20ac", "ab\nab\nabc\nab",
]  # fmt: skip


def units(text: str, by: Unit) -> list[str]:
    if by == "lines":
        return text.splitlines(keepends=True)
    return list(text) if by == "characters" else re.findall(r"\s+|\S+", text)


def substrings(text: str, by: Unit) -> set[bytes]:
    parts = units(text, by)
    return {"".join(parts[i:j]).encode() for i in range(len(parts) + 1) for j in range(i, len(parts) + 1)}


def language(grammar: mw.Grammar) -> set[bytes]:
    """All members, by walking the automaton."""
    node = grammar.rules["root"]
    if node == ir.EPSILON:
        return {b""}
    assert isinstance(node, ir.Choice)
    (leaf,) = (part for part in node.parts if isinstance(part, ir.Automaton))
    found = {b""} if ir.EPSILON in node.parts else set()
    todo: list[tuple[ByteAutomaton, int, bytes]] = [(leaf.automaton, 0, b"")]
    while todo:
        automaton, state, text = todo.pop()
        if automaton.accepting[state]:
            found.add(text)
        for byte in range(256):
            step = automaton.successor(state, byte)
            if step is not None:
                todo.append((step[0], step[1], text + bytes([byte])))
    return found


@pytest.mark.parametrize("by", ["characters", "words", "lines"])
def test_the_members_are_the_substrings(by: Unit) -> None:
    for text in TEXTS:
        assert language(substring_of(text, by)) == substrings(text, by), text


@pytest.mark.parametrize("by", ["characters", "words", "lines"])
def test_the_members_are_the_substrings_of_random_texts(by: Unit) -> None:
    rng = random.Random(f"substrings by {by}")
    for _ in range(150):
        text = "".join(rng.choices("ab\u00a0\u00a1 \n", k=rng.randint(0, 14)))
        assert language(substring_of(text, by)) == substrings(text, by), text


def test_the_automaton_is_linear_in_the_text() -> None:
    text = "".join(random.Random("linear").choices("abcd ", k=100_000))
    node = substring_of(text).rules["root"]
    assert isinstance(node, ir.Choice)
    (leaf,) = (part for part in node.parts if isinstance(part, ir.Automaton))
    assert leaf.automaton.n_states <= 2 * len(text)
    assert len(leaf.automaton.edges) <= 3 * len(text)


def test_a_long_text_can_be_quoted() -> None:
    text = "".join(random.Random("quoted").choices("abcdefgh é", k=100_000))
    tokens = [bytes([byte]) for byte in range(256)] + [b""]
    vocabulary = Vocabulary(tokens, eos_token_ids=[256])
    matcher = Compiler(vocabulary).compile_grammar(substring_of(text)).matcher()
    assert matcher.is_accepting()
    matcher.accept_bytes(text[50_000:60_000].encode())
    assert matcher.is_accepting()
    row = mw.allocate_bitmask(1, vocabulary.size)[0]
    matcher.fill_bitmask(row)
    assert mw.is_allowed(row, text[60_000].encode()[0])


def test_a_text_that_is_too_long_is_a_limit() -> None:
    with pytest.raises(mw.LimitExceeded, match="The characters of a text to quote needs 200001, more than the 200000"):
        substring_of("a" * 200_001)
