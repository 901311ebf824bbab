"""A set of letters in few words: the formula of one letter that tells it from the other letters of an alphabet.

Of each letter all literals are dropped that it does not need to stay apart from the letters outside, those that deny
something first; then letters that are covered already are left out. What is outside is described too, and the shorter
of the two is taken. Letters that are not in the alphabet do not occur, so of segments, which exclude each other, one
name is enough. Cost: letters² × atoms. Rejected: the true minimum, which is a covering problem; these are labels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from maskwright.grammar.behaviour.atoms import Atom, Proposition
from maskwright.grammar.behaviour.letters import Letter, Valuation
from maskwright.grammar.behaviour.logic.formula import Formula, conjunction, disjunction, holds, negation
from maskwright.grammar.behaviour.logic.printer import print_formula


def guard(letters: Sequence[Any], chosen: Collection[int]) -> Formula:
    """The formula of one letter that holds of the chosen ones (their places) and of no other of `letters`.

    guard(all valuations of a and b, [2, 3])  ->  a
    """
    atoms_of_letter = [_atoms(letter) for letter in letters]
    atoms = tuple(dict.fromkeys(atom for those in atoms_of_letter for atom in those))
    bit_of = {atom: 1 << bit for bit, atom in enumerate(atoms)}
    truths = [sum(bit_of[atom] for atom in those) for those in atoms_of_letter]
    inside = {truths[place] for place in chosen}
    outside = set(truths) - inside
    here = _covering(inside, outside, atoms)
    elsewhere = negation(_covering(outside, inside, atoms))
    return min(here, elsewhere, key=lambda formula: len(print_formula(formula)))


def _atoms(letter: Any) -> list[Atom]:
    match letter:
        case Letter(segment, atoms):
            return [*sorted(atoms, key=str), Proposition(segment)]
        case Valuation(propositions):
            return [Proposition(name) for name in sorted(propositions)]
    return [Proposition(str(letter))]


def _covering(inside: Iterable[int], outside: Iterable[int], atoms: Sequence[Atom]) -> Formula:
    """The disjunction of conjunctions that hold of all truths inside and of none outside."""
    terms: list[tuple[int, int]] = []
    for truth in sorted(inside, key=lambda one: (one.bit_count(), one)):
        if any(truth & asked == value for asked, value in terms):
            continue
        asked = (1 << len(atoms)) - 1
        bits = [1 << bit for bit in range(len(atoms))]
        # What denies is dropped first, and of what holds the name of the segment, which an atom about it implies.
        for bit in sorted(bits, key=lambda one: (truth & one > 0, -one)):
            if all(other & (asked & ~bit) != truth & ~bit & asked for other in outside):
                asked &= ~bit
        terms.append((asked, truth & asked))
    return disjunction(*(_term(asked, value, atoms) for asked, value in terms))


def _term(asked: int, value: int, atoms: Sequence[Atom]) -> Formula:
    literals = []
    for bit, atom in enumerate(atoms):
        if asked >> bit & 1:
            literals.append(holds(atom) if value >> bit & 1 else negation(holds(atom)))
    return conjunction(*literals)
