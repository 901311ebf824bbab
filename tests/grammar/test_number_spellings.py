"""Automata of number sets against exact fractions: every spelling of a member, and no other, as far as is promised."""

from __future__ import annotations

import json
import random
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.number_languages import is_integer_set
from maskwright.grammar.numbers import (
    ANY_INTEGER,
    ANY_NUMBER,
    REACHES,
    NumberSet,
    NumberSpelling,
    exact_words,
    finite_members,
    free_automaton,
    is_free,
    number_set,
    numbers_automaton,
    split_zero,
)
from tests.grammar.test_number_sets import is_member
from tests.grammar.test_numbers import NUMBER_SYNTAX, accepts, assert_trimmed

CANONICAL, EXACT = NumberSpelling.CANONICAL, NumberSpelling.EXACT
INTEGERS = NumberSet(multiple_of=Decimal(1))


def numbers(text: str) -> NumberSet:
    """`0 < x <= 10, 0.5, not 2` as a set: an optional range, a divisor, other divisors."""
    words = text.replace(",", " ").split()
    fields: dict[str, Decimal] = {}
    exclusive = {}
    others = []
    while words:
        word = words.pop(0)
        if word in (">", ">=", "<", "<="):
            side = "minimum" if word[0] == ">" else "maximum"
            fields[side] = Decimal(words.pop(0))
            exclusive["exclusive_" + side] = len(word) == 1
        elif word == "not":
            others.append(Decimal(words.pop(0)))
        else:
            fields["multiple_of"] = Decimal(word)
    return NumberSet(**fields, **exclusive, not_multiples_of=tuple(others))


def is_within_reach(text: str) -> bool:
    """Is the mantissa one for which every exponent is judged exactly?"""
    whole, _, fraction = re.split("[eE]", text)[0].lstrip("-").partition(".")
    n_zeros = len(fraction) - len(fraction.lstrip("0")) if whole == "0" else 0
    reach = REACHES[EXACT][0]
    return (
        len(whole) <= reach.digits_before
        and len(fraction.rstrip("0")) <= reach.digits_after
        and n_zeros <= reach.zeros_after
    )


def check(numbers: NumberSet, text: str, canonical: ByteAutomaton, exact: ByteAutomaton) -> None:
    expected = is_member(numbers, Decimal(text))
    is_plain = not re.search("[eE]", text)
    assert accepts(exact, text) == expected or (not is_plain and expected and not is_within_reach(text)), text
    is_integer = is_integer_set(numbers)
    if accepts(canonical, text):
        assert expected, text
        assert not is_integer or text.lstrip("-").isdigit()
    elif expected:
        assert not text.lstrip("-").isdigit()
        assert is_integer or not is_plain


SETS = [
    "1", "5", "0.01", "3", "0.25", "60", "1000", "1e-8", "not 1", "not 0.5", "1 not 5", "0.5 not 1",
    ">= 0 1", ">= 5 1", "> 0", ">= 5", "< -1.5", ">= -5 <= 15 1", ">= 0 <= 100", "> 0 < 1", ">= 0.5 <= 51 0.5",
    ">= 1 <= 1", ">= 0 <= 0", ">= 0.1 <= 0.1", ">= -5 <= 5 not 1", ">= 1 <= 150 7", ">= 0 <= 155000 997 not 5",
    ">= 10 100", "<= -10 not 10", ">= 0 <= 0.155 0.051", ">= 15 1 not 2 not 3", "1e3 >= 0", "1e300", "1e-300",
]  # fmt: skip


