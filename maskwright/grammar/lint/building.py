"""Productions under construction: what the readers of all notations share, above all how repetition is written out.

    x{2,4}  ->  x x T        T -> () | x T'     T' -> () | x
    x*      ->  H            H -> () | x H

so that a repetition is ambiguous only if what it repeats makes it so. A least count beyond MAX_COUNT is cut, and noted;
a greatest count beyond it is cut without a note, because it concerns only texts longer than any that are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from maskwright.grammar.lint.subject import MAX_COUNT, Body


@dataclass(slots=True)
class Building:
    """The parts of a `Subject` so far."""

    productions: dict[str, tuple[Body, ...]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    loops: dict[str, tuple[Body, ...]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)

    def helper(self, owner: str, bodies: Iterable[Body] = ()) -> str:
        """A new nonterminal with these alternatives; its name is one that no rule has."""
        name = f"{owner}\0{len(self.owners)}"
        self.owners[name] = owner
        self.productions[name] = tuple(bodies)
        return name

    def choice(self, owner: str, bodies: list[Body]) -> Body:
        """A group of alternatives inside a right part."""
        return bodies[0] if len(bodies) == 1 else (self.helper(owner, bodies),)

    def repetition(self, owner: str, body: Body, minimum: int, maximum: int | None) -> Body:
        """The body between `minimum` and `maximum` times (None: any number of times)."""
        if (minimum, maximum) == (1, 1):
            return body
        if minimum > MAX_COUNT:
            name = self.helper(owner, [body * 2 if len(body) == 1 else body])
            self.cut.add(name)
            return (name,)
        item = body if len(body) == 1 else (self.helper(owner, [body]),)
        if maximum is None:
            loop = self.helper(owner)
            self.productions[loop] = ((), (*item, loop))
            self.loops[loop] = (body,)
            return (*item * minimum, loop)
        tail: Body = ()
        for _ in range(min(maximum, MAX_COUNT) - minimum):
            tail = (self.helper(owner, [(), (*item, *tail)]),)
        return (*item * minimum, *tail)
