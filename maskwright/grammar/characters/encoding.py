r"""How one character is spelled in bytes: plain UTF-8, or inside a JSON string, as one tree for all characters.

The tree that begins at a character boundary (the *body*) is cut by digits: the continuation bytes of UTF-8 are digits
of base 64, those of `\uXXXX` of base 16 with two bytes for a letter, those of a surrogate pair the same with fixed
bytes between. `Tree` takes a function from characters to *slots* (what follows the character) and gives the nodes of
the tree that have more than one slot below them; a place with one slot below it is named by its *phase*, because its
inside is the same for every slot and every language. So a language that treats most characters alike has tiny trees.
Cost: linear in the ends of the ranges, times the depth of the tree.

CANONICAL is what serialisers write: printable ASCII raw but for `\"` and `\\`; controls as `\n` or `\u000a`; others
raw or `\uXXXX`. EXACT is every spelling that RFC 8259 allows (also `\/`, and `\u0041` for A). A surrogate never stands
alone.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from maskwright.grammar.byte_automaton import BEGINS_UNIT, NO_UNIT
from maskwright.grammar.characters.character_set import MAX_CODE_POINT


class Escapes(Enum):
    """Which spellings of a character within a JSON string are members."""

    CANONICAL = "canonical"
    EXACT = "exact"


class Level(NamedTuple):
    """One digit: its `radix`, and the byte of digit 0; hexadecimal digits have two bytes for a letter.

    A tuple, as `Child` is, because phases and edges are hashed and compared by the thousand.
    """

    radix: int
    first: int
    is_hexadecimal: bool = False

    def byte_ranges(self, low: int, high: int) -> list[tuple[int, int]]:
        """The bytes of the digits `low` to `high`."""
        low, high = low + self.first, high + self.first
        if not self.is_hexadecimal:
            return [(low, high)]
        ranges = []
        if low <= 9:
            ranges.append((0x30 + low, 0x30 + min(high, 9)))
        if high >= 10:
            begin = max(low, 10)
            ranges += [(0x37 + begin, 0x37 + high), (0x57 + begin, 0x57 + high)]
        return ranges


Levels = tuple[Level, ...]
_MORE = Level(64, 0x80)
_HEX = Level(16, 0, is_hexadecimal=True)
_HEX_D = Level(1, 13, is_hexadecimal=True)
_FIRST_IS_LOW = (Level(1, 0x5C), Level(1, 0x75), _HEX_D, Level(4, 12, is_hexadecimal=True), _HEX, _HEX)

UTF8: tuple[tuple[int, Levels], ...] = (
    (0x80, (Level(30, 0xC2), _MORE)),
    (0x800, (Level(1, 0xE0), Level(32, 0xA0), _MORE)),
    (0x1000, (Level(12, 0xE1), _MORE, _MORE)),
    (0xD000, (Level(1, 0xED), Level(32, 0x80), _MORE)),
    (0xE000, (Level(2, 0xEE), _MORE, _MORE)),
    (0x10000, (Level(1, 0xF0), Level(48, 0x90), _MORE, _MORE)),
    (0x40000, (Level(3, 0xF1), _MORE, _MORE, _MORE)),
    (0x100000, (Level(1, 0xF4), Level(16, 0x80), _MORE, _MORE)),
)
"""(first code point, digits); RFC 3629, section 4."""

_HEX_BELOW_D = (0x0, (Level(13, 0, is_hexadecimal=True), _HEX, _HEX, _HEX))
_HEX_ABOVE_D = (0xE000, (Level(2, 14, is_hexadecimal=True), _HEX, _HEX, _HEX))
_HEX_D_PLAIN = (0xD000, (Level(8, 0, is_hexadecimal=True), _HEX, _HEX))
_HEX_D_PAIR = (0x10000, (Level(4, 8, is_hexadecimal=True), _HEX, _HEX, *_FIRST_IS_LOW))


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to spell characters.

    raw: code points below 0x80 that are spelled as themselves.
    short_escapes: (byte after the backslash, code point).
    not_in_hexadecimal: the range of code points that `\\uXXXX` does not spell.
    """

    raw: tuple[tuple[int, int], ...]
    has_escapes: bool
    short_escapes: tuple[tuple[int, int], ...] = ()
    not_in_hexadecimal: tuple[int, int] = (0, -1)


