import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.behaviour.specification.flow import (
    MAX_NESTING,
    Flow,
    Name,
    chain,
    choice,
    parse_flow,
    repeat,
    segments_of,
)


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


@given(flows())
def test_a_flow_reads_back_as_it_is_printed(flow: Flow) -> None:
    assert parse_flow(str(flow)) == flow


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
