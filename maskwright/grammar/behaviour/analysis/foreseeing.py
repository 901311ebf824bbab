"""Where the hard rules leave no ending that keeps a further rule, though nothing has broken it yet.

The product of the automata is explored breadth first as far as every hard one can still accept by itself; endings are
then searched backwards through it, once for the hard ones and once for all.
Cost: the product, at most `MAX_VECTORS`; this is the only question of `analysis` that no search for a word answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.analysis.machines import (
    Machine,
    Vector,
    first_states,
    is_accepted,
    representatives,
    stepped,
)

MAX_VECTORS = 20_000
"""Some seconds."""


def last_chance(hard: Sequence[Machine], further: Sequence[Machine]) -> tuple[int, ...] | None:
    """A shortest word after which the hard automata can still accept, each further one too, but not all of them.

    None if there is no such word. Raises LimitExceeded.
    """
    machines = [*hard, *further]
    n_hard = len(hard)
    letters = representatives(machines)
    start = first_states(machines)
    came: dict[Vector, tuple[Vector, int] | None] = {start: None}
    before: dict[Vector, list[Vector]] = {}
    order = [start]
    for vector in order:
        for letter in letters:
            after = stepped(machines, vector, letter)
            if not all(machine.dfa.live[state] for machine, state in zip(hard, after[:n_hard], strict=True)):
                continue
            before.setdefault(after, []).append(vector)
            if after not in came:
                came[after] = (vector, letter)
                order.append(after)
        if len(order) > MAX_VECTORS:
            raise LimitExceeded("The search for a trace that leaves a warning no chance", len(order), MAX_VECTORS)
    can_end = _leading_to((vector for vector in order if is_accepted(hard, vector[:n_hard])), before)
    can_end_well = _leading_to((vector for vector in order if is_accepted(machines, vector)), before)
    for vector in order:
        is_open = all(machine.dfa.live[state] for machine, state in zip(further, vector[n_hard:], strict=True))
        if is_open and vector in can_end and vector not in can_end_well:
            return _word(came, vector)
    return None


def _leading_to(goal: Iterable[Vector], before: dict[Vector, list[Vector]]) -> set[Vector]:
    found = set(goal)
    waiting = list(found)
    while waiting:
        for vector in before.get(waiting.pop(), ()):
            if vector not in found:
                found.add(vector)
                waiting.append(vector)
    return found


def _word(came: dict[Vector, tuple[Vector, int] | None], vector: Vector) -> tuple[int, ...]:
    word: list[int] = []
    at = came[vector]
    while at is not None:
        word.append(at[1])
        at = came[at[0]]
    return tuple(reversed(word))
