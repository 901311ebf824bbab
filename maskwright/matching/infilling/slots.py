"""What a canvas is made of: slots that are fixed, open or only suggested, and gaps of some number of tokens."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from maskwright.errors import InvalidCanvas
from maskwright.matching.vocabulary import Vocabulary

OPEN: Final = -1
"""In `Canvas.tokens`: not decided yet."""
BLANK: Final = -2
"""In `Canvas.tokens`: a slot of a gap that holds no token."""


@dataclass(frozen=True, slots=True)
class Masked:
    """One slot that any token may fill."""


MASK: Final = Masked()


@dataclass(frozen=True, slots=True)
class Soft:
    """One slot that holds a token which may still change: to one of the proposals, to any where none is named."""

    token: int
    proposals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Between `minimum` and `maximum` tokens; None: as many as the budget of the canvas leaves."""

    minimum: int
    maximum: int | None

    @classmethod
    def exactly(cls, n: int) -> Gap:
        """So many tokens."""
        return cls(n, n)

    @classmethod
    def at_most(cls, n: int) -> Gap:
        """No more than so many tokens."""
        return cls(0, n)

    @classmethod
    def any(cls) -> Gap:
        """Any number of tokens."""
        return cls(0, None)


Slot = int | Masked | Soft | Gap

MOST_SLOTS: Final = 1 << 16
"""A canvas takes a hundred microseconds a slot, so one of this length some seconds."""
DEFAULT_LONGEST_GAP: Final = 128
"""The tokens that all gaps of any length may hold together, where no budget says more."""


@dataclass(frozen=True, slots=True)
class Place:
    """One slot of a canvas that is laid out flat.

    token: what it holds, OPEN or BLANK. is_soft: may that still change? proposals: what it may change to; () for
    anything. may_be_blank: is it one of the slots that a gap need not fill? begins: is it not of the same gap as the
    slot before it?
    """

    token: int
    may_be_blank: bool = False
    begins: bool = True
    is_soft: bool = False
    proposals: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        """May any choice still be made here?"""
        return self.token == OPEN or self.is_soft


def laid_out(slots: Iterable[Slot], budget: int | None, vocabulary: Vocabulary) -> tuple[Place, ...]:
    """The slots one by one, a gap as so many as it may hold; raises InvalidCanvas."""
    given = [_checked(number, slot, vocabulary) for number, slot in enumerate(slots)]
    certain = sum(slot.minimum if isinstance(slot, Gap) else 1 for slot in given)
    if budget is not None and budget < certain:
        raise InvalidCanvas(f"it needs {certain} tokens, more than its budget of {budget}", "raise the budget")
    gaps = [slot for slot in given if isinstance(slot, Gap)]
    n_endless = sum(gap.maximum is None for gap in gaps)
    most = sum(gap.maximum if gap.maximum is not None else gap.minimum for gap in gaps) + len(given) - len(gaps)
    if budget is not None and gaps and most > budget:
        raise InvalidCanvas(
            f"its slots and gaps may hold {most} tokens, more than its budget of {budget}",
            "raise the budget, or give gaps a smaller maximum",
        )
    free = (DEFAULT_LONGEST_GAP if budget is None else budget - most) // max(1, n_endless)
    if most + n_endless * free > MOST_SLOTS:
        raise InvalidCanvas(f"it has more than {MOST_SLOTS} slots", "give it fewer, or gaps with a smaller maximum")
    places: list[Place] = []
    for slot in given:
        match slot:
            case Gap(minimum, maximum):
                longest = minimum + free if maximum is None else maximum
                places += [Place(OPEN, k >= minimum, k == 0) for k in range(longest)]
            case Masked():
                places.append(Place(OPEN))
            case Soft(token, proposals):
                places.append(Place(token, is_soft=True, proposals=proposals))
            case token:
                places.append(Place(token))
    return tuple(places)


def _checked(number: int, slot: object, vocabulary: Vocabulary) -> Slot:
    match slot:
        case Masked():
            return slot
        case Gap(minimum, maximum):
            if minimum < 0 or (maximum is not None and maximum < minimum):
                raise InvalidCanvas(f"the gap at item {number} has no length between {minimum} and {maximum}")
            return slot
        case Soft(token, proposals):
            return Soft(_token(number, token, vocabulary), tuple(_token(number, one, vocabulary) for one in proposals))
    return _token(number, slot, vocabulary)


def _token(number: int, token: object, vocabulary: Vocabulary) -> int:
    try:
        found = operator.index(token)  # type: ignore[arg-type]
    except TypeError:
        raise InvalidCanvas(f"item {number} is {token!r}", "use token ids, MASK, Soft and Gap") from None
    if not 0 <= found < vocabulary.size:
        raise InvalidCanvas(f"item {number} is {found}, no token id below {vocabulary.size}")
    return found
