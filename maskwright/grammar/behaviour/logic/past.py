"""What the past operators of a formula must remember: one bit each.

At a position, a past formula is a function of the letter and of bits that are known from the position before:

    Y f    =  the value of f before; false at the first position
    Z f    =  the value of f before; true at the first position
    a S b  =  b | (a & its own value before, which is false at the first)
    a T b  =  b & (a | its own value before, which is true at the first)

So the values are found from the inside out, and the values that someone will ask for are the bits of the next position.
For what lies around it, in the future, a past formula is then an atom like others. Source: Havelund and Rosu 2002.
Cost: at most 2**bits memories, against twice exponential for a future formula of the same size.
Rejected: future inside past, which is refused (`refuse_future_inside_past`): it is seldom meant, and can be said from
its end. What is met in rules, a sequence with X, `rewriting.completed` turns round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from maskwright.errors import SpecError
from maskwright.grammar.behaviour.logic.formula import (
    FUTURE,
    PAST,
    And,
    Constant,
    Formula,
    Holds,
    Not,
    Or,
    Previous,
    Since,
    Triggered,
    WeakPrevious,
    parts_of,
    subformulas,
)
from maskwright.grammar.behaviour.logic.printer import print_formula

FUTURE_INSIDE_PAST = (
    "looks into the future from inside a past operator; say it from its end: O(b & Y a) instead of O(a & X b)"
)


def has_future(formula: Formula) -> bool:
    """Does any future operator stand in the formula?"""
    return any(isinstance(part, FUTURE) for part in subformulas(formula))


def refuse_future_inside_past(formula: Formula) -> None:
    """Raise SpecError if a future operator stands inside a past one."""
    for part in subformulas(formula):
        if isinstance(part, PAST) and has_future(part):
            raise SpecError(f"`{print_formula(part)}` {FUTURE_INSIDE_PAST}", "formula")


class PastMemory:
    """How the values of some past formulas follow from letters, position by position.

    A memory is an int with one bit a slot, and so are truths: `bit_of` says which bit of a letter's truth is which atom
    and which bit of the result is which past formula. `start` is the memory before the first letter.
    """

    def __init__(self, formulas: Sequence[Formula], bit_of: Mapping[Formula, int]) -> None:
        self._slots: dict[tuple[Formula, bool], int] = {}
        self._place: dict[Formula, int] = {}
        self._rules: list[tuple[type[Formula], int, int, int]] = []
        for formula in formulas:
            for part in subformulas(formula):
                if part not in self._place:
                    self._place[part] = len(self._rules)
                    self._rules.append(self._rule(part, bit_of))
        self._results = [(self._place[formula], 1 << bit_of[formula]) for formula in formulas]
        self._kept = [(self._place[formula], 1 << slot) for (formula, _), slot in self._slots.items()]
        self.start = sum(1 << slot for (_, initial), slot in self._slots.items() if initial)
        self._steps: dict[tuple[int, int], tuple[int, int]] = {}

    @property
    def n_bits(self) -> int:
        """How many bits are remembered."""
        return len(self._slots)

    def step(self, memory: int, truth: int) -> tuple[int, int]:
        """After one more letter with this truth of atoms: the truth with that of the past formulas, and the memory."""
        if not self._slots:
            return truth, memory
        found = self._steps.get((memory, truth))
        if found is None:
            found = self._steps[memory, truth] = self._step(memory, truth)
        return found

    def _step(self, memory: int, truth: int) -> tuple[int, int]:
        values = 0
        for place, (kind, left, right, slot) in enumerate(self._rules):
            # left, right and slot are masks of values, values (of the truth, for an atom) and memory.
            if kind is Holds:
                value = truth & right
            elif kind is Not:
                value = not values & right
            elif kind is And:
                value = values & right == right
            elif kind is Or:
                value = values & right
            elif kind is Since:
                value = values & right or (values & left and memory & slot)
            elif kind is Triggered:
                value = values & right and (values & left or memory & slot)
            else:
                value = memory & slot
            if value:
                values |= 1 << place
        for place, bit in self._results:
            if values >> place & 1:
                truth |= bit
        return truth, sum(bit for place, bit in self._kept if values >> place & 1)

    def _rule(self, formula: Formula, bit_of: Mapping[Formula, int]) -> tuple[type[Formula], int, int, int]:
        masks = [1 << self._place[part] for part in parts_of(formula)]
        match formula:
            case Constant(value):
                return (And if value else Or), 0, 0, 0
            case Holds():
                return Holds, 0, 1 << bit_of[formula], 0
            case Previous(part):
                return Previous, 0, 0, self._slot(part, False)
            case WeakPrevious(part):
                return WeakPrevious, 0, 0, self._slot(part, True)
            case Since():
                return Since, masks[0], masks[1], self._slot(formula, False)
            case Triggered():
                return Triggered, masks[0], masks[1], self._slot(formula, True)
        return type(formula), 0, reduce(or_, masks), 0

    def _slot(self, formula: Formula, initial: bool) -> int:
        return 1 << self._slots.setdefault((formula, initial), len(self._slots))
