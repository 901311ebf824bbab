"""Words that several automata accept together: the shortest one, and the one nearest to a given word.

All questions of `analysis` about a specification are of this form. Can the rules be kept together? Is there a word that
all of them accept. Does the flow imply a rule? There is none that the flow accepts and the rule's complement. What
should this trace have been? The nearest one. So there is one search, and nothing multiplies automata out.

The search is A* over (a state of each automaton, a place in the given word); an edit - to insert, delete or replace
a letter - costs one. What an automaton needs *by itself* from a state and a place to the end is computed beforehand
(dynamic programming over the word, backwards); the largest of these is a bound for all together, exact where one of
them decides, as the flow does most often. Where some automaton by itself has no way, nothing is searched. To keep
letters is tried before all changes, and of nodes that look alike the one furthest on: so changes are looked at only
near the places that need one.

Where many rules are open that say nothing of each other, that bound is too low to help (n of them: 2^n nodes). Then,
and where it is only asked whether there is a word at all (`Endings`), the search goes where the *sum* of what they need
is least.

Source: Hart, Nilsson, Raphael, "A formal basis for the heuristic determination of minimum cost paths" (1968), section
3; Wagner, "Order-n correction for regular languages" (1974) for the tables.
Cost: O(length * states * letters) numbers for each automaton, and a microsecond for each letter and automaton at a node
where changes are looked at. Rejected: to multiply the automata and minimise: 2^n states for those n rules, of which
the search by the sum looks at n.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.analysis.machines import (
    NO_WAY,
    Machine,
    Vector,
    is_accepted,
    representatives,
    stepped,
    with_insertions,
)

MAX_NODES_PROVED = 10_000
"""After so many nodes, half a second, a search for the nearest word is content with a near one."""
MAX_NODES = 100_000
"""After so many nodes a search for any word gives up."""


MAX_TABLES = 40
"""Automata, the first ones, of which it is always computed what they need by themselves."""

_Node = tuple[Vector, int]
"""Where a search is: the states, and the place in the word."""


class EditKind(Enum):
    """What is done at a place of a word."""

    KEEP = "keep"
    INSERT = "insert"
    DELETE = "delete"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Edit:
    """One step from a word to another: at `place` of the word (before it, if inserting) put `letter`; None: nothing."""

    kind: EditKind
    place: int
    letter: int | None


@dataclass(frozen=True, slots=True)
class Repair:
    """A way from a word to one that is accepted. is_nearest: is it proved that no other has fewer edits?"""

    edits: tuple[Edit, ...]
    is_nearest: bool

    @property
    def cost(self) -> int:
        """How many edits are not to keep a letter."""
        return sum(edit.kind is not EditKind.KEEP for edit in self.edits)


class Endings:
    """Which vectors of some automata have an ending that all accept (mutable: it remembers what it found)."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self.machines = tuple(machines)
        self._known: dict[Vector, bool] = {}
        self._letters = representatives(machines)

    def has(self, vector: Vector) -> bool:
        """Is there a word, the empty one included, that all automata accept from a vector on? Raises LimitExceeded.

        The search goes where the automata need least, all together, and ends where one that is known begins.
        """
        came: dict[Vector, tuple[Vector, int] | None] = {vector: None}
        queue = [(0, vector)] if self._to_accept(vector) < NO_WAY else []
        n_done = 0
        while queue:
            _, here = heapq.heappop(queue)
            n_done += 1
            if self._ends(here):
                return self._remembered(came, here)
            if n_done > MAX_NODES:
                raise LimitExceeded("The search for an ending that all rules allow", n_done, MAX_NODES)
            for letter in self._letters:
                after = stepped(self.machines, here, letter)
                if after not in came and self._known.get(after, True):
                    came[after] = (here, letter)
                    if self._ends(after):
                        return self._remembered(came, after)
                    left = self._to_accept(after)
                    if left < NO_WAY:
                        heapq.heappush(queue, (left, after))
        self._known.update(dict.fromkeys(came, False))
        return False

    def _ends(self, vector: Vector) -> bool:
        """Is it known that there is an ending?"""
        return self._known.get(vector, False) or is_accepted(self.machines, vector)

    def _to_accept(self, vector: Vector) -> int:
        """How many letters the automata need, each by itself, added up; at least `NO_WAY` if one has no way."""
        return sum([machine.letters_to_accept[state] for machine, state in zip(self.machines, vector, strict=True)])

    def _remembered(self, came: dict[Vector, tuple[Vector, int] | None], vector: Vector) -> bool:
        """There is an ending from here, and so from all that led here; their letters are tried first from now on."""
        self._known[vector] = True
        at = came[vector]
        while at is not None:
            vector, letter = at
            self._known[vector] = True
            self._letters.remove(letter)
            self._letters.insert(0, letter)
            at = came[vector]
        return True


def shortest_word(machines: Sequence[Machine], vector: Vector) -> tuple[int, ...] | None:
    """A shortest word that all automata accept from a vector on; None if there is none. Raises LimitExceeded.

    Where that takes more than `MAX_NODES_PROVED` nodes, it is a short word, not proved to be the shortest.
    """
    repair = nearest_word(machines, vector, ())
    return None if repair is None else tuple(edit.letter for edit in repair.edits if edit.letter is not None)