@pytest.mark.parametrize("text", SETS)
def test_every_short_spelling_is_judged_as_fractions_say(text: str) -> None:
    members = number_set_of(text)
    canonical, exact = (numbers_automaton(members, spelling) for spelling in (CANONICAL, EXACT))
    assert_trimmed(canonical)
    assert_trimmed(exact)
    todo = [(b"", (0, 0, 0))]
    automata = (ANY_NUMBER, canonical, exact)
    is_integer = is_integer_set(members)
    while todo:
        prefix, states = todo.pop()
        if ANY_NUMBER.accepting[states[0]]:
            expected = is_member(members, Decimal(prefix.decode()))
            in_canonical, in_exact = (
                state >= 0 and bool(automaton.accepting[state])
                for automaton, state in zip(automata[1:], states[1:], strict=True)
            )
            assert in_exact == expected, prefix
            assert in_canonical <= expected, prefix
            if expected and not in_canonical:
                assert b"e" in prefix or (is_integer and b"." in prefix), prefix
        if len(prefix) < 6:
            for byte in b"015.-e":
                then = tuple(
                    -1 if state < 0 else step(a, state, byte) for a, state in zip(automata, states, strict=True)
                )
                if then[0] >= 0:
                    todo.append((prefix + bytes([byte]), then))


def step(automaton: ByteAutomaton, state: int, byte: int) -> int:
    found = automaton.successor(state, byte)
    return -1 if found is None else found[1]


def number_set_of(text: str) -> NumberSet:
    members = numbers(text)
    normal = number_set(
        members.minimum,
        members.maximum,
        members.exclusive_minimum,
        members.exclusive_maximum,
        members.multiple_of,
        members.not_multiples_of,
    )
    assert normal is not None
    return normal


values = st.one_of(
    st.integers(-40, 400).map(Decimal),
    st.integers(-400, 400).map(lambda value: Decimal(value).scaleb(-1)),
    st.integers(0, 4000).map(lambda value: Decimal(value).scaleb(-2)),
    st.sampled_from([Decimal("1e-8"), Decimal("1e16"), Decimal("-2.5e-7"), Decimal(9007199254740993)]),
)
divisors = st.sampled_from([Decimal(text) for text in "1 2 3 5 10 12 100 0.01 0.1 0.25 0.3 0.5".split()])
sets = st.builds(
    NumberSet,
    st.none() | values,
    st.none() | values,
    st.booleans(),
    st.booleans(),
    st.none() | divisors,
    st.just(()) | divisors.map(lambda divisor: (divisor,)),
)
mantissas = st.one_of(
    values.map(lambda value: format(value, "f")),
    st.builds(
        lambda sign, whole, fraction: f"{sign}{whole}{fraction}",
        st.sampled_from(["", "-"]),
        st.integers(0, 3000) | st.integers(0, 10**20) | st.sampled_from([100, 1000, 5000, 12000000]),
        st.just("") | st.text("0015", min_size=1, max_size=8).map(".".__add__),
    ),
)
exponents = st.just("") | st.builds(
    lambda letter, sign, zeros, value: f"{letter}{sign}{zeros}{value}",
    st.sampled_from("eE"),
    st.sampled_from(["", "+", "-"]),
    st.sampled_from(["", "0"]),
    st.integers(0, 12) | st.sampled_from([16, 20, 308, 400]),
)
spellings = st.builds(lambda mantissa, exponent: mantissa + exponent, mantissas, exponents)


@settings(max_examples=60, deadline=None)
@given(sets, st.lists(spellings, min_size=20, max_size=60))
@example(INTEGERS, ["1e308", "1e400", "1e-8", "9007199254740992.0", "12345e-3", "12000e-3", "-0.0e5", "100e-2"])
@example(NumberSet(multiple_of=Decimal(5)), ["1e308", "0.1E+2", "1e0", "123456789012345678901234567890.0", "5e-0"])
@example(NumberSet(Decimal(1), Decimal(1)), ["1", "1.0", "1.00", "10e-1", "0.1E+1", "0.001e3", "0.01e1", "1e1"])
def test_spellings_are_judged_as_fractions_say(numbers: NumberSet, texts: list[str]) -> None:
    try:
        canonical, exact = (numbers_automaton(numbers, spelling) for spelling in (CANONICAL, EXACT))
    except EmptyLanguage:
        assert not any(is_member(numbers, Decimal(text)) for text in texts)
        return
    near = [bound for bound in (numbers.minimum, numbers.maximum) if bound is not None]
    for text in [*texts, *(format(bound, kind) for bound in near for kind in "fe")]:
        check(numbers, text, canonical, exact)


