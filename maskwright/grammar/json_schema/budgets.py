"""Budgets: how long strings and arrays are written at most, where the schema itself sets no smaller bound.

A budget is no part of what a schema means, so it must not turn round under `not` or decide which branch of `oneOf`
holds. Shapes therefore carry the budgets of the places that they stem from as annotations: an intersection collects
them, a complement has none, and only those who write texts (`NormalForm.union_of`) bound a shape by them. A shape with
budgets of its own is bounded by the least of these, every other by `max_string` or `max_items`. Each alternative has
its own: a string that two branches of an `anyOf` allow is as long as the wider budget says. Strings that are enumerated
stay as they are.

A shape that its budget leaves no value, and that had one, is an error: an alternative is never silently lost.
Cost: nothing without budgets; with them one look at each shape, and one more search for what is productive.

Rejected: an `allOf` around the whole schema, with `maxLength` all the way down (no place could have a wider budget, and
each condition would be two); bounds written into the nodes (wrong under a negation, and those of `true` have no node).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from maskwright.errors import InvalidOption, SchemaTooComplex
from maskwright.grammar.json_schema.intersection import least
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.shapes import (
    NO_BUDGETS,
    ArrayShape,
    Budgets,
    Conjunction,
    Shape,
    StringShape,
    Union,
    array_shape,
    string_shape,
)
from maskwright.grammar.json_schema.strings import conjunction_language

if TYPE_CHECKING:
    from maskwright.grammar.json_schema.productivity import Productivity

Bounded: TypeAlias = StringShape | ArrayShape
NOT_GENERATED: Final = "one that leads to strings or arrays which the schema generates and does not enumerate"


class Budgeting:
    """The budgets of one schema, and which shapes they bounded (mutable: it grows by being asked).

    bounded: what became of each shape, None for nothing at all. places: where it stood.
    """

    def __init__(self, options: JSONSchemaOptions) -> None:
        self.fields = dict(options.field_budgets)
        self._strings = _at_most(options.max_string, "max_string")
        self._arrays = _at_most(options.max_items, "max_items")
        self.bounded: dict[Bounded, Shape | None] = {}
        self.places: dict[Bounded, Conjunction] = {}

    def within(self, union: Union, conjunction: Conjunction) -> Union:
        """The shapes of a union, each as far as its budgets go."""
        kept = []
        for shape in union:
            if isinstance(shape, StringShape | ArrayShape):
                if shape not in self.bounded:
                    self.bounded[shape] = self._bounded(shape)
                    self.places[shape] = conjunction
                found = self.bounded[shape]
                if found is not None:
                    kept.append(found)
            else:
                kept.append(shape)
        return tuple(kept)

    def _budgets(self, shape: Bounded) -> Budgets:
        return shape.budgets or (self._strings if isinstance(shape, StringShape) else self._arrays)

    def _bounded(self, shape: Bounded) -> Shape | None:
        most = min((most for most, _ in self._budgets(shape)), default=None)
        if isinstance(shape, StringShape):
            return string_shape(shape.languages, shape.min_length, least(shape.max_length, most))
        longest = least(shape.max_items, most)
        return array_shape(shape.prefix, shape.items, shape.min_items, longest, shape.counted, shape.is_unique)

    def check(self, meant: Productivity, written: Productivity) -> None:
        """Raise SchemaTooComplex where nothing is left of a shape, and InvalidOption for a pointer that bounds nothing.

        meant: what has values, budgets aside. written: what has some within them, after all of it was reached.
        """
        for shape, found in self.bounded.items():
            if (found is None or not written.is_productive_shape(found)) and meant.is_productive_shape(shape):
                most, option = min(self._budgets(shape))
                stage, asked, unit = _shortest(shape)
                where = written.form.pointer(self.places[shape])
                raise SchemaTooComplex(stage, max(asked, most + 1), most, where, f"allow more {unit} in {option}")
        met = {budget for shape in self.bounded for budget in shape.budgets}
        for pointer, most in self.fields.items():
            if (most, field_name(pointer)) not in met:
                raise InvalidOption("Each pointer of field_budgets", pointer, NOT_GENERATED)


def field_name(pointer: str) -> str:
    """What errors call the budget of a place."""
    return f"field_budgets[{pointer!r}]"


def _at_most(most: int | None, option: str) -> Budgets:
    return NO_BUDGETS if most is None else frozenset(((most, option),))


def _shortest(shape: Bounded) -> tuple[str, int, str]:
    """What is too long, the least length that it has, and of what."""
    if isinstance(shape, ArrayShape):
        return "the shortest array", shape.min_items, "items"
    shortest = conjunction_language(shape.languages).length_bounds()[0] if shape.languages else 0
    return "the shortest string", max(shape.min_length, shortest), "characters"
