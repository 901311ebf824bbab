"""The algebra of number sets against exact fractions: membership, emptiness, and the laws of sets."""

from __future__ import annotations

from decimal import Decimal, Inexact, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from maskwright.errors import LimitExceeded
from maskwright.grammar.number_sets import (
    NumberSet,
    complement_numbers,
    contains,
    finite_members,
    intersect_numbers,
    normal_form,
    number_set,
    split_zero,
)

INTEGERS = NumberSet(multiple_of=Decimal(1))

values = st.one_of(
    st.integers(-40, 40).map(Decimal),
    st.integers(-400, 400).map(lambda value: Decimal(value).scaleb(-1)),
    st.integers(-4000, 4000).map(lambda value: Decimal(value).scaleb(-2)),
    st.sampled_from([Decimal("1e-8"), Decimal("1e30"), Decimal("-123456789012345678901234567890.5")]),
)
divisors = st.sampled_from(
    [Decimal(text) for text in "1 2 3 4 5 6 7 10 12 35 1000 0.1 0.2 0.25 0.3 0.5 1.5 2.50 1e-8 1e3".split()]
)
bounds = st.none() | values
sets = st.builds(
    NumberSet,
    bounds,
    bounds,
    st.booleans(),
    st.booleans(),
    st.none() | divisors,
    st.lists(divisors, max_size=3).map(tuple),
)


def is_member(numbers: NumberSet, value: Decimal) -> bool:
    exact = Fraction(value)
    if numbers.minimum is not None:
        low = Fraction(numbers.minimum)
        if exact < low or (exact == low and numbers.exclusive_minimum):
            return False
    if numbers.maximum is not None:
        high = Fraction(numbers.maximum)
        if exact > high or (exact == high and numbers.exclusive_maximum):
            return False
    if numbers.multiple_of is not None and exact % Fraction(numbers.multiple_of):
        return False
    return all(exact % Fraction(other) for other in numbers.not_multiples_of)


