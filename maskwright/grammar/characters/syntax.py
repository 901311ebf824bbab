"""The abstract syntax of regular expressions over characters, the same for every dialect.

    Characters(set)                       one character out of a set
    Concatenation(parts), EMPTY           one after the other; EMPTY is the concatenation of nothing
    Alternation(parts), FAIL              any one of them; FAIL is the choice out of nothing
    Repetition(body, minimum, maximum)    maximum None: without end; greedy and lazy denote the same language
    Look(body, is_ahead, is_negated)      what follows (or precedes) this place begins (or ends) with the body, or not
    Atomic(body, ...)                     only the match that a backtracking engine would try first

Anchors are `Look`s, decided here once: the text begins where no character precedes, it ends where none follows.
Build nodes with the functions below, which flatten and drop what says nothing. Nodes are immutable and compare by
value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from maskwright.grammar.characters.character_set import ANY_CHARACTER, NO_CHARACTER, CharacterSet


@dataclass(frozen=True, slots=True)
class Expression:
    """The base of the six kinds of node."""


@dataclass(frozen=True, slots=True)
class Characters(Expression):
    """One character out of a set that is not empty."""

    members: CharacterSet


@dataclass(frozen=True, slots=True)
class Concatenation(Expression):
    """The parts one after the other."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Alternation(Expression):
    """Any one of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repetition(Expression):
    """At least `minimum` and at most `maximum` (None: any number of) times the body.

    `is_lazy` is kept only where the order of matches matters (`Dialect.keeps_order`).
    """

    body: Expression
    minimum: int
    maximum: int | None
    is_lazy: bool = False


@dataclass(frozen=True, slots=True)
class Look(Expression):
    """No characters, but a condition on those that follow (`is_ahead`) or precede this place."""

    body: Expression
    is_ahead: bool
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Atomic(Expression):
    """The body without giving back anything once it has matched; `position` is where the pattern says so."""

    body: Expression
    position: int


EMPTY = Concatenation(())
FAIL = Alternation(())
ANYTHING = Repetition(Characters(ANY_CHARACTER), 0, None)
TEXT_START = Look(Characters(ANY_CHARACTER), is_ahead=False, is_negated=True)
TEXT_END = Look(Characters(ANY_CHARACTER), is_ahead=True, is_negated=True)


def characters(members: CharacterSet) -> Expression:
    """One character of the set; of the empty set -> `FAIL`."""
    return Characters(members) if members.ranges else FAIL


def concatenation(parts: Iterable[Expression]) -> Expression:
    """The parts one after the other, flattened; `FAIL` anywhere fails the whole."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, Concatenation):
            flat.extend(part.parts)
        elif part == FAIL:
            return FAIL
        else:
            flat.append(part)
    return flat[0] if len(flat) == 1 else Concatenation(tuple(flat))


def alternation(parts: Iterable[Expression]) -> Expression:
    """Any one of the parts, flattened, without repeats; single characters next to each other become one set."""
    flat: dict[Expression, None] = {}
    for part in parts:
        for item in part.parts if isinstance(part, Alternation) else (part,):
            flat[item] = None
    members = NO_CHARACTER
    others = []
    for item in flat:
        if isinstance(item, Characters):
            members |= item.members
        else:
            others.append(item)
    if members.ranges:
        others.append(Characters(members))
    return others[0] if len(others) == 1 else Alternation(tuple(others))


def repetition(body: Expression, minimum: int, maximum: int | None) -> Expression:
    """The body repeated; a body that consumes nothing is not repeated more than once."""
    if maximum == 0 or body == EMPTY:
        return EMPTY
    if body == FAIL:
        return EMPTY if minimum == 0 else FAIL
    if maximum == 1:
        return body if minimum == 1 else alternation((EMPTY, body))
    if isinstance(body, Look):
        return body if minimum else EMPTY
    if is_nullable(body):
        minimum = 0
        body = _without_empty(body)
    if isinstance(body, Repetition) and body.minimum <= 1 and body.maximum is None:
        return Repetition(body.body, minimum if body.minimum else 0, None)
    return Repetition(body, minimum, maximum)


def ordered_alternation(parts: Iterable[Expression]) -> Expression:
    """Any one of the parts, the first ones preferred: nothing is flattened or joined."""
    kept = tuple(part for part in parts if part != FAIL)
    return kept[0] if len(kept) == 1 else Alternation(kept)


def ordered_repetition(body: Expression, minimum: int, maximum: int | None, is_lazy: bool) -> Expression:
    """The body repeated, more often (or with `is_lazy` less often) preferred."""
    if maximum == 0 or body == EMPTY:
        return EMPTY
    if isinstance(body, Look):
        return body if minimum else EMPTY
    if body == FAIL:
        return EMPTY if minimum == 0 else FAIL
    return Repetition(body, minimum, maximum, is_lazy)


def is_nullable(node: Expression) -> bool:
    """Does it match the empty text unconditionally?"""
    match node:
        case Characters() | Look():
            return False
        case Concatenation(parts):
            return all(map(is_nullable, parts))
        case Alternation(parts):
            return any(map(is_nullable, parts))
        case Repetition(body, minimum, _):
            return minimum == 0 or is_nullable(body)
        case Atomic(body):
            return is_nullable(body)
    raise AssertionError(node)


def _without_empty(node: Expression) -> Expression:
    """A node with the same members but, where that is cheap, without the empty text (for the body of a repetition)."""
    match node:
        case Alternation(parts):
            return alternation(_without_empty(part) for part in parts if part != EMPTY)
        case Repetition(body, 0, maximum):
            return repetition(body, 1, maximum)
    return node


def contains_look(node: Expression) -> bool:
    """Is there any condition on the surroundings in it?"""
    match node:
        case Look():
            return True
        case Concatenation(parts) | Alternation(parts):
            return any(map(contains_look, parts))
        case Repetition(body) | Atomic(body):
            return contains_look(body)
    return False
