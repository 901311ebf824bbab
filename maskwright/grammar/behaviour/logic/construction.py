"""From a formula to its minimal automaton.

Letters that no atom of the formula tells apart become one, past formulas become bits of a memory (`past`), and what is
left of the formula after each letter is a state (`progression`), together with the memory. All states that can be
reached are explored, and equivalent ones merged.

Cost: about 4 µs for each state and kind of letter; the 30 published patterns take 9 ms together. States may be twice
exponentially many in the formula's size; `max_states` bounds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from maskwright.errors import InvalidOption, LimitExceeded
from maskwright.grammar.behaviour.atoms import Proposition
from maskwright.grammar.behaviour.letters import Valuation
from maskwright.grammar.behaviour.logic.dfa import DFA, MAX_STATES, minimised
from maskwright.grammar.behaviour.logic.formula import (
    MAX_NESTING,
    PAST,
    Formula,
    Holds,
    atoms_of,
    nesting,
    subformulas,
)
from maskwright.grammar.behaviour.logic.parser import parse_formula
from maskwright.grammar.behaviour.logic.past import PastMemory, refuse_future_inside_past
from maskwright.grammar.behaviour.logic.progression import Progression

_MAX_PROPOSITIONS = 12
"""4096 valuations; whoever has more knows which letters can occur."""

_MAX_TRANSITIONS = 1 << 21
"""A second or two while exploring."""


def ltlf_to_dfa(formula: Formula | str, letters: Sequence[Any] | None = None, *, max_states: int = MAX_STATES) -> DFA:
    """The smallest complete automaton of the traces that satisfy a formula.

    Without `letters` these are all valuations of the formula's propositions, at most 12 of them; otherwise anything
    that has `holds(atom)` and a `str`, such as `Letter`. Raises GrammarSyntaxError for a text that is no formula,
    SpecError for future inside past, and LimitExceeded for more than `max_states` states before merging.

        ltlf_to_dfa("G(request -> F grant)").n_states  ->  2
    """
    if isinstance(formula, str):
        formula = parse_formula(formula)
    depth = nesting(formula)
    if depth > MAX_NESTING:
        raise LimitExceeded("The nesting of a formula", depth, MAX_NESTING, remedy="split it, or use a count")
    refuse_future_inside_past(formula)
    return _explored(formula, tuple(_valuations(formula) if letters is None else letters), max_states)


def _valuations(formula: Formula) -> list[Valuation]:
    names = []
    for atom in atoms_of(formula):
        if not isinstance(atom, Proposition):
            raise InvalidOption("letters", None, f"given, as the formula asks about a text: {atom}")
        names.append(atom.name)
    if len(names) > _MAX_PROPOSITIONS:
        remedy = "give the letters that can occur"
        raise LimitExceeded("A formula's count of propositions", len(names), _MAX_PROPOSITIONS, remedy=remedy)
    return [
        Valuation(frozenset(name for name, holds in zip(names, truth, strict=True) if holds))
        for truth in product((False, True), repeat=len(names))
    ]


def _explored(formula: Formula, letters: tuple[Any, ...], max_states: int) -> DFA:
    atoms = atoms_of(formula)
    past = tuple(part for part in subformulas(formula, PAST) if isinstance(part, PAST))
    bit_of: dict[Formula, int] = {literal: bit for bit, literal in enumerate([*map(Holds, atoms), *past])}
    kinds: dict[int, int] = {}
    columns = [
        kinds.setdefault(sum(1 << bit for bit, atom in enumerate(atoms) if letter.holds(atom)), len(kinds))
        for letter in letters
    ]
    memory, progression = PastMemory(past, bit_of), Progression(formula, bit_of)
    start = (progression.start, memory.start)
    number = {start: 0}
    order = [start]
    rows = []
    for state, bits in order:
        row = []
        for kind in kinds:
            truth, following_bits = memory.step(bits, kind)
            following = progression.step(state, truth)
            target = (following, 0 if progression.is_decided(following) else following_bits)
            if target not in number:
                number[target] = len(order)
                order.append(target)
            row.append(number[target])
        rows.append(np.array(row, np.int32))
        if len(order) > max_states:
            raise LimitExceeded("The automaton of a formula", len(order), max_states)
        if len(order) * len(kinds) > _MAX_TRANSITIONS:
            n_allowed, remedy = _MAX_TRANSITIONS // len(kinds), "give fewer letters, those that can occur, or split it"
            raise LimitExceeded("The automaton of a formula", len(order), n_allowed, remedy=remedy)
    accepting = np.array([state & 1 for state, _ in order], np.bool_)
    transitions = np.array(rows, np.int32).reshape(len(order), len(kinds))
    return minimised(DFA(tuple(kinds), transitions, accepting)).with_letters(letters, columns)
