"""A specification ready to be asked about: its letters, and automata that read whole traces, values and all.

Rules with a variable hold for every value by itself. For one trace, or for a question without one, finitely many
values are enough: those that were seen, one that is NEW, and OTHER, which stands for values that occur once and
nowhere else. A *sign* is a letter together with the values at its holes; over signs every rule is a few plain
automata, one for each value that has a name and one for all others (a subset construction: all of them have to accept,
the value that never occurs among them). So whatever works on automata works on rules with variables too.

    judge = Judge.of(spec)
    alphabet = judge.alphabet(values)      # signs, and a `Machine` for each rule and value
    alphabet.machines_of(component)

That a hole may have no new value left (labels `#E1` to `#E9`) is not seen here, only in a policy: an ending that needs
a tenth label counts as possible. Cost: signs are letters times (values + 2) ** holes.
Source: Chen and Rosu, "Parametric trace slicing and monitoring" (TACAS 2009).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maskwright.errors import LimitExceeded, SpecError
from maskwright.grammar.behaviour.analysis.machines import Machine, not_empty
from maskwright.grammar.behaviour.atoms import Hole, holes_of, skeleton
from maskwright.grammar.behaviour.grounding.bodies import Bodies
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.dfa import DFA
from maskwright.grammar.behaviour.logic.formula import Formula, atoms_of
from maskwright.grammar.behaviour.policy.value_rules import Move, Value, variables_of, with_star
from maskwright.grammar.behaviour.specification.components import Component, component_of, components, spec_atoms
from maskwright.grammar.behaviour.specification.spec import Level, Rule, Spec

NEW: Value = "new"
"""A value that the trace does not have, the same wherever it is put."""
OTHER: Value = "other"
"""A value that occurs nowhere else: another one each time."""
QUESTION_VALUES: tuple[Value, ...] = ("first", "second")
"""Beside NEW and OTHER, where there is no trace: so that several values may be used several times."""
MAX_SIGNS = 20_000
"""More letters with values than anybody's example has."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A letter by its number, and the values at those of its holes that have one."""

    letter: int
    values: tuple[tuple[Hole, Value], ...] = ()

    def holes_with(self, value: Value) -> frozenset[Hole]:
        """Where the value stands."""
        return frozenset(hole for hole, one in self.values if one == value)


@dataclass(frozen=True)
class Alphabet:
    """Signs, and the automata over them: `owners[i]` is the component (its number) that `machines[i]` belongs to.

    named: the values that may stand at any hole, OTHER aside.
    """

    signs: tuple[Sign, ...]
    named: tuple[Value, ...]
    machines: tuple[Machine, ...]
    owners: tuple[int, ...]

    @cached_property
    def place(self) -> dict[Sign, int]:
        """Of each sign its number, which machines read."""
        return {sign: number for number, sign in enumerate(self.signs)}

    @cached_property
    def not_empty(self) -> Machine:
        """The traces that have a segment."""
        return not_empty(len(self.signs))

    def places_of(self, components: Iterable[int]) -> list[int]:
        """Which machines belong to these components."""
        wanted = set(components)
        return [number for number, owner in enumerate(self.owners) if owner in wanted]

    def machines_of(self, components: Iterable[int]) -> list[Machine]:
        """The machines of these components."""
        return [self.machines[number] for number in self.places_of(components)]


