"""Formulas of linear temporal logic over finite traces, with past, as values.

A trace is a word of letters that is not empty; a formula holds at a position of it, and of the trace if it holds at the
first. With `n` the last position:

    X f   there is a next position and f holds there      N f   the same, or there is none
    a U b b holds now or later, and a until then          a R b b holds up to where a holds too, or to the end
    Y f   there is a position before and f holds there    Z f   the same, or there is none
    a S b b held now or earlier, and a ever since         a T b the dual: b held since a did, or since the beginning

Only the functions in small letters make formulas elsewhere. They simplify while building (true and false vanish, `F F
a` is `F a`), so that equal formulas are more often the same value and a printed formula reads back as the same one.
All other operators are said in these: F a is `true U a`, G a is `false R a`, a W b is `b R (a | b)`, a M b is
`b U (a & b)`, O a is `true S a`, H a is `false T a`, `last` is `N false`, `first` is `Z false`.
Source: De Giacomo and Vardi 2013, section 2; past as in Lichtenstein, Pnueli and Zuck 1985.
Rejected: one node class with an operator field: a `match` over classes is checked by mypy and reads as the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import dataclass_transform

from maskwright.grammar.behaviour.atoms import Atom, Proposition
from maskwright.grammar.kept_hash import KeepsHash, Kind, record

MAX_NESTING = 200
"""How deep formulas may be that are read or translated: far from Python's limit on recursion, and from any rule."""


class Formula(KeepsHash):
    """The base of all formulas; never built itself."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Hash now, while the parts have theirs: later a deep formula would need as deep a recursion."""
        hash(self)


@dataclass_transform(frozen_default=True)
def _node(kind: type[Kind]) -> type[Kind]:
    """A record that compares as `_equal` does."""
    kind.__eq__ = _equal  # type: ignore[assignment, method-assign] # for formulas only
    return record(kind)


def _equal(one: Formula, other: object) -> bool:
    """Are two formulas the same, each pair of their parts compared once?

    Parts are shared, and comparing along every path to them would be exponential: think of a <-> b <-> c <-> ...
    """
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[Formula, object]] = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if left is right or (id(left), id(right)) in seen:
            continue
        seen.add((id(left), id(right)))
        if not isinstance(right, Formula) or type(left) is not type(right) or hash(left) != hash(right):
            return False
        parts, others = parts_of(left), parts_of(right)
        if len(parts) != len(others) or _content(left) != _content(right):
            return False
        waiting.extend(zip(parts, others, strict=True))
    return True


def _content(formula: Formula) -> bool | Atom | None:
    """What a formula has beside its parts."""
    match formula:
        case Constant(value):
            return value
        case Holds(atom):
            return atom
    return None


@_node
class Constant(Formula):
    """True or false."""

    value: bool


TRUE = Constant(True)
FALSE = Constant(False)


@_node
class Holds(Formula):
    """The atom holds of the letter at this position."""

    atom: Atom


@_node
class Not(Formula):
    """The part does not hold."""

    part: Formula


@_node
class And(Formula):
    """All parts hold: two or more."""

    parts: tuple[Formula, ...]


@_node
class Or(Formula):
    """One of the parts holds: two or more."""

    parts: tuple[Formula, ...]


@_node
class Next(Formula):
    """X: there is a next position, and the part holds there."""

    part: Formula


@_node
class WeakNext(Formula):
    """N: if there is a next position, the part holds there."""

    part: Formula


@_node
class Until(Formula):
    """U: the right holds now or later, and the left until then."""

    left: Formula
    right: Formula


@_node
class Release(Formula):
    """R: the right holds up to and with the first position where the left holds, or to the end."""

    left: Formula
    right: Formula


@_node
class Previous(Formula):
    """Y: there is a position before, and the part holds there."""

    part: Formula


@_node
class WeakPrevious(Formula):
    """Z: if there is a position before, the part holds there."""

    part: Formula


@_node
class Since(Formula):
    """S: the right held now or earlier, and the left at all positions after that."""

    left: Formula
    right: Formula


@_node
class Triggered(Formula):
    """T, the dual of since: the right held at all positions from where the left held last, or from the first."""

    left: Formula
    right: Formula


Unary = Not | Next | WeakNext | Previous | WeakPrevious
Binary = Until | Release | Since | Triggered
FUTURE = (Next, WeakNext, Until, Release)
PAST = (Previous, WeakPrevious, Since, Triggered)


def holds(atom: Atom | str) -> Formula:
    """The formula of an atom; a text is the name of a proposition."""
    return Holds(Proposition(atom) if isinstance(atom, str) else atom)


def negation(part: Formula) -> Formula:
    """`!f`; two negations are none."""
    match part:
        case Constant(value):
            return FALSE if value else TRUE
        case Not(inner):
            return inner
    return Not(part)


def conjunction(*parts: Formula) -> Formula:
    """`f & g & ...`, in the order given: each once, parts of parts taken in; `a & !a` is false."""
    return _joined(And, parts, TRUE, FALSE)


def disjunction(*parts: Formula) -> Formula:
    """`f | g | ...`, in the order given: each once, parts of parts taken in; `a | !a` is true."""
    return _joined(Or, parts, FALSE, TRUE)


