"""Characters spelled in UTF-8, against Python's own codec at the ends of every length and at random."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.characters.character_set import ANY_CHARACTER, character_set
from maskwright.grammar.ir import NOTHING, Choice, Grammar
from maskwright.grammar.notation.utf8 import utf8_node
from tests.naive.recogniser import accepts

ENDS = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x10FFFF]
codes = st.one_of(st.sampled_from(ENDS), st.integers(0, 0x10FFFF), st.integers(0, 0x2FF))


@given(st.lists(st.tuples(codes, codes).map(sorted), min_size=1, max_size=3), st.lists(codes, max_size=6))
def test_exactly_the_members_are_spelled(ranges: list[list[int]], others: list[int]) -> None:
    members = character_set((low, high) for low, high in ranges)
    grammar = Grammar("start", {"start": utf8_node(members)})
    near = [code + shift for pair in ranges for code in pair for shift in (-1, 0, 1)]
    for code in [*near, *others]:
        if 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            assert accepts(grammar, chr(code).encode()) == (code in members)


@given(st.binary(max_size=4))
def test_bytes_that_are_no_character_are_never_spelled(text: bytes) -> None:
    try:
        is_character = len(text.decode()) == 1
    except UnicodeDecodeError:
        is_character = False
    assert accepts(Grammar("start", {"start": utf8_node(ANY_CHARACTER)}), text) == is_character


def test_any_character_is_eight_alternatives_and_none_is_nothing() -> None:
    node = utf8_node(ANY_CHARACTER)
    assert isinstance(node, Choice) and len(node.parts) == 8
    assert utf8_node(character_set([])) == NOTHING
