"""Transitions over code points as edges over UTF-8 bytes.

A row of segments (first code point, last, target) becomes a tree of byte ranges whose leaves are the targets. A subtree
in which everything leads to one target is made once per target; subtrees are hash-consed, so states that differ in a
few ASCII letters share the rest of Unicode.
Cost: one inner node for each block of 64 code points that a row does not treat alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Segments = tuple[tuple[int, int, int], ...]
"""(first code point, last code point, target), ascending and disjoint."""

Edges = tuple[tuple[int, int, int], ...]
"""(low byte, high byte, target); a target >= 0 is an inner node, -1 - k the target k of the segments."""

_LEADS = ((0xC0, 0x80, 0x7FF, 1), (0xE0, 0x800, 0xFFFF, 2), (0xF0, 0x10000, 0x10FFFF, 3))
"""For each length of a spelling: base of the lead byte, first and last code point, continuation bytes."""


@dataclass(slots=True)
class Utf8Nodes:
    """The inner nodes made so far: `edges[n]` are the edges of inner node n."""

    edges: list[Edges] = field(default_factory=list)
    _number_of: dict[Edges, int] = field(default_factory=dict)
    _rest_of: dict[Segments, Edges] = field(default_factory=dict)

    def row(self, segments: Segments) -> Edges:
        """The edges of a state that reads a character."""
        ascii_edges = [(low, min(high, 0x7F), -1 - target) for low, high, target in segments if low <= 0x7F]
        rest = tuple((max(low, 0x80), high, target) for low, high, target in segments if high > 0x7F)
        known = self._rest_of.get(rest)
        if known is None:
            known = self._rest_of[rest] = self._beyond_ascii(rest)
        return (*_joined(ascii_edges), *known)

    def _beyond_ascii(self, segments: Segments) -> Edges:
        edges: list[tuple[int, int, int]] = []
        for base, first, last, n_more in _LEADS:
            within = _clipped(segments, first, last)
            if within:
                edges += self._level(within, n_more, base, base_code=0)
        return _joined(edges)

    def _level(self, segments: Segments, n_more: int, base: int, base_code: int) -> Edges:
        """Edges for one byte `base + k` that is followed by `n_more` continuation bytes.

        `base_code` is the code point of k = 0; segments lie within what the byte can begin.
        """
        if n_more == 0:
            return _joined([(base + low - base_code, base + high - base_code, -1 - t) for low, high, t in segments])
        size = 1 << 6 * n_more
        edges: list[tuple[int, int, int]] = []
        at = 0
        block = (segments[0][0] - base_code) // size
        while at < len(segments):
            low, high, target = segments[at]
            block = max(block, (low - base_code) // size)
            begin = base_code + block * size
            end = begin + size - 1
            if low <= begin and high >= end:  # whole blocks with one target
                n_blocks = (high + 1 - begin) // size
                inner = self._inner(((begin, end, target),), n_more, begin)
                edges.append((base + block, base + block + n_blocks - 1, inner))
                block += n_blocks
                if high < base_code + block * size:
                    at += 1
                continue
            within = _clipped(segments[at:], begin, end)
            edges.append((base + block, base + block, self._inner(within, n_more, begin)))
            while at < len(segments) and segments[at][1] <= end:
                at += 1
            block += 1
        return _joined(edges)

    def _inner(self, segments: Segments, n_more: int, base_code: int) -> int:
        """The inner node behind a byte: it reads the next continuation byte."""
        edges = self._level(segments, n_more - 1, 0x80, base_code)
        number = self._number_of.get(edges)
        if number is None:
            number = self._number_of[edges] = len(self.edges)
            self.edges.append(edges)
        return number


def _clipped(segments: Segments, first: int, last: int) -> Segments:
    clipped = []
    for low, high, target in segments:
        if low > last:
            break
        if high >= first:
            clipped.append((max(low, first), min(high, last), target))
    return tuple(clipped)


def _joined(edges: list[tuple[int, int, int]]) -> Edges:
    """Neighbours with the same target as one edge."""
    joined: list[tuple[int, int, int]] = []
    for low, high, target in edges:
        if joined and joined[-1][2] == target and joined[-1][1] == low - 1:
            joined[-1] = (joined[-1][0], high, target)
        else:
            joined.append((low, high, target))
    return tuple(joined)
