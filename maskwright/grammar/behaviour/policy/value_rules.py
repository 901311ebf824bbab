"""Rules that hold for every value by itself: one automaton, and a state of it for each value that was seen.

`only_after: {do: delete(id=$x), need: confirm(id=$x)}` is one rule for each x (parametric slicing: Chen and Rosu,
"Parametric Trace Slicing and Monitoring", TACAS 2009). A value that no segment has mentioned is in the *default*
state: it has read every letter as one in which it does not occur. At run time a `Slices` holds the default state and
the values that differ from it.

Before a run there are no values, and looking ahead must not lean on sets that shrink (a confirmation is used up). What
is looked at instead is one value, the *star*, that the model may choose to write at any hole, and beside it *others*:
values that occur nowhere else. An other is only harmless where its state is *safe*: accepting, and for good as long as
it does not occur again, or others write it. So the automaton of the product has the states (default, star); a move
says at which holes the star stands. A value that is not safe during a run (it was opened and must be closed) takes the
part of the star, and if there is none, any value that was seen may, whichever lets the trace be finished; that two
wait at once is not allowed. That is sound and somewhat strict: named where rules are explained to users.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

from maskwright.grammar.behaviour.atoms import Hole, Variable, holes_of, skeleton
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.dfa import DFA
from maskwright.grammar.behaviour.logic.formula import atoms_of
from maskwright.grammar.behaviour.policy.game import DEAD, Table
from maskwright.grammar.behaviour.specification.components import Component
from maskwright.grammar.behaviour.specification.spec import Rule

Value = str
"""A JSON value as a key: its canonical JSON text, so that 1 and true differ, and 1 and 1.0 do not."""

_FRESH = "fresh value "


def fresh_value(known: Collection[Value]) -> Value:
    """Stands for a value that was not seen; no JSON text begins like it."""
    return next(name for i in count() if (name := f"{_FRESH}{i}") not in known)


def is_fresh(value: Value) -> bool:
    """Does it stand for a value that nobody has named yet?"""
    return value.startswith(_FRESH)


@dataclass(frozen=True, slots=True)
class Move:
    """A letter, and at which of its holes the star stands."""

    letter: int
    star: frozenset[Hole]


@dataclass(frozen=True, slots=True)
class Slices:
    """The states of a rule's automaton: that of all values not seen, and those of others that differ from it."""

    default: int
    seen: tuple[tuple[Value, int], ...] = ()

    def state_of(self, value: Value) -> int:
        """The state that a value is in."""
        for one, state in self.seen:
            if one == value:
                return state
        return self.default


def variables_of(rule: Rule) -> tuple[Variable, ...]:
    """The variables that a rule speaks of."""
    found = dict.fromkeys(
        variable
        for formula in (rule.formula, rule.of)
        if formula is not None
        for atom in atoms_of(formula)
        for _, variable in holes_of(atom)
    )
    return tuple(found)


def with_star(letter: Letter, star: frozenset[Hole], rules: tuple[Rule, ...]) -> Letter:
    """The letter as automata read it: with the atoms that hold if the star stands at these holes."""
    atoms = set(letter.atoms)
    for rule in rules:
        for formula in (rule.formula, rule.of):
            for atom in atoms_of(formula) if formula is not None else ():
                holes = holes_of(atom)
                if holes and letter.holds(skeleton(atom)) and all(hole in star for hole, _ in holes):
                    atoms.add(atom)
    return Letter(letter.segment, frozenset(atoms))


