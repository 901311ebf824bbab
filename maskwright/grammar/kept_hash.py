"""Frozen dataclasses that keep their hash: values which are deep and are looked up often.

A frozen dataclass computes its hash anew each time, down to the leaves. Nodes of grammars, shapes and terms of schemas
are keys in many tables: that was a tenth of the time to compile a schema. Equality needs no such care, since tuples
compare by identity first, and parts are shared.

    @record
    class Pair(KeepsHash):
        left: Pair | None
        right: Pair | None
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, TypeVar, dataclass_transform


class KeepsHash:
    """The base of every `record`; the hash is computed when it is first asked for."""

    __slots__ = ("_hash",)
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _parts_of: ClassVar[Callable[[KeepsHash], object]]
    if TYPE_CHECKING:
        _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            kind = type(self)
            found = hash((kind, kind._parts_of(self)))
            object.__setattr__(self, "_hash", found)
            return found


Kind = TypeVar("Kind", bound=KeepsHash)


@dataclass_transform(frozen_default=True)
def record(kind: type[Kind]) -> type[Kind]:
    """Make a class a frozen dataclass with slots that keeps its hash."""
    kind.__hash__ = KeepsHash.__hash__  # type: ignore[method-assign] # else the dataclass makes one that keeps nothing
    made = dataclass(frozen=True, slots=True)(kind)
    made._parts_of = attrgetter(*(made.__match_args__ or ("__class__",)))
    return made
