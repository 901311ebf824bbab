"""Arrays whose items all differ: which of their values are finitely many, and which go on for ever.

The engine refuses a repeated value at its last byte, so wherever a text stands inside an item, a value that did not
occur yet must still be within reach. That is so if infinitely many values lie ahead at every point, which is what
*free* means below. Values that are finitely many (`null`, the members of an `enum`, 0, which nothing can follow) are
therefore counted off one by one: each may be used once, as the members of an object may. An item that is neither
is refused: a string of at most 40 characters, an object whose last member is its only freedom.

A union of both kinds is split, and a value that a free shape has too needs no counting off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from maskwright.errors import SchemaTooComplex
from maskwright.grammar.characters import is_free
from maskwright.grammar.json_schema.array_states import array_graph
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
    item_condition,
)
from maskwright.grammar.json_schema.strings import bounded_language, conjunction_language
from maskwright.grammar.number_sets import NumberSet, finite_members, split_zero
from maskwright.grammar.numbers import NumberSpelling
from maskwright.grammar.numbers import is_free as is_free_number

if TYPE_CHECKING:
    from maskwright.grammar.json_schema.normal_form import NormalForm

MAX_VALUES = 2_000
"""The most values counted off one by one where nothing else is known of the array."""

MAX_LISTED_LENGTH = 64
"""The longest strings and arrays of which it is asked whether they are few."""

MAX_DEPTH = 16
"""How deep an array or object is looked into for whether it has just one value."""

MAX_PLACED_VALUES = 10
"""The most where items also have places or are counted: a state for each of the 1,024 sets of values used."""


ZERO = NumberShape(NumberSet(Decimal(0), Decimal(0)))

Value = tuple[str, Any]
"""A JSON value, so that equal values compare equal: its type, and what tells it from others of that type."""


@dataclass(frozen=True, slots=True)
class Live:
    """What is known to have values: conjunctions and shapes."""

    conjunction: Callable[[Conjunction], bool]
    shape: Callable[[Shape], bool]


@dataclass(frozen=True, slots=True)
class Values:
    """The values of an item: `finite` ones, each with a shape of its own, and free shapes; `stuck` are neither."""

    finite: dict[Value, Shape]
    free: tuple[Shape, ...]
    stuck: tuple[Shape, ...]


def values_of(form: NormalForm, conjunction: Conjunction, live: Live, spelling: NumberSpelling) -> Values:
    """The values of a conjunction, by kind."""
    finite: dict[Value, Shape] = {}
    free: list[Shape] = []
    stuck: list[Shape] = []
    for shape in form.union_of(conjunction):
        if not live.shape(shape):
            continue
        singles = _singles(form, shape, live)
        if singles is not None:
            for value, single in singles:
                finite.setdefault(value, single)
        elif isinstance(shape, NumberShape):
            has_zero, others = split_zero(shape.numbers)
            if has_zero:
                finite["number", Decimal(0)] = NumberShape(ZERO.numbers, shape.is_integer)
            for numbers in others:
                part = NumberShape(numbers, shape.is_integer)
                (free if is_free_number(numbers, spelling, with_points=not shape.is_integer) else stuck).append(part)
        else:
            (free if _is_free(form, shape, live) else stuck).append(shape)
    counted = {value: one for value, one in finite.items() if not any(_shares(form, one, shape) for shape in free)}
    return Values(counted, tuple(free), tuple(stuck))


def shares_a_value(form: NormalForm, counted: Values, other: Values) -> bool:
    """Is a value that is counted off in one place free in another?"""
    return any(_shares(form, one, shape) for one in counted.finite.values() for shape in other.free)


def _shares(form: NormalForm, one: Shape, other: Shape) -> bool:
    return one.family == other.family and intersect(one, other, form.join) is not None


def _singles(form: NormalForm, shape: Shape, live: Live, depth: int = 0) -> list[tuple[Value, Shape]] | None:
    """Each value with a shape for it alone, if they are few."""
    match shape:
        case NullShape():
            return [(("null", None), shape)]
        case BooleanShape(has_false, has_true):
            truths = [truth for truth, has in ((True, has_true), (False, has_false)) if has]
            return [(("boolean", truth), BooleanShape(not truth, truth)) for truth in truths]
        case NumberWords(words):
            return [(_number(word[0]), NumberWords((word,))) for word in words]
        case NumberShape(numbers, is_integer):
            members = finite_members(numbers, MAX_VALUES)
            if members is None:
                return None
            return [(_number(value), NumberShape(NumberSet(value, value), is_integer)) for value in members]
        case StringWords(words):
            return [(("string", word), StringWords((word,))) for word in words]
        case StringShape(languages, minimum, maximum):
            if not languages and maximum is None:
                return None
            language = conjunction_language((*languages, ("lengths", (minimum, maximum))))
            strings = language.members(MAX_VALUES) if maximum is None or maximum <= MAX_LISTED_LENGTH else None
            return None if strings is None else [(("string", word), StringWords((word,))) for word in strings]
        case ArrayShape():
            value = _single_array(form, shape, live, depth)
            return None if value is None else [(value, shape)]
        case ObjectShape():
            value = _single_object(form, shape, live, depth)
            return None if value is None else [(value, shape)]


def _number(value: Decimal) -> Value:
    return ("number", value)


def _single_value(form: NormalForm, conjunction: Conjunction, live: Live, depth: int) -> Value | None:
    """The value of a conjunction that has just one; None also where that lies too deep to be told."""
    if depth > MAX_DEPTH:
        return None
    found: set[Value] = set()
    for shape in form.union_of(conjunction):
        if live.shape(shape):
            singles = _singles(form, shape, live, depth)
            if singles is None or len(singles) != 1:
                return None
            found.add(singles[0][0])
    return found.pop() if len(found) == 1 else None


def _single_array(form: NormalForm, shape: ArrayShape, live: Live, depth: int) -> Value | None:
    longest = shape.max_items
    if not live.conjunction(shape.items) and (longest is None or longest > len(shape.prefix)):
        longest = len(shape.prefix)
    if longest != shape.min_items or longest > MAX_LISTED_LENGTH:
        return None
    items = [_single_value(form, item_condition(shape, place), live, depth + 1) for place in range(longest)]
    return None if None in items else ("array", tuple(items))


def _single_object(form: NormalForm, shape: ObjectShape, live: Live, depth: int) -> Value | None:
    found: set[Value] = set()
    for resolved in resolve(form, shape):
        members = [(name, condition) for name, condition in resolved.members if live.conjunction(condition)]
        if any(live.conjunction(extra.condition) for extra in resolved.extras) or len(members) > len(resolved.required):
            return None
        values = {name: _single_value(form, condition, live, depth + 1) for name, condition in members}
        if None in values.values():
            return None
        found.add(("object", frozenset(values.items())))
    return found.pop() if len(found) == 1 else None


def _is_free(form: NormalForm, shape: Shape, live: Live) -> bool:
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
                and live.conjunction(shape.items)
            )
        case ObjectShape():
            return all(
                resolved.maximum is None
                and any(
                    live.conjunction(extra.condition)
                    and conjunction_language(extra.languages).length_bounds()[1] is None
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

    values: dict[Conjunction, Values]
    edges: tuple[tuple[int, Conjunction, Shape | None, int], ...]
    """(state, condition of the item, the one value that it is or None for any free one, state after it)"""
    accepting: frozenset[int]
    first: frozenset[int]
    """The states before the first item."""


def distinct_graph(form: NormalForm, shape: ArrayShape, live: Live, spelling: NumberSpelling) -> DistinctGraph:
    """The graph of an array with places whose items all differ; what is stuck counts as free."""
    graph = array_graph(form, shape)
    values = {part: values_of(form, part, live, spelling) for part in graph.conditions if live.conjunction(part)}
    universe: dict[Value, int] = {}
    for found in values.values():
        for value in found.finite:
            universe.setdefault(value, len(universe))
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
                (one, used | 1 << universe[value])
                for value, one in found.finite.items()
                if not used >> universe[value] & 1
            ]
            if found.free or found.stuck:
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
    return DistinctGraph(values, tuple(edges), accepting, first)
