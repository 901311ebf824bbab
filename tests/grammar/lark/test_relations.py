"""Unions along relations against a search from every node."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.lark.relations import bits_of, united, walked


def reached_from(node: int, relation: list[list[int]]) -> list[int]:
    todo = [node]
    for other in todo:  # grows while it is read
        todo += [target for target in relation[other] if target not in todo]
    return todo


@st.composite
def relations(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(1, 8))
    return [draw(st.lists(st.integers(0, size - 1), max_size=3)) for _ in range(size)]


@given(relations())
def test_unions_are_those_of_all_that_is_reached(relation: list[list[int]]) -> None:
    found, first = walked(relation, [1 << node for node in range(len(relation))])
    for node in range(len(relation)):
        assert bits_of(found[node]) == sorted(set(reached_from(node, relation)))
        for other in range(len(relation)):
            together = other in reached_from(node, relation) and node in reached_from(other, relation)
            assert (first[node] == first[other]) == together


def test_long_chains_need_no_recursion() -> None:
    chain = [[node + 1] for node in range(20_000)] + [[]]
    assert united(chain, [0] * 20_000 + [1]) == [1] * 20_001


def test_bits_are_listed_in_order() -> None:
    assert bits_of(0b1010) == [1, 3]
    assert bits_of(0) == []
