import re
from itertools import product

import pytest
from hypothesis import given, settings

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.atoms import Proposition
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.specification.flow import Chain, Choice, Flow, Name, Repeat, parse_flow, segments_of
from maskwright.grammar.behaviour.specification.flow_automaton import flow_dfa
from tests.grammar.behaviour.specification.test_flow import flows

LETTERS = tuple(map(Letter, "abc"))


def as_pattern(flow: Flow) -> str:
    """The same language for Python's `re`, written independently of the printer."""
    match flow:
        case Name(name):
            return name
        case Chain(parts):
            return "".join(f"(?:{as_pattern(part)})" for part in parts)
        case Choice(parts):
            return "|".join(f"(?:{as_pattern(part)})" for part in parts)
        case Repeat(part, minimum, maximum):
            return f"(?:{as_pattern(part)}){{{minimum},{'' if maximum is None else maximum}}}"
    raise AssertionError


@given(flows())
@settings(deadline=None)
def test_a_flow_accepts_what_the_same_regular_expression_matches(flow: Flow) -> None:
    dfa = flow_dfa(flow, LETTERS)
    pattern = re.compile(as_pattern(flow))
    for length in range(1, 6):
        for word in product(range(3), repeat=length):
            text = "".join("abc"[letter] for letter in word)
            assert dfa.accepts(word) == (pattern.fullmatch(text) is not None), (str(flow), text)


def test_the_loop_of_react_has_the_states_that_were_published() -> None:
    flow = parse_flow("question (thought action input observation){0,5} final answer")
    dfa = flow_dfa(flow, tuple(map(Letter, segments_of(flow))))
    assert dfa.n_states == 25


@pytest.mark.parametrize(
    ("text", "n_states"),
    [
        ("question (plan label action input){1,5} answer", 24),
        ("question ((thought action input observation){0,3} final proposed evaluation reflection?){0,2} answer", 36),
    ],
)
def test_the_loops_of_rewoo_and_reflexion_have_the_states_that_were_published(text: str, n_states: int) -> None:
    flow = parse_flow(text)
    assert flow_dfa(flow, tuple(map(Letter, segments_of(flow)))).n_states == n_states


def test_letters_of_one_segment_are_told_apart_by_nothing_but_its_name() -> None:

    letters = (Letter("a"), Letter("a", frozenset({Proposition("p")})), Letter("b"))
    dfa = flow_dfa(parse_flow("a a b"), letters)
    assert dfa.accepts([0, 1, 2])
    assert dfa.accepts([1, 1, 2])
    assert not dfa.accepts([0, 2, 1])


@pytest.mark.parametrize("text", ["(((a b){0,100}){0,100}){0,100} c (a b){9999}", "(a|b)* a (a|b){20}"])
def test_automata_without_measure_are_refused(text: str) -> None:
    with pytest.raises(LimitExceeded):
        flow_dfa(parse_flow(text), LETTERS)
