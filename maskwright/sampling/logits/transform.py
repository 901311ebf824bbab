"""What changes a model's logits before the mask: one protocol, and chains of its members.

A transform takes the row of the next token and gives another. `state, row = transform(state, context, row)`: nothing is
modified, so a state may be kept, forked with a particle, or rolled back. Most transforms have no memory and derive from
`StatelessTransform`; only these define another *model* (a distribution that depends on the text alone), and therefore
only these fit into a `TransformedModel`, the target of exact sampling.

Before the mask, or after it? A transform reads any row, and a masked row is a row with −inf at the forbidden tokens, so
both orders can be had. Before the mask, the transformed model is what the grammar cuts, and its mass is known; but of
what a truncation keeps, the grammar may forbid all, which then shows as zero mass: an error, never a silent widening.
After the mask, a truncation chooses among the allowed tokens and always leaves one. (The mask is needed once more then:
`EAD` may bring in the row of another model.) The orders agree for what works token by token, `Temperature` and `CAD`,
and differ for what compares tokens: of the probabilities .6, .3, .1 with the first forbidden, `TopK(1)` before the mask
leaves nothing, after it the second token.

Rejected: telling a transform which token was chosen. Whoever needs it (`Mirostat`) finds it in the text of the next
call, and no sampler can forget to say so. Rejected: closures as transforms; records can be compared and printed, which
caches and reports need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, overload

import numpy as np
import numpy.typing as npt

from maskwright.sampling.language_model import LanguageModel
from maskwright.sampling.logits.distributions import Floats, checked_row

StateT = TypeVar("StateT")


@dataclass(frozen=True, slots=True)
class Context:
    """Where a row belongs: all token ids before it, prompt included, and the untransformed model that gave it."""

    token_ids: Sequence[int]
    model: LanguageModel


class LogitsTransform(Protocol[StateT]):
    """Changes rows of logits, and may remember earlier ones of the same text."""

    def init(self) -> StateT:
        """The state before the first row of a text."""

    def __call__(self, state: StateT, context: Context, logits: npt.NDArray[np.floating], /) -> tuple[StateT, Floats]:
        """The next state and the new row, float64[V]; `logits` is left as it was.

        Raises `BadLogits` for a row that is no distribution.
        """


class StatelessTransform(ABC):
    """A transform whose row depends on the text and the given row alone."""

    __slots__ = ()

    @abstractmethod
    def change(self, context: Context, row: Floats) -> Floats:
        """The new row of a checked one."""

    def init(self) -> None:  # noqa: B027  (not to be overridden: there is nothing)
        """Nothing to remember."""

    def __call__(self, state: None, context: Context, logits: npt.NDArray[np.floating], /) -> tuple[None, Floats]:
        """See `LogitsTransform`."""
        return state, self.change(context, checked_row(logits, len(context.token_ids)))


@dataclass(frozen=True, slots=True)
class _StatelessChain(StatelessTransform):
    transforms: tuple[StatelessTransform, ...]

    def change(self, context: Context, row: Floats) -> Floats:
        for transform in self.transforms:
            _, row = transform(None, context, row)
        return row


@dataclass(frozen=True, slots=True)
class _Chain:
    # What each state is, only its own transform knows.
    transforms: tuple[LogitsTransform[Any], ...]

    def init(self) -> tuple[Any, ...]:
        return tuple(transform.init() for transform in self.transforms)

    def __call__(
        self, state: tuple[Any, ...], context: Context, logits: npt.NDArray[np.floating], /
    ) -> tuple[tuple[Any, ...], Floats]:
        row = checked_row(logits, len(context.token_ids))
        states = []
        for transform, before in zip(self.transforms, state, strict=True):
            after, row = transform(before, context, row)
            states.append(after)
        return tuple(states), row


@overload
def chain(*transforms: StatelessTransform) -> StatelessTransform: ...
@overload
def chain(*transforms: LogitsTransform[Any]) -> LogitsTransform[tuple[Any, ...]]: ...
def chain(*transforms: LogitsTransform[Any]) -> LogitsTransform[Any]:
    """The transforms one after the other, left to right; of none, the identity. A chain of stateless ones is stateless.

    The state of any other is the tuple of its members' states.
    """
    stateless = [transform for transform in transforms if isinstance(transform, StatelessTransform)]
    return _StatelessChain(tuple(stateless)) if len(stateless) == len(transforms) else _Chain(transforms)
