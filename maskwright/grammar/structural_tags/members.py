"""The members of an object in a flat style, as one node: in the declared order or in any.

Everything before a member's name is the same for all (the opening), and so is what stands behind it (blanks), so a
member is `opening name rest`. In the declared order they are a path with a state for each place, as in
`json_schema.containers`; in any order the opening is what separates the entries of a `Permutation`.

Undeclared members come last, or anywhere, and their names may be repeated: nothing in the engine can compare names
that are not JSON. A reader keeps the last value of a name, so what is read is an instance all the same; where it might
not be, because members are counted, the caller refuses the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from maskwright.errors import LimitExceeded
from maskwright.grammar.ir import EPSILON, NOTHING, Node, Permutation, choice, sequence
from maskwright.grammar.structural_tags.path_network import path_network

State = tuple[int, int]

MAX_COUNTED: Final = 3_000
"""Places in the order times numbers of members, in one schema; each such state takes some 0.3 ms to compile, so 0.8 s
in all. No limit applies where members are not counted."""


@dataclass(frozen=True, slots=True)
class Member:
    """A declared member: its name, and all that stands between the name and the next opening."""

    name: Node
    rest: Node
    is_required: bool


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one object, with undeclared ones (`NOTHING`: none), and how many there may be."""

    declared: tuple[Member, ...]
    others: Node
    minimum: int
    maximum: int | None

    def in_any_order(self, opening: Node) -> Node:
        """Each declared member at most once, others any number of times."""
        required = tuple(place for place, member in enumerate(self.declared) if member.is_required)
        if self.maximum == 0 or not (self.declared or self.others != NOTHING):
            return EPSILON
        entries = Permutation(
            items=tuple((member.name, member.rest) for member in self.declared),
            required=required,
            separator=opening,
            repeatable=self.others,
            minimum=self.minimum,
            maximum=self.maximum,
        )
        some = sequence(opening, entries)
        return some if required or self.minimum else choice(EPSILON, some)

    def in_order(self, opening: Node) -> Node:
        """The declared members in order, then the others."""
        if not self.minimum and not any(member.is_required for member in self.declared):
            return choice(EPSILON, replace(self, minimum=1).in_order(opening))
        n = len(self.declared)
        steps: dict[State, list[tuple[Node, State]]] = {}
        todo: list[State] = [(0, 0)]
        for state in todo:  # grows while it is read
            if state not in steps:
                steps[state] = list(self._steps(opening, state))
                todo += [target for _, target in steps[state]]
        ends = [state for state in steps if state[0] == n and state[1] >= self.minimum]
        return path_network([(state, *step) for state, found in steps.items() for step in found], (0, 0), ends)

    def _steps(self, opening: Node, state: State) -> Iterator[tuple[Node, State]]:
        """What may come next, and the state after it: the place in the order, and how many members there were."""
        place, count = state
        n = len(self.declared)
        # From the greatest number that anyone asks for on, it does not matter how many there are.
        after = min(count + 1, self.minimum if self.maximum is None else self.maximum)
        if self.maximum is None or count < self.maximum:
            if place < n:
                member = self.declared[place]
                yield sequence(opening, member.name, member.rest), (place + 1, after)
            elif self.others != NOTHING:
                yield sequence(opening, self.others), (n, after)
        if place < n and not self.declared[place].is_required:
            yield EPSILON, (place + 1, count)


class Counts:
    """The states that differ in a number of members, in all objects of one schema (mutable: it adds them up)."""

    def __init__(self) -> None:
        self._n_states = 0

    def add(self, n_declared: int, has_others: bool, minimum: int, maximum: int | None) -> None:
        """Add an object whose members stand in the declared order; raises LimitExceeded."""
        counted = minimum if maximum is None else maximum
        if not has_others:
            counted = min(counted, n_declared)
        if counted > 1:
            self._n_states += (n_declared + 1) * counted
        if self._n_states > MAX_COUNTED:
            remedy = "ask for fewer properties in minProperties or maxProperties, or leave them out"
            what = "Counting the members of objects in their order"
            raise LimitExceeded(what, self._n_states, MAX_COUNTED, remedy=remedy)
