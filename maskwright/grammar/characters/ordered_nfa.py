"""The NFA of a pattern whose order of ways matters: as `NFA.build`, but the preferred way is first in every split.

A backtracking engine ends a loop after an iteration that reads nothing, so `(?:|a)*` takes nothing of `aa`: the first
alternative reads nothing, and the loop is left. Which iterations read nothing is known only while threads are followed
without reading; for bodies that may be empty the states where an iteration begins and ends are therefore marked, and
`scanner` leaves the loop at an end whose iteration began since the last character.
Source: `MAX_UNTIL` and `MIN_UNTIL` of Python's `re`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maskwright.errors import UnsupportedPattern
from maskwright.grammar.characters.nfa import NFA
from maskwright.grammar.characters.syntax import (
    Alternation,
    Atomic,
    Characters,
    Concatenation,
    Expression,
    Look,
    Repetition,
)


@dataclass(slots=True)
class OrderedNFA:
    """An NFA under construction, with the iterations that may read nothing.

    begins: the state where an iteration begins -> its number. ends: the state where it ends -> its number; the first
    split of such a state is taken where the iteration has read something, the second where it has not.
    """

    pattern: str
    nfa: NFA = field(default_factory=NFA)
    begins: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)

    def build(self, node: Expression, following: int) -> int:
        """Add states that read the node and then go on at `following`; the first of them."""
        match node:
            case Concatenation(parts):
                for part in reversed(parts):
                    following = self.build(part, following)
                return following
            case Alternation(parts):
                return self.nfa.state(-1, -1, tuple(self.build(part, following) for part in parts))
            case Repetition():
                return self._build_repetition(node, following)
            case Atomic(_, position):
                advice = "where a match is looked for in a longer text; use the plain form"
                raise UnsupportedPattern("A possessive repetition or atomic group", self.pattern, position, advice)
        assert isinstance(node, Characters | Look)
        return self.nfa.build(node, following)

    def _build_repetition(self, node: Repetition, following: int) -> int:
        nfa = self.nfa
        if node.maximum is None:
            loop = nfa.state(-1, -1)
            again = self._iteration(node.body, loop, following)
            nfa.splits[loop] = (following, again) if node.is_lazy else (again, following)
            following = loop
        else:
            behind = following
            for _ in range(node.maximum - node.minimum):
                once_more = self._iteration(node.body, following, behind)
                following = nfa.state(-1, -1, (behind, once_more) if node.is_lazy else (once_more, behind))
        for _ in range(node.minimum):
            following = self.build(node.body, following)
        return following

    def _iteration(self, body: Expression, following: int, behind: int) -> int:
        """An iteration that may be left out; one that reads nothing goes on behind the loop."""
        if not may_be_empty(body):
            return self.build(body, following)
        number = len(self.begins)
        end = self.nfa.state(-1, -1, (following, behind))
        self.ends[end] = number
        begin = self.nfa.state(-1, -1, ())
        self.begins[begin] = number
        self.nfa.splits[begin] = (self.build(body, end),)
        return begin


def may_be_empty(node: Expression) -> bool:
    """Can the node match without reading?"""
    match node:
        case Concatenation(parts):
            return all(map(may_be_empty, parts))
        case Alternation(parts):
            return any(map(may_be_empty, parts))
        case Repetition(body, minimum):
            return minimum == 0 or may_be_empty(body)
        case Atomic(body):
            return may_be_empty(body)
    return isinstance(node, Look)