def exact_decimal(value: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = 200
        context.traps[Inexact] = True
        return Decimal(value.numerator) / Decimal(value.denominator)


def belongs(numbers: NumberSet | None, value: Decimal) -> bool:
    return numbers is not None and contains(numbers, value)


@given(sets, values)
def test_membership_is_that_of_fractions_in_any_form(numbers: NumberSet, value: Decimal) -> None:
    assert contains(numbers, value) == is_member(numbers, value)
    assert belongs(normal_form(numbers), value) == is_member(numbers, value)


@settings(max_examples=300)
@given(sets)
def test_a_set_is_empty_exactly_where_no_candidate_is_a_member(numbers: NumberSet) -> None:
    normal = normal_form(numbers)
    if normal is None:
        low = numbers.minimum if numbers.minimum is not None else Decimal(-50)
        for k in range(200):
            assert not is_member(numbers, exact_decimal(Fraction(low) + Fraction(k, 8)))
        assume(numbers.multiple_of is not None and numbers.minimum is not None and abs(numbers.minimum) < 100)
        step = Fraction(numbers.multiple_of or 1)
        first = -(-Fraction(numbers.minimum or 0) // step)
        for k in range(300):
            assert not is_member(numbers, exact_decimal((first + k) * step))
    elif normal.multiple_of is not None:
        ends = [end for end in (normal.minimum, normal.maximum) if end is not None]
        assert all(is_member(numbers, end) for end in ends)
        assert not normal.exclusive_minimum
        assert not normal.exclusive_maximum
    else:
        assert normal.minimum is None or normal.maximum is None or normal.minimum <= normal.maximum
        assert normal.minimum != normal.maximum or normal.minimum is None or is_member(numbers, normal.minimum)


@given(sets)
def test_the_normal_form_of_a_normal_form_is_itself(numbers: NumberSet) -> None:
    normal = normal_form(numbers)
    assert normal is None or normal_form(normal) == normal


@settings(max_examples=300)
@given(sets, sets, values)
def test_an_intersection_has_the_members_of_both(left: NumberSet, right: NumberSet, value: Decimal) -> None:
    assert belongs(intersect_numbers(left, right), value) == (is_member(left, value) and is_member(right, value))


@settings(max_examples=300)
@given(sets, values)
def test_every_number_is_in_a_set_or_in_exactly_one_part_of_its_complement(numbers: NumberSet, value: Decimal) -> None:
    parts = complement_numbers(numbers)
    assert [contains(numbers, value), *(contains(part, value) for part in parts)].count(True) == 1
    assert all(normal_form(part) == part for part in parts)
    assert all(intersect_numbers(numbers, part) is None for part in parts)


@settings(max_examples=300)
@given(sets)
def test_finite_members_are_all_there_are(numbers: NumberSet) -> None:
    members = finite_members(numbers, 40)
    if members is not None:
        assert len(members) <= 40
        assert all(is_member(numbers, member) for member in members)
        assert list(members) == sorted(set(members))
        if numbers.multiple_of is not None and members:
            step = Fraction(numbers.multiple_of)
            for k in range(int((Fraction(members[-1]) - Fraction(members[0])) / step) + 1):
                value = exact_decimal(Fraction(members[0]) + k * step)
                assert is_member(numbers, value) == (value in members)
    else:
        assert normal_form(numbers) is not None


@given(sets, values)
def test_zero_is_split_off_and_nothing_is_lost(numbers: NumberSet, value: Decimal) -> None:
    has_zero, parts = split_zero(numbers)
    assert has_zero == is_member(numbers, Decimal(0))
    found = [contains(part, value) for part in parts].count(True)
    assert found == (is_member(numbers, value) and bool(value or not has_zero))
    assert not has_zero or not any(contains(part, Decimal(0)) for part in parts)


def test_the_normal_form_in_examples() -> None:
    def normal(**fields: object) -> NumberSet | None:
        return number_set(**fields)  # type: ignore[arg-type]

    assert normal(minimum=Decimal("0.5"), maximum=Decimal(9), multiple_of=Decimal(2)) == NumberSet(
        Decimal(2), Decimal(8), multiple_of=Decimal(2)
    )
    assert normal(minimum=Decimal(0), maximum=Decimal(2), exclusive_minimum=True, exclusive_maximum=True) is not None
    assert normal(minimum=Decimal(1), maximum=Decimal(2), exclusive_minimum=True, multiple_of=Decimal(3)) is None
    assert normal(multiple_of=Decimal(6), not_multiples_of=(Decimal(3),)) is None
    assert normal(multiple_of=Decimal(1), not_multiples_of=(Decimal("0.3"),)) == NumberSet(
        multiple_of=Decimal(1), not_multiples_of=(Decimal(3),)
    )
    assert (
        normal(
            minimum=Decimal(2), maximum=Decimal(4), multiple_of=Decimal(1), not_multiples_of=(Decimal(2), Decimal(3))
        )
        is None
    )
    assert intersect_numbers(INTEGERS, NumberSet(multiple_of=Decimal("1e-8"))) == INTEGERS
    assert intersect_numbers(
        NumberSet(multiple_of=Decimal("0.25")), NumberSet(multiple_of=Decimal("0.1"))
    ) == NumberSet(multiple_of=Decimal("0.5"))
    assert complement_numbers(NumberSet()) == ()
    assert complement_numbers(INTEGERS) == (NumberSet(not_multiples_of=(Decimal(1),)),)


def test_numbers_of_more_than_28_digits_are_not_rounded() -> None:
    long = Decimal(123456789012345678901234567890123456789)
    odd = NumberSet(long, long, multiple_of=Decimal(2))
    assert normal_form(odd) is None
    assert normal_form(NumberSet(long, None, True, multiple_of=Decimal(1))) == NumberSet(
        Decimal(123456789012345678901234567890123456790), multiple_of=Decimal(1)
    )
    tenth = Decimal("123456789012345678901234567890123456789.1")
    assert contains(NumberSet(long, tenth, True), tenth)
    assert not contains(NumberSet(long, tenth, True), long)
    assert split_zero(NumberSet(tenth.copy_negate(), tenth))[1][0].minimum == tenth.copy_negate()


def test_a_number_that_is_too_long_to_write_is_refused() -> None:
    for build in (
        lambda: number_set(Decimal("1e5000")),
        lambda: number_set(multiple_of=Decimal("1e-99999999")),
        lambda: intersect_numbers(INTEGERS, NumberSet(None, Decimal("1e999999999"))),
    ):
        with pytest.raises(LimitExceeded, match="a numeric bound needs"):
            build()
