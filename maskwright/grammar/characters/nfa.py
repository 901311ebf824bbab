"""Nondeterministic automata with conditions, built from syntax trees back to front (Thompson's construction).

States are ints. A state reads one character of a set, or splits into several without reading, or demands a condition
(a look-ahead or look-behind), or ends: `END` the text as a whole, `FOUND` the body of a condition.
Size: one state a character set after unrolling bounded repetition, computed before anything is built, so that
a{1,1000000} or (((a{100}){100}){100}) is an error at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maskwright.errors import LimitExceeded
from maskwright.grammar.characters.character_set import CharacterSet
from maskwright.grammar.characters.syntax import (
    EMPTY,
    Alternation,
    Atomic,
    Characters,
    Concatenation,
    Expression,
    Look,
    Repetition,
    alternation,
    concatenation,
)

MAX_POSITIONS = 50_000
"""Character sets of a pattern after unrolling its bounded repetitions."""

END, FOUND = 0, 1


@dataclass(slots=True)
class NFA:
    """A nondeterministic automaton under construction.

    reads[s]: index of the set that state s reads, -1 if it reads nothing; then it goes to following[s].
    splits[s]: where s goes without reading.
    looks[s]: index of the condition that s demands before it goes to following[s], -1 if none.
    conditions: (entry state of the body, is_ahead, is_negated); a body ends in FOUND.
    """

    reads: list[int] = field(default_factory=lambda: [-1, -1])
    following: list[int] = field(default_factory=lambda: [-1, -1])
    splits: list[tuple[int, ...]] = field(default_factory=lambda: [(), ()])
    looks: list[int] = field(default_factory=lambda: [-1, -1])
    sets: dict[CharacterSet, int] = field(default_factory=dict)
    conditions: dict[tuple[Expression, bool, bool], int] = field(default_factory=dict)
    condition_entries: list[int] = field(default_factory=list)

    def state(self, reads: int, following: int, splits: tuple[int, ...] = (), look: int = -1) -> int:
        """Add a state."""
        self.reads.append(reads)
        self.following.append(following)
        self.splits.append(splits)
        self.looks.append(look)
        return len(self.reads) - 1

    def build(self, node: Expression, following: int) -> int:
        """Add states that read the node and then go on at `following`; the first of them."""
        match node:
            case Characters(members):
                return self.state(self.sets.setdefault(members, len(self.sets)), following)
            case Concatenation(parts):
                for part in reversed(parts):
                    following = self.build(part, following)
                return following
            case Alternation(parts):
                return self.state(-1, -1, tuple(self.build(part, following) for part in _factored(parts)))
            case Repetition(body, minimum, maximum):
                return self._build_repetition(body, minimum, maximum, following)
            case Look(body, is_ahead, is_negated):
                return self.state(-1, following, look=self._condition(body, is_ahead, is_negated))
        raise AssertionError(node)

    def _build_repetition(self, body: Expression, minimum: int, maximum: int | None, following: int) -> int:
        if maximum is None:
            loop = self.state(-1, -1)
            entry = self.build(body, loop)
            self.splits[loop] = (entry, following)
            following = loop if minimum == 0 else entry
            minimum = max(0, minimum - 1)
        else:
            behind = following
            for _ in range(maximum - minimum):
                following = self.state(-1, -1, (self.build(body, following), behind))
        for _ in range(minimum):
            following = self.build(body, following)
        return following

    def _condition(self, body: Expression, is_ahead: bool, is_negated: bool) -> int:
        key = (body, is_ahead, is_negated)
        if key not in self.conditions:
            entry = self.build(body, FOUND)
            # a body may hold conditions of its own: they come first
            self.conditions[key] = len(self.conditions)
            self.condition_entries.append(entry)
        return self.conditions[key]


def _factored(parts: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """Alternatives with equal first parts as one, so that a list of words is built as a tree: ab|ac -> a(b|c).

    One step only: the construction comes back to the rest.
    """
    by_first: dict[Expression, list[Expression]] = {}
    for part in parts:
        first = part.parts[0] if isinstance(part, Concatenation) and part.parts else part
        by_first.setdefault(first, []).append(part)
    if len(by_first) == len(parts):
        return parts
    return tuple(
        group[0] if len(group) == 1 else concatenation((first, alternation(map(_without_first, group))))
        for first, group in by_first.items()
    )


def _without_first(part: Expression) -> Expression:
    return concatenation(part.parts[1:]) if isinstance(part, Concatenation) else EMPTY


def n_positions(node: Expression) -> int:
    """How many states reading a character the node would need."""
    match node:
        case Characters():
            return 1
        case Concatenation(parts) | Alternation(parts):
            return sum(map(n_positions, parts))
        case Repetition(body, minimum, maximum):
            return n_positions(body) * max(1, minimum if maximum is None else maximum)
        case Look(body) | Atomic(body):
            return n_positions(body)
    raise AssertionError(node)


def check_size(node: Expression, where: str = "") -> None:
    """Raise `LimitExceeded` when the node is too large to unroll."""
    asked = n_positions(node)
    if asked > MAX_POSITIONS:
        raise LimitExceeded(
            "A pattern with its repetitions written out", asked, MAX_POSITIONS, where[:80], "use smaller counts"
        )
