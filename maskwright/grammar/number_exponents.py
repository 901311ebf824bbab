"""The states of an automaton that reads numbers with an exponent and accepts exactly those of a set, within a reach.

Idea. For a fixed mantissa the exponents that lead into the set are an interval: a bound of the range bounds the order
of the value, the power of ten of its first digit; a number ends up a multiple of m from some exponent on, and stays a
multiple for all greater ones; to be a multiple of n no more excludes those exponents. So a state remembers what that
interval depends on, and after the letter the digits of the exponent are compared with its ends. With m = M * 10^s, M
not divisible by 10, and the mantissa's significant digits D (the last not 0, with p places after the point), m divides
D * 10^(e - p) from e = p + s + i on, where i is the least number such that M divides D * 10^i (or there is none). That
e is the `threshold` of m; a zero before the point lowers it by one, one after the point leaves it as it is.

An automaton cannot count without end, so mantissas beyond the `Reach` are not read here at all, except for what needs
no counting: where orders do not matter, zeros and digits before the point; zeros at the end of the fraction.

Cost: about (digits before + zeros after the point) * (digits of the greatest bound)^2 states, times M; for a side
without bounds a few hundred. Rejected: an automaton per exponent, of which there may be hundreds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, Protocol

from maskwright.grammar.number_states import (
    INFINITE,
    ZERO,
    Edge,
    Expansion,
    Range,
    State,
    at_end,
    capped,
    digit_of,
    exponent_state,
    is_above,
    is_below,
)

_POINT, _DIGIT_0, _MINUS, _UPPER_E, _LOWER_E = b".0-Ee"


_ANY, _NOT_0, _ONLY_0 = (0, 10), (1, 10), (0, 1)
"""Ranges of digits."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The longest mantissas that are read: digits before the point, zeros that begin a fraction, digits after it."""

    digits_before: int
    zeros_after: int
    digits_after: int


class Residues(Protocol):
    """What is to be known of the digits read so far to see multiples of core * 10^`scale`; 0 at the beginning."""

    @property
    def scale(self) -> int:
        """The power of ten."""

    @property
    def tells_digits_apart(self) -> bool:
        """Do digits other than 0 lead to different residues?"""

    def after(self, residue: int, digit: int) -> int | None:
        """What is known after one more digit; None if no multiple can follow."""

    def kept(self, residue: int) -> int:
        """What of it counts for more digits."""

    def zeros_needed(self, residue: int) -> int | None:
        """How many zeros after the digits make a multiple of the core, None if no number does."""


@dataclass(frozen=True, slots=True, eq=False)
class Magnitudes:
    """The magnitudes of one sign: multiples of `divisor` in a range, and of none of the `others`.

    is_list: the "divisor" is a tree of values, and the exponent must be the very threshold.
    """

    range: Range
    divisor: Residues | None
    others: tuple[Residues, ...]
    reach: Reach
    is_list: bool = False

    @property
    def divisors(self) -> tuple[Residues, ...]:
        """The divisor, if there is one, then the others."""
        return self.others if self.divisor is None else (self.divisor, *self.others)

    @property
    def has_zero(self) -> bool:
        """Zero is a multiple of every number."""
        return self.range.has_zero and not self.others

    @property
    def only_range(self) -> Magnitudes:
        """The same range without divisors."""
        return _only_range(self.range, self.reach)


@lru_cache(maxsize=256)
def _only_range(magnitudes: Range, reach: Reach) -> Magnitudes:
    """One object for equal ranges, because states contain it."""
    return Magnitudes(magnitudes, None, (), reach)


class _Digits(NamedTuple):
    """What the digits read so far say; a tuple, because many are hashed.

    order: of the mantissa's first digit that is not 0; None when no bound can matter any more.
    n_read, lower, upper: how the significant digits compare with the bounds, as in `number_states`.
    residues: of all digits modulo the core of each divisor.
    thresholds: the least exponent with which each divisor divides the number; None if there is none.
    """

    order: int | None
    n_read: int
    lower: int
    upper: int
    residues: tuple[int, ...]
    thresholds: tuple[int | None, ...]


def exponents_start(positive: Magnitudes | None, negative: Magnitudes | None) -> State:
    """Nothing was read; the magnitudes of the positive and of the negative numbers, None where there are none."""
    return (_start, positive, negative)