@settings(max_examples=60, deadline=None)
@given(sets, st.integers(0, 10**9), st.sampled_from([0, 3, 8, 16, 290]))
@example(NumberSet(multiple_of=Decimal("0.01")), 1, 8)
@example(NumberSet(multiple_of=Decimal("1e-8")), 1, 0)
def test_what_json_dumps_prints_for_a_member_is_accepted(numbers: NumberSet, k: int, exponent: int) -> None:
    step = Fraction(numbers.multiple_of or Decimal("0.125"))
    value = float(k * step * 10**exponent)
    text = json.dumps(value)
    assume(is_member(numbers, Decimal(text)))
    assert accepts(numbers_automaton(numbers, EXACT), text)
    prints_exponents = numbers.multiple_of is None or numbers.multiple_of < Decimal("0.0001")
    if not is_integer_set(numbers):
        if "e" not in text or (prints_exponents and not numbers.not_multiples_of):
            assert accepts(numbers_automaton(numbers, CANONICAL), text)
    elif value.is_integer():
        assert accepts(numbers_automaton(numbers, CANONICAL), str(int(Decimal(text))))


@settings(max_examples=25, deadline=None)
@given(sets, st.sampled_from([CANONICAL, EXACT]), st.randoms(use_true_random=False))
def test_every_way_through_ends_in_a_member_that_json_reads(
    numbers: NumberSet, spelling: NumberSpelling, rng: random.Random
) -> None:
    try:
        automaton = numbers_automaton(numbers, spelling)
    except EmptyLanguage:
        return
    assert_trimmed(automaton)
    for _ in range(30):
        text = random_member(automaton, 0, rng, 12)
        if text is not None and len(text) < 40:
            assert NUMBER_SYNTAX.fullmatch(text)
            assert json.loads(text) is not None
            exponent = re.split("[eE]", text)[1:]
            if not exponent or abs(int(exponent[0])) < 1000:
                assert is_member(numbers, Decimal(text)), text


def random_member(automaton: ByteAutomaton, state: int, rng: random.Random, n_free: int) -> str | None:
    """A text from a state on: `n_free` random bytes, then up to 60 until it may end."""
    text = ""
    for index in range(n_free + 60):
        if automaton.accepting[state] and (index >= n_free or rng.random() < 0.2):
            return text
        rows = automaton.edges[automaton.edge_start[state] : automaton.edge_start[state + 1]].tolist()
        if not rows:
            return text
        low, high, state = rng.choice(rows)
        text += chr(rng.randint(low, high))
    return None


@pytest.mark.parametrize("text", ["1", "1 >= 1", "5 <= -100", "1 not 5", "7 not 2", "> 0", "< 0", ">= 5 1"])
def test_in_a_free_set_many_values_lie_ahead_of_every_state_that_can_go_on(text: str) -> None:
    _, parts = split_zero(numbers(text))
    rng = random.Random(5)
    for part in parts:
        assert is_free(part, CANONICAL)
        assert_many_values_lie_ahead(numbers_automaton(part, CANONICAL), rng)


@pytest.mark.parametrize("text", ["1", ">= 5", "<= -0.05", "0.5", "0.01 >= 12.5", "3 > 0", "> 0", "25 <= -3"])
def test_without_negative_exponents_unbounded_sets_are_free(text: str) -> None:
    _, parts = split_zero(numbers(text))
    rng = random.Random(5)
    for part in parts:
        for spelling in (CANONICAL, EXACT):
            automaton = free_automaton(part, spelling)
            assert automaton is not None
            assert_trimmed(automaton)
            assert_many_values_lie_ahead(automaton, rng)
            for value in (Decimal(k).scaleb(-3) for k in range(-30000, 30000, 500)):
                assert accepts(automaton, spelled(value)) == is_member(part, value)


def spelled(value: Decimal) -> str:
    whole = value.to_integral_value()
    return str(int(value)) if whole == value else format(value, "f")


