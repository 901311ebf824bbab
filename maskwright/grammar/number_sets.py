"""Sets of numbers: a range, the multiples of a number, and not the multiples of others; closed under intersection.

Idea. Every member of such a set with a divisor m is k * m for a whole k, so emptiness, first and last member are
arithmetic on whole numbers: n excludes the k that n' = lcm(m, n) / m divides. Runs of excluded k are short: take
a prime factor of each n', and r primes leave no gap longer than O(r^2 log^2 r) (Iwaniec 1978, on Jacobsthal's
function), so the first member is found by looking. A complement is the union of what lies below, what lies above, and
what lies between without being a multiple.

All arithmetic is exact (`Fraction` and `int`): the operators of `Decimal` round to 28 digits, so none is used here.
Cost: a few microseconds for numbers of ordinary length. Rejected: deciding emptiness by automata, which need a state
for every residue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import count
from math import gcd, lcm

from maskwright.errors import LimitExceeded

MAX_DIGITS = 4_000
"""Digits before or after the point of a bound or divisor; Python itself refuses to read integers above 4,300."""


@dataclass(frozen=True, slots=True)
class NumberSet:
    """The numbers between two bounds (None: no bound) that are multiples of one number and of none of some others.

    `NumberSet(Decimal(0), None, multiple_of=Decimal(1))` are the integers from 0 on, `NumberSet()` are all numbers.
    `number_set` makes the normal form, in which bounds belong to the set where they can and nothing is redundant; the
    functions of this module take any form.
    """

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: Decimal | None = None
    not_multiples_of: tuple[Decimal, ...] = ()


def number_set(
    minimum: Decimal | None = None,
    maximum: Decimal | None = None,
    exclusive_minimum: bool = False,
    exclusive_maximum: bool = False,
    multiple_of: Decimal | None = None,
    not_multiples_of: Iterable[Decimal] = (),
) -> NumberSet | None:
    """The set in normal form, or None if it is empty; LimitExceeded for numbers of more than MAX_DIGITS digits.

    `number_set(Decimal("0.5"), Decimal(9), multiple_of=Decimal(2))` runs from 2 to 8; to 1 it would be empty.
    """
    others = tuple(not_multiples_of)
    return normal_form(NumberSet(minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of, others))


@lru_cache(maxsize=1 << 12)
def normal_form(numbers: NumberSet) -> NumberSet | None:
    """The same set with bounds that belong to it where they can and without redundant parts; None if it is empty."""
    low, high = _optional_fraction(numbers.minimum), _optional_fraction(numbers.maximum)
    divisor = _optional_fraction(numbers.multiple_of)
    excluded = [_fraction(value) for value in numbers.not_multiples_of]
    assert all(value > 0 for value in excluded) and (divisor is None or divisor > 0)
    if divisor is None:
        return _interval(low, high, numbers.exclusive_minimum, numbers.exclusive_maximum, _independent(excluded))
    excluded = _independent(_least_common_multiple(divisor, other) for other in excluded)
    first, last = _whole_range(numbers, low, high, divisor)
    factors = [int(other / divisor) for other in excluded]
    if 1 in factors:
        return None
    if first is not None:
        first = next(k for k in count(first) if _is_kept(k, factors))
    if last is not None:
        last = next(k for k in count(last, -1) if _is_kept(k, factors))
    if first is not None and last is not None:
        if first > last:
            return None
        excluded = [other for other, factor in zip(excluded, factors, strict=True) if last // factor * factor >= first]
    return NumberSet(
        None if first is None else _decimal(first * divisor),
        None if last is None else _decimal(last * divisor),
        multiple_of=_decimal(divisor),
        not_multiples_of=tuple(map(_decimal, sorted(excluded))),
    )


def intersect_numbers(left: NumberSet, right: NumberSet) -> NumberSet | None:
    """The numbers in both sets, or None where there are none."""
    minimum, exclusive_minimum = max(_lower(left), _lower(right), key=_tightness_of_lower)
    maximum, exclusive_maximum = max(_upper(left), _upper(right), key=_tightness_of_upper)
    divisor = left.multiple_of
    if divisor is None or right.multiple_of is None:
        divisor = right.multiple_of if divisor is None else divisor
    else:
        divisor = _decimal(_least_common_multiple(_fraction(divisor), _fraction(right.multiple_of)))
    others = left.not_multiples_of + right.not_multiples_of
    return number_set(minimum, maximum, exclusive_minimum, exclusive_maximum, divisor, others)


def complement_numbers(numbers: NumberSet) -> tuple[NumberSet, ...]:
    """The numbers outside the set, as sets without common members; a complement among numbers, not among values."""
    normal = normal_form(numbers)
    if normal is None:
        return (NumberSet(),)
    parts: list[NumberSet | None] = []
    if normal.minimum is not None:
        parts.append(number_set(None, normal.minimum, exclusive_maximum=not normal.exclusive_minimum))
    if normal.maximum is not None:
        parts.append(number_set(normal.maximum, None, exclusive_minimum=not normal.exclusive_maximum))
    between = replace(normal, multiple_of=None, not_multiples_of=())
    if normal.multiple_of is not None:
        parts.append(normal_form(replace(between, not_multiples_of=(normal.multiple_of,))))
    earlier: tuple[Decimal, ...] = ()
    for other in normal.not_multiples_of:
        parts.append(normal_form(replace(between, multiple_of=other, not_multiples_of=earlier)))
        earlier += (other,)
    return tuple([part for part in parts if part is not None])


def contains(numbers: NumberSet, value: Decimal) -> bool:
    """Is the value a member?"""
    return (
        _is_above(numbers, value)
        and _is_below(numbers, value)
        and (numbers.multiple_of is None or _divides(numbers.multiple_of, value))
        and not any(_divides(other, value) for other in numbers.not_multiples_of)
    )


def finite_members(numbers: NumberSet, limit: int) -> tuple[Decimal, ...] | None:
    """All members in ascending order, or None if there are more than `limit`."""
    normal = normal_form(numbers)
    if normal is None:
        return ()
    if normal.minimum is None or normal.maximum is None:
        return None
    if normal.minimum == normal.maximum:
        return (normal.minimum,) if limit >= 1 else None
    if normal.multiple_of is None:
        return None
    divisor = _fraction(normal.multiple_of)
    factors = [int(_fraction(other) / divisor) for other in normal.not_multiples_of]
    last = _fraction(normal.maximum) / divisor
    found: list[Decimal] = []
    for k in count(int(_fraction(normal.minimum) / divisor)):
        if k > last:
            return tuple(found)
        if _is_kept(k, factors):
            if len(found) == limit:
                return None
            found.append(_decimal(k * divisor))
    raise AssertionError


def split_zero(numbers: NumberSet) -> tuple[bool, tuple[NumberSet, ...]]:
    """Does 0 belong to the set, and the rest: what lies below 0 and what lies above it, or all if 0 does not belong."""
    normal = normal_form(numbers)
    if normal is None:
        return False, ()
    if not contains(normal, Decimal(0)):
        return False, (normal,)
    negative = normal_form(replace(normal, maximum=Decimal(0), exclusive_maximum=True))
    positive = normal_form(replace(normal, minimum=Decimal(0), exclusive_minimum=True))
    return True, tuple([part for part in (negative, positive) if part is not None])


def _interval(
    low: Fraction | None,
    high: Fraction | None,
    low_is_open: bool,
    high_is_open: bool,
    excluded: list[Fraction],
) -> NumberSet | None:
    """Without a divisor: not empty if there is room between the bounds, as any number may have more digits."""
    low_is_open = low is not None and (low_is_open or any(low % other == 0 for other in excluded))
    high_is_open = high is not None and (high_is_open or any(high % other == 0 for other in excluded))
    if low is not None and high is not None:
        if low > high or (low == high and (low_is_open or high_is_open)):
            return None
        # a multiple strictly between the bounds
        excluded = [other for other in excluded if (low // other + 1) * other < high]
    return NumberSet(
        None if low is None else _decimal(low),
        None if high is None else _decimal(high),
        low_is_open,
        high_is_open,
        None,
        tuple(map(_decimal, sorted(excluded))),
    )


def _whole_range(
    numbers: NumberSet, low: Fraction | None, high: Fraction | None, divisor: Fraction
) -> tuple[int | None, int | None]:
    """The least and the greatest k such that k * divisor lies within the bounds."""
    first = last = None
    if low is not None:
        first = -(-low // divisor)
        first += numbers.exclusive_minimum and first * divisor == low
    if high is not None:
        last = high // divisor
        last -= numbers.exclusive_maximum and last * divisor == high
    return first, last


def _is_kept(k: int, factors: list[int]) -> bool:
    return all(k % factor for factor in factors)


def _independent(excluded: Iterable[Fraction]) -> list[Fraction]:
    """Without those that are multiples of another one."""
    distinct = sorted(set(excluded))
    return [value for value in distinct if not any(value != other and value % other == 0 for other in distinct)]


def _least_common_multiple(left: Fraction, right: Fraction) -> Fraction:
    """The fractions are in lowest terms, so this is the least number that both divide."""
    return Fraction(lcm(left.numerator, right.numerator), gcd(left.denominator, right.denominator))


def _divides(divisor: Decimal, value: Decimal) -> bool:
    return _fraction(value) % _fraction(divisor) == 0


def _is_above(numbers: NumberSet, value: Decimal) -> bool:
    low = numbers.minimum
    return low is None or value > low or (value == low and not numbers.exclusive_minimum)


def _is_below(numbers: NumberSet, value: Decimal) -> bool:
    high = numbers.maximum
    return high is None or value < high or (value == high and not numbers.exclusive_maximum)


def _lower(numbers: NumberSet) -> tuple[Decimal | None, bool]:
    return numbers.minimum, numbers.exclusive_minimum


def _upper(numbers: NumberSet) -> tuple[Decimal | None, bool]:
    return numbers.maximum, numbers.exclusive_maximum


def _tightness_of_lower(bound: tuple[Decimal | None, bool]) -> tuple[bool, Decimal, bool]:
    value, is_exclusive = bound
    return value is not None, value or Decimal(0), is_exclusive


def _tightness_of_upper(bound: tuple[Decimal | None, bool]) -> tuple[bool, Decimal, bool]:
    value, is_exclusive = bound
    # copy_negate, because the minus sign rounds to the precision of the decimal context
    return value is not None, (value or Decimal(0)).copy_negate(), is_exclusive


def _optional_fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else _fraction(value)


def _fraction(value: Decimal) -> Fraction:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "finite"
    n_digits = max(value.adjusted() + 1, -exponent)
    if n_digits > MAX_DIGITS and value:
        raise LimitExceeded("a numeric bound", n_digits, MAX_DIGITS)
    return Fraction(value) if value else Fraction(0)


def _decimal(value: Fraction) -> Decimal:
    """Exactly, and without an exponent above 0 or zeros at the end of its fraction."""
    n_places = _decimal_places(value.denominator)
    scaled = Decimal(value.numerator * (10**n_places // value.denominator))
    sign, digits, _ = scaled.as_tuple()
    return Decimal((sign, digits, -n_places))


def _decimal_places(denominator: int) -> int:
    """The least n such that 2^i * 5^j divides 10^n."""
    twos = (denominator & -denominator).bit_length() - 1
    fives, rest = 0, denominator >> twos
    while rest > 1:
        fives, rest = fives + 1, rest // 5
    return max(twos, fives)
