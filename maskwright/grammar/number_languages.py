"""The spellings of a set of numbers as languages: those without exponents, and those with.

Without exponents a range and divisors are automata of their own, and the set is their intersection. With exponents
they depend on one another, and one automaton reads mantissas of bounded length (`number_exponents`). Both may accept
the same spelling, neither accepts a wrong one, and the union has what either can do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import zip_longest

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.number_divisors import divisor_of, multiples, plain_multiples, without_exponent
from maskwright.grammar.number_exponents import Magnitudes, Reach, Residues, exponents_start
from maskwright.grammar.number_listing import digit_tree, plain_list, value_trees
from maskwright.grammar.number_sets import NumberSet, finite_members
from maskwright.grammar.number_states import INFINITE, ZERO, Range, State, magnitude_range, start_state
from maskwright.grammar.number_table import MAX_STATES, visited

MIN_LISTED_CORE, MAX_LISTED = 50, 10_000
"""Multiples of a number with at least so many residues are listed if there are at most so many of them."""


def is_integer_set(numbers: NumberSet) -> bool:
    """Is the set written as multiples of a whole number?"""
    return numbers.multiple_of is not None and numbers.multiple_of == numbers.multiple_of.to_integral_value()


def sides(numbers: NumberSet, with_fraction: bool) -> tuple[Range | None, Range | None]:
    """The magnitudes of the positive and of the negative numbers between the bounds; zero may be in both."""
    lower = (numbers.minimum, not numbers.exclusive_minimum)
    upper = (numbers.maximum, not numbers.exclusive_maximum)
    positive = magnitude_range(lower, upper, with_fraction)
    negative = magnitude_range((_negated(upper[0]), upper[1]), (_negated(lower[0]), lower[1]), with_fraction)
    return positive, negative


def range_state(numbers: NumberSet, with_fraction: bool) -> State:
    """Where an automaton of the numbers between the bounds begins."""
    return start_state(*sides(numbers, with_fraction))


def plain_language(numbers: NumberSet, with_fraction: bool) -> CharacterAutomaton:
    """Exactly the spellings of the members without exponents (or also without points), and some with exponents."""
    listed = _listed(numbers)
    if listed is not None:
        return plain_list(listed, with_fraction)
    numbers = _without_idle_bounds(numbers)
    language = visited(range_state(numbers, with_fraction))
    if not numbers.not_multiples_of:
        return language if numbers.multiple_of is None else language & multiples(divisor_of(numbers.multiple_of))
    if numbers.multiple_of is not None:
        language &= plain_multiples(divisor_of(numbers.multiple_of))
    elif with_fraction:
        language &= without_exponent()
    for other in numbers.not_multiples_of:
        language -= plain_multiples(divisor_of(other))
    return language


def exponent_language(numbers: NumberSet, reaches: tuple[Reach, ...]) -> CharacterAutomaton:
    """Exactly the spellings with exponents whose mantissa is within the first reach that needs no huge automaton, and
    some with other mantissas.
    """
    *farther, nearest = reaches
    for reach in farther:
        try:
            return visited(exponents_start(*_magnitudes(numbers, reach)), MAX_STATES // 3)
        except LimitExceeded:
            continue
    return visited(exponents_start(*_magnitudes(numbers, nearest)))


def words_language(values: Iterable[Decimal], reach: Reach) -> CharacterAutomaton:
    """All spellings of finitely many numbers whose mantissa is within reach."""
    values = sorted(set(values))
    language = plain_list(values, True)
    full = magnitude_range((Decimal(0), Decimal(0) in values), (None, False), True)
    assert full is not None
    positive = value_trees(value for value in values if value >= 0)
    negative = value_trees(value for value in values if value <= 0)
    for trees in zip_longest(positive, negative):
        magnitudes = [None if tree is None else Magnitudes(full, tree, (), reach, is_list=True) for tree in trees]
        language |= visited(exponents_start(*magnitudes))
    return language


def _magnitudes(numbers: NumberSet, reach: Reach) -> list[Magnitudes | None]:
    """The magnitudes of the two signs; None where there are none or the range is read whole without divisors."""
    listed = _listed(numbers)
    numbers = _without_idle_bounds(numbers)
    others = tuple(map(divisor_of, numbers.not_multiples_of))
    divisor: Residues | None = None
    if numbers.multiple_of is not None:
        divisor = divisor_of(numbers.multiple_of)
        if listed is not None:
            divisor = digit_tree(divisor, listed)
    has_divisors = divisor is not None or bool(others)
    return [
        None if side is None or (is_read_whole(side) and not has_divisors) else Magnitudes(side, divisor, others, reach)
        for side in sides(numbers, True)
    ]


def is_read_whole(side: Range | None) -> bool:
    """Does the automaton of a range by itself accept every spelling of these magnitudes?"""
    return side is None or side.upper.order == ZERO or (side.lower.order == ZERO and side.upper.order == INFINITE)


def _listed(numbers: NumberSet) -> tuple[Decimal, ...] | None:
    """The members, if they are few and automata of residues would be large."""
    if numbers.multiple_of is None or divisor_of(numbers.multiple_of).core < MIN_LISTED_CORE:
        return None
    return finite_members(numbers, MAX_LISTED)


def _without_idle_bounds(numbers: NumberSet) -> NumberSet:
    """With a bound that is the multiple next to 0 moved to 0, where comparing with it needs no digits."""
    if numbers.multiple_of is not None:
        if numbers.minimum == numbers.multiple_of:
            return replace(numbers, minimum=Decimal(0), exclusive_minimum=True)
        if numbers.maximum == numbers.multiple_of.copy_negate():
            return replace(numbers, maximum=Decimal(0), exclusive_maximum=True)
    return numbers


def _negated(value: Decimal | None) -> Decimal | None:
    """By `copy_negate`, because the minus sign rounds to the precision of the decimal context."""
    return None if value is None else value.copy_negate()
