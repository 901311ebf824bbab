"""The members of an object in a flat style, as one node: in the declared order or in any.

Everything before a member's name is the same for all (the opening), and so is what stands behind it (blanks), so a
member is `opening name rest`. In the declared order they are a path with a state for each place, as in
`json_schema.containers`; in any order the opening is what separates the entries of a `Permutation`.

Undeclared members come last, or anywhere, and their names may be repeated: nothing in the engine can compare names
that are not JSON. A reader keeps the last value of a name, so what is read is an instance all the same; where it might
not be, because members are counted, the caller refuses the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maskwright.grammar.ir import EPSILON, NOTHING, Network, Node, Permutation, choice, sequence

State = tuple[int, int]


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
        n = len(self.declared)
        steps: dict[State, list[tuple[Node, State]]] = {}
        todo: list[State] = [(0, 0)]
        for state in todo:  # grows while it is read
            if state not in steps:
                steps[state] = list(self._steps(opening, state))
                todo += [target for _, target in steps[state]]
        ends = [state for state in steps if state[0] == n and state[1] >= self.minimum]
        return _network([(state, *step) for state, found in steps.items() for step in found], ends)

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


def _network(edges: Sequence[tuple[State, Node, State]], ends: Sequence[State]) -> Node:
    """The paths from state (0, 0) to one of the ends; states that lead to no end are left out."""
    sources: dict[State, list[State]] = {}
    for source, _, target in edges:
        sources.setdefault(target, []).append(source)
    todo = [*ends]
    alive = dict.fromkeys(todo)
    for state in todo:  # grows while it is read
        found = [source for source in sources.get(state, ()) if source not in alive]
        alive.update(dict.fromkeys(found))
        todo += dict.fromkeys(found)
    start = (0, 0)
    if start not in alive:
        return NOTHING
    number = {state: place for place, state in enumerate([start, *(one for one in alive if one != start)])}
    final = len(number)
    kept = [(number[one], label, number[other]) for one, label, other in edges if one in number and other in number]
    return Network(final + 1, (*kept, *((number[state], EPSILON, final) for state in ends)))
