"""The states of an automaton that reads one JSON number of a range; `numbers.py` says what is accepted and why.

Each kind of state is a function that expands it. A state is that function with its arguments, so that equal states are
equal tuples. `lower` and `upper` are comparisons with the two bounds: -1, 0 or 1, and 0 only while the `n_read`
significant digits read so far equal the first ones of the bound.

Cost: O(digits of the bounds) states with at most seven edges each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from maskwright.errors import LimitExceeded

MAX_BOUND_DIGITS = 4_000
"""Digits of a bound written out in full; Python itself refuses to read integers above 4,300."""

ZERO, INFINITE = -(10**9), 10**9
"""Orders of the bounds 0 and infinity: below and above that of any number that can be written."""

_POINT, _DIGIT_0, _PLUS, _MINUS, _UPPER_E, _LOWER_E = b".0+-Ee"

State = tuple[Any, ...]
"""The function that expands it, then that function's arguments."""

Edge = tuple[int, int, State]
Expansion = tuple[bool, list[Edge]]
"""Whether the state accepts, and its edges (low, high, target) in order of bytes."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range of magnitudes: `digits` without zeros at either end, `order` of the first of them."""

    digits: str
    order: int
    inclusive: bool


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """The magnitudes of one sign; equal ranges are one object, because states contain them.

    with_fraction: the spelling may go on with a point or an exponent.
    is_full: every magnitude belongs, so that states need not remember anything.
    """

    lower: Bound
    upper: Bound
    with_fraction: bool
    has_zero: bool
    is_full: bool


def magnitude_range(
    lower: tuple[Decimal | None, bool], upper: tuple[Decimal | None, bool], with_fraction: bool
) -> Range | None:
    """The magnitudes of one sign, zero among them if it lies in the range; None where there are none."""
    low, low_inclusive = lower
    high, high_inclusive = upper
    if low is None or low < 0:
        low, low_inclusive = Decimal(0), True
    if high is not None and (high < low or (high == low and not (low_inclusive and high_inclusive))):
        return None
    return _interned_range(low, low_inclusive, high, high_inclusive, with_fraction)


@lru_cache(maxsize=1024)
def _interned_range(
    low: Decimal, low_inclusive: bool, high: Decimal | None, high_inclusive: bool, with_fraction: bool
) -> Range:
    below = _bound(low, low_inclusive)
    above = Bound("", INFINITE, False) if high is None else _bound(high, high_inclusive)
    has_zero = below.order == ZERO and low_inclusive
    return Range(below, above, with_fraction, has_zero, has_zero and high is None)


def _bound(value: Decimal, inclusive: bool) -> Bound:
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return Bound("", ZERO, inclusive)
    order = len(text) - 1 + exponent
    written = max(len(text), order + 1, len(text) - 1 - order)
    if written > MAX_BOUND_DIGITS:
        raise LimitExceeded("a numeric bound", written, MAX_BOUND_DIGITS)
    return Bound(text.rstrip("0"), order, inclusive)


def start_state(positive: Range | None, negative: Range | None) -> State:
    """Nothing was read; the magnitudes of the positive and of the negative numbers, None where there are none."""
    return (_start, positive, negative)


def _start(positive: Range | None, negative: Range | None) -> Expansion:
    edges: list[Edge] = [] if negative is None else [(_MINUS, _MINUS, (_after_minus, negative))]
    return False, edges if positive is None else edges + _first_digit(positive)


def _after_minus(magnitudes: Range) -> Expansion:
    return False, _first_digit(magnitudes)


def _first_digit(magnitudes: Range) -> list[Edge]:
    edges: list[Edge] = []
    if magnitudes.has_zero or magnitudes.with_fraction:
        edges.append((_DIGIT_0, _DIGIT_0, (_zero, magnitudes)))
    return edges + _first_nonzero_digit(magnitudes)


def _first_nonzero_digit(magnitudes: Range) -> list[Edge]:
    if magnitudes.is_full:
        return [(_DIGIT_0 + 1, _DIGIT_0 + 9, (_any_digits, magnitudes, magnitudes.with_fraction))]
    lower = 1 if magnitudes.lower.order == ZERO else 0
    upper = {ZERO: 1, INFINITE: -1}.get(magnitudes.upper.order, 0)
    if upper == 1 or (magnitudes.upper.order < 0 and not magnitudes.with_fraction):
        return []
    return _without_zero(
        _digits(magnitudes, 0, lower, upper, lambda low, high: (_integer_part, magnitudes, 1, low, high))
    )


def _zero(magnitudes: Range) -> Expansion:
    """`0` was read."""
    edges: list[Edge] = []
    if magnitudes.with_fraction:
        is_full = magnitudes.is_full
        after = (_after_point_of_any, magnitudes) if is_full else (_zeros_after_point, magnitudes, 0, False)
        edges.append((_POINT, _POINT, after))
        if magnitudes.has_zero:
            edges += _exponent_letters(None, None)
    return magnitudes.has_zero, edges


