"""Temporal logic over finite traces, by the definition: a formula holds at a position if the words of its operator do.

Nothing is shared with the library but the names of the nodes: no automaton, no negation normal form, no memory; each
operator looks at all positions that its definition speaks of. Slow, and meant to be read beside a textbook.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from maskwright.grammar.behaviour.logic import formula as fm
from maskwright.grammar.behaviour.logic.formula import Formula


def satisfies(trace: Sequence[Any], formula: Formula, position: int = 0) -> bool:
    """Does the formula hold at this position of a trace of letters, which is not empty?"""

    def at(part: Formula, place: int) -> bool:
        return satisfies(trace, part, place)

    here, n = position, len(trace)
    match formula:
        case fm.Constant(value):
            return value
        case fm.Holds(atom):
            return bool(trace[here].holds(atom))
        case fm.Not(part):
            return not at(part, here)
        case fm.And(parts):
            return all(at(part, here) for part in parts)
        case fm.Or(parts):
            return any(at(part, here) for part in parts)
        case fm.Next(part):
            return here + 1 < n and at(part, here + 1)
        case fm.WeakNext(part):
            return here + 1 >= n or at(part, here + 1)
        case fm.Previous(part):
            return here >= 1 and at(part, here - 1)
        case fm.WeakPrevious(part):
            return here < 1 or at(part, here - 1)
        case fm.Until(left, right):
            return any(at(right, j) and all(at(left, k) for k in range(here, j)) for j in range(here, n))
        case fm.Release(left, right):
            return all(at(right, j) or any(at(left, k) for k in range(here, j)) for j in range(here, n))
        case fm.Since(left, right):
            return any(at(right, j) and all(at(left, k) for k in range(j + 1, here + 1)) for j in range(here + 1))
        case fm.Triggered(left, right):
            return all(at(right, j) or any(at(left, k) for k in range(j + 1, here + 1)) for j in range(here + 1))
    raise AssertionError(formula)


_UNARY_PAST = (fm.previous, fm.weak_previous, fm.once, fm.historically)
_BINARY_PAST = (fm.since, fm.triggered)
_UNARY_FUTURE = (fm.next_, fm.weak_next, fm.eventually, fm.globally)
_BINARY_FUTURE = (fm.until, fm.release, fm.weak_until, fm.strong_release)


def random_formula(rng: random.Random, size: int, names: Sequence[str], *, has_past: bool) -> Formula:
    """A formula of about `size` operators and atoms, none of the future inside the past."""
    return _random(rng, size, names, has_past=has_past, has_future=True)


def _random(rng: random.Random, size: int, names: Sequence[str], *, has_past: bool, has_future: bool) -> Formula:
    def part(part_size: int, *, future: bool) -> Formula:
        return _random(rng, part_size, names, has_past=has_past, has_future=future)

    if size <= 1:
        if rng.random() < 0.1:
            return rng.choice(
                [fm.TRUE, fm.FALSE, fm.LAST if has_future else fm.TRUE, fm.FIRST if has_past else fm.TRUE]
            )
        return fm.holds(rng.choice(names))
    is_past = has_past and (not has_future or rng.random() < 0.4)
    if size == 2 or rng.random() < 0.35:
        if rng.random() < 0.3:
            return fm.negation(part(size - 1, future=has_future))
        if is_past:
            return rng.choice(_UNARY_PAST)(part(size - 1, future=False))
        if has_future:
            return rng.choice(_UNARY_FUTURE)(part(size - 1, future=True))
    left = rng.randint(1, max(1, size - 2))
    if rng.random() < 0.5 or not (is_past or has_future):
        joins: list[Callable[..., Formula]] = [fm.conjunction, fm.disjunction, fm.implies, fm.equivalent]
        return rng.choice(joins)(part(left, future=has_future), part(size - 1 - left, future=has_future))
    if is_past:
        return rng.choice(_BINARY_PAST)(part(left, future=False), part(size - 1 - left, future=False))
    return rng.choice(_BINARY_FUTURE)(part(left, future=True), part(size - 1 - left, future=True))
