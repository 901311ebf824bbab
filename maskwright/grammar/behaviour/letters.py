"""Letters: what the automata of rules read, one for each finished segment.

A letter is the name of a segment and the truth of the content atoms that any rule asks about it. Segments exclude each
other, and an atom belongs to one kind of segment, so there are as many letters as each segment has truth vectors that
some text of it realises (`grounding` finds them), not 2**n.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.grammar.behaviour.atoms import Atom, Proposition


@dataclass(frozen=True, slots=True)
class Letter:
    """A segment that has ended, and the content atoms that hold of it (all others do not)."""

    segment: str
    atoms: frozenset[Atom] = frozenset()

    def holds(self, atom: Atom) -> bool:
        """Does the atom hold of this segment?"""
        return atom.name == self.segment if isinstance(atom, Proposition) else atom in self.atoms

    def __str__(self) -> str:
        return " & ".join([self.segment, *sorted(map(str, self.atoms))])


@dataclass(frozen=True, slots=True)
class Valuation:
    """A letter of a formula without a specification: the propositions that hold."""

    propositions: frozenset[str]

    def holds(self, atom: Atom) -> bool:
        """Is the proposition among those that hold?"""
        return isinstance(atom, Proposition) and atom.name in self.propositions

    def __str__(self) -> str:
        return " & ".join(sorted(self.propositions)) or "-"
