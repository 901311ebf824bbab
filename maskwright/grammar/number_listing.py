"""Few multiples of a number with many residues: their digits in a tree instead of an automaton of residues.

`multipleOf: 123456789` needs as many states as the number says, but between 0 and 10^10 it has 82 multiples. A tree of
the significant digits takes the place of the residues in `number_exponents`, and a list of the numbers written out
takes the place of the automaton in `number_divisors`. Any finite set of numbers is read with such trees, too: there a
number must be met exactly, not from some exponent on. Cost: a state for each digit of each number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce

from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.number_divisors import Divisor
from maskwright.grammar.number_states import Edge, Expansion
from maskwright.grammar.number_table import visited

_END = -1
"""The node after which only zeros come."""

_POINT, _DIGIT_0 = b".0"


@dataclass(frozen=True, slots=True, eq=False)
class DigitTree:
    """Significant digits of numbers: `children[node]` by digit, and the zeros needed where a number ends."""

    scale: int
    children: list[dict[int, int]] = field(default_factory=lambda: [{}])
    zeros: list[int | None] = field(default_factory=lambda: [None])

    @property
    def tells_digits_apart(self) -> bool:
        """Do digits other than 0 lead to different residues?"""
        return True

    def insert(self, digits: Iterable[int], n_zeros: int | None) -> None:
        """Add a number while the tree is built."""
        node = 0
        for digit in digits:
            if digit not in self.children[node]:
                self.children[node][digit] = len(self.children)
                self.children.append({})
                self.zeros.append(None)
            node = self.children[node][digit]
        self.zeros[node] = n_zeros

    def after(self, node: int, digit: int) -> int | None:
        """The node after one more digit, None where no multiple begins like that."""
        if node == _END:
            return None if digit else _END
        child = self.children[node].get(digit)
        if child is None and digit == 0 and self.zeros[node] is not None:
            return _END
        return child

    def kept(self, node: int) -> int:
        """All of it."""
        return node

    def zeros_needed(self, node: int) -> int | None:
        """The least number of zeros with which what was read is a multiple of the divisor's core, if any is."""
        return None if node == _END else self.zeros[node]


def digit_tree(divisor: Divisor, values: Iterable[Decimal]) -> DigitTree:
    """The tree of some multiples of the divisor."""
    tree = DigitTree(divisor.scale)
    for value in values:
        if value:
            digits, _ = _significant(value)
            tree.insert(digits, divisor.zeros_needed(reduce(divisor.after, digits, 0)))
    return tree


def value_trees(values: Iterable[Decimal]) -> list[DigitTree]:
    """Trees that hold each value once, where the zeros needed give that value; no two in a tree share their digits.

    Zero has no significant digits, but where it is a value there is a tree, perhaps an empty one.
    """
    values = list(values)
    exponents: dict[tuple[int, ...], list[int]] = {}
    for value in values:
        if value:
            digits, exponent = _significant(value)
            exponents.setdefault(digits, []).append(exponent)
    lowest = min(map(min, exponents.values()), default=0)
    n_trees = max([int(bool(values)), *map(len, exponents.values())])
    trees = [DigitTree(lowest) for _ in range(n_trees)]
    for digits, powers in exponents.items():
        for tree, exponent in zip(trees, powers, strict=False):
            tree.insert(digits, exponent - lowest)
    return trees


def _significant(value: Decimal) -> tuple[tuple[int, ...], int]:
    """The digits without zeros at the end, and the power of ten of the last."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    n_zeros = next(index for index, digit in enumerate(reversed(digits)) if digit)
    return digits[: len(digits) - n_zeros], exponent + n_zeros


@dataclass(frozen=True, slots=True, eq=False)
class _Texts:
    """Numbers written with the same number of digits after the point, in the order of the texts."""

    texts: list[str]
    with_fraction: bool


def plain_list(values: Iterable[Decimal], with_fraction: bool) -> CharacterAutomaton:
    """All spellings of the numbers without an exponent; without a fraction also without a point."""
    values = list(values)
    n_places = max(1, *[-int(value.as_tuple().exponent) for value in values], 1)
    texts: list[str] = []
    for value in values:
        whole, _, fraction = format(value.copy_abs(), "f").partition(".")
        text = f"{whole}.{fraction.ljust(n_places, '0')}"
        texts += ["-" * sign + text for sign in ([0, 1] if not value else [int(value.is_signed())])]
    texts.sort()
    return visited((_listed, _Texts(texts, with_fraction), 0, len(texts), 0))


def _listed(listed: _Texts, begin: int, end: int, n_read: int) -> Expansion:
    """So many characters were read, which the texts from `begin` to `end` have in common."""
    first = listed.texts[begin]
    if n_read == len(first):
        return True, [(_DIGIT_0, _DIGIT_0, (_listed, listed, begin, end, n_read))]
    edges: list[Edge] = []
    start = begin
    while start < end:
        symbol = listed.texts[start][n_read]
        stop = bisect_left(listed.texts, listed.texts[start][:n_read] + chr(ord(symbol) + 1), start, end)
        if symbol != "." or listed.with_fraction:
            edges.append((ord(symbol), ord(symbol), (_listed, listed, start, stop, n_read + 1)))
        start = stop
    # of the texts with this beginning the first has the most zeros
    point = first.index(".")
    is_complete = n_read == point or n_read > point + 1
    return is_complete and not first[n_read:].strip(".0"), edges
