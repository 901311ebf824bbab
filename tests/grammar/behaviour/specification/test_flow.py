import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.behaviour.atoms import Proposition
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.specification.flow import (
    MAX_NESTING,
    Chain,
    Choice,
    Flow,
    Name,
    Repeat,
    chain,
    choice,
    flow_dfa,
    parse_flow,
    repeat,
    segments_of,
)

LETTERS = tuple(map(Letter, "abc"))


def flows() -> st.SearchStrategy[Flow]:
    bounds = st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(1, 4))).filter(
        lambda pair: pair[1] is None or pair[0] <= pair[1]
    )
    return st.recursive(
        st.sampled_from("abc").map(Name),
        lambda parts: st.one_of(
            st.lists(parts, min_size=1, max_size=3).map(chain),
            st.lists(parts, min_size=1, max_size=3).map(choice),
            st.tuples(parts, bounds).map(lambda pair: repeat(pair[0], *pair[1])),
        ),
        max_leaves=8,
    )


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


@given(flows())
def test_a_flow_reads_back_as_it_is_printed(flow: Flow) -> None:
    assert parse_flow(str(flow)) == flow


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


def test_segments_are_listed_in_order_of_their_first_place() -> None:
    assert segments_of(parse_flow("q (b a | a c)* b")) == ("q", "b", "a", "c")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("q(a|b){0,}", "q (a | b)*"),
        ("  a {0,1}\n b{1,}c{2}", "a? b+ c{2}"),
        ("((a))", "a"),
        ("a|b|a", "a | b"),
        ("a{1}", "a"),
        ("(a*)?", "(a*)?"),
    ],
)
def test_flows_are_printed_shortly(text: str, printed: str) -> None:
    assert str(parse_flow(text)) == printed


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "the name of a segment or a parenthesis was expected; what may be left out is written with ?"),
        ("a (b", 4, "a parenthesis is not closed; ) was expected"),
        ("a b)", 3, "this parenthesis was never opened"),
        ("a | * b", 4, "there is nothing to repeat before this"),
        ("a (|b)", 3, "the name of a segment or a parenthesis was expected; what may be left out is written with ?"),
        ("a b{3,2}", 3, "the second number of a count is the greatest: at least 1 and not below the first"),
        ("a b{0}", 3, "the second number of a count is the greatest: at least 1 and not below the first"),
        (
            "a*? b",
            2,
            "one sign or count for each name or group; put what is repeated twice in parentheses",
        ),
        (
            "a, b",
            1,
            "',' has no meaning here; a flow has names, ( ) | ? * + and counts like {0,5}",
        ),
    ],
)
def test_what_is_no_flow_is_refused_where_the_fault_is(text: str, position: int, message: str) -> None:
    with pytest.raises(GrammarSyntaxError) as caught:
        parse_flow(text)
    assert (caught.value.position, caught.value.message) == (position, message)


@pytest.mark.parametrize(
    "text",
    [
        "(a b){0,1000000}",
        "(" * (MAX_NESTING + 1) + "a" + ")" * (MAX_NESTING + 1),
        "(" * 100_000,
        "a " * 100_000,
        f"a{{{9 * '9'}}}",
    ],
)
def test_flows_without_measure_are_refused(text: str) -> None:
    with pytest.raises(LimitExceeded):
        parse_flow(text)


@pytest.mark.parametrize("text", ["(((a b){0,100}){0,100}){0,100} c (a b){9999}", "(a|b)* a (a|b){20}"])
def test_automata_without_measure_are_refused(text: str) -> None:
    with pytest.raises(LimitExceeded):
        flow_dfa(parse_flow(text), LETTERS)
