"""Automata over letters: smallest, combined, compared, written."""

from __future__ import annotations

import operator
import random
from itertools import product as words_of

import numpy as np
import pytest

from maskwright.errors import InvalidOption, LimitExceeded
from maskwright.grammar.behaviour.letters import Letter, Valuation
from maskwright.grammar.behaviour.logic import DFA, ltlf_to_dfa, parse_formula
from maskwright.grammar.behaviour.logic.dfa import difference_witness, minimised, product, reachable
from maskwright.grammar.behaviour.logic.formula import atoms_of


def _random_dfa(rng: random.Random, n_states: int, n_letters: int) -> DFA:
    transitions = [[rng.randrange(n_states) for _ in range(n_letters)] for _ in range(n_states)]
    accepting = [rng.random() < 0.4 for _ in range(n_states)]
    return reachable(tuple("xyz"[:n_letters]), np.array(transitions, np.int32), np.array(accepting))


def _words(n_letters: int, longest: int) -> list[tuple[int, ...]]:
    return [word for length in range(longest + 1) for word in words_of(range(n_letters), repeat=length)]


def _n_futures(dfa: DFA, longest: int) -> int:
    """How many different sets of words are left after the words that are not empty: the least number of states.

    The start needs a state of its own only if what it leaves, the empty word set aside, is none of these.
    """

    def left(state: int) -> tuple[bool, ...]:
        ends = []
        for word in _words(len(dfa.letters), longest):
            at = state
            for letter in word:
                at = dfa.step(at, letter)
            ends.append(bool(dfa.accepting[at]))
        return tuple(ends)

    later = {left(state) for state in np.unique(dfa.transitions).tolist()}
    return len(later) + (left(0)[1:] not in {ends[1:] for ends in later})


def test_minimal_automata_have_a_state_for_each_future_and_the_same_words() -> None:
    rng = random.Random(1)
    n_smaller = 0
    for _ in range(200):
        dfa = _random_dfa(rng, rng.randint(1, 5), 2)
        smallest = minimised(dfa)
        assert difference_witness(dfa, smallest) is None
        assert all(dfa.accepts(word) == smallest.accepts(word) for word in _words(2, 7))
        assert smallest.n_states == _n_futures(dfa, 5)
        n_smaller += smallest.n_states < dfa.n_states
    assert n_smaller > 20


def test_a_start_that_is_never_reached_again_takes_the_place_of_a_state_that_goes_on_alike() -> None:
    dfa = DFA(("x", "y"), np.array([[1, 2], [1, 2], [2, 2]], np.int32), np.array([False, True, False]))
    smallest = minimised(dfa)
    assert smallest.transitions.tolist() == [[0, 1], [1, 1]]
    assert smallest.accepting.tolist() == [True, False]
    assert not smallest.accepts([])


def test_what_a_start_says_of_the_empty_word_changes_nothing() -> None:
    rows = np.array([[1, 2], [1, 1], [2, 1]], np.int32)
    made = [minimised(DFA(("x", "y"), rows, np.array([accepts, False, True]))) for accepts in (False, True)]
    assert [dfa.transitions.tolist() for dfa in made] == [[[1, 2], [1, 1], [2, 1]]] * 2
    assert [dfa.accepting.tolist() for dfa in made] == [[False, False, True]] * 2


def test_live_and_always_look_ahead() -> None:
    dfa = ltlf_to_dfa("G(a -> X b) & F c", [Valuation(frozenset(name)) for name in "abc"])
    for state in range(dfa.n_states):
        seen, waiting = {state}, [state]
        for at in waiting:
            fresh = {int(to) for to in dfa.transitions[at]} - seen
            seen |= fresh
            waiting += fresh
        assert dfa.live[state] == any(dfa.accepting[to] for to in seen)
        assert dfa.always[state] == all(dfa.accepting[to] for to in seen)
    assert not dfa.live.all()


def test_products_and_complements_combine_verdicts() -> None:
    rng = random.Random(2)
    for _ in range(50):
        a, b = _random_dfa(rng, 4, 2), _random_dfa(rng, 4, 2)
        for combine in (operator.and_, operator.or_, operator.xor):
            both = product(a, b, combine)
            for word in _words(2, 5)[1:]:
                assert both.accepts(word) == combine(a.accepts(word), b.accepts(word))
        assert all(a.complement().accepts(word) != a.accepts(word) for word in _words(2, 5)[1:])


