"""Character classes: the coarsest partition of the alphabet that a family of sets cannot tell apart.

A table of transitions needs one column a class instead of 1,112,064. The code points are cut into intervals, each of
which belongs wholly to one class; -1 is the class of those that belong to no set (and of the surrogates).
Cost: one sweep over the ends of all ranges.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from maskwright.grammar.characters.character_set import MAX_CODE_POINT, CharacterSet

Intervals = tuple[tuple[int, int], ...]
"""(first code point, class), sorted, starting at 0, neighbours of different class."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """A partition of the characters into `n_classes` classes."""

    intervals: Intervals
    n_classes: int

    def class_of(self, code: int) -> int:
        """The class of a code point."""
        return self.intervals[bisect_right(self.intervals, (code, MAX_CODE_POINT)) - 1][1]

    def ranges(self) -> list[list[tuple[int, int]]]:
        """For each class its ranges (first, last)."""
        result: list[list[tuple[int, int]]] = [[] for _ in range(self.n_classes)]
        for index, (low, cls) in enumerate(self.intervals):
            if cls >= 0:
                end = self.intervals[index + 1][0] if index + 1 < len(self.intervals) else MAX_CODE_POINT + 1
                result[cls].append((low, end - 1))
        return result


@lru_cache(maxsize=256)
def partition(sets: tuple[CharacterSet, ...]) -> tuple[Alphabet, tuple[int, ...]]:
    """The partition that the sets make, and for each set the bit mask of its classes.

    `partition((a_to_c, c_to_e))` -> classes {a, b}, {c}, {d, e} and masks 0b011, 0b110.
    """
    toggled: dict[int, int] = {0: 0}
    for index, members in enumerate(sets):
        bit = 1 << index
        for low, high in members.ranges:
            toggled[low] = toggled.get(low, 0) ^ bit
            toggled[high + 1] = toggled.get(high + 1, 0) ^ bit
    toggled.pop(MAX_CODE_POINT + 1, None)
    class_of: dict[int, int] = {0: -1}
    intervals: list[tuple[int, int]] = []
    current = 0
    for begin in sorted(toggled):
        current ^= toggled[begin]
        cls = class_of.get(current)
        if cls is None:
            cls = class_of[current] = len(class_of) - 1
        if not intervals or intervals[-1][1] != cls:
            intervals.append((begin, cls))
    masks = [0] * len(sets)
    for belongs, cls in class_of.items():
        while belongs:
            low_bit = belongs & -belongs
            masks[low_bit.bit_length() - 1] |= 1 << cls
            belongs ^= low_bit
    return Alphabet(tuple(intervals), len(class_of) - 1), tuple(masks)


def merged(left: Intervals, right: Intervals) -> tuple[Intervals, list[tuple[int, int]]]:
    """The common refinement of two partitions, and for each class of it the classes it comes from."""
    pair_of: dict[tuple[int, int], int] = {(-1, -1): -1}
    intervals: list[tuple[int, int]] = []
    i = j = 0
    begin = 0
    n_left, n_right = len(left), len(right)
    while True:
        pair = (left[i][1], right[j][1])
        cls = pair_of.get(pair)
        if cls is None:
            cls = pair_of[pair] = len(pair_of) - 1
        if not intervals or intervals[-1][1] != cls:
            intervals.append((begin, cls))
        next_left = left[i + 1][0] if i + 1 < n_left else MAX_CODE_POINT + 1
        next_right = right[j + 1][0] if j + 1 < n_right else MAX_CODE_POINT + 1
        begin = min(next_left, next_right)
        if begin > MAX_CODE_POINT:
            break
        i += next_left == begin
        j += next_right == begin
    pairs = sorted(pair_of, key=pair_of.__getitem__)[1:]
    return tuple(intervals), pairs


def renamed(intervals: Sequence[tuple[int, int]], new_class: Sequence[int]) -> Intervals:
    """The intervals with classes renamed by `new_class` (-1 stays), neighbours of equal class joined."""
    result: list[tuple[int, int]] = []
    for begin, cls in intervals:
        name = new_class[cls] if cls >= 0 else -1
        if not result or result[-1][1] != name:
            result.append((begin, name))
    return tuple(result)
