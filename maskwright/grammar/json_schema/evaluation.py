"""Which members and items the keywords of a schema have looked at: what `unevaluated...` leaves to be judged.

`unevaluatedProperties` concerns the members that no keyword beside it, or in a subschema applied in place, has looked
at; which subschemas count depends on which of them hold. In the normal form this needs no dynamics: each alternative
of the union carries the `Evaluated` of the branches it was built from. Of `anyOf` every nonempty set of branches is an
alternative, because several may hold together; taking too few branches only leaves more to judge, so the union of
them all is exactly right, and branches that evaluate nothing new need no combining.

Source: JSON Schema core 2020-12, sections 11.2 and 11.3; 2019-09, sections 9.3.1.3 and 9.3.2.4 (where `contains` does
not evaluate items).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from maskwright.grammar.json_schema.shapes import (
    EVERYTHING,
    NOTHING_AT_ALL,
    ArrayShape,
    Conjunction,
    ObjectShape,
    array_shape,
    object_shape,
)
from maskwright.grammar.json_schema.strings import Language
from maskwright.grammar.kept_hash import KeepsHash, record


@record
class Evaluated(KeepsHash):
    """Members, by name and by the language of the name; items, by place and by a condition that they satisfy."""

    names: frozenset[str] = frozenset()
    patterns: frozenset[Language] = frozenset()
    all_members: bool = False
    n_items: int = 0
    all_items: bool = False
    matching: frozenset[Conjunction] = frozenset()

    def __or__(self, other: Evaluated) -> Evaluated:
        if other is NOT_EVALUATED or self == other:
            return self
        if self is NOT_EVALUATED:
            return other
        return Evaluated(
            self.names | other.names,
            self.patterns | other.patterns,
            self.all_members or other.all_members,
            max(self.n_items, other.n_items),
            self.all_items or other.all_items,
            self.matching | other.matching,
        )

    def with_all_members(self) -> Evaluated:
        """The same, and every member."""
        return replace(self, all_members=True)

    def with_all_items(self) -> Evaluated:
        """The same, and every item."""
        return replace(self, all_items=True)


NOT_EVALUATED = Evaluated()


def judged_members(evaluated: Evaluated, condition: Conjunction) -> ObjectShape | None:
    """Objects whose members that are not evaluated satisfy the condition."""
    if evaluated.all_members:
        return object_shape((), (), EVERYTHING)
    properties = tuple([(name, EVERYTHING) for name in sorted(evaluated.names)])
    patterns = tuple(sorted(evaluated.patterns, key=str))
    classes = [((("any", patterns),), EVERYTHING)] if patterns else []
    return object_shape(properties, (), condition, classes)


def judged_items(
    evaluated: Evaluated, condition: Conjunction, any_of: Callable[[tuple[Conjunction, ...]], Conjunction]
) -> ArrayShape | None:
    """Arrays whose items that are not evaluated satisfy the condition."""
    if evaluated.all_items:
        return array_shape((), EVERYTHING, 0, None)
    if evaluated.matching:
        alternatives = dict.fromkeys((condition, *sorted(evaluated.matching)))
        alternatives.pop(NOTHING_AT_ALL, None)
        condition = any_of(tuple(alternatives))
    return array_shape((EVERYTHING,) * evaluated.n_items, condition, 0, None)
