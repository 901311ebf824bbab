"""Strings of one grammar's own: which tokens stay inside them, shared by all states that do not differ in that.

A string with a pattern is no automaton that every grammar shares, but most of its states are alike in one respect:
which bytes may follow before the closing quote. While `.*foo.*` looks for "foo" any character may come, whatever was
read; in `https?://.*` any but a line end. Such states differ only in when they may close. So:

 *  states are merged by what they may read *without closing* (minimisation in which every state accepts); a merged
    state's canonical table is its key, the same in every grammar: `.*` is computed once per vocabulary;
 *  for a merged state the tokens are sorted once (`sort_interior`): those that stay inside are allowed in each of its
    states, as every state can be finished. Of the others only those that contain a closing byte can be allowed: some
    thousand in all, a trie of the vocabulary, which is walked from the state in question and so decides exactly.

Cost: 2 ms and 16 KB a merged state (0.5 MB where a counter may ask), only for states that can read many bytes, when a
text reaches one; a byte limit per vocabulary, beyond which such states are walked. Without this a mask inside such a
string takes a millisecond or more, at every token.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.byte_automaton import BEGINS_UNIT, CLOSES, REFUSED, ByteAutomaton
from maskwright.grammar.characters._minimise import minimise

MAX_STATES = 4_000
"""Automata with more states, linked ones included, are not merged: their states are walked."""

MAX_MERGED = 256
"""States of an interior; any string has 15, a pattern that counts its characters has hundreds."""


@dataclass(frozen=True, slots=True, eq=False)
class Interior:
    """What may be read from one state before closing.

    successor: int32[n_states, 256], -1 for a byte that is refused or closes; the state itself is 0.
    begins_unit: uint8[n_states, 256]. closes: bool[256], the bytes that close in any state.
    """

    key: bytes
    successor: NDArray[np.int32]
    begins_unit: NDArray[np.uint8]
    closes: NDArray[np.bool_]


class MergedStates:
    """The merged states of one automaton and all that it links to, if `is_usable`."""

    def __init__(self, automaton: ByteAutomaton) -> None:
        order = _linked(automaton)
        first = np.cumsum([0] + [part.n_states for part in order])
        self.is_usable = int(first[-1]) <= MAX_STATES
        if not self.is_usable:
            return
        number = {part: int(first[i]) for i, part in enumerate(order)}
        successor = np.full((int(first[-1]), 256), -1, dtype=np.int32)
        unit = np.zeros((int(first[-1]), 256), dtype=np.uint8)
        for part in reversed(order):  # what a base says must be there before it is copied
            _write(part, number, successor, unit)
        # A string ends by closing and in no other way, or else tokens could leave it unseen.
        accepting = np.concatenate([part.accepting for part in order])
        enters_end = (successor >= 0) & accepting[successor]
        ends_by_closing = bool((unit[enters_end] == CLOSES).all()) and not accepting[0]
        ends_by_closing &= bool((successor[accepting] < 0).all())
        self._closes = (unit == CLOSES).any(axis=0)
        successor[unit == CLOSES] = -1
        self._begins_unit = (unit == BEGINS_UNIT).astype(np.uint8)
        self._successor = successor.astype(np.int16)  # MAX_STATES fit; these tables are kept for a while
        # Bytes that no edge tells apart are one letter: the minimisation's cost grows with their number.
        cuts = np.concatenate([part.edges[:, 0] for part in order] + [part.edges[:, 1] + 1 for part in order])
        letters = np.unique(np.append(cuts[cuts < 256], 0))
        everything = np.ones(len(successor), dtype=np.bool_)
        # States that differ in what begins a unit must not be merged, though such a case is not known.
        table = np.ascontiguousarray(successor[:, letters])
        self._block_of, _ = minimise(table, everything, everything)
        _, self._representative = np.unique(self._block_of, return_index=True)
        merged_units = self._begins_unit[self._representative][self._block_of]
        self.is_usable = ends_by_closing and bool((merged_units == self._begins_unit).all())

    def of_state(self, state: int) -> Interior | None:
        """The interior of one of the automaton's own states, its states numbered in the order of their discovery.

        None if it has more than MAX_MERGED states: then it counts something, and hardly another state will share it,
        so the automaton's other states need not be tried.
        """
        start = int(self._block_of[state])
        number = {start: 0}
        rows, units = [], []
        for block in (order := [start]):  # grows while it is read
            if len(order) > MAX_MERGED:
                self.is_usable = False
                return None
            row = self._successor[self._representative[block]]
            targets = np.where(row >= 0, self._block_of[row], -1)
            for target in dict.fromkeys(targets[targets >= 0].tolist()):
                if target not in number:
                    number[target] = len(order)
                    order.append(target)
            rows.append(targets)
            units.append(self._begins_unit[self._representative[block]])
        table = np.array(rows, dtype=np.int32)
        renumber = np.full(int(self._block_of.max()) + 2, -1, dtype=np.int32)
        renumber[list(number)] = list(number.values())
        successor = renumber[table]  # -1 picks the last entry, which is -1
        begins_unit = np.array(units, dtype=np.uint8)
        digest = hashlib.blake2b(successor.tobytes() + begins_unit.tobytes() + self._closes.tobytes(), digest_size=16)
        return Interior(digest.digest(), successor, begins_unit, self._closes)


def _linked(automaton: ByteAutomaton) -> list[ByteAutomaton]:
    """The automaton, then all that its links and bases lead to."""
    order = [automaton]
    for part in order:  # grows while it is read
        for target in [*(linked for linked, _ in part.links), *([part.base_automaton] if part.base_automaton else [])]:
            if target not in order:
                order.append(target)
    return order


def _write(
    part: ByteAutomaton, number: dict[ByteAutomaton, int], successor: NDArray[np.int32], unit: NDArray[np.uint8]
) -> None:
    """Write the rows of one automaton into the common table."""
    first = number[part]
    if part.base is not None and part.base_automaton is not None:
        own = np.flatnonzero(part.base >= 0)
        base_rows = number[part.base_automaton] + part.base[own]
        successor[first + own] = successor[base_rows]
        unit[first + own] = unit[base_rows]
    links = [number[linked] + state for linked, state in part.links]
    rows, units, starts = part.edges.tolist(), part.edge_unit.tolist(), part.edge_start.tolist()
    for state in range(part.n_states):
        for edge in range(starts[state], starts[state + 1]):
            low, high, target = rows[edge]
            if target == REFUSED:
                destination = -1
            else:
                destination = first + target if target >= 0 else links[-1 - target]
            successor[first + state, low : high + 1] = destination
            unit[first + state, low : high + 1] = units[edge] if destination >= 0 else 0