_SHORT = ((0x22, 0x22), (0x5C, 0x5C), (0x62, 0x08), (0x66, 0x0C), (0x6E, 0x0A), (0x72, 0x0D), (0x74, 0x09))
_RAW = ((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7F))
PLAIN = Encoding(((0x00, 0x7F),), has_escapes=False)
JSON_ENCODINGS = {
    Escapes.CANONICAL: Encoding(_RAW, True, _SHORT, (0x20, 0x7E)),
    Escapes.EXACT: Encoding(_RAW, True, tuple(sorted((*_SHORT, (0x2F, 0x2F))))),
}

_NEVER = -3

Phase = tuple[Levels | str, int]
"""A place in the tree: the digits to come, or a name; and the first code point if the inside depends on it, else -1."""

BODY: Phase = ("body", -1)
ESCAPE: Phase = ("escape", -1)
_HEXADECIMAL: Phase = ("hexadecimal", -1)
_SURROGATE: Phase = ("d", -1)


class Child(NamedTuple):
    """What lies behind an edge: a node of its own (`node` >= 0), or one slot behind the rest of a phase.

    `phase` None: the character is complete.
    """

    node: int
    slot: int
    phase: Phase | None


Edge = tuple[int, int, Child, int]
"""(low byte, high byte, child, unit)"""


@dataclass(slots=True)
class TreeNode:
    """A node with several slots below it."""

    phase: Phase
    edges: list[Edge]


