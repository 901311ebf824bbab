"""Alternatives that another one covers, dropped: what keeps the normal form small where negations multiply.

`A and not B and not C ...` is a product of unions, most of whose terms say the same and more than another term. A shape
covers another if it demands no more of any part: a comparison of literals, which misses some cases and is never wrong.
Cost: quadratic in the alternatives, so where it would take more than MAX_COMPARISONS of parts nothing is dropped, nor
in unions that come after MAX_COMPARED of them.
"""

from __future__ import annotations

from maskwright.grammar.json_schema.shapes import (
    EVERYTHING,
    FALSE,
    ArrayShape,
    Conjunction,
    ObjectShape,
    Shape,
    Union,
    item_condition,
    member_condition,
)

MAX_COMPARISONS = 300_000
"""The most parts that are compared with each other in one union: about 50 milliseconds."""
MAX_COMPARED = 4_000_000
"""The same in all unions of one schema: about a second."""


class Absorption:
    """How much has been compared so far (mutable)."""

    def __init__(self) -> None:
        self.n_compared = 0

    def reduced(self, union: Union) -> Union:
        """The union without arrays and objects that another alternative visibly covers, or as it is."""
        containers = [shape for shape in union if isinstance(shape, ArrayShape | ObjectShape)]
        n_parts = max(map(_n_parts, containers), default=0)
        asked = len(containers) ** 2 * n_parts
        if len(containers) < 2 or asked > MAX_COMPARISONS or self.n_compared > MAX_COMPARED:
            return union
        self.n_compared += asked
        return _without_absorbed(union, containers)


def _without_absorbed(union: Union, containers: list[ArrayShape | ObjectShape]) -> Union:
    kept: list[Shape] = []
    for shape in containers:
        if not any(covers(other, shape) for other in kept):
            kept = [other for other in kept if not covers(shape, other)]
            kept.append(shape)
    if len(kept) == len(containers):
        return union
    remaining = set(kept)
    return tuple([shape for shape in union if not isinstance(shape, ArrayShape | ObjectShape) or shape in remaining])


def _n_parts(shape: ArrayShape | ObjectShape) -> int:
    return 1 + len(shape.prefix if isinstance(shape, ArrayShape) else shape.properties)


def covers(wide: Shape, narrow: Shape) -> bool:
    """Does every value of the narrow shape visibly have the wide one?"""
    if isinstance(wide, ObjectShape) and isinstance(narrow, ObjectShape):
        return _covers_objects(wide, narrow)
    if isinstance(wide, ArrayShape) and isinstance(narrow, ArrayShape):
        return _covers_arrays(wide, narrow)
    return False


def implies(narrow: Conjunction, wide: Conjunction) -> bool:
    """Does the first conjunction visibly demand all that the second does?"""
    return wide == EVERYTHING or FALSE in narrow or set(wide) <= set(narrow)


def _is_within(narrow: tuple[int, int | None], wide: tuple[int, int | None]) -> bool:
    return narrow[0] >= wide[0] and (wide[1] is None or (narrow[1] is not None and narrow[1] <= wide[1]))


def _covers_objects(wide: ObjectShape, narrow: ObjectShape) -> bool:
    if not set(wide.required) <= set(narrow.required):
        return False
    least = max(narrow.min_properties, len(narrow.required))
    if not _is_within((least, narrow.max_properties), (wide.min_properties, wide.max_properties)):
        return False
    if wide.classes and wide.classes != narrow.classes:
        return False
    if not implies(narrow.names, wide.names) or not implies(narrow.additional, wide.additional):
        return False
    if not set(wide.obligations) <= set(narrow.obligations):
        return False
    if wide.additional != EVERYTHING and any(
        not implies(condition, wide.additional) for _, condition in narrow.classes
    ):
        return False
    known = dict(narrow.properties)
    declared = {name for name, _ in wide.properties}
    for name, condition in wide.properties:
        if condition != EVERYTHING:
            ours = known.get(name)
            if not implies(member_condition(narrow, name) if ours is None else ours, condition):
                return False
    if wide.additional == EVERYTHING and not wide.classes:
        return True
    return all(
        implies(condition, member_condition(wide, name))
        for name, condition in narrow.properties
        if name not in declared
    )


def _covers_arrays(wide: ArrayShape, narrow: ArrayShape) -> bool:
    if not _is_within((narrow.min_items, narrow.max_items), (wide.min_items, wide.max_items)):
        return False
    if (wide.is_unique and not narrow.is_unique) or not set(wide.counted) <= set(narrow.counted):
        return False
    if wide.budgets != narrow.budgets:
        return False
    length = max(len(wide.prefix), len(narrow.prefix))
    return implies(narrow.items, wide.items) and all(
        implies(item_condition(narrow, place), item_condition(wide, place)) for place in range(length)
    )
