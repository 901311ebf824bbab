"""Progression: what is left to satisfy of a formula after one letter, its derivative by that letter.

A state is two things: a Boolean function that a rest must satisfy if it is not empty, and whether it may be empty.
The variables of the function are what can be true at the rest's first position: literals (atoms, and past formulas,
whose values `past` knows), `X f`, and `a U b`. All other operators are said in these with negations, which cost nothing
in a decision diagram: N f is `!X !f`, a R b is `!(!a U !b)`. With d(f) such a pair for the letter at hand,

    d(literal) = (its truth, its truth)          d(X f) = (f, may not be empty)
    d(a U b) = d(b) | d(a) & (a U b, may not be empty)

and d goes through Boolean functions part by part. Equal functions have equal numbers (`decision_diagram`), so states
are compared by number and are finitely many; variables too are known by the numbers of their parts, not by how they are
written. Sources: Brzozowski 1964; De Giacomo and Vardi 2013; Duret-Lutz et al. 2025 for the pairs, which take the place
of a marker for the end. Cost: some microseconds for each pair of node and letter not seen yet; letters that differ only
in literals that a function does not ask about count as one.
Rejected: negation normal form, which has a variable for a formula and another for its opposite, and so tells more
states apart.
"""

from __future__ import annotations

from collections.abc import Mapping

from maskwright.errors import LimitExceeded
from maskwright.grammar.behaviour.logic.decision_diagram import FALSE, TRUE, DecisionDiagrams
from maskwright.grammar.behaviour.logic.formula import (
    PAST,
    And,
    Constant,
    Formula,
    Next,
    Not,
    Or,
    Release,
    Until,
    WeakNext,
    subformulas,
)

MAX_VARIABLES = 300
"""Literals and future operators of one formula: the recursion over variables stays far from Python's limit."""

_NOTHING_LEFT = TRUE << 1 | 1
_IMPOSSIBLE = FALSE << 1


class Progression:
    """The derivatives of one formula; `start` is its state before the first letter.

    A state is an int: the number of the function, doubled, plus 1 if the rest may be empty. `bit_of` says which bit of
    a letter's truth is which literal.
    """

    def __init__(self, formula: Formula, bit_of: Mapping[Formula, int]) -> None:
        self._diagrams = DecisionDiagrams()
        self._number: dict[tuple[str, int, int], int] = {}
        self._meaning: list[tuple[str, int, int]] = []
        self._bit_of = bit_of
        self._asked = [0, 0]
        self._derivatives: dict[tuple[int, int], int] = {}
        functions: dict[Formula, int] = {}
        for part in subformulas(formula, PAST):
            functions[part] = self._function(part, functions)
        self.start = functions[formula] << 1

    def step(self, state: int, truth: int) -> int:
        """The state after one more letter with this truth of the literals."""
        return self._derivative(state >> 1, truth)

    def is_decided(self, state: int) -> bool:
        """Does nothing that follows (if anything does) matter any more?"""
        return state >> 1 <= TRUE

    def _function(self, formula: Formula, functions: Mapping[Formula, int]) -> int:
        """The formula as a function of its variables; `functions` has those of its parts."""
        diagrams = self._diagrams
        match formula:
            case Constant(value):
                return TRUE if value else FALSE
            case Not(part):
                return diagrams.negated(functions[part])
            case And(parts):
                result = TRUE
                for part in parts:
                    result = diagrams.if_then_else(functions[part], result, FALSE)
                return result
            case Or(parts):
                result = FALSE
                for part in parts:
                    result = diagrams.if_then_else(functions[part], TRUE, result)
                return result
            case Next(part):
                return self._variable("X", functions[part])
            case WeakNext(part):
                return diagrams.negated(self._variable("X", diagrams.negated(functions[part])))
            case Until(left, right):
                return self._variable("U", functions[left], functions[right])
            case Release(left, right):
                opposites = (diagrams.negated(functions[part]) for part in (left, right))
                return diagrams.negated(self._variable("U", *opposites))
        return self._variable("literal", self._bit_of[formula])

    def _variable(self, kind: str, left: int, right: int = 0) -> int:
        if kind == "U" and (left in {FALSE, right} or right <= TRUE):
            return right
        if kind == "X" and left == FALSE:
            return FALSE
        meaning = (kind, left, right)
        if meaning not in self._number:
            self._number[meaning] = len(self._meaning)
            self._meaning.append(meaning)
            if len(self._meaning) > MAX_VARIABLES:
                raise LimitExceeded("A formula's count of different operators", len(self._meaning), MAX_VARIABLES)
        return self._diagrams.node(self._number[meaning], FALSE, TRUE)

    def _asks(self, function: int) -> int:
        """The mask of the literals on which the derivative of a function depends."""
        diagrams = self._diagrams
        while len(self._asked) <= function:
            node = len(self._asked)
            kind, left, right = self._meaning[diagrams.variable[node]]
            if kind == "literal":
                mask = 1 << left
            elif kind == "U":
                mask = self._asked[left] | self._asked[right]
            else:
                mask = 0
            self._asked.append(mask | self._asked[diagrams.low[node]] | self._asked[diagrams.high[node]])
        return self._asked[function]

    def _derivative(self, function: int, truth: int) -> int:
        if function <= TRUE:
            return _NOTHING_LEFT if function else _IMPOSSIBLE
        key = (function, truth & self._asks(function))
        found = self._derivatives.get(key)
        if found is None:
            diagrams = self._diagrams
            kind, left, right = self._meaning[diagrams.variable[function]]
            if kind == "literal":
                condition = _NOTHING_LEFT if truth >> left & 1 else _IMPOSSIBLE
            elif kind == "X":
                condition = left << 1
            else:
                goes_on = diagrams.node(diagrams.variable[function], FALSE, TRUE) << 1
                stays = self._if_then_else(self._derivative(left, truth), goes_on, _IMPOSSIBLE)
                condition = self._if_then_else(self._derivative(right, truth), _NOTHING_LEFT, stays)
            high = self._derivative(diagrams.high[function], truth)
            low = self._derivative(diagrams.low[function], truth)
            found = self._derivatives[key] = self._if_then_else(condition, high, low)
        return found

    def _if_then_else(self, condition: int, consequence: int, alternative: int) -> int:
        """Of states, part by part."""
        function = self._diagrams.if_then_else(condition >> 1, consequence >> 1, alternative >> 1)
        return function << 1 | (consequence if condition & 1 else alternative) & 1
