"""The minimal automaton of a flow, by partial derivatives (Antimirov 1996).

What can be left of a flow after one segment is a set of lists of flows to go through, and a counter is just a smaller
counter inside such a list. A state is such a set; where the next segment always tells where one is, each has one list,
and there are as many as the counts spell out. Cost: some 50 µs for each state. Rejected: unrolling counts into a syntax
tree first, which takes memory for parts that the determinisation merges again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.dfa import DFA, minimised
from maskwright.grammar.behaviour.specification.flow import Chain, Choice, Flow, Name, Repeat

MAX_STATES = 5_000
"""States of the automaton of one flow: some seconds, as long chains are merged in quadratic time."""
MAX_LISTS = 200_000
"""Lists of flows in all sets of lists together, for flows whose states are large sets."""

_Todo = tuple[Flow, ...]
"""Flows to go through one after the other; () is the end."""


def flow_dfa(flow: Flow, letters: Sequence[Letter]) -> DFA:
    """The minimal automaton of a flow over letters, of which only the names of the segments count.

    Raises LimitExceeded. `flow_dfa(parse_flow("a b?"), (Letter("a"), Letter("b"))).accepts([0])` -> `True`.
    """
    names = tuple(dict.fromkeys(letter.segment for letter in letters))
    successors = _Derivatives()
    start: frozenset[_Todo] = frozenset({(flow,)})
    numbers = {start: 0}
    waiting = [start]
    rows: list[list[int]] = []
    n_lists = 0
    for todo_lists in waiting:  # grows while it is gone through
        row = []
        for name in names:
            after = frozenset(rest for todo in todo_lists for rest in successors.after(todo, name))
            if after not in numbers:
                numbers[after] = len(waiting)
                waiting.append(after)
                n_lists += len(after)
            row.append(numbers[after])
        rows.append(row)
        if len(waiting) > MAX_STATES:
            raise LimitExceeded("the automaton of a flow", len(waiting), MAX_STATES, remedy="use * or smaller counts")
        if n_lists > MAX_LISTS:
            raise LimitExceeded("the automaton of a flow", n_lists, MAX_LISTS, remedy="tell what is next by its name")
    column = {name: index for index, name in enumerate(names)}
    table = np.array(rows, np.int32).reshape(len(rows), len(names))
    return minimised(
        DFA(
            tuple(letters),
            np.ascontiguousarray(table[:, [column[letter.segment] for letter in letters]]),
            np.array([any(map(_all_nullable, todo_lists)) for todo_lists in waiting], np.bool_),
        )
    )


class _Derivatives:
    """What is left of lists of flows after a segment; found once for each list and name."""

    def __init__(self) -> None:
        self.known: dict[tuple[_Todo, str], frozenset[_Todo]] = {}

    def after(self, todo: _Todo, name: str) -> frozenset[_Todo]:
        """The lists that can be left of `todo` when a segment `name` is read."""
        if (todo, name) not in self.known:
            found: set[_Todo] = set()
            for place, flow in enumerate(todo):
                rest = todo[place + 1 :]
                found.update(left + rest for left in self.after_first(flow, name))
                if not _is_nullable(flow):
                    break
            self.known[todo, name] = frozenset(found)
        return self.known[todo, name]

    def after_first(self, flow: Flow, name: str) -> frozenset[_Todo]:
        """The lists that can be left of one flow."""
        match flow:
            case Name(found):
                return frozenset({()} if found == name else ())
            case Choice(parts):
                return frozenset(rest for part in parts for rest in self.after((part,), name))
            case Chain(parts):
                return self.after(parts, name)
            case Repeat(part, minimum, maximum):
                again = () if maximum == 1 else (_counted_down(part, minimum, maximum),)
                return frozenset(rest + again for rest in self.after((part,), name))
        raise AssertionError(f"unknown kind of flow: {flow!r}")


def _counted_down(part: Flow, minimum: int, maximum: int | None) -> Flow:
    """What is left of a repetition after one round. A part that may be empty can always be taken fewer times."""
    least = 0 if _is_nullable(part) else max(minimum - 1, 0)
    return Repeat(part, least, None if maximum is None else maximum - 1)


def _all_nullable(todo: _Todo) -> bool:
    return all(map(_is_nullable, todo))


def _is_nullable(flow: Flow) -> bool:
    """Can it be gone through without a segment?"""
    match flow:
        case Choice(parts):
            return any(map(_is_nullable, parts))
        case Chain(parts):
            return all(map(_is_nullable, parts))
        case Repeat(part, minimum):
            return minimum == 0 or _is_nullable(part)
    return False
