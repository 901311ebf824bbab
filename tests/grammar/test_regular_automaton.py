"""Automata of regular nodes against the naive meaning of the nodes, and their size against known minimal ones."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.ir import Automaton, Call, Grammar, Node, byte_class, choice, literal, repeat, sequence
from maskwright.grammar.regular_automaton import RegularAutomaton, is_regular, regular_automaton
from tests.naive.recogniser import accepts

leaves = st.one_of(
    st.binary(max_size=3).map(lambda text: literal(bytes(byte % 3 + 97 for byte in text))),
    st.sets(st.sampled_from(b"abc"), min_size=1).map(byte_class),
)
nodes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: sequence(*parts)),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: choice(*parts)),
        st.builds(
            lambda body, low, extra: repeat(body, low, None if extra is None else low + extra),
            inner,
            st.integers(0, 2),
            st.one_of(st.none(), st.integers(0, 2)),
        ),
    ),
    max_leaves=6,
)
A, B = literal(b"a"), literal(b"b")


def node_accepts(node: Node, text: bytes) -> bool:
    return accepts(Grammar("start", {"start": node}), text)


def built(node: Node, max_states: int = 100) -> RegularAutomaton:
    found = regular_automaton(node, max_states)
    assert found is not None
    return found


@given(nodes, st.lists(st.text("abc", max_size=7), min_size=1, max_size=10))
def test_the_automaton_accepts_what_the_node_does(node: Node, texts: list[str]) -> None:
    automaton = Automaton(built(node).automaton(is_shared=False))
    for text in texts:
        assert node_accepts(automaton, text.encode()) == node_accepts(node, text.encode())


@given(nodes)
def test_no_two_states_are_equal_and_each_leads_to_an_end(node: Node) -> None:
    found = built(node)
    n_states = len(found.rows)

    def step(state: int, byte: int) -> int:
        return next((target for low, high, target, _ in found.rows[state] if low <= byte <= high), n_states)

    accepting = [*found.accepting, False]
    differ = {pair for pair in combinations(range(n_states + 1), 2) if accepting[pair[0]] != accepting[pair[1]]}
    rows = [
        [step(state, byte) for byte in b"abc"] if state < n_states else [n_states] * 3 for state in range(n_states + 1)
    ]
    for _ in range(n_states + 1):
        differ |= {
            (left, right)
            for left, right in combinations(range(n_states + 1), 2)
            if any((min(pair), max(pair)) in differ for pair in zip(rows[left], rows[right], strict=True))
        }
    assert len(differ) == (n_states + 1) * n_states // 2


def test_known_automata_have_their_smallest_size() -> None:
    assert len(built(sequence(repeat(choice(A, B)), literal(b"abb"))).rows) == 4
    assert len(built(repeat(A, 0, 3)).rows) == 4
    assert len(built(choice(literal(b"ax"), literal(b"bx"))).rows) == 3


def test_too_many_states_give_none() -> None:
    nth_from_the_end = sequence(repeat(choice(A, B)), A, repeat(choice(A, B), 9, 9))  # 2 ** 10 states
    assert regular_automaton(nth_from_the_end, 40) is None
    assert regular_automaton(repeat(A, 0, 1_000_000), 40) is None
    assert regular_automaton(literal(b"a" * 10_000), 40) is None


def test_calls_are_not_regular() -> None:
    assert not is_regular(sequence(A, repeat(Call("x")))) and is_regular(sequence(A, repeat(B)))


def test_the_widest_loop_counts_bytes_that_keep_a_state() -> None:
    assert built(sequence(A, repeat(byte_class(range(97, 123))), literal(b"!"))).widest_loop == 26
    assert built(literal(b"abc")).widest_loop == 0


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (choice(A, literal(b"bc")), True),
        (repeat(A), False),
        (choice(A, literal(b"ab")), False),
        (sequence(repeat(A), B), False),
    ],
)
def test_only_members_with_certain_ends_are_countable(node: Node, expected: bool) -> None:
    assert built(node).is_countable == expected


@given(st.text("abc", max_size=8), st.integers(0, 3), st.integers(0, 3))
def test_a_repeated_automaton_counts_members_as_units(text: str, low: int, extra: int) -> None:
    body = choice(A, literal(b"bc"))
    counted = Automaton(built(body).repeated().automaton(is_shared=True), 0, (low, low + extra))
    assert node_accepts(counted, text.encode()) == node_accepts(repeat(body, low, low + extra), text.encode())