def _start(positive: Magnitudes | None, negative: Magnitudes | None) -> Expansion:
    edges: list[Edge] = [] if negative is None else [(_MINUS, _MINUS, (_start, negative, None))]
    if positive is not None:
        edges.append((_DIGIT_0, _DIGIT_0, (_zero, positive)))
        nothing = _nothing_read(positive, 0)
        edges += _digit_edges(positive, nothing, _NOT_0, None, lambda digits: (_whole, positive, digits))
    return False, edges


def _nothing_read(magnitudes: Magnitudes, n_zeros: int) -> _Digits:
    """At the very beginning, or after so many zeros of a fraction."""
    below, above = magnitudes.range.lower.order, magnitudes.range.upper.order
    n_divisors = len(magnitudes.divisors)
    lower, upper = int(below == ZERO), {ZERO: 1, INFINITE: -1}.get(above, 0)
    return _Digits(-1 - n_zeros, 0, lower, upper, (0,) * n_divisors, (None,) * n_divisors)


def _zero(magnitudes: Magnitudes) -> Expansion:
    """`0` was read."""
    edges: list[Edge] = [(_POINT, _POINT, (_zeros, magnitudes, 0))]
    return False, edges + (_letters(None, None) if magnitudes.has_zero else [])


def _zeros(magnitudes: Magnitudes, n_zeros: int) -> Expansion:
    """`0.` and so many zeros."""
    most = magnitudes.reach.zeros_after
    edges: list[Edge] = [(_DIGIT_0, _DIGIT_0, (_zeros, magnitudes, min(n_zeros + 1, most + 1)))]
    if n_zeros <= most:
        nothing, place = _nothing_read(magnitudes, n_zeros), n_zeros + 1
        edges += _digit_edges(
            magnitudes, nothing, _NOT_0, place, lambda digits: _fraction_state(magnitudes, digits, place)
        )
    return False, edges + (_letters(None, None) if n_zeros and magnitudes.has_zero else [])


def _whole(magnitudes: Magnitudes, digits: _Digits) -> Expansion:
    """Digits before the point were read, the first not 0."""
    edges: list[Edge] = [(_POINT, _POINT, (_fraction, magnitudes, digits, 0))]
    if digits.order is None or digits.order + 1 < magnitudes.reach.digits_before:
        edges += _digit_edges(magnitudes, digits, _ANY, None, lambda then: (_whole, magnitudes, then))
    return False, edges + _exponents(magnitudes, digits)


def _fraction_state(magnitudes: Magnitudes, digits: _Digits, n_places: int) -> State:
    """With what will not matter any more left out."""
    most = magnitudes.reach.digits_after
    n_read = n_places + (0 if digits.order is None else digits.order + 1)
    highest = magnitudes.range.upper.order
    divisor = magnitudes.divisor
    if divisor is None and (
        not magnitudes.others
        or (
            digits.order is not None
            and all(
                n_read + other.scale > highest and (threshold is None or threshold + digits.order > highest)
                for other, threshold in zip(magnitudes.others, digits.thresholds, strict=True)
            )
        )
    ):
        # no number in the range will be a multiple, and the number of places no longer counts
        return (_fraction, magnitudes.only_range, digits._replace(residues=(), thresholds=()), 1)
    if n_places >= most or (divisor is not None and digits.order is not None and n_read + divisor.scale > highest):
        # only 0 may follow
        return (_fraction, magnitudes, digits, most)
    return (_fraction, magnitudes, digits, n_places)


def _fraction(magnitudes: Magnitudes, digits: _Digits, n_places: int) -> Expansion:
    """The point and so many digits were read."""
    choices, place = _ANY if n_places < magnitudes.reach.digits_after else _ONLY_0, n_places + 1
    edges = _digit_edges(magnitudes, digits, choices, place, lambda then: _fraction_state(magnitudes, then, place))
    return False, edges + (_exponents(magnitudes, digits) if n_places else [])


