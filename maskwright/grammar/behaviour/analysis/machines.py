"""Automata of rules and flow read together, letter by letter.

A rule's automaton is over letters of its own, mostly two to four; a `Machine` reads it with the letters of all. Several
are run as a vector, a state of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.behaviour.logic.dfa import DFA

NO_WAY = 1 << 29
"""More than any number of edits; twice it is still an int32."""

Vector = tuple[int, ...]
"""One state for each automaton."""


@dataclass(frozen=True, eq=False)
class Machine:
    """An automaton read with the letters of all: `columns[letter]`, int32[n_letters], is the letter of its own."""

    dfa: DFA
    columns: NDArray[np.int32]

    @cached_property
    def _rows(self) -> list[list[int]]:
        return self.dfa.transitions.tolist()  # type: ignore[no-any-return]

    @cached_property
    def _column_of(self) -> list[int]:
        return self.columns.tolist()  # type: ignore[no-any-return]

    @cached_property
    def to_accept(self) -> NDArray[np.int32]:
        """int32[n_states]: the fewest letters to an accepting state; at least `NO_WAY` if there is none."""
        ends = np.where(self.dfa.accepting, 0, NO_WAY).astype(np.int32)
        return with_insertions(ends, self.dfa.transitions[:, np.unique(self.columns)])

    @cached_property
    def letters_to_accept(self) -> list[int]:
        """`to_accept` as Python numbers, which searches add up."""
        return self.to_accept.tolist()  # type: ignore[no-any-return]

    def step(self, state: int, letter: int) -> int:
        """The state after a letter."""
        return self._rows[state][self._column_of[letter]]

    def complement(self) -> Machine:
        """The automaton of the negation."""
        return Machine(self.dfa.complement(), self.columns)


def not_empty(n_letters: int) -> Machine:
    """The words with a letter: a trace is one, and what an automaton says of the empty word means nothing."""
    transitions = np.ones((2, 1), np.int32)
    return Machine(DFA(("any",), transitions, np.array([False, True])), np.zeros(n_letters, np.int32))


def stepped(machines: Sequence[Machine], vector: Vector, letter: int) -> Vector:
    """The states after a letter."""
    return tuple([machine.step(state, letter) for machine, state in zip(machines, vector, strict=True)])


def first_states(machines: Sequence[Machine]) -> Vector:
    """The states before the first letter."""
    return (0,) * len(machines)


def run(machines: Sequence[Machine], word: Sequence[int]) -> Vector:
    """The states after a word, from the start."""
    vector = first_states(machines)
    for letter in word:
        vector = stepped(machines, vector, letter)
    return vector


def is_accepted(machines: Sequence[Machine], vector: Vector) -> bool:
    """May the word end here, for all of them?"""
    return all(bool(machine.dfa.accepting[state]) for machine, state in zip(machines, vector, strict=True))


def representatives(machines: Sequence[Machine]) -> list[int]:
    """One letter, the first, for each set of letters that no automaton tells apart."""
    if not machines:
        return []
    columns = np.stack([machine.columns for machine in machines])
    _, first = np.unique(columns, axis=1, return_index=True)
    return sorted(first.tolist())


def with_insertions(costs: NDArray[np.int32], successors: NDArray[np.int32]) -> NDArray[np.int32]:
    """The costs where letters may be inserted first: the fixed point of c(q) = min(c(q), 1 + min over a of c(q a))."""
    while True:
        better = np.minimum(costs, costs[successors].min(axis=1) + 1)
        if np.array_equal(better, costs):
            return costs
        costs = better
