"""What a comparison of two specifications found: for each side whether it has texts that the other refuses.

The four ways in which a side can be answered are kept apart, since only two of them are proofs:

    NOTHING     proved: the other accepts everything that this side accepts
    A_TEXT      proved by a text: this side accepts it, the other refuses it, both asked
    NONE_FOUND  so many texts were tried, and the other accepts all of them: no proof
    UNDECIDED   the exact way was refused, with a reason, and no text was found either
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from maskwright.matching.json_events import Path


class Answer(Enum):
    """How one side of a comparison was answered; see the module."""

    NOTHING = "nothing"
    A_TEXT = "a text"
    NONE_FOUND = "none found"
    UNDECIDED = "undecided"


class Relation(Enum):
    """What the new specification is to the old one."""

    EQUAL = "equal"
    """Both accept the same."""
    WIDENED = "widened"
    """The new one accepts everything that the old one did, and more."""
    NARROWED = "narrowed"
    """The new one accepts only what the old one did, and less."""
    CHANGED = "changed"
    """Each accepts something that the other refuses."""
    UNKNOWN = "unknown"
    """One side was not decided."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Where a text is refused.

    position: bytes of it that were read, at which nothing that may follow has come. path: in a JSON document, the value
    that was being read, or the object or array that may not go on like this; None if the text is no JSON document.
    rules: the innermost rules of the grammar that the text was in. schema: the JSON pointers of what a schema says of
    the value at the path.
    """

    position: int
    path: Path | None
    rules: tuple[str, ...] = ()
    schema: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"after {self.position} bytes"
        if self.path is None:
            return place
        pointers = ", ".join(filter(None, self.schema))
        return f"at {json_path(self.path)}, {place}" + (f" (see {pointers})" if pointers else "")


@dataclass(frozen=True, slots=True)
class Surplus:
    """What one side accepts beyond the other.

    text: a shortest text that only this side accepts, with its `refusal` by the other; None unless the answer is
    A_TEXT. n_tried: how many texts of this side were tried, where texts were tried. reason: why it is UNDECIDED.
    """

    answer: Answer
    text: str | None = None
    refusal: Refusal | None = None
    n_tried: int = 0
    reason: str = ""

    def __str__(self) -> str:
        match self.answer:
            case Answer.NOTHING:
                return "nothing"
            case Answer.A_TEXT:
                is_json = self.refusal is not None and self.refusal.path is not None
                return f"{self.text if is_json else repr(self.text)}\n  refused {self.refusal}"
            case Answer.NONE_FOUND:
                return f"no difference found among the first {self.n_tried} texts"
        tried = f"; no difference found among the first {self.n_tried} texts" if self.n_tried else ""
        return f"cannot be decided exactly: {self.reason}{tried}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two specifications: what only the old one accepts, and what only the new one."""

    only_old: Surplus
    only_new: Surplus

    @property
    def is_compatible(self) -> bool | None:
        """Does the new one accept everything that the old one did?  None where that is not known."""
        return {Answer.NOTHING: True, Answer.A_TEXT: False}.get(self.only_old.answer)

    @property
    def relation(self) -> Relation:
        """What the new one is to the old one, as far as both sides are proved."""
        return _RELATIONS.get((self.only_old.answer, self.only_new.answer), Relation.UNKNOWN)

    @property
    def verdict(self) -> str:
        """The answer in one line."""
        if self.relation is Relation.EQUAL:
            return "equal: both accept the same"
        told = {
            True: "the new one accepts everything that the old one did",
            False: "the new one refuses a text that the old one accepted",
            None: "whether the new one accepts everything that the old one did is not known",
        }[self.is_compatible]
        relation = "" if self.relation is Relation.UNKNOWN else f"{self.relation.value}: "
        return f"{relation}{told}"

    def __str__(self) -> str:
        return f"{self.verdict}\nonly old: {self.only_old}\nonly new: {self.only_new}"


_RELATIONS = {
    (Answer.NOTHING, Answer.NOTHING): Relation.EQUAL,
    (Answer.NOTHING, Answer.A_TEXT): Relation.WIDENED,
    (Answer.A_TEXT, Answer.NOTHING): Relation.NARROWED,
    (Answer.A_TEXT, Answer.A_TEXT): Relation.CHANGED,
}


def json_path(path: Path) -> str:
    """A path as it is often written: `("a", 0, "b c")` -> `$.a[0]["b c"]`."""
    steps = [
        f"[{step}]" if isinstance(step, int) else f".{step}" if step.isidentifier() else f'["{step}"]' for step in path
    ]
    return "$" + "".join(steps)