@dataclass(slots=True)
class Tree:
    """The tree of an encoding under a map from characters to slots.

    intervals: (first code point, slot), sorted, the first at 0, covering all code points.
    nodes: the nodes that have several slots below them; filled by `body`, `inside`.
    """

    encoding: Encoding
    intervals: list[tuple[int, int]]
    nodes: list[TreeNode] = field(default_factory=list)
    _known: dict[tuple[Phase, tuple[Edge, ...]], int] = field(default_factory=dict)

    def body(self) -> list[Edge]:
        """The edges at a character boundary; each begins a unit.  The closing quote is the caller's."""
        edges: list[Edge] = []
        for low, high in self.encoding.raw:
            for begin, end, slot in self._pieces(low, high):
                edges.append((begin, end, Child(-1, slot, None), BEGINS_UNIT))
        if self.encoding.has_escapes:
            edges.append((0x5C, 0x5C, self._named(ESCAPE), BEGINS_UNIT))
            edges.sort(key=lambda edge: edge[0])
        for base, levels in UTF8:
            edges.extend(self._digits(levels, base, BEGINS_UNIT))
        return edges

    def inside(self, phase: Phase) -> list[Edge]:
        """The edges at any other place."""
        levels, base = phase
        if isinstance(levels, tuple):
            return self._digits(levels, 0, NO_UNIT) if base < 0 else self._hidden()._digits(levels, base, NO_UNIT)
        edges: list[Edge] = []
        if phase == ESCAPE:
            for byte, code in self.encoding.short_escapes:
                edges.append((byte, byte, Child(-1, self._slot_at(code), None), NO_UNIT))
            edges.append((0x75, 0x75, self._named(_HEXADECIMAL), NO_UNIT))
            return edges
        hidden = self._hidden()
        if phase == _HEXADECIMAL:
            for base, levels in (_HEX_BELOW_D, _HEX_ABOVE_D):
                edges.extend(hidden._digits(levels, base, NO_UNIT))
            surrogate = self._named(_SURROGATE)
            edges.extend((byte, byte, surrogate, NO_UNIT) for byte in (0x44, 0x64))
        else:
            for base, levels in (_HEX_D_PLAIN, _HEX_D_PAIR):
                edges.extend(self._digits(levels, base, NO_UNIT))
        return sorted(edges, key=lambda edge: edge[0])

    def _hidden(self) -> Tree:
        """The same tree without the characters that are not spelled in hexadecimal; nodes are shared."""
        low, high = self.encoding.not_in_hexadecimal
        if high < low:
            return self
        intervals = [(begin, slot) for begin, slot in self.intervals if begin < low]
        intervals += [(low, _NEVER), (high + 1, self._slot_at(high + 1))]
        intervals += [(begin, slot) for begin, slot in self.intervals if begin > high + 1]
        return Tree(self.encoding, intervals, self.nodes, self._known)

    def _named(self, phase: Phase) -> Child:
        return self._child(phase, self.inside(phase))

    def _child(self, phase: Phase, edges: list[Edge]) -> Child:
        """A child for a place with these edges: one slot behind the phase if there is only one below."""
        slots = {edge[2].slot if edge[2].node < 0 else None for edge in edges}
        if len(slots) == 1 and None not in slots:
            return Child(-1, edges[0][2].slot, phase)
        key = (phase, tuple(edges))
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(TreeNode(phase, edges))
        return Child(self._known[key], 0, phase)

    def _slot_at(self, code: int) -> int:
        return self.intervals[bisect_right(self.intervals, (code, MAX_CODE_POINT)) - 1][1]

    def _pieces(self, low: int, high: int) -> list[tuple[int, int, int]]:
        """(first, last, slot) for the code points from `low` to `high`."""
        pieces = []
        index = bisect_right(self.intervals, (low, MAX_CODE_POINT)) - 1
        while low <= high:
            end = self.intervals[index + 1][0] - 1 if index + 1 < len(self.intervals) else MAX_CODE_POINT
            pieces.append((low, min(end, high), self.intervals[index][1]))
            low = end + 1
            index += 1
        return pieces

    def _digits(self, levels: Levels, base: int, unit: int) -> list[Edge]:
        """The edges for the first digit of the code points that begin at `base`."""
        level, rest = levels[0], levels[1:]
        size = _span(rest)
        edges: list[Edge] = []
        digit = 0
        pieces = self._pieces(base, base + size * level.radix - 1)
        index = 0
        while digit < level.radix:
            begin = base + digit * size
            while pieces[index][1] < begin:
                index += 1
            _, last, slot = pieces[index]
            if last >= begin + size - 1:
                to = (last + 1 - base) // size - 1
                child = None if slot == _NEVER else Child(-1, slot, (rest, -1) if rest else None)
            else:
                to = digit
                child = self._mixed(rest, begin, pieces, index)
            if child is not None:
                for low, high in level.byte_ranges(digit, to):
                    if edges and edges[-1][1] == low - 1 and edges[-1][2] == child:
                        edges[-1] = (edges[-1][0], high, child, unit)
                    else:
                        edges.append((low, high, child, unit))
            digit = to + 1
        if level.is_hexadecimal:
            edges.sort(key=lambda edge: edge[0])
            edges = _joined(edges)
        return edges

    def _mixed(self, levels: Levels, begin: int, pieces: list[tuple[int, int, int]], index: int) -> Child | None:
        """The child that covers several intervals; some of them may be such as are never spelled here."""
        end = begin + _span(levels)
        has_gap = False
        while index < len(pieces) and pieces[index][0] < end:
            has_gap |= pieces[index][2] == _NEVER
            index += 1
        edges = self._digits(levels, begin, NO_UNIT)
        return self._child((levels, begin if has_gap else -1), edges) if edges else None


def _joined(edges: list[Edge]) -> list[Edge]:
    """Sorted edges with neighbours of equal child joined."""
    joined: list[Edge] = []
    for edge in edges:
        if joined and joined[-1][1] == edge[0] - 1 and joined[-1][2] == edge[2] and joined[-1][3] == edge[3]:
            joined[-1] = (joined[-1][0], edge[1], edge[2], edge[3])
        else:
            joined.append(edge)
    return joined


def _span(levels: Levels) -> int:
    """How many code points the digits tell apart."""
    size = 1
    for level in levels:
        size *= level.radix
    return size
