"""A place in a text: what was read to get there, and which configuration of the machine it is.

Places form a tree that grows at its leaves and is never changed above them, so forks share their past, taking tokens
back is going to the parent, and a copy costs nothing. The configuration is a memo: it holds for one epoch of the
grammar's memory (`CompiledGrammar`), and can be found again from the path to the root. So is the reading, made where a
value must differ from those before it (`repetitions`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskwright.matching.siblings import Reading


class Place:
    """One node of the tree; `read` is the token id or the bytes that led here from `parent`.

    `has_asked`: did any value on the way ask whether it repeats a sibling (in the document that began last)? `began`:
    the last place in the bytes of `read` where a document begins that is part of the text, or -1; `is_ambiguous`: was
    another one in progress there?
    """

    __slots__ = ("began", "configuration", "epoch", "has_asked", "is_ambiguous", "parent", "read", "reading")

    is_end = False
    """Was the text ended here by an end token?"""

    def __init__(
        self,
        parent: Place | None,
        read: int | bytes,
        configuration: int,
        epoch: int,
        has_asked: bool = False,
        began: int = -1,
        is_ambiguous: bool = False,
    ) -> None:
        self.has_asked: bool = has_asked or (began < 0 and parent is not None and parent.has_asked)
        self.began = began
        self.is_ambiguous = is_ambiguous
        self.parent = parent
        self.read = read
        self.configuration = configuration
        self.epoch = epoch
        self.reading: Reading | None = None

    def steps_since(self, epoch: int) -> list[Place]:
        """The path to this place from the nearest one that belongs to `epoch`, or else from the root."""
        path = [self]
        while path[-1].epoch != epoch and path[-1].parent is not None:
            path.append(path[-1].parent)
        return path[::-1]


class EndPlace(Place):
    """The place after an end token: the same configuration as before it, marked as the end."""

    __slots__ = ()

    is_end = True

    def __init__(self, place: Place) -> None:
        known = (place.configuration, place.epoch, place.has_asked, place.began, place.is_ambiguous)
        super().__init__(place.parent, place.read, *known)
