"""A graph between named states as a `Network`, which numbers its states and has none that lie on no way to the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from maskwright.grammar.ir import EPSILON, NOTHING, Network, Node

State = TypeVar("State")


def path_network(edges: Sequence[tuple[State, Node, State]], start: State, ends: Sequence[State]) -> Node:
    """All paths from the start to one of the ends; `NOTHING` if there are none."""
    forward = _reached([start], [(source, target) for source, _, target in edges])
    backward = _reached(ends, [(target, source) for source, _, target in edges])
    live = [state for state in forward if state in backward]
    if start not in live:
        return NOTHING
    number = {state: place for place, state in enumerate(live)}
    final = len(number)
    kept = [(number[one], label, number[other]) for one, label, other in edges if one in number and other in number]
    kept += [(number[state], EPSILON, final) for state in ends if state in number]
    return Network(final + 1, tuple(kept))


def _reached(first: Iterable[State], steps: Iterable[tuple[State, State]]) -> dict[State, None]:
    """What the steps lead to, the first ones first."""
    following: dict[State, list[State]] = {}
    for source, target in steps:
        following.setdefault(source, []).append(target)
    todo = list(first)
    found = dict.fromkeys(todo)
    for state in todo:  # grows while it is read
        new = [target for target in dict.fromkeys(following.get(state, ())) if target not in found]
        found.update(dict.fromkeys(new))
        todo += new
    return found
