"""One character out of a set, spelled in UTF-8: a node over bytes.

Idea. A range of code points splits into ranges of byte sequences at the boundaries where UTF-8 grows by a byte and
where the continuation bytes wrap around; sequences that differ in their first byte only are joined again.
Source: the splitting is that of Thompson's UTF-8 automata as in Cox, "Regular Expression Matching in the Wild" (2010).
Cost: at most seven alternatives a range.
"""

from __future__ import annotations

from collections.abc import Iterator

from maskwright.grammar.characters.character_set import CharacterSet
from maskwright.grammar.ir import ByteClass, Node, byte_range, choice, sequence

_LAST_OF_LENGTH = (0x7F, 0x7FF, 0xFFFF, 0x10FFFF)

ByteRanges = tuple[tuple[int, int], ...]


def utf8_node(members: CharacterSet) -> Node:
    """The UTF-8 spellings of the characters of a set; `NOTHING` for none."""
    first_bytes: dict[ByteRanges, int] = {}
    for low, high in members.ranges:
        for (first, last), *rest in _byte_ranges(low, high):
            tail = tuple(rest)
            first_bytes[tail] = first_bytes.get(tail, 0) | (1 << last + 1) - (1 << first)
    return choice(
        *(
            sequence(ByteClass(mask), *(byte_range(first, last) for first, last in tail))
            for tail, mask in first_bytes.items()
        )
    )


def _byte_ranges(low: int, high: int) -> Iterator[ByteRanges]:
    """Split a range of code points into products of byte ranges."""
    for last in _LAST_OF_LENGTH:
        if low <= last < high:
            yield from _byte_ranges(low, last)
            low = last + 1
    for n_bits in (6, 12, 18):
        tail = (1 << n_bits) - 1  # what the last n_bits / 6 continuation bytes hold
        if low > 0x7F and low | tail != high | tail:
            if low & tail:
                yield from _byte_ranges(low, low | tail)
                yield from _byte_ranges((low | tail) + 1, high)
                return
            if high & tail != tail:
                yield from _byte_ranges(low, (high | tail) - tail - 1)
                yield from _byte_ranges((high | tail) - tail, high)
                return
    yield tuple(zip(chr(low).encode(), chr(high).encode(), strict=True))
