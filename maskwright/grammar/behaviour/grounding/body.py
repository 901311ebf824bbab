"""What can be asked of the texts of one segment, whatever kind they are of."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Protocol

import numpy as np

from maskwright.grammar.behaviour.atoms import Hole, Scalar
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.ir import Grammar
from maskwright.grammar.kept_hash import KeepsHash, record


@record
class Allowed(KeepsHash):
    """What may stand at a hole: only these values, or (`is_excluded`) all but these.

    Values are JSON texts, since to Python 1 and true are equal; `Allowed.of(["a", 1])` spells them.
    """

    values: frozenset[str]
    is_excluded: bool = False

    @classmethod
    def of(cls, values: Iterable[Scalar], *, is_excluded: bool = False) -> Allowed:
        """The same from the values themselves."""
        return cls(frozenset(map(json_text, values)), is_excluded)

    def scalars(self) -> list[Scalar]:
        """The values, in a fixed order."""
        return [json.loads(value) for value in sorted(self.values)]


def json_text(scalar: Scalar) -> str:
    """The canonical JSON text of a value: `json_text(1.0)` -> `"1"`."""
    if isinstance(scalar, float) and scalar.is_integer():
        scalar = int(scalar)
    return json.dumps(scalar)


Values = Mapping[Hole, Allowed]
"""For some holes what may stand there."""

BoundTexts = Mapping[str, tuple[str, ...]]
"""For each name that a `Reference` refers to the texts that it had so far."""


@record
class Domain(KeepsHash):
    """The values that can stand at a hole. Equal keys mean the same values; `size`: how many, None for more than any
    trace has use for. `spare`: bytes by which a value may be longer than the shortest one, that a trace always finds
    one it has not used; None: not known."""

    key: Hashable
    size: int | None
    spare: int | None = None


class Body(Protocol):
    """The texts of a segment; `bodies.Bodies` says more of each question."""

    @property
    def letters(self) -> tuple[Letter, ...]:
        """The letters that some text has."""

    def grammar(self, letters: frozenset[Letter], values: Values, bound: BoundTexts) -> Grammar | None:
        """The texts of these letters; None if there are none."""

    def letter_of(self, text: str, bound: BoundTexts | None) -> Letter | None:
        """The letter of a text, None if it is none of this segment."""

    def why_not(self, text: str, bound: BoundTexts | None) -> str:
        """Why a text is none of this segment."""

    def values(self, text: str) -> dict[Hole, Scalar]:
        """The values at the holes of a text."""

    def domain(self, hole: Hole, letter: Letter | None) -> Domain:
        """The values that can stand at a hole, in texts of one letter or of any."""

    def shortest(self, letter: Letter) -> str:
        """A short text of a letter."""

    def sample(self, letter: Letter, rng: np.random.Generator) -> str:
        """Some text of a letter."""

    def closing(self, text: str, letter: Letter) -> str | None:
        """What can follow a beginning so that it becomes a text of the letter."""
