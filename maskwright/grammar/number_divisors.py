"""The states of an automaton that reads digits and knows whether their value is a multiple of a number.

Idea. Write the divisor as m = M * 10^s with a whole M that 10 does not divide. If s < 0, the first -s digits of the
fraction count and only zeros may follow them; before they are all read, what counts of the residue mod M is what no
multiple of 10 will hide: with g digits to come, the residue mod M / gcd(M, 10^g). If s >= 0, a multiple is a multiple
of M with s zeros after it. So 1000 needs 5 states and 0.01 needs 3, where residues alone would need 1000 and 100.

The states do not check the grammar of numbers (`00.` passes): they are meant to be intersected with a range.
An exponent of at least 0 leads from a multiple to a multiple; all others are the business of `number_exponents`.

Cost: O(M) states of ten edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import gcd

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.number_states import Edge, Expansion, State, exponent_state
from maskwright.grammar.number_table import MAX_STATES, STAGE, visited

_POINT, _DIGIT_0, _MINUS, _UPPER_E, _LOWER_E = b".0-Ee"

_ZEROS_NEVER_CAME = -1
"""There was no multiple of the core yet, or a digit other than 0 came after it."""


@dataclass(frozen=True, slots=True)
class Divisor:
    """The number `core` * 10^`scale`, where 10 does not divide the core."""

    core: int
    scale: int

    @property
    def tells_digits_apart(self) -> bool:
        """Do digits other than 0 lead to different residues?"""
        return self.core > 1

    def after(self, residue: int, digit: int) -> int:
        """The residue mod core after one more digit."""
        return (residue * 10 + digit) % self.core

    def kept(self, residue: int) -> int:
        """What of a residue tells on more digits: 10 times the rest is a multiple of the core."""
        return residue % (self.core // gcd(self.core, 10))

    def zeros_needed(self, residue: int) -> int | None:
        """The least i such that (a number of that residue mod core) * 10^i is a multiple of the core."""
        return _zeros_needed(self.core, residue)


@lru_cache(maxsize=1 << 16)
def _zeros_needed(core: int, residue: int) -> int | None:
    for n_zeros in range(core.bit_length() + 1):
        if residue == 0:
            return n_zeros
        residue = residue * 10 % core
    return None


@lru_cache(maxsize=1024)
def divisor_of(value: Decimal) -> Divisor:
    """The divisor as core and scale."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int) and value > 0
    n_zeros = next(index for index, digit in enumerate(reversed(digits)) if digit)
    return Divisor(int(Decimal((0, digits[: len(digits) - n_zeros], 0))), exponent + n_zeros)


@lru_cache(maxsize=32)
def multiples(divisor: Divisor) -> CharacterAutomaton:
    """Plain spellings of the multiples, some with exponents of at least 0; of spellings that follow JSON's grammar."""
    return _visited(divisor, True)


@lru_cache(maxsize=32)
def plain_multiples(divisor: Divisor) -> CharacterAutomaton:
    """Exactly the spellings without exponent of the multiples; of spellings that follow JSON's grammar."""
    return _visited(divisor, False)


@lru_cache(maxsize=1)
def without_exponent() -> CharacterAutomaton:
    """Every spelling without an exponent; of spellings that follow JSON's grammar."""
    return visited((_any_plain,))


def _any_plain() -> Expansion:
    return True, [(byte, byte, (_any_plain,)) for byte in b"-.0123456789"]


@lru_cache(maxsize=1)
def without_negative_exponent() -> CharacterAutomaton:
    """Every spelling but those with `e-`; of spellings that follow JSON's grammar."""
    return visited((_any_mantissa,))


def _any_mantissa() -> Expansion:
    letters = [(byte, byte, (_any_positive_exponent,)) for byte in b"Ee"]
    return True, [(byte, byte, (_any_mantissa,)) for byte in b"-.0123456789"] + letters


def _any_positive_exponent() -> Expansion:
    return True, [(byte, byte, (_any_positive_exponent,)) for byte in b"+0123456789"]


def _visited(divisor: Divisor, with_exponents: bool) -> CharacterAutomaton:
    n_residues = divisor.core // gcd(divisor.core, 10 ** max(1, -divisor.scale))
    if n_residues > MAX_STATES:
        raise LimitExceeded(STAGE, n_residues, MAX_STATES)
    return visited((_start, divisor, with_exponents))


def _start(divisor: Divisor, with_exponents: bool) -> Expansion:
    whole = _whole_state(divisor, with_exponents, 0, max(divisor.scale, 0))
    return False, [(_MINUS, _MINUS, whole), *whole[0](*whole[1:])[1]]


def _whole_state(divisor: Divisor, with_exponents: bool, residue: int, n_zeros: int) -> State:
    """Before the point; `n_zeros` zeros, capped, came since the last multiple of the core."""
    if divisor.scale >= 0:
        if residue:
            residue, n_zeros = divisor.kept(residue), _ZEROS_NEVER_CAME
        return (_whole, divisor, with_exponents, residue, n_zeros)
    return (_whole, divisor, with_exponents, residue % _modulus(divisor, -divisor.scale), 0)


def _whole(divisor: Divisor, with_exponents: bool, residue: int, n_zeros: int) -> Expansion:
    is_multiple = n_zeros >= divisor.scale if divisor.scale >= 0 else residue == 0
    edges: list[Edge] = []
    if divisor.scale < 0:
        edges.append((_POINT, _POINT, (_fraction, divisor, with_exponents, -divisor.scale, residue)))
    elif is_multiple:
        edges.append((_POINT, _POINT, (_fraction, divisor, with_exponents, 0, 0)))
    for digit in range(10):
        then = (residue * 10 + digit) % divisor.core
        n_then = min(n_zeros + 1, divisor.scale) if n_zeros >= 0 and digit == 0 else 0
        edges.append((_DIGIT_0 + digit, _DIGIT_0 + digit, _whole_state(divisor, with_exponents, then, n_then)))
    return is_multiple, edges + _exponents(is_multiple and with_exponents)


def _fraction(divisor: Divisor, with_exponents: bool, n_left: int, residue: int) -> Expansion:
    """After the point, with `n_left` digits to come that need not be 0."""
    is_multiple = residue == 0
    edges: list[Edge] = []
    if n_left:
        modulus = _modulus(divisor, n_left - 1)
        for digit in range(10):
            target = (_fraction, divisor, with_exponents, n_left - 1, (residue * 10 + digit) % modulus)
            edges.append((_DIGIT_0 + digit, _DIGIT_0 + digit, target))
    elif is_multiple:
        edges.append((_DIGIT_0, _DIGIT_0, (_fraction, divisor, with_exponents, 0, 0)))
    return is_multiple, edges + _exponents(is_multiple and with_exponents)


def _modulus(divisor: Divisor, n_left: int) -> int:
    """What counts of a residue when this many digits are to come."""
    return divisor.core // gcd(divisor.core, pow(10, n_left, divisor.core))


def _exponents(are_allowed: bool) -> list[Edge]:
    target = exponent_state(0, None)
    return [(_UPPER_E, _UPPER_E, target), (_LOWER_E, _LOWER_E, target)] if are_allowed else []