def _any_digits(magnitudes: Range, may_have_point: bool) -> Expansion:
    """Digits were read and any number of digits may follow, then an exponent, or first a fraction."""
    edges: list[Edge] = [(_POINT, _POINT, (_after_point_of_any, magnitudes))] if may_have_point else []
    edges.append((_DIGIT_0, _DIGIT_0 + 9, (_any_digits, magnitudes, may_have_point)))
    if magnitudes.with_fraction:
        edges += _exponent_letters(None, None)
    return True, edges


def _after_point_of_any(magnitudes: Range) -> Expansion:
    return False, [(_DIGIT_0, _DIGIT_0 + 9, (_any_digits, magnitudes, False))]


def _integer_part(magnitudes: Range, n_read: int, lower: int, upper: int) -> Expansion:
    """`n_read` digits were read, the first not 0; capped at the number from which on nothing changes."""
    below, above = magnitudes.lower, magnitudes.upper
    order = n_read - 1
    low, high = _against(below, order, lower, n_read), _against(above, order, upper, n_read)
    accepting = _is_inside(magnitudes, low, high)
    edges: list[Edge] = []
    if magnitudes.with_fraction:
        if n_read == 1:
            edges.append((_POINT, _POINT, (_after_digit_and_point, magnitudes, 1, lower, upper, False)))
        else:
            low_open = lower if order == below.order else low
            high_open = upper if order == above.order else high
            if low_open != -1 and high_open != 1:
                target = _fraction_state(magnitudes, n_read, low_open, high_open, False)
                edges.append((_POINT, _POINT, target))
    if n_read <= above.order:
        lower_then = 1 if n_read > below.order else lower
        n_then = min(n_read + 1, max(below.order + 2, 2)) if above.order == INFINITE else n_read + 1
        edges += _digits(
            magnitudes, n_read, lower_then, upper, lambda low, high: (_integer_part, magnitudes, n_then, low, high)
        )
    if magnitudes.with_fraction:
        if n_read == 1:
            edges += _exponents_of_one_digit(magnitudes, n_read, lower, upper)
        elif accepting:
            edges += _exponents_that_stay_inside(magnitudes)
    return accepting, edges


def _after_digit_and_point(magnitudes: Range, n_read: int, lower: int, upper: int, has_fraction: bool) -> Expansion:
    """One digit that is not 0, a point, then `n_read - 1` digits (capped)."""
    low, high = _against(magnitudes.lower, 0, lower, n_read), _against(magnitudes.upper, 0, upper, n_read)

    def target(low: int, high: int) -> State:
        n_then = capped(magnitudes, n_read + 1, low, high)
        return (_after_digit_and_point, magnitudes, n_then, low, high, True)

    edges = _digits(magnitudes, n_read, lower, upper, target)
    if has_fraction:
        edges += _exponents_of_one_digit(magnitudes, n_read, lower, upper)
    return has_fraction and _is_inside(magnitudes, low, high), edges


def _zeros_after_point(magnitudes: Range, n_zeros: int, has_fraction: bool) -> Expansion:
    """`0.` and `n_zeros` zeros (capped at the number from which on nothing changes)."""
    below, above = magnitudes.lower, magnitudes.upper
    cap = max([0] + [-bound.order for bound in (below, above) if ZERO < bound.order < 0])
    edges: list[Edge] = [(_DIGIT_0, _DIGIT_0, (_zeros_after_point, magnitudes, min(n_zeros + 1, cap), True))]
    order = -n_zeros - 1
    lower, upper = (order > below.order) - (order < below.order), (order > above.order) - (order < above.order)
    if lower != -1 and upper != 1:
        edges += _without_zero(
            _digits(magnitudes, 0, lower, upper, lambda low, high: _fraction_state(magnitudes, 1, low, high, True))
        )
    if has_fraction and magnitudes.has_zero:
        edges += _exponent_letters(None, None)
    return has_fraction and magnitudes.has_zero, edges


def _fraction_state(magnitudes: Range, n_read: int, lower: int, upper: int, has_fraction: bool) -> State:
    return (_fraction, magnitudes, capped(magnitudes, n_read, lower, upper), lower, upper, has_fraction)


def _fraction(magnitudes: Range, n_read: int, lower: int, upper: int, has_fraction: bool) -> Expansion:
    """After the point of any other spelling; the order is settled and counted in `lower` and `upper`."""
    if lower == -1 or upper == 1:
        return False, []
    low, high = at_end(magnitudes.lower, lower, n_read), at_end(magnitudes.upper, upper, n_read)
    accepting = has_fraction and _is_inside(magnitudes, low, high)
    edges = _digits(
        magnitudes, n_read, lower, upper, lambda low, high: _fraction_state(magnitudes, n_read + 1, low, high, True)
    )
    if accepting:
        edges += _exponents_that_stay_inside(magnitudes)
    return accepting, edges


def _exponent_sign(lowest: int | None, highest: int | None) -> Expansion:
    """The letter was read; the exponent must lie between `lowest` and `highest` (None: unbounded)."""
    positive, negative = _exponent_ranges(lowest, highest)
    edges: list[Edge] = []
    if positive is not None:
        edges.append((_PLUS, _PLUS, (_exponent_start, positive, False)))
    if negative is not None:
        edges.append((_MINUS, _MINUS, (_exponent_start, negative, False)))
    if positive is not None:
        edges += _exponent_start(positive, False)[1]
    return False, edges