def _joined(kind: type[And | Or], parts: Iterable[Formula], neutral: Constant, absorbing: Constant) -> Formula:
    flat: dict[Formula, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    flat.pop(neutral, None)
    if absorbing in flat or any(isinstance(part, Not) and part.part in flat for part in flat):
        return absorbing
    if len(flat) < 2:
        return next(iter(flat), neutral)
    return kind(tuple(flat))


def implies(condition: Formula, consequence: Formula) -> Formula:
    """`a -> b`, which is `!a | b`."""
    return disjunction(negation(condition), consequence)


def equivalent(left: Formula, right: Formula) -> Formula:
    """`a <-> b`: both or neither."""
    return disjunction(conjunction(left, right), conjunction(negation(left), negation(right)))


def next_(part: Formula) -> Formula:
    """`X f`."""
    return FALSE if part == FALSE else Next(part)


def weak_next(part: Formula) -> Formula:
    """`N f`."""
    return TRUE if part == TRUE else WeakNext(part)


def until(left: Formula, right: Formula) -> Formula:
    """`a U b`."""
    if isinstance(right, Constant) or left in {FALSE, right} or (isinstance(right, Until) and right.left == left):
        return right
    return Until(left, right)


def release(left: Formula, right: Formula) -> Formula:
    """`a R b`."""
    if isinstance(right, Constant) or left in {TRUE, right} or (isinstance(right, Release) and right.left == left):
        return right
    return Release(left, right)


def weak_until(left: Formula, right: Formula) -> Formula:
    """`a W b`: `a U b`, or a to the end."""
    return release(right, disjunction(left, right))


def strong_release(left: Formula, right: Formula) -> Formula:
    """`a M b`: `a R b`, and a does come."""
    return until(right, conjunction(left, right))


def eventually(part: Formula) -> Formula:
    """`F f`: now or later."""
    return until(TRUE, part)


def globally(part: Formula) -> Formula:
    """`G f`: now and always later."""
    return release(FALSE, part)


def previous(part: Formula) -> Formula:
    """`Y f`."""
    return FALSE if part == FALSE else Previous(part)


def weak_previous(part: Formula) -> Formula:
    """`Z f`."""
    return TRUE if part == TRUE else WeakPrevious(part)


def since(left: Formula, right: Formula) -> Formula:
    """`a S b`."""
    if isinstance(right, Constant) or left in {FALSE, right} or (isinstance(right, Since) and right.left == left):
        return right
    return Since(left, right)


def triggered(left: Formula, right: Formula) -> Formula:
    """`a T b`."""
    if isinstance(right, Constant) or left in {TRUE, right} or (isinstance(right, Triggered) and right.left == left):
        return right
    return Triggered(left, right)


def once(part: Formula) -> Formula:
    """`O f`: now or earlier."""
    return since(TRUE, part)


def historically(part: Formula) -> Formula:
    """`H f`: now and always before."""
    return triggered(FALSE, part)


LAST = WeakNext(FALSE)
"""There is no next position."""

FIRST = WeakPrevious(FALSE)
"""There is no position before."""


def parts_of(formula: Formula) -> tuple[Formula, ...]:
    """The formulas that one is made of directly."""
    match formula:
        case And(parts) | Or(parts):
            return parts
        case Not(part) | Next(part) | WeakNext(part) | Previous(part) | WeakPrevious(part):
            return (part,)
        case Until(left, right) | Release(left, right) | Since(left, right) | Triggered(left, right):
            return (left, right)
    return ()


def subformulas(formula: Formula, leaves: tuple[type[Formula], ...] = ()) -> tuple[Formula, ...]:
    """The formula and all that it is made of, each once, from the inside out; not what is inside those of `leaves`."""
    found: dict[Formula, None] = {}
    waiting = [(formula, False)]
    while waiting:
        part, has_its_parts = waiting.pop()
        if has_its_parts:
            found[part] = None
        elif part not in found:
            waiting.append((part, True))
            if not isinstance(part, leaves):
                waiting.extend((inner, False) for inner in reversed(parts_of(part)))
    return tuple(found)


def nesting(formula: Formula) -> int:
    """How deep a formula is: 1 for an atom."""
    depth: dict[Formula, int] = {}
    for part in subformulas(formula):
        depth[part] = 1 + max((depth[inner] for inner in parts_of(part)), default=0)
    return depth[formula]


def atoms_of(formula: Formula) -> tuple[Atom, ...]:
    """The atoms of a formula, each once, in the order of reading."""
    return tuple(part.atom for part in subformulas(formula) if isinstance(part, Holds))


_MAKERS: dict[type[Formula], Callable[..., Formula]] = {
    Not: negation,
    And: conjunction,
    Or: disjunction,
    Next: next_,
    WeakNext: weak_next,
    Until: until,
    Release: release,
    Previous: previous,
    WeakPrevious: weak_previous,
    Since: since,
    Triggered: triggered,
}


def map_atoms(formula: Formula, change: Callable[[Atom], Formula]) -> Formula:
    """The formula with every atom replaced by what `change` makes of it, simplified anew."""
    made: dict[Formula, Formula] = {}
    for part in subformulas(formula):
        match part:
            case Constant():
                made[part] = part
            case Holds(atom):
                made[part] = change(atom)
            case _:
                made[part] = _MAKERS[type(part)](*(made[inner] for inner in parts_of(part)))
    return made[formula]


def is_of_one_letter(formula: Formula) -> bool:
    """Has the formula no temporal operator, so that one letter decides it?"""
    return not any(isinstance(part, FUTURE + PAST) for part in subformulas(formula))
