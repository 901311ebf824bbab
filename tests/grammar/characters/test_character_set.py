"""Sets of characters against Python sets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from maskwright.grammar.characters.alphabet import merged, partition
from maskwright.grammar.characters.character_set import ANY_CHARACTER, CharacterSet, character_set

POINTS = st.sampled_from([0, 1, 2, 5, 0x7F, 0x80, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF])
SETS = st.lists(st.tuples(POINTS, POINTS).map(lambda pair: (min(pair), max(pair))), max_size=4).map(character_set)
PROBES = [code + d for code in (0, 5, 0x80, 0xD800, 0xE000, 0x10000, 0x10FFFE) for d in (0, 1) if code + d <= 0x10FFFF]


@given(SETS, SETS)
def test_the_algebra_is_that_of_sets(a: CharacterSet, b: CharacterSet) -> None:
    for code in PROBES:
        is_character = not 0xD800 <= code <= 0xDFFF
        assert (code in a | b) == (code in a or code in b)
        assert (code in a & b) == (code in a and code in b)
        assert (code in ~a) == (is_character and code not in a)
        assert (code in a - b) == (code in a and code not in b)
    assert ~~a == a
    assert a | ~a == ANY_CHARACTER
    assert (a & b).size + (a | b).size == a.size + b.size


@given(SETS)
def test_ranges_are_sorted_and_neither_overlap_nor_touch(a: CharacterSet) -> None:
    for (_, high), (low, _) in pairwise(a.ranges):
        assert high + 1 < low or (high, low) == (0xD7FF, 0xE000)


@given(st.lists(SETS, max_size=4))
def test_a_partition_tells_apart_exactly_what_the_sets_tell_apart(sets: list[CharacterSet]) -> None:
    alphabet, masks = partition(tuple(sets))
    for code in PROBES:
        cls = alphabet.class_of(code)
        for members, mask in zip(sets, masks, strict=True):
            assert (code in members) == (cls >= 0 and bool(mask >> cls & 1))


@given(SETS, SETS)
def test_merged_partitions_know_where_each_class_came_from(a: CharacterSet, b: CharacterSet) -> None:
    left, right = partition((a,))[0], partition((b,))[0]
    intervals, origins = merged(left.intervals, right.intervals)
    for code in PROBES:
        cls = [c for begin, c in intervals if begin <= code][-1]
        expected = (left.class_of(code), right.class_of(code))
        assert (origins[cls] if cls >= 0 else (-1, -1)) == expected
