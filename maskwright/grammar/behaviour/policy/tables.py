"""The tables of a game beside those of rules: what values are left for a hole, and what is assumed of others.

And what is asked of a specification for them: where variables stand, whether these places have the same values, which
segments repeat earlier texts.
"""

from __future__ import annotations

from maskwright.errors import LimitExceeded, SpecError
from maskwright.grammar.behaviour.atoms import Hole, holes_of, skeleton
from maskwright.grammar.behaviour.grounding.bodies import Bodies
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.formula import atoms_of
from maskwright.grammar.behaviour.policy.game import DEAD, Table
from maskwright.grammar.behaviour.policy.value_rules import Move
from maskwright.grammar.behaviour.specification.spec import Level, Reference, Rule, Spec, Text

MAX_HOLES = 6
"""Of one letter: each may hold the star or not."""


def holes_of_letters(spec: Spec, letters: tuple[Letter, ...]) -> dict[int, tuple[Hole, ...]]:
    """The holes that matter for each letter that has any."""
    atoms = [
        atom
        for rule in spec.rules
        if rule.level is Level.HARD  # what only warns takes no part in masks
        for formula in (rule.formula, rule.of)
        if formula is not None
        for atom in atoms_of(formula)
        if holes_of(atom)
    ]
    found: dict[int, tuple[Hole, ...]] = {}
    for number, letter in enumerate(letters):
        holes = dict.fromkeys(
            hole
            for atom in atoms
            if letter.holds(skeleton(atom))
            for hole, _ in holes_of(atom)
            if hole.segment == letter.segment
        )
        if len(holes) > MAX_HOLES:
            raise LimitExceeded(f"The values in segment '{letter.segment}' that rules speak of", len(holes), MAX_HOLES)
        if holes:
            found[number] = tuple(holes)
    return found


def check_domains(spec: Spec, bodies: Bodies, rule: Rule) -> None:
    """Raise SpecError if a variable stands for different kinds of values: none would be sure to fit everywhere."""
    holes = dict.fromkeys(
        hole
        for one in (rule.formula, rule.of)
        if one is not None
        for atom in atoms_of(one)
        for hole, _ in holes_of(atom)
    )
    for hole in holes:
        if references(spec.segment(hole.segment).text):
            raise SpecError(
                f"its variable speaks of segment '{hole.segment}', which repeats earlier texts; that is not supported",
                f"rule '{rule.id}'",
                (rule.id,),
            )
    if len({bodies.domain(hole).key for hole in holes}) > 1:
        raise SpecError(
            "its variable stands for values of different kinds; give these the same text, pattern or schema: "
            + ", ".join(map(str, holes)),
            f"rule '{rule.id}'",
            (rule.id,),
        )


def domain_table(
    bodies: Bodies, hole: Hole, moves: tuple[Move, ...], holes: dict[int, tuple[Hole, ...]]
) -> Table | None:
    """What values are left for a hole; None if there is no end of them, whatever the letter.

    State k says how many values have been seen, or will be used as others, up to the greatest number that matters.
    The star can stand where every value of the hole can, so one is left for it there; a letter about whose values atoms
    ask has only others. During a run the state is set to the number of values that differ from the default.
    """
    whole = bodies.domain(hole)
    of_letter = {letter: bodies.domain(hole, letter) for letter, some in holes.items() if hole in some}
    sizes = [one.size for one in (whole, *of_letter.values()) if one.size is not None]
    if not sizes and all(one.key == whole.key for one in of_letter.values()):
        return None
    last = max(sizes, default=0)

    def after(k: int, move: Move) -> int:
        domain = of_letter.get(move.letter)
        if domain is None:
            return k
        has_star = domain.key == whole.key
        if hole in move.star:
            return k if has_star and (domain.size is None or k < domain.size) else DEAD
        return min(k + 1, last) if domain.size is None or k + has_star < domain.size else DEAD

    rows = tuple([tuple([after(k, move) for move in moves]) for k in range(last + 1)])
    return Table(rows, (True,) * (last + 1), (0,) * (last + 1))


def assumption_table(table: Table, is_model: list[bool]) -> Table:
    """The table of an assumption about others. The model cannot break it: if it does, nothing is assumed any more."""
    free = len(table.rows)
    rows = [
        tuple([free if own and state == DEAD else state for state, own in zip(row, is_model, strict=True)])
        for row in (*table.rows, (free,) * len(is_model))
    ]
    return Table(tuple(rows), (True,) * len(rows), (0,) * len(rows))


def references(text: Text) -> set[str]:
    """The names of earlier texts that a text refers to."""
    found: set[str] = set()
    todo = [text]
    while todo:
        here = todo.pop()
        if isinstance(here, Reference):
            found.add(here.name)
        inner = (*getattr(here, "parts", ()), *getattr(here, "texts", ()), getattr(here, "part", None))
        todo += [part for part in inner if isinstance(part, Text)]
    return found