def _exponent_start(magnitudes: Range, has_zeros: bool) -> Expansion:
    """Zeros may lead an exponent."""
    if magnitudes.is_full:
        return False, [(_DIGIT_0, _DIGIT_0 + 9, (_any_digits, magnitudes, False))]
    edges: list[Edge] = [(_DIGIT_0, _DIGIT_0, (_exponent_start, magnitudes, True))]
    return has_zeros and magnitudes.has_zero, edges + _first_nonzero_digit(magnitudes)


@lru_cache(maxsize=1024)
def _exponent_ranges(lowest: int | None, highest: int | None) -> tuple[Range | None, Range | None]:
    low = None if lowest is None else Decimal(lowest)
    high = None if highest is None else Decimal(highest)
    negated_low = None if highest is None else Decimal(-highest)
    negated_high = None if lowest is None else Decimal(-lowest)
    return magnitude_range((low, True), (high, True), False), magnitude_range(
        (negated_low, True), (negated_high, True), False
    )


def _exponents_of_one_digit(magnitudes: Range, n_read: int, lower: int, upper: int) -> list[Edge]:
    """The mantissa lies in [1, 10), so the exponent is the order: exact."""
    below, above = magnitudes.lower, magnitudes.upper
    low, high = at_end(below, lower, n_read), at_end(above, upper, n_read)
    lowest = None if below.order == ZERO else below.order + (not is_above(below, low))
    highest = None if above.order == INFINITE else above.order - (not is_below(above, high))
    if lowest is not None and highest is not None and lowest > highest:
        return []
    return _exponent_letters(lowest, highest)


def _exponents_that_stay_inside(magnitudes: Range) -> list[Edge]:
    """The value lies in the range already; an exponent may move it only where there is no bound."""
    lowest = None if magnitudes.lower.order == ZERO else 0
    highest = None if magnitudes.upper.order == INFINITE else 0
    return _exponent_letters(lowest, highest)


def exponent_state(lowest: int | None, highest: int | None) -> State:
    """The letter was read; any spelling of an exponent between two bounds (None: unbounded) may follow."""
    return (_exponent_sign, lowest, highest)


def _exponent_letters(lowest: int | None, highest: int | None) -> list[Edge]:
    target = exponent_state(lowest, highest)
    return [(_UPPER_E, _UPPER_E, target), (_LOWER_E, _LOWER_E, target)]


def _digits(magnitudes: Range, n_read: int, lower: int, upper: int, target: Callable[[int, int], State]) -> list[Edge]:
    """Edges for the digits, one for each run of digits that compares alike with both bounds."""
    low_digit = digit_of(magnitudes.lower, n_read)
    high_digit = digit_of(magnitudes.upper, n_read)
    cuts = {0, 10}
    if lower == 0:
        cuts |= {low_digit, low_digit + 1}
    if upper == 0:
        cuts |= {high_digit, high_digit + 1}
    edges: list[Edge] = []
    for begin, end in pairwise(sorted(cuts)):
        low = lower or (begin > low_digit) - (begin < low_digit)
        high = upper or (begin > high_digit) - (begin < high_digit)
        edges.append((_DIGIT_0 + begin, _DIGIT_0 + end - 1, target(low, high)))
    return edges


def _without_zero(edges: list[Edge]) -> list[Edge]:
    return [(max(low, _DIGIT_0 + 1), high, target) for low, high, target in edges if high > _DIGIT_0]


def digit_of(bound: Bound, position: int) -> int:
    """The significant digit at a position counted from 0."""
    return int(bound.digits[position]) if position < len(bound.digits) else 0


def _against(bound: Bound, order: int, comparison: int, n_read: int) -> int:
    """How a number of this order that ends here compares with a bound."""
    if order != bound.order:
        return 1 if order > bound.order else -1
    return at_end(bound, comparison, n_read)


def at_end(bound: Bound, comparison: int, n_read: int) -> int:
    """A proper prefix of the bound's digits is below it, because the last of these is not 0."""
    return comparison or (0 if n_read >= len(bound.digits) else -1)


def _is_inside(magnitudes: Range, low: int, high: int) -> bool:
    return is_above(magnitudes.lower, low) and is_below(magnitudes.upper, high)


def is_above(bound: Bound, comparison: int) -> bool:
    """Does a number that compares like that belong above this lower bound?"""
    return comparison == 1 or (comparison == 0 and bound.inclusive)


def is_below(bound: Bound, comparison: int) -> bool:
    """Does a number that compares like that belong below this upper bound?"""
    return comparison == -1 or (comparison == 0 and bound.inclusive)


def capped(magnitudes: Range, n_read: int, lower: int, upper: int) -> int:
    """Beyond the digits of both bounds, and where no bound is equal so far, positions no longer differ."""
    if lower and upper:
        return 0
    return min(n_read, max(len(magnitudes.lower.digits), len(magnitudes.upper.digits)))
