"""The shortest words of a byte automaton, one after the other, the most readable first among those of equal length.

Idea. Dijkstra's algorithm over (state, number of units), where a word costs its length and, far behind, how hard its
bytes are to read. To go on after the shortest word a place may be left as often as words are asked for: since the
automaton is deterministic, different paths are different words. The search for several knows beforehand what every
place costs at least to the end (A*), else it would look at all beginnings that are shorter than the last word.
Cost: one word, the places up to its length, a second for 10,000 characters; several, all places, and then their bytes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Final, TypeAlias

from maskwright.errors import LimitExceeded
from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, REFUSED, ByteAutomaton
from maskwright.grammar.ir import Automaton

Place: TypeAlias = tuple[ByteAutomaton, int, int]
"""An automaton, its state, and the number of units read."""

MAX_PLACES: Final = 1_000_000
"""Some three seconds; only an automaton whose shortest words are very long needs more."""

ONE_BYTE: Final = 1 << 40
"""The cost of one byte more: more than any text of 2**32 bytes can gain by being readable."""

_PREFERRED = b"abcdefghijklmnopqrsuvwxyABCDEFGHIJKLMNOPQRSTUVWXYZtz0123456789 "
"""t and z stand behind T and Z, because times are written 12:00:00Z where both are allowed."""


def _ranks() -> list[int]:
    printable = [byte for byte in range(0x21, 0x7F) if byte not in _PREFERRED]
    beyond = range(0x80, 0x100)
    control = [byte for byte in range(0x80) if byte not in _PREFERRED and byte not in printable]
    order = [*_PREFERRED, *printable, *beyond, *control]
    return [order.index(byte) for byte in range(0x100)]


RANK: Final = _ranks()
"""How a byte ranks among its equals in length: letters, digits, a blank, other characters, control characters."""


def cost_of(text: bytes) -> int:
    """What a text costs: `cost_of(b"ab") < cost_of(b"a!") < cost_of(b"abc")`."""
    return len(text) * ONE_BYTE + sum(map(RANK.__getitem__, text))


def most_readable(mask: int) -> bytes:
    """The byte of a class to show: `most_readable(1 << 0x2B | 1 << 0x61)` -> `b"a"`."""
    return bytes([min((byte for byte in range(256) if mask >> byte & 1), key=RANK.__getitem__)])


def shortest_words(leaf: Automaton, n_words: int) -> Iterator[bytes]:
    """At most `n_words` members of an automaton node in the order of their cost; raises LimitExceeded."""
    ticket = count()  # places of equal cost are served in the order they were found
    start = (leaf.automaton, leaf.state, 0)
    remaining = _costs_to_the_end(leaf, start) if n_words > 1 else None
    queue = [(0, next(ticket), 0, start, 0)]
    paths: list[tuple[int, int]] = [(0, 0)]  # path p ends with byte paths[p][1] after path paths[p][0]
    visits: dict[Place, int] = {}
    while queue:
        _, _, cost, place, path = heapq.heappop(queue)
        if visits.get(place, 0) == n_words:
            continue
        visits[place] = visits.get(place, 0) + 1
        if _may_end(leaf, place):
            yield _spelled(paths, path)
        for byte, after in _ways_from(leaf, place, n_words):
            if remaining is not None and after not in remaining:
                continue
            if len(paths) > MAX_PLACES:
                raise LimitExceeded("The search for a shortest word", len(paths), MAX_PLACES)
            paths.append((path, byte))
            so_far = cost + ONE_BYTE + RANK[byte]
            at_least = so_far if remaining is None else so_far + remaining[after]
            heapq.heappush(queue, (at_least, next(ticket), so_far, after, len(paths) - 1))


def _costs_to_the_end(leaf: Automaton, start: Place) -> dict[Place, int]:
    """The least cost from each place to the end of a word, by Dijkstra's algorithm against the edges."""
    found = {start}
    todo = [start]
    arrivals: dict[Place, list[tuple[Place, int]]] = {}
    while todo:
        place = todo.pop()
        for byte, after in _ways_from(leaf, place, 1):
            arrivals.setdefault(after, []).append((place, ONE_BYTE + RANK[byte]))
            if after not in found:
                if len(found) > MAX_PLACES // 10:
                    raise LimitExceeded("The search for further words", len(found), MAX_PLACES // 10)
                found.add(after)
                todo.append(after)
    costs: dict[Place, int] = {}
    ticket = count()
    queue = [(0, next(ticket), place) for place in found if _may_end(leaf, place)]
    while queue:
        cost, _, place = heapq.heappop(queue)
        if place in costs:
            continue
        costs[place] = cost
        for source, step in arrivals.get(place, ()):
            heapq.heappush(queue, (cost + step, next(ticket), source))
    return costs


def _may_end(leaf: Automaton, place: Place) -> bool:
    automaton, state, units = place
    return bool(automaton.accepting[state]) and units >= (leaf.counter or (0,))[0]


def _ways_from(leaf: Automaton, place: Place, n_best: int) -> Iterator[tuple[int, Place]]:
    """The bytes that may be read at a place, each with the place that follows."""
    minimum, maximum = leaf.counter or (0, None)
    automaton, state, units = place
    for byte, after, target, unit in _ways_on(automaton, state, n_best):
        if unit == CLOSES and units < minimum:
            continue
        read = units + (unit == BEGINS_UNIT)
        if maximum is None:
            read = min(read, minimum)  # more of them make no difference
        elif read > maximum:
            continue
        yield byte, (after, target, read)


def _spelled(paths: list[tuple[int, int]], path: int) -> bytes:
    spelled = bytearray()
    while path:
        path, byte = paths[path]
        spelled.append(byte)
    return bytes(reversed(spelled))


@lru_cache(maxsize=1 << 14)
def _ways_on(automaton: ByteAutomaton, state: int, n_best: int) -> list[tuple[int, ByteAutomaton, int, int]]:
    """(byte, automaton, state, unit): where a state leads in order of rank, for each target by its `n_best` bytes."""
    ways: list[tuple[int, ByteAutomaton, int, int]] = []
    n_taken: dict[tuple[ByteAutomaton, int, int], int] = {}
    following = _following(automaton, state)
    for byte in sorted(following, key=RANK.__getitem__):
        way = following[byte]
        n_taken[way] = n_taken.get(way, 0) + 1
        if n_taken[way] <= n_best:
            ways.append((byte, *way))
    return ways


def _following(automaton: ByteAutomaton, state: int) -> dict[int, tuple[ByteAutomaton, int, int]]:
    """What follows each byte that may be read: an edge of its own, else one of the base."""
    following: dict[int, tuple[ByteAutomaton, int, int]] = {}
    if automaton.base is not None and automaton.base_automaton is not None and automaton.base[state] >= 0:
        following = _following(automaton.base_automaton, int(automaton.base[state]))
    rows = slice(int(automaton.edge_start[state]), int(automaton.edge_start[state + 1]))
    for (low, high, target), unit in zip(
        automaton.edges[rows].tolist(), automaton.edge_unit[rows].tolist(), strict=True
    ):
        for byte in range(low, high + 1):
            if target == REFUSED:
                following.pop(byte, None)
            elif target >= 0:
                following[byte] = (automaton, target, unit)
            else:
                following[byte] = (*automaton.links[-1 - target], unit)
    return following
