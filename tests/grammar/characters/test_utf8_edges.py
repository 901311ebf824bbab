"""Rows over code points as trees of byte ranges, against Python's own UTF-8."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from maskwright.grammar.characters.utf8_edges import Edges, Segments, Utf8Nodes

LAST = 0x10FFFF
NO_UTF8 = [
    *(b"\x80", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf"),
    *(b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff"),
]
BORDERS = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0xFFFFF, LAST]


def target_of(row: Edges, nodes: Utf8Nodes, spelling: bytes) -> int | None:
    """Where the bytes lead from a row, or None if one of them is refused."""
    for i, byte in enumerate(spelling):
        target = next((target for low, high, target in row if low <= byte <= high), None)
        if target is None:
            return None
        if target < 0:
            return -1 - target if i == len(spelling) - 1 else None
        row = nodes.edges[target]
    return None


def random_segments(rng: random.Random) -> Segments:
    """Disjoint ranges, often next to each other, often at the borders between lengths; no surrogates."""
    borders = sorted(
        {rng.choice((rng.choice(BORDERS), rng.randint(0, 0x250), rng.randint(0, LAST))) for _ in range(12)}
    )
    segments = []
    for low, high in pairwise(borders):
        if rng.random() < 0.7:
            last = high - rng.choice((1, 1, 2))
            if low <= last:
                segments.append((low, last, rng.randint(0, 2)))
    return tuple(part for segment in segments for part in without_surrogates(*segment))


def without_surrogates(low: int, high: int, target: int) -> list[tuple[int, int, int]]:
    parts = [(low, min(high, 0xD7FF), target), (max(low, 0xE000), high, target)]
    return [part for part in parts if part[0] <= part[1]]


def interesting(segments: Segments, rng: random.Random) -> list[int]:
    near = [code + step for low, high, _ in segments for code in (low, high) for step in (-1, 0, 1)]
    codes = {*near, *BORDERS, *(rng.randint(0, LAST) for _ in range(50))}
    return [code for code in codes if 0 <= code <= LAST and not 0xD800 <= code <= 0xDFFF]


def test_every_code_point_leads_where_its_segment_says() -> None:
    rng = random.Random(1)
    nodes = Utf8Nodes()  # one for all: rows share inner nodes
    for _ in range(400):
        segments = random_segments(rng)
        row = nodes.row(segments)
        for code in interesting(segments, rng):
            expected = next((target for low, high, target in segments if low <= code <= high), None)
            assert target_of(row, nodes, chr(code).encode()) == expected, (segments, hex(code))


def test_bytes_that_are_no_utf8_lead_nowhere() -> None:
    nodes = Utf8Nodes()
    row = nodes.row(((0, 0xD7FF, 0), (0xE000, LAST, 0)))
    for wrong in NO_UTF8:
        assert target_of(row, nodes, wrong) is None, wrong
    assert target_of(row, nodes, b"\xf4\x8f\xbf\xbf") == 0


@pytest.mark.parametrize("n", range(3))
def test_edges_are_sorted_disjoint_and_joined(n: int) -> None:
    rng = random.Random(n)
    nodes = Utf8Nodes()
    rows = [nodes.row(random_segments(rng)) for _ in range(100)]
    for edges in [*rows, *nodes.edges]:
        for one, other in pairwise(edges):
            assert one[1] < other[0]
            assert one[1] + 1 < other[0] or one[2] != other[2], "neighbours with one target are one edge"


def test_rows_that_differ_in_ascii_only_share_all_inner_nodes() -> None:
    nodes = Utf8Nodes()
    nodes.row(((0x61, 0x61, 0), (0x80, 0xD7FF, 1), (0xE000, LAST, 1)))
    n_inner = len(nodes.edges)
    nodes.row(((0x62, 0x62, 2), (0x80, 0xD7FF, 1), (0xE000, LAST, 1)))
    assert len(nodes.edges) == n_inner < 10
