"""A specification taken apart into automata: one for the flow, one for each rule, each over letters of its own.

A rule does not tell letters apart in which its atoms have the same truth. So its automaton is made over these classes
only (4 for a response rule, whatever the alphabet), and `columns` says which class each letter of the alphabet is in.
Source: behaviour_specs.md a4 and a5. Rejected: automata over the whole alphabet, whose construction takes time for each
letter and rule, and which would be made anew for letters that say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.grammar.behaviour.atoms import Atom, Proposition
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.construction import ltlf_to_dfa
from maskwright.grammar.behaviour.logic.counting import counting_dfa
from maskwright.grammar.behaviour.logic.dfa import DFA
from maskwright.grammar.behaviour.logic.formula import FALSE, TRUE, Formula, atoms_of, map_atoms
from maskwright.grammar.behaviour.specification.flow_automaton import flow_dfa
from maskwright.grammar.behaviour.specification.spec import Rule, Spec


@dataclass(frozen=True, slots=True)
class Truth:
    """A class of letters: which of a rule's atoms hold."""

    atoms: frozenset[Atom]

    def holds(self, atom: Atom) -> bool:
        """Is the atom among those that hold?"""
        return atom in self.atoms

    def __str__(self) -> str:
        return " & ".join(sorted(map(str, self.atoms))) or "-"


@dataclass(frozen=True, eq=False)
class Component:
    """The automaton of a rule, or of the flow if `rule` is None.

    columns: int32[n_letters], for each letter of the alphabet its place in `dfa.letters`.
    """

    rule: Rule | None
    dfa: DFA
    columns: NDArray[np.int32]


def components(spec: Spec, letters: Sequence[Letter]) -> tuple[Component, ...]:
    """The automata of a specification over an alphabet: the flow, then the rules in their order.

    Raises LimitExceeded. `len(components(spec, letters))` -> `1 + len(spec.rules)`.
    """
    names = tuple(dict.fromkeys(letter.segment for letter in letters))
    place = {name: index for index, name in enumerate(names)}
    flow = Component(
        None,
        flow_dfa(spec.flow, tuple(map(Letter, names))),
        np.array([place[letter.segment] for letter in letters], np.int32),
    )
    return (flow, *(component_of(rule, letters) for rule in spec.rules))


def component_of(rule: Rule, letters: Sequence[Letter]) -> Component:
    """The automaton of one rule over an alphabet."""
    atoms = atoms_of(_asked(rule))
    places: dict[Truth, int] = {}
    columns = [
        places.setdefault(Truth(frozenset(atom for atom in atoms if letter.holds(atom))), len(places))
        for letter in letters
    ]
    if rule.of is None:
        dfa = ltlf_to_dfa(rule.formula or TRUE, tuple(places))
    else:
        counts = [_holds_of(rule.of, truth) for truth in places]
        dfa = counting_dfa(counts, tuple(places), rule.minimum, rule.maximum)
    return Component(rule, dfa, np.array(columns, np.int32))


def _holds_of(formula: Formula, truth: Truth) -> bool:
    """Does a formula about one letter hold of these letters?"""
    return map_atoms(formula, lambda atom: TRUE if truth.holds(atom) else FALSE) == TRUE


def spec_atoms(spec: Spec) -> tuple[Atom, ...]:
    """What rules and assumptions ask about texts, each atom once; names of segments are not among them."""
    asked = [_asked(rule) for rule in spec.rules] + ([spec.assumption] if spec.assumption is not None else [])
    atoms = dict.fromkeys(atom for formula in asked for atom in atoms_of(formula))
    return tuple(atom for atom in atoms if not isinstance(atom, Proposition))


def _asked(rule: Rule) -> Formula:
    """The formula that a rule is about."""
    formula = rule.formula if rule.of is None else rule.of
    assert formula is not None, "a rule has a formula or a count"
    return formula