class ValueRule:
    """One rule with a variable: its automaton, and what looking ahead needs of it.

    column[letter, holes]: the letter of the automaton if the value in question stands at these holes.
    """

    def __init__(
        self,
        component: Component,
        moves: tuple[Move, ...],
        holes: Mapping[int, tuple[Hole, ...]],
        letters_of_others: frozenset[int],
    ) -> None:
        assert component.rule is not None
        self.rule = component.rule
        self.dfa: DFA = component.dfa
        self._steps: list[list[int]] = self.dfa.transitions.tolist()
        self._column = {(move.letter, move.star): int(component.columns[number]) for number, move in enumerate(moves)}
        self._is_live: list[bool] = self.dfa.live.tolist()
        self._holes = holes
        self.is_safe = self._safe(letters_of_others)
        self.table = self._table(moves)

    def _safe(self, letters_of_others: frozenset[int]) -> list[bool]:
        """Of each state: accepting, and for good unless the model writes a value in it again?"""
        columns = {column for (_, star), column in self._column.items() if not star}
        columns |= {column for (letter, _), column in self._column.items() if letter in letters_of_others}
        is_safe = self.dfa.accepting.copy()
        while True:
            kept = is_safe & is_safe[self.dfa.transitions[:, sorted(columns)]].all(axis=1)
            if np.array_equal(kept, is_safe):
                return [bool(safe) for safe in is_safe]
            is_safe = kept

    def _table(self, moves: tuple[Move, ...]) -> Table:
        n = self.dfa.n_states
        nearest = to_accept(self.dfa)
        rows = []
        for pair in range(n * n):
            default, star = divmod(pair, n)
            rows.append(tuple([self._moved(default, star, move) for move in moves]))
        accepting = self.dfa.accepting.tolist()
        return Table(
            tuple(rows),
            tuple([accepting[default] and accepting[star] for default in range(n) for star in range(n)]),
            tuple([max(nearest[default], nearest[star]) for default in range(n) for star in range(n)]),
        )

    def _moved(self, default: int, star: int, move: Move) -> int:
        """The pair of states after a move, or DEAD."""
        new_default = self._steps[default][self._column[move.letter, frozenset()]]
        new_star = self._steps[star][self._column[move.letter, move.star]]
        if not (self._is_live[new_default] and self._is_live[new_star]):
            return DEAD
        for hole in self._holes.get(move.letter, ()):
            if hole not in move.star:
                other = self._steps[default][self._column[move.letter, frozenset([hole])]]
                if other != new_default and not self.is_safe[other]:
                    return DEAD
        return new_default * self.dfa.n_states + new_star

    def begin(self) -> Slices:
        """Before the first segment."""
        return Slices(0)

    def after(self, slices: Slices, letter: int, values: Mapping[Hole, Value]) -> Slices | None:
        """The states after a segment with these values at its holes; None if the rule is broken for good for one."""
        at: dict[Value, set[Hole]] = {}
        for hole in self._holes.get(letter, ()):
            if hole in values:
                at.setdefault(values[hole], set()).add(hole)
        default = self._steps[slices.default][self._column[letter, frozenset()]]
        seen: list[tuple[Value, int]] = []
        for value in dict.fromkeys([*(value for value, _ in slices.seen), *at]):
            column = self._column[letter, frozenset(at.get(value, ()))]
            state = self._steps[slices.state_of(value)][column]
            if not self._is_live[state]:
                return None
            if state != default:
                seen.append((value, state))
        return Slices(default, tuple(sorted(seen))) if self._is_live[default] else None

    def waiting(self, slices: Slices) -> frozenset[Value]:
        """The values that are not safe: something must still come of them."""
        return frozenset(value for value, state in slices.seen if not self.is_safe[state] and state != slices.default)

    def seen_from(self, slices: Slices, star: Value | None) -> int:
        """The state of the table if this value takes the part of the star (None: a fresh one)."""
        state = slices.default if star is None else slices.state_of(star)
        return slices.default * self.dfa.n_states + state

    def is_accepting(self, slices: Slices) -> bool:
        """Does the rule hold for every value if the trace ends here?"""
        accepting = self.dfa.accepting
        return bool(accepting[slices.default]) and all(bool(accepting[state]) for _, state in slices.seen)


def to_accept(dfa: DFA) -> list[int]:
    """Of each state, the least number of letters to an accepting one; a number greater than any if there is none."""
    nearest = np.where(dfa.accepting, 0, dfa.n_states)
    while True:
        shorter = np.minimum(nearest, 1 + nearest[dfa.transitions].min(axis=1, initial=dfa.n_states))
        if np.array_equal(shorter, nearest):
            return [int(distance) for distance in nearest]
        nearest = shorter


def table_of(component: Component) -> Table:
    """The table of a component without variables."""
    dfa = component.dfa
    targets = dfa.transitions[:, component.columns]
    rows = np.where(dfa.live[targets], targets, DEAD)
    return Table(tuple(map(tuple, rows.tolist())), tuple(dfa.accepting.tolist()), tuple(to_accept(dfa)))
