"""Automata of the JSON spellings of the integers or numbers in a range, exact at any magnitude.

Idea. A positive number is its significant digits and its order, the power of ten of the first of them; so is a bound.
Two numbers compare by order and, where that is equal, digit by digit. A state therefore remembers how many digits of
the integer part were read, and for each bound whether the digits so far are below it (-1), equal to its first digits
(0) or above it (1). Digits that compare alike share an edge, so a range with n-digit bounds has O(n) states, and no
number is ever converted to floating point.

What is accepted. Every spelling without an exponent whose value lies in the range, `-0` and `-0.0` as zero included.
With an exponent the set of all spellings of a bounded range is not regular (1000...0e-999 needs counting), so there:
  * one digit before the point that is not 0, as JSON writers print (1e+16, 1.5e-07): exactly those in the range;
  * zero with any exponent, where zero lies in the range;
  * any other spelling: where the value without the exponent lies in the range and the exponent does not lead out
    of it for want of a bound: any exponent if the side is unbounded, `e0` up where there is no upper bound, and so on.
Nothing out of range is ever accepted, and a range unbounded on a side of zero accepts every spelling there.

Cost: about 6 microseconds a state (0 to 100 in 0.2 ms); memoised. Rejected: a regular expression of alternatives per
digit, as most engines build, whose automaton must be determinised; and a fixed number of digits, which is not exact.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from functools import lru_cache

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.byte_automaton import NO_UNIT, ByteAutomaton, automaton_of
from maskwright.grammar.number_states import MAX_BOUND_DIGITS, Expansion, State, magnitude_range, start_state


class NumberSpelling(Enum):
    """Which spellings of a number are members."""

    CANONICAL = "canonical"
    """Digits only for an integer; for others what the head of this module says."""
    EXACT = "exact"
    """Every JSON spelling of the value: 1.0 and 1e2 are integers."""


def integer_automaton(minimum: int | None, maximum: int | None) -> ByteAutomaton:
    """The integers from `minimum` to `maximum` (None: unbounded) as JSON spells them without point or exponent.

    Raises EmptyLanguage where there are none, LimitExceeded for bounds of more than MAX_BOUND_DIGITS digits.
    `integer_automaton(-5, 12)` accepts `-5`, `-0`, `0`, `12`; not `13`, `00`, `1.0`.
    """
    for bound in (minimum, maximum):
        if bound is not None and bound.bit_length() > MAX_BOUND_DIGITS * 3.32:
            raise LimitExceeded("a numeric bound", int(bound.bit_length() * 0.30103) + 1, MAX_BOUND_DIGITS)
    return _automaton(_decimal(minimum), _decimal(maximum), False, False, False)


def number_automaton(
    minimum: Decimal | None,
    maximum: Decimal | None,
    exclusive_minimum: bool = False,
    exclusive_maximum: bool = False,
) -> ByteAutomaton:
    """The JSON numbers between two bounds (None: unbounded), each of which belongs to the range unless exclusive.

    Raises EmptyLanguage where there are none, LimitExceeded for bounds of more than MAX_BOUND_DIGITS digits.
    `number_automaton(Decimal("0.5"), Decimal(2))` accepts `0.50`, `1`, `2.0`, `1e0`; not `0.49`, `2.01`.
    """
    return _automaton(minimum, maximum, exclusive_minimum, exclusive_maximum, True)


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


@lru_cache(maxsize=1024)
def _automaton(
    minimum: Decimal | None,
    maximum: Decimal | None,
    exclusive_minimum: bool,
    exclusive_maximum: bool,
    with_fraction: bool,
) -> ByteAutomaton:
    assert all(bound is None or bound.is_finite() for bound in (minimum, maximum))
    lower = (minimum, not exclusive_minimum)
    upper = (maximum, not exclusive_maximum)
    positive = magnitude_range(lower, upper, with_fraction)
    # copy_negate, because the minus sign rounds to the precision of the decimal context
    negated_lower = (None if maximum is None else maximum.copy_negate(), not exclusive_maximum)
    negated_upper = (None if minimum is None else minimum.copy_negate(), not exclusive_minimum)
    negative = magnitude_range(negated_lower, negated_upper, with_fraction)
    automaton = _explore(start_state(positive, negative), is_shared=minimum is None and maximum is None)
    if automaton is None:
        kind = "number" if with_fraction else "integer"
        ends = (
            ("> " if exclusive_minimum else ">= ") + str(minimum),
            ("< " if exclusive_maximum else "<= ") + str(maximum),
        )
        raise EmptyLanguage(f"no {kind} is {ends[0][:60]} and {ends[1][:60]}")
    return automaton


def _explore(start: State, is_shared: bool) -> ByteAutomaton | None:
    """Number the states in breadth-first order, drop those that cannot accept; None where the first is dropped."""
    expanded: dict[State, Expansion] = {}
    sources: dict[State, list[State]] = {start: []}
    order = [start]
    for state in order:  # grows while it is read
        expanded[state] = state[0](*state[1:])
        for _, _, target in expanded[state][1]:
            if target not in sources:
                sources[target] = []
                order.append(target)
            sources[target].append(state)
    productive: set[State] = set()
    todo = [state for state in order if expanded[state][0]]
    while todo:
        state = todo.pop()
        if state not in productive:
            productive.add(state)
            todo.extend(sources[state])
    if start not in productive:
        return None
    kept = [state for state in order if state in productive]
    number = {state: index for index, state in enumerate(kept)}
    rows: list[list[tuple[int, int, int, int]]] = []
    for state in kept:
        row: list[tuple[int, int, int, int]] = []
        for low, high, target in expanded[state][1]:
            if target in productive:
                if row and row[-1][1] == low - 1 and row[-1][2] == number[target]:
                    low = row.pop()[0]
                row.append((low, high, number[target], NO_UNIT))
        rows.append(row)
    return automaton_of(rows, [expanded[state][0] for state in kept], is_shared=is_shared)


ANY_INTEGER = integer_automaton(None, None)
"""Every JSON integer without point or exponent."""

ANY_NUMBER = number_automaton(None, None)
"""Every JSON number."""
