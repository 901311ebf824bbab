"""Automata of the JSON spellings of the numbers of a set, exact at any magnitude.

Reading order: `number_sets` (what a set is; arithmetic), `number_states` (a range), `number_divisors` (multiples),
`number_exponents` (both at once, where there is an exponent), `number_listing` (few numbers), `number_table` (states to
arrays), `number_languages` (puts them together), and here what others use.

Idea. A positive number is its significant digits and its order, the power of ten of the first of them; so is a bound.
Two numbers compare by order and, where that is equal, digit by digit. A state therefore remembers how many digits of
the integer part were read, and for each bound whether the digits so far are below it (-1), equal to its first digits
(0) or above it (1). Digits that compare alike share an edge, so a range with n-digit bounds has O(n) states, and no
number is ever converted to floating point. Multiples are residues, and a set is an intersection.

What is accepted. Nothing that is not a member, ever. `CANONICAL`:
  * of multiples of a whole number the digits, without point or exponent;
  * of other numbers every spelling without an exponent, `-0` and `-0.0` as zero included;
  * with an exponent the set of all spellings of a bounded range is not regular (1000...0e-999 needs counting), so there
    one digit before the point that is not 0, as JSON writers print (1e+16, 1.5e-07): exactly the members; zero with any
    exponent; of any other spelling of a range those where the value without the exponent lies in the range and the
    exponent does not lead out of it for want of a bound: any exponent if the side is unbounded, `e0` up where there
    is no upper bound, and so on;
  * where there are divisors no exponent at all, unless the divisor is below 0.0001, as numbers near it are printed with
    one: then with up to 17 digits after the point. (All of them would take a hundred times as long to build.)
`EXACT`: every spelling without an exponent, and with an exponent every one whose mantissa has up to 17 digits before
the point and 17 after it, at most 5 of them zeros that begin a fraction `0.000...` (`REACHES`; zeros at the end of a
fraction do not count; less where the automaton would have more than 20,000 states). A range unbounded on a side of
zero accepts every spelling there.

Cost: about 6 microseconds a state of a range (0 to 100 in 0.2 ms), 30 of an exact one: all integers 600 states and
20 ms, integers from 0 to 100 the same, to 2^53 3,400 and 170 ms; memoised. Rejected: a regular expression of
alternatives per digit, as most engines build, whose automaton must be determinised; and a fixed number of digits for
spellings without exponents, which is not exact.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from functools import lru_cache

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.number_divisors import without_negative_exponent
from maskwright.grammar.number_exponents import Reach
from maskwright.grammar.number_languages import (
    exponent_language,
    is_integer_set,
    is_read_whole,
    plain_language,
    range_state,
    sides,
    words_language,
)
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
from maskwright.grammar.number_table import over_bytes, trimmed

__all__ = [
    "ANY_INTEGER",
    "ANY_NUMBER",
    "NumberSet",
    "NumberSpelling",
    "complement_numbers",
    "contains",
    "exact_words",
    "finite_members",
    "free_automaton",
    "integer_automaton",
    "intersect_numbers",
    "is_free",
    "number_automaton",
    "number_set",
    "numbers_automaton",
    "split_zero",
]


class NumberSpelling(Enum):
    """Which spellings of a number are members."""

    CANONICAL = "canonical"
    """Digits only for an integer; for others what the head of this module says."""
    EXACT = "exact"
    """Every JSON spelling of the value: 1.0 and 1e2 are integers."""


REACHES = {
    NumberSpelling.CANONICAL: (Reach(1, 0, 17),),
    NumberSpelling.EXACT: (Reach(17, 5, 17), Reach(8, 2, 8), Reach(2, 1, 2)),
}
"""How long mantissas may be: what `repr` prints is at most 1 digit before and 16 after the point."""


def integer_automaton(minimum: int | None, maximum: int | None) -> ByteAutomaton:
    """The integers from `minimum` to `maximum` (None: unbounded) as JSON spells them without point or exponent.

    Raises EmptyLanguage where there are none, LimitExceeded for bounds of more than MAX_BOUND_DIGITS digits.
    `integer_automaton(-5, 12)` accepts `-5`, `-0`, `0`, `12`; not `13`, `00`, `1.0`.
    """
    numbers = NumberSet(_decimal(minimum), _decimal(maximum), multiple_of=Decimal(1))
    return numbers_automaton(numbers, NumberSpelling.CANONICAL)


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
    assert all(bound is None or bound.is_finite() for bound in (minimum, maximum))
    numbers = NumberSet(minimum, maximum, exclusive_minimum, exclusive_maximum)
    return numbers_automaton(numbers, NumberSpelling.CANONICAL)


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def numbers_automaton(numbers: NumberSet, spelling: NumberSpelling, *, with_points: bool = False) -> ByteAutomaton:
    """The spellings of the members of a set; multiples of a whole number also as `6.0` if `with_points`.

    Raises EmptyLanguage where there are none, LimitExceeded for numbers of too many digits and automata of too many
    states. `numbers_automaton(NumberSet(multiple_of=Decimal(5)), NumberSpelling.EXACT)` accepts `-15`, `1e1`, `5.0`.
    """
    normal = normal_form(numbers)
    if normal is None:
        kind = "integer" if numbers.multiple_of == 1 else "number"
        raise EmptyLanguage(f"no {kind} is {_description(numbers)}")
    is_digits_only = spelling is NumberSpelling.CANONICAL and is_integer_set(normal) and not with_points
    return _automaton(normal, spelling, is_digits_only)


@lru_cache(maxsize=128)
def _automaton(numbers: NumberSet, spelling: NumberSpelling, is_digits_only: bool) -> ByteAutomaton:
    is_range = not numbers.not_multiples_of and (
        numbers.multiple_of == 1 if is_digits_only else numbers.multiple_of is None
    )
    is_shared = numbers == NumberSet(multiple_of=numbers.multiple_of) and numbers.multiple_of in (None, 1)
    if is_range and (spelling is NumberSpelling.CANONICAL or all(map(is_read_whole, sides(numbers, True)))):
        return _range_automaton(numbers, not is_digits_only, is_shared)
    return over_bytes(_language(numbers, spelling, is_digits_only), is_shared=is_shared)


def _language(numbers: NumberSet, spelling: NumberSpelling, is_digits_only: bool) -> CharacterAutomaton:
    try:
        if is_digits_only:
            return plain_language(numbers, False)
        language = plain_language(numbers, True)
        if spelling is NumberSpelling.CANONICAL and not _prints_exponents(numbers):
            return language
        return language | exponent_language(numbers, REACHES[spelling])
    except LimitExceeded as error:
        stage = f"The automaton of the numbers that are {_description(numbers)}"
        raise LimitExceeded(stage, error.asked, error.allowed, remedy="use fewer or smaller divisors") from error


def _prints_exponents(numbers: NumberSet) -> bool:
    """Does `repr` of a member near the divisor have an exponent?  Of large members it has too, but these are rarer."""
    return numbers.multiple_of is not None and numbers.multiple_of < Decimal("0.0001")


@lru_cache(maxsize=128)
def exact_words(values: tuple[Decimal, ...]) -> ByteAutomaton:
    """Every spelling, as `EXACT` has it, of each of some numbers; of at least one.

    `exact_words((Decimal(1), Decimal(100)))` accepts `1.0`, `10e-1`, `1e2`; not `10`.
    """
    assert values
    try:
        return over_bytes(words_language(values, REACHES[NumberSpelling.EXACT][0]))
    except LimitExceeded as error:
        raise LimitExceeded(f"The automaton of {len(values)} numbers", error.asked, error.allowed) from error


def is_free(numbers: NumberSet, spelling: NumberSpelling, *, with_points: bool = False) -> bool:
    """Do infinitely many values lie ahead of every state of the automaton but those where a text can only end?

    False where that is not certain. True for integers in digits, without zero and unbounded on each side where there
    are any; for all numbers above 0, and all below. Not for `5 <= x` with exponents: after `9e-` only `0` can follow.
    """
    normal = normal_form(numbers)
    if normal is None or not _is_unbounded_without_zero(normal):
        return False
    if spelling is NumberSpelling.CANONICAL and is_integer_set(normal) and not with_points:
        return True
    above, below = NumberSet(Decimal(0), None, True), NumberSet(None, Decimal(0), False, True)
    return normal in (above, below)


@lru_cache(maxsize=128)
def free_automaton(numbers: NumberSet, spelling: NumberSpelling) -> ByteAutomaton | None:
    """The spellings of the members, of those with a negative exponent as few as it takes for what `is_free` asks.

    That is all of them where the set is free, and else those without negative exponents, in which every value still
    has a spelling. None where even they do not suffice: with bounds away from zero, or excluded multiples.
    """
    normal = normal_form(numbers)
    if normal is None or not _is_unbounded_without_zero(normal):
        return None
    if is_free(normal, spelling):
        return numbers_automaton(normal, spelling)
    if normal.not_multiples_of:
        return None
    return over_bytes(_language(normal, spelling, False) & without_negative_exponent())


def _is_unbounded_without_zero(normal: NumberSet) -> bool:
    if contains(normal, Decimal(0)):
        return False
    is_open_above = normal.maximum is None or normal.maximum <= 0
    return is_open_above and (normal.minimum is None or normal.minimum >= 0)


@lru_cache(maxsize=1024)
def _range_automaton(numbers: NumberSet, with_fraction: bool, is_shared: bool) -> ByteAutomaton:
    """Without the algebra of languages, as most numbers in schemas need none of it."""
    return trimmed(range_state(numbers, with_fraction), is_shared=is_shared)


def _description(numbers: NumberSet) -> str:
    """`>= 3 and < 2`."""
    parts = []
    if numbers.minimum is not None:
        parts.append((">", ">=")[not numbers.exclusive_minimum] + f" {str(numbers.minimum)[:60]}")
    if numbers.maximum is not None:
        parts.append(("<", "<=")[not numbers.exclusive_maximum] + f" {str(numbers.maximum)[:60]}")
    if numbers.multiple_of not in (None, 1):
        parts.append(f"a multiple of {str(numbers.multiple_of)[:60]}")
    parts += [f"no multiple of {str(other)[:60]}" for other in numbers.not_multiples_of[:5]]
    return " and ".join(parts)


ANY_INTEGER = integer_automaton(None, None)
"""Every JSON integer without point or exponent."""

ANY_NUMBER = number_automaton(None, None)
"""Every JSON number."""