def test_the_witness_of_a_difference_is_a_shortest_word() -> None:
    rng = random.Random(3)
    n_equal = 0
    for _ in range(200):
        a, b = _random_dfa(rng, rng.randint(1, 4), 2), _random_dfa(rng, rng.randint(1, 4), 2)
        shortest = next((list(word) for word in _words(2, 7)[1:] if a.accepts(word) != b.accepts(word)), None)
        assert difference_witness(a, b) == shortest
        n_equal += shortest is None
    assert 0 < n_equal < 100


def test_automata_of_different_letters_are_not_compared() -> None:
    a = ltlf_to_dfa("F a")
    with pytest.raises(InvalidOption, match="letters must be those of the other automaton, in the same order"):
        difference_witness(a, ltlf_to_dfa("F b"))


def test_products_have_a_limit() -> None:
    letters = [Letter(name) for name in "abcdef"]
    many, more = ltlf_to_dfa("F a & F b & F c", letters), ltlf_to_dfa("F d & F e & F f", letters)
    with pytest.raises(LimitExceeded, match=r"The product of two automata needs \d+, more than the 16"):
        product(many, more, operator.and_, max_states=16)
    assert product(many, more, operator.and_).n_states == 64


def test_other_letters_are_read_as_their_columns() -> None:
    dfa = ltlf_to_dfa("G(a -> F b)", [Letter("a"), Letter("b")])
    wider = dfa.with_letters("pqr", [1, 0, 1])
    assert wider.letters == ("p", "q", "r")
    assert [wider.accepts(word) for word in ([0], [1], [1, 2], [1, 0, 1])] == [True, False, True, False]
    assert dfa.with_letters("a", [0]).n_states == 1
    with pytest.raises(InvalidOption, match="columns must be as many as the 2 letters, not 1"):
        dfa.with_letters("ab", [0])


def test_drawings_name_letters_in_few_words() -> None:
    letters = [Letter(name) for name in ("say", "call", "result", "answer")]
    assert ltlf_to_dfa("G(call -> X result)", letters).to_dot("rule") == (
        'digraph "rule" {\n'
        "  rankdir=LR; start [shape=point]; start -> 0;\n"
        "  0 [shape=doublecircle];\n"
        "  1 [shape=circle];\n"
        "  2 [shape=circle, style=dashed];\n"
        '  0 -> 0 [label="!call"];\n'
        '  0 -> 1 [label="call"];\n'
        '  1 -> 2 [label="!result"];\n'
        '  1 -> 0 [label="result"];\n'
        '  2 -> 2 [label="true"];\n'
        "}\n"
    )


def test_automata_are_written_as_json_and_read_back() -> None:
    texts = ['call(read, id=$x, n=1) & X result.contains("ö")', "a U b"]
    for text in texts:
        formula = parse_formula(text)
        letters = [Letter("result"), Letter("call", frozenset(atoms_of(formula)))] if "call" in text else None
        dfa = ltlf_to_dfa(formula, letters)
        again = DFA.from_json(dfa.to_json())
        assert again.letters == dfa.letters
        assert np.array_equal(again.transitions, dfa.transitions)
        assert np.array_equal(again.accepting, dfa.accepting)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"letters": ["a"], "transitions": [[1]], "accepting": [1]}',
        '{"letters": ["a"], "transitions": [[-1]], "accepting": [1]}',
        '{"letters": ["a"], "transitions": [[0.5]], "accepting": [1]}',
        '{"letters": ["a"], "transitions": [[0], [0]], "accepting": [1]}',
        '{"letters": ["a"], "transitions": [["x"]], "accepting": [1]}',
        '{"letters": ["a"], "transitions": [[0]], "accepting": [2]}',
        '{"letters": ["a"], "transitions": [[99999999999]], "accepting": [1]}',
        '{"letters": [], "transitions": [], "accepting": []}',
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="text must be an automaton as `to_json` writes it"):
        DFA.from_json(text)


@pytest.mark.parametrize("letter", ["3", '{"segment": "a", "atoms": ["F a"]}', '{"segment": "a", "atoms": ["("]}'])
def test_other_letters_are_refused(letter: str) -> None:
    with pytest.raises(InvalidOption, match="letters must be"):
        DFA.from_json(f'{{"letters": [{letter}], "transitions": [[0]], "accepting": [1]}}')


def test_letters_of_other_kinds_are_not_written() -> None:
    with pytest.raises(InvalidOption, match="letters must be segments' letters, valuations or texts"):
        ltlf_to_dfa("true").with_letters([3], [0]).to_json()
