"""Number automata against comparison of `decimal.Decimal` values, with an alphabet that hits the bounds often."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.numbers import ANY_INTEGER, ANY_NUMBER, integer_automaton, number_automaton
from tests.naive.recogniser import automaton_step

INTEGER_SYNTAX = re.compile(r"-?(0|[1-9][0-9]*)")
NUMBER_SYNTAX = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ONE_DIGIT_MANTISSA = re.compile(r"-?([1-9](\.[0-9]+)?|0(\.0+)?)[eE][+-]?[0-9]+")


def accepts(automaton: ByteAutomaton, text: str) -> bool:
    state = (automaton, 0)
    for byte in text.encode():
        step = automaton_step(*state, byte)
        if step is None:
            return False
        state = step[:2]
    return bool(state[0].accepting[state[1]])


def assert_trimmed(automaton: ByteAutomaton) -> None:
    """Edges are sorted, and every state leads to an accepting one."""
    sources: dict[int, set[int]] = {}
    for state in range(automaton.n_states):
        rows = automaton.edges[automaton.edge_start[state] : automaton.edge_start[state + 1]]
        assert all(low <= high for low, high, _ in rows)
        assert all(left[1] < right[0] for left, right in pairwise(rows))
        for _, _, target in rows:
            sources.setdefault(int(target), set()).add(state)
    live = {state for state in range(automaton.n_states) if automaton.accepting[state]}
    todo = list(live)
    while todo:
        for state in sources.get(todo.pop(), set()) - live:
            live.add(state)
            todo.append(state)
    assert live == set(range(automaton.n_states))


def in_range(value: Decimal, low: Decimal | None, high: Decimal | None, low_open: bool, high_open: bool) -> bool:
    above = low is None or value > low or (value == low and not low_open)
    return above and (high is None or value < high or (value == high and not high_open))


def spelled_range(
    low: Decimal | None, high: Decimal | None, low_open: bool = False, high_open: bool = False
) -> ByteAutomaton | None:
    """None where the range is empty, after checking that it is."""
    try:
        return number_automaton(low, high, low_open, high_open)
    except EmptyLanguage:
        assert low is not None and high is not None
        assert low > high or (low == high and (low_open or high_open))
        return None


few_digits = st.text("0159", min_size=1, max_size=4)
plain_spellings = st.builds(
    lambda sign, whole, fraction: f"{sign}{whole.lstrip('0') or '0'}{fraction}",
    st.sampled_from(["", "-"]),
    few_digits,
    st.one_of(st.just(""), few_digits.map(".".__add__)),
)
exponents = st.builds(
    lambda letter, sign, digits: letter + sign + digits,
    st.sampled_from("eE"),
    st.sampled_from(["", "+", "-"]),
    st.one_of(st.integers(0, 12).map(str), st.integers(0, 12).map("{:03d}".format)),
)
exponent_spellings = st.builds(lambda mantissa, exponent: mantissa + exponent, plain_spellings, exponents)
bounds = st.one_of(st.none(), plain_spellings.map(Decimal), exponent_spellings.map(Decimal))


@given(st.text("-+.0123459eE", max_size=9))
def test_without_bounds_the_syntax_of_json_decides(text: str) -> None:
    assert accepts(ANY_NUMBER, text) == bool(NUMBER_SYNTAX.fullmatch(text))
    assert accepts(ANY_INTEGER, text) == bool(INTEGER_SYNTAX.fullmatch(text))


@given(
    st.one_of(st.none(), st.integers(-120, 120)),
    st.one_of(st.none(), st.integers(-120, 120)),
    st.one_of(st.integers(-1300, 1300).map(str), st.text("-0123.e", max_size=4)),
)
def test_an_integer_is_accepted_exactly_in_range(low: int | None, high: int | None, text: str) -> None:
    try:
        automaton = integer_automaton(low, high)
    except EmptyLanguage:
        assert low is not None and high is not None and low > high
        return
    expected = bool(INTEGER_SYNTAX.fullmatch(text)) and in_range(
        Decimal(text), None if low is None else Decimal(low), None if high is None else Decimal(high), False, False
    )
    assert accepts(automaton, text) == expected


@settings(max_examples=600)
@given(bounds, bounds, st.booleans(), st.booleans(), st.lists(plain_spellings, min_size=1, max_size=12))
@example(Decimal("-0.0"), Decimal(0), False, False, ["-0", "0", "-0.0", "0.00", "0.01"])
@example(Decimal(0), None, True, False, ["-0", "0", "0.0", "0.001"])
def test_a_spelling_without_exponent_is_accepted_exactly_in_range(
    low: Decimal | None, high: Decimal | None, low_open: bool, high_open: bool, texts: list[str]
) -> None:
    automaton = spelled_range(low, high, low_open, high_open)
    if automaton is not None:
        near = [format(bound, "f") for bound in (low, high) if bound is not None]
        near += [text + ("0" if "." in text else ".0") for text in near]
        near += [text + "1" for text in near if "." in text]
        for text in [*texts, *near]:
            assert accepts(automaton, text) == in_range(Decimal(text), low, high, low_open, high_open), text


@settings(max_examples=600)
@given(bounds, bounds, st.booleans(), st.booleans(), st.lists(exponent_spellings, min_size=1, max_size=12))
@example(Decimal("1e16"), None, False, False, ["1e+16", "9.9e15", "1E016", "1e17"])
@example(None, Decimal("1.5e-7"), False, True, ["1.5e-7", "1.49e-7", "1.51e-7", "0e9", "1.50e-07"])
def test_an_exponent_never_leads_out_of_range_and_with_one_digit_before_the_point_is_exact(
    low: Decimal | None, high: Decimal | None, low_open: bool, high_open: bool, texts: list[str]
) -> None:
    automaton = spelled_range(low, high, low_open, high_open)
    if automaton is not None:
        near = [format(bound, "e") for bound in (low, high) if bound is not None]
        for text in [*texts, *near]:
            expected = in_range(Decimal(text), low, high, low_open, high_open)
            if accepts(automaton, text):
                assert expected, text
            elif ONE_DIGIT_MANTISSA.fullmatch(text):
                assert not expected, text


@given(st.sampled_from([Decimal(0), None]), exponent_spellings, st.booleans())
def test_a_range_that_ends_at_zero_or_never_accepts_every_spelling(
    low: Decimal | None, text: str, is_open: bool
) -> None:
    assert accepts(number_automaton(low, None, is_open), text) == in_range(Decimal(text), low, None, is_open, False)
    expected = in_range(Decimal(text), None, low, False, is_open)
    assert accepts(number_automaton(None, low, False, is_open), text) == expected


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
@example(1e16, 1e16)
@example(5e-324, 1.7976931348623157e308)
@example(0.1, 0.1)
def test_what_json_dumps_prints_is_judged_exactly(value: float, bound: float) -> None:
    text, exact = json.dumps(value), Decimal(json.dumps(bound))
    assert accepts(number_automaton(exact, None), text) == (Decimal(text) >= exact)
    assert accepts(number_automaton(None, exact), text) == (Decimal(text) <= exact)
    assert accepts(number_automaton(exact, None, exclusive_minimum=True), text) == (Decimal(text) > exact)


@settings(max_examples=40)
@given(st.integers(10**998, 10**1000), st.integers(0, 1000), st.integers(-3, 3))
def test_bounds_of_a_thousand_digits_are_exact(bound: int, place: int, difference: int) -> None:
    other = bound + difference * 10**place
    assert accepts(integer_automaton(bound, None), str(other)) == (other >= bound)
    assert accepts(integer_automaton(None, -bound), str(-other)) == (-other <= -bound)
    with localcontext() as context:
        context.prec = 3000
        low = Decimal(bound).scaleb(-500)
        value = Decimal(other).scaleb(-500)
    assert accepts(number_automaton(low, None, True), format(value, "f")) == (value > low)


def test_an_empty_range_says_so() -> None:
    with pytest.raises(EmptyLanguage) as caught:
        integer_automaton(5, 3)
    assert str(caught.value) == "No text can satisfy this specification: no integer is >= 5 and <= 3."
    with pytest.raises(EmptyLanguage) as caught:
        number_automaton(Decimal("1.50"), Decimal("1.5"), exclusive_maximum=True)
    assert str(caught.value) == "No text can satisfy this specification: no number is >= 1.50 and < 1.5."


def test_a_bound_that_is_too_long_to_write_is_refused() -> None:
    for build in (
        lambda: integer_automaton(0, 10**5000),
        lambda: number_automaton(Decimal("1e-5000"), None),
        lambda: number_automaton(None, Decimal("1e999999")),
    ):
        with pytest.raises(LimitExceeded, match="a numeric bound needs"):
            build()


def test_unbounded_automata_are_small_and_shared_and_others_are_not_shared() -> None:
    assert integer_automaton(None, None) == ANY_INTEGER and ANY_INTEGER.is_shared and ANY_INTEGER.n_states == 4
    assert number_automaton(None, None) == ANY_NUMBER and ANY_NUMBER.is_shared and ANY_NUMBER.n_states <= 10
    assert not integer_automaton(0, None).is_shared


def test_the_number_of_states_grows_with_the_digits_only() -> None:
    sizes = [integer_automaton(0, 10**exponent + 1).n_states for exponent in (10, 100, 1000)]
    assert all(size <= 4 * digits for size, digits in zip(sizes, (11, 101, 1001), strict=True))
    assert math.isclose(sizes[2] / sizes[1], 10, rel_tol=0.1)


@pytest.mark.parametrize("automaton", [ANY_NUMBER, integer_automaton(-7, 120), number_automaton(Decimal("0.3"), None)])
def test_edges_are_sorted_and_every_state_leads_to_an_accepting_one(automaton: ByteAutomaton) -> None:
    assert_trimmed(automaton)