def _digit_edges(
    magnitudes: Magnitudes,
    digits: _Digits,
    choices: tuple[int, int],
    place: int | None,
    target: Callable[[_Digits], State],
) -> list[Edge]:
    """Edges for a range of digits in one place after the point, or before the point; alike digits share one."""
    cuts = {choices[0], choices[1], max(choices[0], 1)}
    if any(divisor.tells_digits_apart for divisor in magnitudes.divisors):
        cuts.update(range(*choices))
    elif digits.order is not None:
        for bound, comparison in ((magnitudes.range.lower, digits.lower), (magnitudes.range.upper, digits.upper)):
            if comparison == 0:
                cuts |= {digit_of(bound, digits.n_read), digit_of(bound, digits.n_read) + 1}
    edges: list[Edge] = []
    for begin, end in pairwise(sorted(cut for cut in cuts if choices[0] <= cut <= choices[1])):
        then = _after_digit(magnitudes, digits, begin, place)
        if then is not None:
            edges.append((_DIGIT_0 + begin, _DIGIT_0 + end - 1, target(then)))
    return edges


def _after_digit(magnitudes: Magnitudes, digits: _Digits, digit: int, place: int | None) -> _Digits | None:
    """None where no number of the set can follow, or none within reach."""
    divisors = magnitudes.divisors
    residues: list[int] = []
    least = min(0, *[divisor.scale for divisor in divisors], 0) - magnitudes.reach.digits_before
    thresholds: list[int | None] = []
    for divisor, before, threshold in zip(divisors, digits.residues, digits.thresholds, strict=True):
        residue = divisor.after(before, digit)
        if residue is None:
            return None
        residues.append(divisor.kept(residue))
        if digit:
            n_zeros = divisor.zeros_needed(residue)
            then = None if n_zeros is None else (place or 0) + divisor.scale + n_zeros
        else:
            then = threshold if threshold is None or place is not None else threshold - 1
        if then is not None and then < least:
            if magnitudes.others or magnitudes.is_list:
                return None
            then = least  # the exponents from there on are still right
        thresholds.append(then)
    if digits.order is None:
        return digits._replace(residues=tuple(residues), thresholds=tuple(thresholds))
    below, above = magnitudes.range.lower, magnitudes.range.upper
    order = digits.order + (place is None)
    if magnitudes.divisor is not None:
        # the orders from which on the number is a multiple as it is, or if another digit that is not 0 follows
        orders = [(place or 0) + order + 1 + magnitudes.divisor.scale]
        if thresholds[0] is not None:
            orders.append(thresholds[0] + order)
        if min(orders) > above.order:
            return None
        is_above_anyway = min(orders) > below.order
    else:
        is_above_anyway = below.order == ZERO
    if is_above_anyway and above.order == INFINITE:
        return _Digits(None, 0, 1, -1, tuple(residues), tuple(thresholds))
    lower = digits.lower or _sign(digit - digit_of(below, digits.n_read))
    upper = digits.upper or _sign(digit - digit_of(above, digits.n_read))
    n_read = capped(magnitudes.range, digits.n_read + 1, lower, upper)
    return _Digits(order, n_read, lower, upper, tuple(residues), tuple(thresholds))


def _exponents(magnitudes: Magnitudes, digits: _Digits) -> list[Edge]:
    """The letter, before exactly those exponents that lead into the set."""
    lowest: list[int] = []
    highest: list[int] = []
    others = list(digits.thresholds)
    if magnitudes.divisor is not None:
        threshold, *others = digits.thresholds
        if threshold is None:
            return []
        lowest.append(threshold)
        if magnitudes.is_list:
            highest.append(threshold)
    highest += [threshold - 1 for threshold in others if threshold is not None]
    if digits.order is not None:
        below, above = magnitudes.range.lower, magnitudes.range.upper
        if below.order != ZERO:
            is_less = not is_above(below, at_end(below, digits.lower, digits.n_read))
            lowest.append(below.order + is_less - digits.order)
        if above.order != INFINITE:
            is_more = not is_below(above, at_end(above, digits.upper, digits.n_read))
            highest.append(above.order - is_more - digits.order)
    if lowest and highest and max(lowest) > min(highest):
        return []
    return _letters(max(lowest, default=None), min(highest, default=None))


def _letters(lowest: int | None, highest: int | None) -> list[Edge]:
    target = exponent_state(lowest, highest)
    return [(_UPPER_E, _UPPER_E, target), (_LOWER_E, _LOWER_E, target)]


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