@dataclass(frozen=True)
class Judge:
    """See the module.

    components: the flow, then all rules, over `moves`. read: each of the moves as automata read it. holes: of letters.
    """

    spec: Spec
    bodies: Bodies
    letters: tuple[Letter, ...]
    moves: tuple[Move, ...]
    read: tuple[Letter, ...]
    components: tuple[Component, ...]
    holes: dict[int, tuple[Hole, ...]]

    @classmethod
    def of(cls, spec: Spec) -> Judge:
        """The judge of a specification, whether it can be followed or not. Raises what grounding and logic raise."""
        bodies = Bodies.of(spec, spec_atoms(spec))
        return cls.over(spec, bodies, bodies.letters, spec.rules)

    @classmethod
    def over(cls, spec: Spec, bodies: Bodies, letters: tuple[Letter, ...], rules: tuple[Rule, ...]) -> Judge:
        """The same over letters that may be more than the bodies have, with the values that these rules speak of."""
        _check_variables(rules)
        holes = {number: found for number, letter in enumerate(letters) if (found := _holes(letter, rules))}
        moves = tuple(
            Move(letter, frozenset(star))
            for letter in range(len(letters))
            for n in range(len(holes.get(letter, ())) + 1)
            for star in itertools.combinations(holes.get(letter, ()), n)
        )
        read = tuple(with_star(letters[move.letter], move.star, rules) for move in moves)
        return cls(spec, bodies, letters, moves, read, components(spec, read), holes)

    @cached_property
    def hard(self) -> tuple[int, ...]:
        """The components that a trace must satisfy: the flow, and the rules that mask."""
        return tuple(n for n, one in enumerate(self.components) if one.rule is None or one.rule.level is Level.HARD)

    @cached_property
    def warn(self) -> tuple[int, ...]:
        """The components that only report."""
        return tuple(n for n in range(len(self.components)) if n not in self.hard)

    def name(self, component: int) -> str:
        """The id of the rule, or "flow"."""
        rule = self.components[component].rule
        return "flow" if rule is None else rule.id

    @cached_property
    def _move_of(self) -> dict[tuple[int, frozenset[Hole]], int]:
        return {(move.letter, move.star): number for number, move in enumerate(self.moves)}

    def alphabet(self, values: Iterable[Value] = (), written: Iterable[Sign] = ()) -> Alphabet:
        """All signs with these values, NEW and OTHER, and the `written` ones, with their machines."""
        named = tuple(dict.fromkeys([*values, NEW]))
        n_letters = len(self.letters)
        n_signs = sum((len(named) + 1) ** len(self.holes.get(letter, ())) for letter in range(n_letters))
        if n_signs > MAX_SIGNS:
            raise LimitExceeded("The values in a trace that rules speak of", n_signs, MAX_SIGNS)
        signs = dict.fromkeys(
            Sign(letter, tuple(zip(self.holes.get(letter, ()), chosen, strict=True)))
            for letter in range(n_letters)
            for chosen in itertools.product([*named, OTHER], repeat=len(self.holes.get(letter, ())))
        )
        signs.update(dict.fromkeys(written))
        every = tuple(signs)
        machines: list[Machine] = []
        owners: list[int] = []
        for number, component in enumerate(self.components):
            if component.rule is None or not variables_of(component.rule):
                found = [self._machine(component, every, None)]
            else:
                found = [self._machine(component, every, value) for value in named]
                found.append(self._machine_of_others(component, every))
            machines += found
            owners += [number] * len(found)
        return Alphabet(every, named, tuple(machines), tuple(owners))

    def machines_for(self, formula: Formula, alphabet: Alphabet) -> list[Machine]:
        """Automata of a formula over an alphabet: one, or if it has a variable, one for each value with a name."""
        component = component_of(Rule("formula", "", formula), self.read)
        named = alphabet.named if any(map(holes_of, atoms_of(formula))) else (None,)
        return [self._machine(component, alphabet.signs, value) for value in named]

    def _machine(self, component: Component, signs: Sequence[Sign], value: Value | None) -> Machine:
        """The automaton of a component for one value."""
        moves = [self._move_of[sign.letter, sign.holes_with(value) if value else frozenset()] for sign in signs]
        return Machine(component.dfa, component.columns[moves].astype(np.int32))

    def _machine_of_others(self, component: Component, signs: Sequence[Sign]) -> Machine:
        """The automaton of a component for all values without a name: those that occur once, and that never occur."""
        columns = [self._columns_of_others(component, sign) for sign in signs]
        kinds = list(dict.fromkeys(columns))
        start: tuple[int, frozenset[int]] = (0, frozenset())  # the state of a value that never occurs, those of others
        number = {start: 0}
        rows = []
        for default, others in (order := [start]):
            row = []
            for base, once in kinds:
                after = frozenset(component.dfa.step(state, base) for state in others)
                after |= {component.dfa.step(default, column) for column in once}
                following = (component.dfa.step(default, base), after)
                if following not in number:
                    number[following] = len(order)
                    order.append(following)
                row.append(number[following])
            rows.append(row)
        accepting = component.dfa.accepting
        ends = [bool(accepting[default]) and all(bool(accepting[one]) for one in others) for default, others in order]
        dfa = DFA(tuple(kinds), np.array(rows, np.int32), np.array(ends, np.bool_))
        place = {kind: number for number, kind in enumerate(kinds)}
        return Machine(dfa, np.array([place[one] for one in columns], np.int32))

    def _columns_of_others(self, component: Component, sign: Sign) -> tuple[int, frozenset[int]]:
        """How a value reads a sign in which it does not occur, and how each OTHER value does that stands in it."""
        base = int(component.columns[self._move_of[sign.letter, frozenset()]])
        stars = [frozenset([hole]) for hole in sign.holes_with(OTHER)]
        return base, frozenset(int(component.columns[self._move_of[sign.letter, star]]) for star in stars)


def _check_variables(rules: Sequence[Rule]) -> None:
    """Raise SpecError for a rule that speaks of two values at once: one automaton for each value does not say that."""
    for rule in rules:
        variables = variables_of(rule)
        if len(variables) > 1:
            named = " and ".join(map(str, variables))
            raise SpecError(f"a rule may speak of one variable, not of {named}", f"rule '{rule.id}'", (rule.id,))


def _holes(letter: Letter, rules: Sequence[Rule]) -> tuple[Hole, ...]:
    """The holes of a letter that some rule speaks of."""
    formulas = [formula for rule in rules for formula in (rule.formula, rule.of) if formula is not None]
    atoms = [atom for formula in formulas for atom in atoms_of(formula) if letter.holds(skeleton(atom))]
    return tuple(dict.fromkeys(hole for atom in atoms for hole, _ in holes_of(atom) if hole.segment == letter.segment))
