"""The tokens that a tag names, checked against the vocabulary where it is known.

    Tokens(size=260, n_written=259, ids={"<call>": 257}, ending=frozenset({256})).fault("<nope>")
        -> "the vocabulary has no special token '<nope>'"

Without a vocabulary (`structural_tag_grammar` alone) names and ids are taken as they are; whoever compiles the grammar
refuses those that it does not have, but then knows no place in the tag.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """size: ids are below it. n_written: of these, the ids below it stand for something, while others only pad.

    ids: those of the special tokens. ending: the ids that end the text, which no format may name.
    """

    size: int
    n_written: int
    ids: Mapping[str, int]
    ending: frozenset[int]

    def fault(self, which: int | str) -> str | None:
        """Why there is no such token; None if there is one."""
        if isinstance(which, str):
            return None if which in self.ids else f"the vocabulary has no special token {which!r}"
        if which >= self.size:
            return f"token {which} lies outside the vocabulary of {self.size} ids"
        return None

    def is_ending(self, which: int | str) -> bool:
        """Is this a token that ends the text?"""
        return (self.ids[which] if isinstance(which, str) else which) in self.ending

    def are_all(self, excluded: Collection[int | str]) -> bool:
        """Is no token left besides these and those that end the text?"""
        taken = {self.ids[which] if isinstance(which, str) else which for which in excluded} | self.ending
        return len(taken) >= self.n_written and taken.issuperset(range(self.n_written))
