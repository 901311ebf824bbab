"""Sets of characters as sorted, disjoint, non-adjacent code point ranges.

A character is a Unicode scalar value: U+0000 to U+10FFFF without the surrogates U+D800 to U+DFFF, which no UTF-8 text
contains. Every set is cut to that on construction, so the complement of a set never contains a surrogate either.
Cost: all operations are linear in the number of ranges (at most some 750, for a Unicode category).
Rejected: bit sets of 1,114,112 bits (140 KB each; a partition of the alphabet would cost milliseconds).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_CODE_POINT = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """A set of characters; `ranges` are (first, last) pairs, sorted, neither overlapping nor adjacent."""

    ranges: tuple[tuple[int, int], ...]

    def __contains__(self, character: int) -> bool:
        return any(low <= character <= high for low, high in self.ranges)

    def __or__(self, other: CharacterSet) -> CharacterSet:
        return character_set(self.ranges + other.ranges)

    def __invert__(self) -> CharacterSet:
        gaps = []
        begin = 0
        for low, high in self.ranges:
            if begin < low:
                gaps.append((begin, low - 1))
            begin = high + 1
        if begin <= MAX_CODE_POINT:
            gaps.append((begin, MAX_CODE_POINT))
        return character_set(gaps)

    def __and__(self, other: CharacterSet) -> CharacterSet:
        met = []
        mine, theirs = iter(self.ranges), iter(other.ranges)
        a, b = next(mine, None), next(theirs, None)
        while a is not None and b is not None:
            low, high = max(a[0], b[0]), min(a[1], b[1])
            if low <= high:
                met.append((low, high))
            if a[1] < b[1]:
                a = next(mine, None)
            else:
                b = next(theirs, None)
        return CharacterSet(tuple(met))

    def __sub__(self, other: CharacterSet) -> CharacterSet:
        return self & ~other

    @property
    def size(self) -> int:
        """How many characters belong to the set."""
        return sum(high - low + 1 for low, high in self.ranges)


def character_set(ranges: Iterable[tuple[int, int]]) -> CharacterSet:
    """The characters in any of the ranges, given in any order: `[(98, 99), (97, 97)]` -> a to c."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            if high > merged[-1][1]:
                merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    first, last = SURROGATES
    cut: list[tuple[int, int]] = []
    for low, high in merged:
        if high < first or low > last:
            cut.append((low, high))
            continue
        if low < first:
            cut.append((low, first - 1))
        if high > last:
            cut.append((last + 1, high))
    return CharacterSet(tuple(cut))


def characters_of(text: str) -> CharacterSet:
    """The set of the characters of a text: `characters_of("ba")` -> a and b."""
    return character_set((ord(character), ord(character)) for character in text)


ANY_CHARACTER = character_set([(0, MAX_CODE_POINT)])
NO_CHARACTER = CharacterSet(())