def assert_many_values_lie_ahead(automaton: ByteAutomaton, rng: random.Random) -> None:
    prefix_of = {0: ""}
    order = [0]
    for state in order:
        rows = automaton.edges[automaton.edge_start[state] : automaton.edge_start[state + 1]].tolist()
        assert rows
        for low, _, target in rows:
            if target not in prefix_of:
                prefix_of[target] = prefix_of[state] + chr(low)
                order.append(target)
        ahead: set[Decimal] = set()
        for _ in range(200):
            rest = random_member(automaton, state, rng, 6)
            if rest is not None:
                ahead.add(Decimal(prefix_of[state] + rest))
            if len(ahead) > 8:
                break
        assert len(ahead) > 8, prefix_of[state]


@pytest.mark.parametrize("text", ["1", ">= 0 <= 5", "1 > 0 < 5", "not 1", "1 not 5"])
def test_what_cannot_be_freed_is_not(text: str) -> None:
    assert free_automaton(numbers(text), EXACT) is None


@pytest.mark.parametrize("text", ["1", ">= 0", ">= 5", ">= 0 <= 10 1", "1 >= 0", "0.5 > 0", "> 0 < 1", "not 1"])
def test_sets_where_a_value_may_be_forced_are_not_free(text: str) -> None:
    assert not is_free(numbers(text), CANONICAL)


def test_integers_in_all_spellings_are_not_free_because_few_negative_exponents_may_follow() -> None:
    assert not is_free(number_set_of("1 > 0"), EXACT)


def test_unbounded_sets_are_shared_and_of_stated_size() -> None:
    assert numbers_automaton(NumberSet(), CANONICAL) == ANY_NUMBER
    assert numbers_automaton(INTEGERS, CANONICAL) == ANY_INTEGER
    assert numbers_automaton(NumberSet(), EXACT) == ANY_NUMBER
    exact = numbers_automaton(INTEGERS, EXACT)
    assert exact.is_shared
    assert exact.n_states < 1000
    assert not numbers_automaton(NumberSet(Decimal(0)), EXACT).is_shared
    assert numbers_automaton(number_set_of("1000"), CANONICAL).n_states < 10
    assert numbers_automaton(number_set_of(">= 0 <= 1e10 123456789"), CANONICAL).n_states < 1000


def test_a_list_of_members_has_all_spellings_of_each() -> None:
    members = number_set_of(">= -1 <= 1000000 123456.5 not 246913")
    automaton = numbers_automaton(members, EXACT)
    for value in finite_members(members, 100) or ():
        for text in (format(value, "f"), format(value, "f") + "00", f"{value:e}", f"{value * 100}e-2", f"{value}E+0"):
            assert accepts(automaton, text), text
    assert not accepts(automaton, "246913")
    assert not accepts(automaton, "0")


@settings(max_examples=40, deadline=None)
@given(st.lists(values, min_size=1, max_size=8).map(tuple), st.lists(spellings, max_size=40))
@example((Decimal(1), Decimal(100)), ["1.0", "10", "10e-1", "1e2", "0.1e3", "100.00", "1000e-1", "1e1", "0e0"])
@example((Decimal(0),), ["0", "-0", "0e5", "0.00E-7", "-0.0", "1", "0.1"])
@example((Decimal("0.001"), Decimal(12), Decimal(-12)), ["1e-3", "100000e-8", "-0.12e+2", "12e-3", "1200000e-5"])
def test_words_are_accepted_in_all_their_spellings(words: tuple[Decimal, ...], texts: list[str]) -> None:
    automaton = exact_words(words)
    assert_trimmed(automaton)
    near = [format(word, kind) for word in words for kind in "fe"]
    for text in [*texts, *near, *(text + "e0" for text in near if "e" not in text)]:
        expected = Decimal(text) in words
        assert accepts(automaton, text) == expected or (
            expected and "e" in text.lower() and not is_within_reach(text)
        ), text


def test_too_many_residues_are_refused_with_the_numbers_in_words() -> None:
    for spelling in (CANONICAL, EXACT):
        with pytest.raises(LimitExceeded) as caught:
            numbers_automaton(number_set_of("123456789 >= 0"), spelling)
        assert str(caught.value) == (
            "The automaton of the numbers that are >= 0 and a multiple of 123456789 needs 123456789, more than the "
            "60000 allowed: use fewer or smaller divisors."
        )
