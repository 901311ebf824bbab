"""Arrays whose items all differ: which of their values are finitely many, and which go on for ever.

The engine refuses a repeated value at its last byte, so wherever a text stands inside an item, a value that did not
occur yet must still be within reach. That is so if infinitely many values lie ahead at every point, which is what
*free* means below. Values that are finitely many (`null`, the members of an `enum`, 0, which nothing can follow) are
therefore counted off one by one: each may be used once, as the members of an object may. An item that is neither
is refused: a string of at most 40 characters, an object whose last member is its only freedom.

A union of both kinds is split, and a value that a free shape has too needs no counting off.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from maskwright.errors import SchemaTooComplex
from maskwright.grammar.json_schema.array_states import ArrayGraph, array_graph
from maskwright.grammar.json_schema.intersection import intersect
from maskwright.grammar.json_schema.objects import resolve
from maskwright.grammar.json_schema.shapes import (
    ArrayShape,
    BooleanShape,
    Conjunction,
    NullShape,
    NumberShape,
    NumberWords,
    ObjectShape,
    Shape,
    StringShape,
    StringWords,
)
from maskwright.grammar.json_schema.strings import bounded_language, conjunction_language, is_free
from maskwright.grammar.number_sets import NumberSet, finite_members, split_zero
from maskwright.grammar.numbers import NumberSpelling
from maskwright.grammar.numbers import is_free as is_free_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskwright.grammar.json_schema.normal_form import NormalForm

MAX_VALUES = 2_000
"""The most values counted off one by one where nothing else is known of the array."""

MAX_PLACED_VALUES = 10
"""The most where items also have places or are counted: a state for each of the 1,024 sets of values used."""


ZERO = NumberShape(NumberSet(Decimal(0), Decimal(0)))


@dataclass(frozen=True, slots=True)
class Values:
    """The values of an item: `finite` ones, each a shape of one value, and free shapes; `stuck` are in neither."""

    finite: tuple[Shape, ...]
    free: tuple[Shape, ...]
    stuck: tuple[Shape, ...]


def values_of(
    form: NormalForm, conjunction: Conjunction, is_live: Callable[[Conjunction], bool], spelling: NumberSpelling
) -> Values:
    """The values of a conjunction, by kind."""
    finite: dict[Shape, None] = {}
    free: list[Shape] = []
    stuck: list[Shape] = []
    for shape in form.union_of(conjunction):
        singles = _singles(form, shape, is_live)
        if singles is not None:
            finite.update(dict.fromkeys(singles))
        elif isinstance(shape, NumberShape):
            has_zero, others = split_zero(shape.numbers)
            if has_zero:
                finite[ZERO] = None
            for numbers in others:
                part = NumberShape(numbers, shape.is_integer)
                (free if is_free_number(numbers, spelling, with_points=not shape.is_integer) else stuck).append(part)
        else:
            (free if _is_free(form, shape, is_live) else stuck).append(shape)
    counted = [one for one in finite if not any(_shares(form, one, shape) for shape in free)]
    return Values(tuple(counted), tuple(free), tuple(stuck))


def _shares(form: NormalForm, one: Shape, other: Shape) -> bool:
    return one.family == other.family and intersect(one, other, form.join) is not None


def _singles(form: NormalForm, shape: Shape, is_live: Callable[[Conjunction], bool]) -> list[Shape] | None:
    """One shape for each value, if they are few."""
    match shape:
        case NullShape():
            return [shape]
        case BooleanShape(has_false, has_true):
            return [BooleanShape(not truth, truth) for truth, has in ((True, has_true), (False, has_false)) if has]
        case NumberWords(words):
            return [NumberWords((word,)) for word in words]
        case NumberShape(numbers):
            members = finite_members(numbers, MAX_VALUES)
            if members is None:
                return None
            return [NumberShape(NumberSet(value, value), shape.is_integer) for value in members]
        case StringWords(words):
            return [StringWords((word,)) for word in words]
        case StringShape(languages, minimum, maximum):
            if not languages and maximum is None:
                return None
            language = conjunction_language((*languages, ("lengths", (minimum, maximum))))
            strings = language.members(MAX_VALUES) if maximum is None or maximum <= 64 else None
            return None if strings is None else [StringWords((word,)) for word in strings]
        case ArrayShape():
            if shape.max_items == 0 or (not shape.prefix and not is_live(shape.items)):
                return [ArrayShape(max_items=0)]
        case ObjectShape():
            if not any(is_live(part) for resolved in resolve(form, shape) for part in resolved.parts):
                return [ObjectShape(max_properties=0)]
    return None


def _is_free(form: NormalForm, shape: Shape, is_live: Callable[[Conjunction], bool]) -> bool:
    """Do infinitely many values lie ahead at every point inside a value, and before it?"""
    match shape:
        case StringShape(languages, minimum, maximum):
            if maximum is not None:
                return False
            if not languages:
                return True
            automaton, counter = bounded_language(languages, minimum, maximum)
            return (counter is None or counter[1] is None) and is_free(automaton)
        case ArrayShape():
            return (
                shape.max_items is None
                and not shape.is_unique
                and all(count.maximum is None for count in shape.counted)
                and is_live(shape.items)
            )
        case ObjectShape():
            return all(
                resolved.maximum is None
                and any(
                    is_live(extra.condition) and conjunction_language(extra.languages).length_bounds()[1] is None
                    for extra in resolved.extras
                )
                for resolved in resolve(form, shape)
            )
    return False


def is_placed(shape: ArrayShape) -> bool:
    """Have the items places, or are they counted, so that using up values has to be known together with these?"""
    return bool(shape.prefix or shape.counted)


@dataclass(frozen=True, slots=True)
class DistinctGraph:
    """An array graph whose edges carry shapes: one value that is used up, or a free shape."""

    graph: ArrayGraph
    values: dict[Conjunction, Values]
    edges: tuple[tuple[int, Conjunction, Shape | None, int], ...]
    """(state, condition of the item, the one value that it is or None for any free one, state after it)"""
    accepting: frozenset[int]
    first: frozenset[int]
    """The states before the first item."""


def distinct_graph(
    form: NormalForm, shape: ArrayShape, is_live: Callable[[Conjunction], bool], spelling: NumberSpelling
) -> DistinctGraph:
    """The graph of an array with places whose items all differ."""
    graph = array_graph(form, shape)
    values = {part: values_of(form, part, is_live, spelling) for part in graph.conditions if is_live(part)}
    universe: dict[Any, int] = {}
    for found in values.values():
        for one in found.finite:
            universe.setdefault(one, len(universe))
    if len(universe) > MAX_PLACED_VALUES:
        raise SchemaTooComplex("values that differ, in an array with places", len(universe), MAX_PLACED_VALUES)
    leaving: dict[int, list[tuple[Conjunction, int]]] = {}
    for source, condition, target in graph.edges:
        if condition in values:
            leaving.setdefault(source, []).append((condition, target))
    numbers = {(0, 0): 0}
    order = [(0, 0)]
    edges: list[tuple[int, Conjunction, Shape | None, int]] = []
    for state, used in order:  # grows while it is read
        for condition, target in leaving.get(state, ()):
            found = values[condition]
            steps: list[tuple[Shape | None, int]] = [
                (one, used | 1 << universe[one]) for one in found.finite if not used >> universe[one] & 1
            ]
            if found.free:
                steps.append((None, used))
            for single, after in steps:
                following = (target, after)
                if following not in numbers:
                    if len(order) >= form.max_states:
                        raise SchemaTooComplex("states of an array", len(order) + 1, form.max_states)
                    numbers[following] = len(order)
                    order.append(following)
                edges.append((numbers[state, used], condition, single, numbers[following]))
    accepting = frozenset(number for (state, _), number in numbers.items() if state in graph.accepting)
    first = frozenset(number for (state, _), number in numbers.items() if graph.places[state] == 0)
    return DistinctGraph(graph, values, tuple(edges), accepting, first)
