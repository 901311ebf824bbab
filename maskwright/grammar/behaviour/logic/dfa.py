"""Deterministic automata over letters: what rules and flows become.

They read finished segments, one letter each, and are complete: where nothing can follow, there is a sink. Traces are
not empty, so whether the start state accepts says nothing unless the automaton comes back to it: `accepts` refuses the
empty word, comparisons ignore it, and `minimised` merges a start state that is never reached again with a state that
goes on in the same way. States are numbered breadth first, letters in their order, so minimal automata of one language
are equal arrays.

Source: Moore 1956 for the merging, by rounds over all states; product and difference as in Hopcroft and Ullman, chapter
3. Cost: a round is 0.1 to 1 µs a state. Rejected: Hopcroft's refinement, which pays for itself only in automata far
larger than rules have, as most need two or three rounds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InvalidOption, LimitExceeded
from maskwright.grammar.behaviour.logic.guards import guard
from maskwright.grammar.behaviour.logic.letter_json import letter_from_json, letter_to_json
from maskwright.grammar.behaviour.logic.printer import print_formula

MAX_STATES = 100_000
"""How many states a construction may make, unless told otherwise: with few letters, one to seven seconds."""


@dataclass(frozen=True, eq=False)
class DFA:
    """A complete automaton whose states can all be reached; 0 is the start.

    letters: anything with `holds(atom)` and a `str`, usually `Letter` or `Valuation`.
    transitions: int32[n_states, n_letters], the next state. accepting: bool[n_states].
    """

    letters: tuple[Any, ...]
    transitions: NDArray[np.int32]
    accepting: NDArray[np.bool_]

    @property
    def n_states(self) -> int:
        """The number of states, sink and start included."""
        return len(self.accepting)

    def step(self, state: int, letter: int) -> int:
        """The state after one more letter, given by its place in `letters`."""
        return int(self.transitions[state, letter])

    def accepts(self, word: Sequence[int]) -> bool:
        """Is this word of letters (their places) accepted? The empty word never is."""
        state = 0
        for letter in word:
            state = self.step(state, letter)
        return len(word) > 0 and bool(self.accepting[state])

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """bool[n_states]: can acceptance still be reached, or is it here already?"""
        return self._leading_to(self.accepting)

    @cached_property
    def always(self) -> NDArray[np.bool_]:
        """bool[n_states]: does the state accept, and every state that can follow?"""
        return ~self._leading_to(~self.accepting)

    def _leading_to(self, goal: NDArray[np.bool_]) -> NDArray[np.bool_]:
        found = goal
        while True:
            more = found | found[self.transitions].any(axis=1)
            if (more == found).all():
                return found
            found = more

    def complement(self) -> DFA:
        """The automaton of all other traces."""
        return replace(self, accepting=~self.accepting)

    def with_letters(self, letters: Sequence[Any], columns: Sequence[int] | NDArray[np.int32]) -> DFA:
        """The automaton that reads each of `letters` as that one of its own whose place stands in `columns`."""
        if len(letters) != len(columns):
            raise InvalidOption("columns", len(columns), f"as many as the {len(letters)} letters")
        return reachable(tuple(letters), self.transitions[:, np.asarray(columns, np.int32)], self.accepting)

    def to_dot(self, name: str = "automaton") -> str:
        """A drawing for Graphviz: letters that lead from one state to the same other are one short formula."""
        lines = [f"digraph {json.dumps(name)} {{", "  rankdir=LR; start [shape=point]; start -> 0;"]
        for state, accepts in enumerate(self.accepting.tolist()):
            style = "" if self.live[state] else ", style=dashed"
            lines.append(f"  {state} [shape={'doublecircle' if accepts else 'circle'}{style}];")
        for state, row in enumerate(self.transitions.tolist()):
            for target in dict.fromkeys(row):
                label = print_formula(guard(self.letters, [letter for letter, to in enumerate(row) if to == target]))
                lines.append(f"  {state} -> {target} [label={json.dumps(label, ensure_ascii=False)}];")
        return "\n".join([*lines, "}", ""])

    def to_json(self) -> str:
        """The automaton as a JSON text that `from_json` reads."""
        return json.dumps(
            {
                "letters": [letter_to_json(letter) for letter in self.letters],
                "transitions": self.transitions.tolist(),
                "accepting": [int(accepts) for accepts in self.accepting],
            },
            ensure_ascii=False,
        )

    @staticmethod
    def from_json(text: str) -> DFA:
        """The automaton of a text of `to_json`; raises InvalidOption for any other."""
        try:
            fields = json.loads(text)
            letters = tuple(letter_from_json(value) for value in fields["letters"])
            accepting = np.array(fields["accepting"], np.int32)
            transitions = np.array(fields["transitions"], np.int32).reshape(len(accepting), len(letters))
            # An array of int32 cuts fractions off, so what stands in the text is looked at too.
            kinds = {type(one) for row in [fields["accepting"], *fields["transitions"]] for one in row}
            is_valid = len(accepting) > 0 and kinds == {int} and np.isin(accepting, (0, 1)).all()
            is_valid = is_valid and ((transitions >= 0) & (transitions < len(accepting))).all()
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            is_valid = False
        if not is_valid:
            raise InvalidOption("text", text[:100], "an automaton as `to_json` writes it")
        return reachable(letters, transitions, accepting.astype(np.bool_))


def reachable(
    letters: tuple[Any, ...], transitions: NDArray[np.int32], accepting: NDArray[np.bool_], start: int = 0
) -> DFA:
    """The automaton of these arrays without states that cannot be reached from `start`, numbered breadth first."""
    number = np.full(len(accepting), -1, np.int32)
    number[start] = 0
    n_found = 1
    layers = [np.array([start])]
    while len(layers[-1]):
        targets = transitions[layers[-1]].ravel()
        fresh, first = np.unique(targets[number[targets] < 0], return_index=True)
        fresh = fresh[np.argsort(first)]
        number[fresh] = np.arange(n_found, n_found + len(fresh), dtype=np.int32)
        n_found += len(fresh)
        layers.append(fresh)
    order = np.concatenate(layers)
    return DFA(letters, number[transitions[order]], accepting[order])


def minimised(dfa: DFA) -> DFA:
    """The smallest complete automaton of the same traces (the empty word set aside)."""
    has_lone_start = not (dfa.transitions == 0).any()
    block = _merged(dfa.transitions, dfa.accepting, has_lone_start)
    _, first = np.unique(block, return_index=True)
    transitions, accepting = block[dfa.transitions[first]], dfa.accepting[first].copy()
    start = int(block[0])
    if has_lone_start:
        # The start has a block of its own: any state that goes on alike will do, first of all one that rejects.
        accepting[start] = False
        alike = np.flatnonzero((transitions == transitions[start]).all(axis=1))
        others = alike[alike != start]
        if len(others):
            start = int(others[np.argsort(accepting[others], kind="stable")[0]])
    return reachable(dfa.letters, transitions.astype(np.int32), accepting, start)


def _merged(transitions: NDArray[np.int32], accepting: NDArray[np.bool_], has_lone_start: bool) -> NDArray[np.int32]:
    """int32[n_states]: the block of each state, where equivalent states share one; a lone start has its own."""
    block = accepting.astype(np.int32)
    if has_lone_start:
        block[0] = 2
    n_blocks = len(np.unique(block))
    while True:
        # A row of this table is what tells a state from others now: its block, and the blocks of what follows.
        table = np.concatenate([block[:, None], block[transitions]], axis=1)
        width = table.shape[1] * table.itemsize
        rows = table.tobytes()
        number: dict[bytes, int] = {}
        block = np.array(
            [number.setdefault(rows[at : at + width], len(number)) for at in range(0, len(rows), width)], np.int32
        )
        if len(number) == n_blocks:
            return block
        n_blocks = len(number)


def product(a: DFA, b: DFA, combine: Callable[[bool, bool], bool], *, max_states: int = MAX_STATES) -> DFA:
    """The automaton that runs both and accepts as `combine` says of the two: `operator.and_` for both at once.

    Raises LimitExceeded when more than `max_states` pairs of states can be reached. It is not minimal.
    """
    _check_same_letters(a, b)
    number = {0: 0}
    order = [0]
    rows = []
    for pair in order:
        following = (a.transitions[pair // b.n_states].astype(np.int64) * b.n_states) + b.transitions[pair % b.n_states]
        for target in following.tolist():
            if target not in number:
                number[target] = len(order)
                order.append(target)
        if len(order) > max_states:
            raise LimitExceeded("The product of two automata", len(order), max_states)
        rows.append([number[target] for target in following.tolist()])
    pairs = [divmod(pair, b.n_states) for pair in order]
    accepting = [bool(combine(bool(a.accepting[left]), bool(b.accepting[right]))) for left, right in pairs]
    return DFA(a.letters, np.array(rows, np.int32).reshape(len(order), -1), np.array(accepting, np.bool_))


def difference_witness(a: DFA, b: DFA) -> list[int] | None:
    """A shortest word, not empty, that one accepts and the other does not; None if there is none.

    Of several the first in the order of letters.
    """
    _check_same_letters(a, b)
    came_from: dict[tuple[int, int], tuple[tuple[int, int], int] | None] = {(0, 0): None}
    waiting = [(0, 0)]
    for pair in waiting:
        following = zip(a.transitions[pair[0]].tolist(), b.transitions[pair[1]].tolist(), strict=True)
        for letter, target in enumerate(following):
            if a.accepting[target[0]] != b.accepting[target[1]]:
                word = [letter]
                at = came_from[pair]
                while at is not None:
                    word.append(at[1])
                    at = came_from[at[0]]
                return word[::-1]
            if target not in came_from:
                came_from[target] = (pair, letter)
                waiting.append(target)
    return None


def _check_same_letters(a: DFA, b: DFA) -> None:
    if a.letters != b.letters:
        raise InvalidOption("letters", len(b.letters), "those of the other automaton, in the same order")
