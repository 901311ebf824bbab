"""The generator of members finds members of every shipped grammar, many different ones, and uses all of a grammar."""

from __future__ import annotations

import random

import pytest

from tests.naive.lark_itself import ShippedGrammar, accepts, shipped_grammars
from tests.naive.lark_members import members, mutated

GRAMMARS = shipped_grammars()


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
def test_many_different_members_are_found(grammar: ShippedGrammar) -> None:
    found = members(grammar.text, 60, random.Random(1), start=grammar.start, indenter=grammar.indenter)
    parser = grammar.parser()
    assert len(found) == 60
    assert all(accepts(parser, text) for text in found)
    assert len(set(found)) >= 30
    assert max(map(len, found)) >= 15


def test_all_alternatives_are_visited() -> None:
    found = members('start: "x" start | "a" | "b" | C\nC: /[cd]/', 50, random.Random(1))
    assert {text[-1] for text in found} == set("abcd")


def test_an_indenter_gives_blocks_inside_blocks() -> None:
    grammar = next(grammar for grammar in GRAMMARS if grammar.name == "outline")
    found = members(grammar.text, 100, random.Random(1), indenter=grammar.indenter)
    assert any(len({len(line) - len(line.lstrip(" ")) for line in text.splitlines()}) > 2 for text in found)


def test_the_same_seed_gives_the_same_members() -> None:
    text = GRAMMARS[0].text
    assert members(text, 10, random.Random(7)) == members(text, 10, random.Random(7))


def test_a_grammar_whose_lexer_hides_its_members_is_reported() -> None:
    with pytest.raises(RuntimeError, match="only 0 of 150 texts drawn from the grammar are members"):
        members('start: A "b"\nA: /a.*/', 3, random.Random(1))


def test_mutations_are_near_the_text_and_mostly_other_texts() -> None:
    rng = random.Random(1)
    text = "let x be (a + 1)."
    changed = [mutated(text, rng, "show y.") for _ in range(200)]
    assert sum(other != text for other in changed) >= 150
    assert any(other.endswith("show y."[-3:]) and other != text for other in changed)
    assert mutated("", rng) is not None
