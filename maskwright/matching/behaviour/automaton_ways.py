"""A short way to the end of a long automaton that counts: of bodies like "three terms, in 80 to 600 characters".

Places there are states times counts, too many to search. But the automaton alone tells how far each state is from the
end, and where a character can be *wasted*: read without getting farther. So a text wastes characters until there are
enough of them, and then takes the shortest way. Cost: a breadth-first search backwards for each automaton, once.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import BEGINS_UNIT, REFUSED, ByteAutomaton

FAR = 1 << 30
ASCII_END = 128


class AutomatonWays:
    """Of one automaton without links and bases.

    distance: int32[n_states], the bytes to an accepting state; nearer, wasting: the number of an edge that leads one
    byte nearer, or that reads an ASCII character and leads no farther; -1 for none.
    """

    def __init__(self, automaton: ByteAutomaton) -> None:
        self._automaton = automaton
        edges, starts = automaton.edges, automaton.edge_start
        n = automaton.n_states
        source = np.repeat(np.arange(n, dtype=np.int32), np.diff(starts))
        target = np.where(edges[:, 2] == REFUSED, -1, edges[:, 2])
        self._is_usable = automaton.base is None and not automaton.links
        self.distance = np.where(automaton.accepting, 0, FAR).astype(np.int32)
        kept = target >= 0
        for level in range(n):
            reached = kept & (self.distance[target.clip(0)] == level) & (self.distance[source] == FAR)
            if not reached.any():
                break
            self.distance[source[reached]] = level + 1
        behind = np.where(kept, self.distance[target.clip(0)], FAR)
        here = self.distance[source]
        is_ascii = edges[:, 0] < ASCII_END
        self._nearer = _first_edge(kept & (behind == here - 1), source, n)
        begins = automaton.edge_unit == BEGINS_UNIT
        self._wasting = _first_edge(kept & is_ascii & begins & (behind <= here), source, n)
        # Where nothing can be wasted, one goes on towards the end, and wastes there.
        self._can_wait = self._is_usable and bool((self._wasting[automaton.accepting] >= 0).all())

    def worst(self, units: int) -> int | None:
        """More bytes than any `text` has that begins at most so many units; None where that is not known."""
        return int(self.distance.max()) + units + 4 if self._can_wait and self.distance.max() < FAR else None

    def length(self, state: int, units: int) -> int | None:
        """Bytes enough for `text`; None where that is not known."""
        if not self._can_wait or self.distance[state] >= FAR:
            return None
        distance = int(self.distance[state])
        return max(distance, units) if self._wasting[state] >= 0 else distance + units + 4

    def text(self, state: int, units: int) -> bytes | None:
        """Bytes from a state to an accepting one that begin at least so many units; None if no such way is seen."""
        if not self._is_usable:
            return None
        text = bytearray()
        edges, unit = self._automaton.edges, self._automaton.edge_unit
        while units > self.distance[state] or not self._automaton.accepting[state]:
            edge = int(self._wasting[state]) if units > self.distance[state] else -1
            if edge < 0:
                edge = int(self._nearer[state])
            if edge < 0:
                return None
            low, high, state = edges[edge].tolist()
            text.append(_readable(low, high))
            units -= int(unit[edge] == BEGINS_UNIT)
        return bytes(text) if units <= 0 else None


@lru_cache(maxsize=64)
def ways_of(automaton: ByteAutomaton) -> AutomatonWays:
    """The ways of an automaton, which are kept."""
    return AutomatonWays(automaton)


def _first_edge(wanted: NDArray[np.bool_], source: NDArray[np.int32], n_states: int) -> NDArray[np.int32]:
    """For each state the first of its edges that is wanted, or -1."""
    first = np.full(n_states, -1, np.int32)
    edges = np.flatnonzero(wanted)[::-1]
    first[source[edges]] = edges
    return first


def _readable(low: int, high: int) -> int:
    """A byte of a range: a letter if there is one."""
    return next((byte for byte in (97, 32, 48) if low <= byte <= high), low)