def nearest_word(machines: Sequence[Machine], vector: Vector, word: Sequence[int | None]) -> Repair | None:
    """The fewest edits that make of `word` one that all automata accept from a vector on; None: there is no such word.

    A letter None of the word is one that nobody knows: it has to be replaced or deleted. Of several ways the same is
    found each time. Raises LimitExceeded.

        nearest_word([machine of "a b c"], (0,), [a, c])  ->  keep a, insert b, keep c
    """
    try:
        edits = _found(machines, vector, word, _carefully, MAX_NODES_PROVED)
    except LimitExceeded:
        return Repair(_found(machines, vector, word, _hastily, MAX_NODES) or (), False)
    return None if edits is None else Repair(edits, True)


def _carefully(cost: int, to_go: Sequence[int]) -> int:
    """No more than the whole cost, so that the first word that is found is the nearest."""
    return cost + max(to_go, default=0)


def _hastily(_: int, to_go: Sequence[int]) -> int:
    """First what is nearest to the end for all automata together, whatever it cost."""
    return sum(to_go)


def _found(
    machines: Sequence[Machine],
    vector: Vector,
    word: Sequence[int | None],
    rank: Callable[[int, Sequence[int]], int],
    max_nodes: int,
) -> tuple[Edit, ...] | None:
    """Best-first search: the edits of the first way to the end of the word and to acceptance, in the order of `rank`.

    Raises LimitExceeded at the node after `max_nodes`.
    """
    letters = representatives(machines)
    tables = _tables(machines, vector, word)

    def to_go(vector: Vector, place: int) -> list[int]:
        return [int(table[place, state]) for table, state in zip(tables, vector, strict=True)]

    start = (vector, 0)
    costs = {start: 0}
    came: dict[_Node, tuple[_Node, Edit]] = {}
    done: set[tuple[_Node, bool]] = set()
    queue: list[tuple[int, int, bool, int, _Node]] = []
    if max(to_go(*start), default=0) < NO_WAY:
        queue.append((0, 0, False, 0, start))
    while queue:
        worth, _, changes, _, node = heapq.heappop(queue)
        if (node, changes) in done:
            continue
        done.add((node, changes))
        vector, place = node
        if place == len(word) and is_accepted(machines, vector):
            return _way(came, node)
        if len(done) > max_nodes:
            raise LimitExceeded("The search for a trace that all rules allow", len(done), max_nodes)
        if not changes:
            heapq.heappush(queue, (worth, -place, True, len(came), node))
        for edit, after in (_changes if changes else _kept)(machines, vector, place, word, letters):
            cost = costs[node] + changes
            if (after, False) in done or cost >= costs.get(after, NO_WAY):
                continue
            left = to_go(*after)
            if max(left, default=0) < NO_WAY:
                costs[after] = cost
                came[after] = (node, edit)
                # Of equal ranks the one that is further on, and of those the first found: few nodes, one answer.
                heapq.heappush(queue, (rank(cost, left), -after[1], False, len(came), after))
    return None


def _kept(
    machines: Sequence[Machine], vector: Vector, place: int, word: Sequence[int | None], _: Sequence[int]
) -> Iterator[tuple[Edit, _Node]]:
    """To keep the letter at a place, if it is one; this is looked at before all changes, which are many."""
    written = word[place] if place < len(word) else None
    if written is not None:
        yield Edit(EditKind.KEEP, place, written), (stepped(machines, vector, written), place + 1)


def _changes(
    machines: Sequence[Machine], vector: Vector, place: int, word: Sequence[int | None], letters: Sequence[int]
) -> Iterator[tuple[Edit, _Node]]:
    """Every change at a place, with the node that it leads to."""
    successors = [(letter, stepped(machines, vector, letter)) for letter in letters]
    if place < len(word):
        for letter, after in successors:
            if letter != word[place]:
                yield Edit(EditKind.REPLACE, place, letter), (after, place + 1)
        yield Edit(EditKind.DELETE, place, None), (vector, place + 1)
    for letter, after in successors:
        if after != vector:
            yield Edit(EditKind.INSERT, place, letter), (after, place)


def _way(came: dict[_Node, tuple[_Node, Edit]], node: _Node) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    while node in came:
        node, edit = came[node]
        edits.append(edit)
    return tuple(reversed(edits))


def _tables(machines: Sequence[Machine], vector: Vector, word: Sequence[int | None]) -> list[NDArray[np.int32]]:
    """A bound for each automaton, indexed by place and state.

    Of very many (one for each of hundreds of values) only those that refuse the word have a bound worth its price; of
    the others it is only said where there is no way at all.
    """
    known = [letter for letter in word if letter is not None]
    tables = []
    for number, (machine, state) in enumerate(zip(machines, vector, strict=True)):
        for letter in known if number >= MAX_TABLES else ():
            state = machine.step(state, letter)
        if number >= MAX_TABLES and machine.dfa.accepting[state]:
            is_lost = np.where(machine.to_accept < NO_WAY, 0, NO_WAY).astype(np.int32)
            tables.append(np.broadcast_to(is_lost, (len(word) + 1, len(is_lost))))
        else:
            tables.append(_edits_to_go(machine, word))
    return tables


def _edits_to_go(machine: Machine, word: Sequence[int | None]) -> NDArray[np.int32]:
    """int32[len(word) + 1, n_states]: the fewest edits from a place and a state to the end, for one automaton."""
    transitions = machine.dfa.transitions
    columns = np.unique(machine.columns)
    successors = transitions[:, columns]
    table = np.empty((len(word) + 1, len(transitions)), np.int32)
    table[-1] = machine.to_accept
    for place in range(len(word) - 1, -1, -1):
        after = table[place + 1]
        best = np.minimum(after, after[successors].min(axis=1)) + 1
        written = word[place]
        if written is not None:
            best = np.minimum(best, after[transitions[:, machine.columns[written]]])
        table[place] = with_insertions(np.minimum(best, NO_WAY), successors)
    return table
