"""Shapes: the disjunctive normal form of a JSON Schema.

A *shape* is a set of values of one JSON type with its constraints; a schema means a *union*, a tuple of shapes. Two
shapes of one type intersect to at most one shape, so a conjunction of unions is again a union: the pairwise
intersections. What stands below a shape (a member, an item) is a *conjunction*: a tuple of schema nodes that must all
hold, whose union is computed only when it is asked for. Conjunctions of one schema are finitely many, which is why
intersecting recursive schemas ends.

    ()          no condition: every value
    (FALSE,)    no value at all
    (3, 8)      the nodes 3 and 8 both hold; order matters only for the order of members

Source: Attouche et al., "Witness generation for JSON Schema", PVLDB 2022, reduced to what this package supports.
Shapes are immutable and compare by content, so that equal parts of a schema share one rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import ClassVar, TypeAlias

from maskwright.grammar.json_schema.strings import Language, bounded_language, conjunction_language

FALSE = 0
"""The node that no value satisfies."""

Conjunction: TypeAlias = tuple[int, ...]
EVERYTHING: Conjunction = ()
NOTHING_AT_ALL: Conjunction = (FALSE,)

NULL_FAMILY, BOOLEAN_FAMILY, NUMBER_FAMILY, STRING_FAMILY, ARRAY_FAMILY, OBJECT_FAMILY = range(6)
"""Shapes of different families have no value in common."""


@dataclass(frozen=True, slots=True)
class NullShape:
    """The value null."""

    family: ClassVar[int] = NULL_FAMILY


@dataclass(frozen=True, slots=True)
class BooleanShape:
    """One or both of the values true and false."""

    family: ClassVar[int] = BOOLEAN_FAMILY
    has_false: bool = True
    has_true: bool = True


@dataclass(frozen=True, slots=True)
class NumberShape:
    """The numbers in a range. The bounds of integers are integers and inclusive."""

    family: ClassVar[int] = NUMBER_FAMILY
    is_integer: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False


@dataclass(frozen=True, slots=True)
class NumberWords:
    """Finitely many numbers, each with the spellings that stand for it."""

    family: ClassVar[int] = NUMBER_FAMILY
    words: tuple[tuple[Decimal, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class StringShape:
    """The strings that belong to all languages and whose length in characters lies in a range."""

    family: ClassVar[int] = STRING_FAMILY
    languages: tuple[Language, ...] = ()
    min_length: int = 0
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class StringWords:
    """Finitely many strings, in the order given."""

    family: ClassVar[int] = STRING_FAMILY
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """Arrays: conditions on the first items one by one, on all others together, and on their number."""

    family: ClassVar[int] = ARRAY_FAMILY
    prefix: tuple[Conjunction, ...] = ()
    items: Conjunction = EVERYTHING
    min_items: int = 0
    max_items: int | None = None


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """Objects: conditions on members by name, in order; on members with any other name; and which must be there."""

    family: ClassVar[int] = OBJECT_FAMILY
    properties: tuple[tuple[str, Conjunction], ...] = ()
    required: tuple[str, ...] = ()
    additional: Conjunction = EVERYTHING


Shape: TypeAlias = (
    NullShape | BooleanShape | NumberShape | NumberWords | StringShape | StringWords | ArrayShape | ObjectShape
)
Union: TypeAlias = tuple[Shape, ...]
Join: TypeAlias = Callable[[Conjunction, Conjunction], Conjunction]

NULL = NullShape()
ANY_BOOLEAN = BooleanShape()
ANY_NUMBER = NumberShape()
ANY_INTEGER = NumberShape(is_integer=True)
ANY_STRING = StringShape()
ANY_ARRAY = ArrayShape()
ANY_OBJECT = ObjectShape()
WHOLE_TYPES = frozenset((ANY_NUMBER, ANY_STRING, ANY_ARRAY, ANY_OBJECT))
ANY_VALUE: Union = (NULL, ANY_BOOLEAN, ANY_NUMBER, ANY_STRING, ANY_ARRAY, ANY_OBJECT)


def number_shape(
    is_integer: bool,
    minimum: Decimal | None,
    maximum: Decimal | None,
    exclusive_minimum: bool = False,
    exclusive_maximum: bool = False,
) -> NumberShape | None:
    """The numbers between two bounds, or None if there are none."""
    if is_integer:  # whole numbers as `int`: Decimal arithmetic rounds to 28 digits
        if minimum is not None:
            rounded = minimum.to_integral_value(ROUND_CEILING)
            minimum = Decimal(int(rounded) + (exclusive_minimum and rounded == minimum))
        if maximum is not None:
            rounded = maximum.to_integral_value(ROUND_FLOOR)
            maximum = Decimal(int(rounded) - (exclusive_maximum and rounded == maximum))
        exclusive_minimum = exclusive_maximum = False
    if (
        minimum is not None
        and maximum is not None
        and (minimum > maximum or (minimum == maximum and (exclusive_minimum or exclusive_maximum)))
    ):
        return None
    return NumberShape(is_integer, minimum, maximum, exclusive_minimum, exclusive_maximum)


def string_shape(languages: Iterable[Language], min_length: int, max_length: int | None) -> StringShape | None:
    """The strings of all languages with a length in the range, or None if there are none."""
    if max_length is not None and min_length > max_length:
        return None
    unique = tuple(sorted(set(languages)))
    if unique and bounded_language(unique, min_length, max_length)[0].is_empty:
        return None
    return StringShape(unique, min_length, max_length)


def intersect(left: Shape, right: Shape, join: Join) -> Shape | None:
    """The values that belong to both shapes, or None if there are visibly none; `join` forms conjunctions below."""
    if left == right:
        return left
    match left, right:
        case BooleanShape(), BooleanShape():
            both = BooleanShape(left.has_false and right.has_false, left.has_true and right.has_true)
            return both if both.has_false or both.has_true else None
        case NumberShape(), NumberShape():
            return _intersect_ranges(left, right)
        case NumberWords(), _:
            return _filter_numbers(left, right)
        case _, NumberWords():
            return _filter_numbers(right, left)
        case StringShape(), StringShape():
            maxima = [bound for bound in (left.max_length, right.max_length) if bound is not None]
            return string_shape(
                left.languages + right.languages, max(left.min_length, right.min_length), min(maxima, default=None)
            )
        case StringWords(), _:
            return _filter_words(left, right)
        case _, StringWords():
            return _filter_words(right, left)
        case ArrayShape(), ArrayShape():
            return _intersect_arrays(left, right, join)
        case ObjectShape(), ObjectShape():
            return _intersect_objects(left, right, join)
    return None


def _intersect_ranges(left: NumberShape, right: NumberShape) -> NumberShape | None:
    minimum, exclusive_minimum = left.minimum, left.exclusive_minimum
    if right.minimum is not None and (
        minimum is None or right.minimum > minimum or (right.minimum == minimum and right.exclusive_minimum)
    ):
        minimum, exclusive_minimum = right.minimum, right.exclusive_minimum
    maximum, exclusive_maximum = left.maximum, left.exclusive_maximum
    if right.maximum is not None and (
        maximum is None or right.maximum < maximum or (right.maximum == maximum and right.exclusive_maximum)
    ):
        maximum, exclusive_maximum = right.maximum, right.exclusive_maximum
    return number_shape(left.is_integer or right.is_integer, minimum, maximum, exclusive_minimum, exclusive_maximum)


def _filter_numbers(left: NumberWords, right: Shape) -> NumberWords | None:
    if isinstance(right, NumberWords):
        spellings = dict(right.words)
        kept = tuple(
            (value, tuple(dict.fromkeys(words + spellings[value]))) for value, words in left.words if value in spellings
        )
    else:
        assert isinstance(right, NumberShape)
        kept = tuple(
            (value, tuple(word for word in words if word.lstrip("-").isdigit()) if right.is_integer else words)
            for value, words in left.words
            if is_in_range(value, right)
        )
    return NumberWords(kept) if kept else None


def is_in_range(value: Decimal, shape: NumberShape) -> bool:
    """Does the number belong to the shape?"""
    if shape.minimum is not None and (value < shape.minimum or (value == shape.minimum and shape.exclusive_minimum)):
        return False
    if shape.maximum is not None and (value > shape.maximum or (value == shape.maximum and shape.exclusive_maximum)):
        return False
    return not shape.is_integer or value == value.to_integral_value()


def _filter_words(left: StringWords, right: Shape) -> StringWords | None:
    if isinstance(right, StringWords):
        other = frozenset(right.words)
        kept = tuple(word for word in left.words if word in other)
    else:
        assert isinstance(right, StringShape)
        longest = right.max_length
        language = conjunction_language(right.languages) if right.languages else None
        kept = tuple(
            word
            for word in left.words
            if right.min_length <= len(word)
            and (longest is None or len(word) <= longest)
            and (language is None or language.accepts(word))
        )
    return StringWords(kept) if kept else None


def _intersect_arrays(left: ArrayShape, right: ArrayShape, join: Join) -> ArrayShape | None:
    length = max(len(left.prefix), len(right.prefix))
    return array_shape(
        tuple(join(item_condition(left, position), item_condition(right, position)) for position in range(length)),
        join(left.items, right.items),
        max(left.min_items, right.min_items),
        min((bound for bound in (left.max_items, right.max_items) if bound is not None), default=None),
    )


def array_shape(
    prefix: tuple[Conjunction, ...], items: Conjunction, min_items: int, max_items: int | None
) -> ArrayShape | None:
    """Arrays with these conditions, or None if the least number of items visibly cannot be had."""
    for position, condition in enumerate((*prefix, items)):
        if condition == NOTHING_AT_ALL:
            max_items = position if max_items is None else min(position, max_items)
            break
    if max_items is not None:
        if min_items > max_items:
            return None
        prefix = prefix[:max_items]
        if len(prefix) == max_items:
            items = EVERYTHING
    while prefix and prefix[-1] == items and (max_items is None or len(prefix) < max_items):
        prefix = prefix[:-1]
    return ArrayShape(prefix, items, min_items, max_items)


def item_condition(shape: ArrayShape, position: int) -> Conjunction:
    """What the item at a position must satisfy."""
    return shape.prefix[position] if position < len(shape.prefix) else shape.items


def _intersect_objects(left: ObjectShape, right: ObjectShape, join: Join) -> ObjectShape | None:
    right_properties = dict(right.properties)
    properties = [
        (name, join(condition, right_properties.pop(name, right.additional))) for name, condition in left.properties
    ]
    properties += [(name, join(left.additional, condition)) for name, condition in right_properties.items()]
    required = left.required + tuple(name for name in right.required if name not in left.required)
    return object_shape(tuple(properties), required, join(left.additional, right.additional))


def object_shape(
    properties: tuple[tuple[str, Conjunction], ...], required: tuple[str, ...], additional: Conjunction
) -> ObjectShape | None:
    """Objects with these conditions, or None if a required member visibly cannot be had."""
    if required:
        conditions = dict(properties)
        for name in required:
            if conditions.get(name, additional) == NOTHING_AT_ALL:
                return None
    return ObjectShape(properties, required, additional)


def member_condition(shape: ObjectShape, name: str) -> Conjunction:
    """What the member of a name must satisfy where it is present."""
    for known, condition in shape.properties:
        if known == name:
            return condition
    return shape.additional


def merge_alternatives(shapes: Iterable[Shape]) -> Union:
    """The union of shapes without repeats, finite sets of one type joined, and what a whole type covers dropped."""
    unique = dict.fromkeys(shapes)
    if len(unique) < 2:
        return tuple(unique)
    words: dict[str, None] = {}
    numbers: dict[Decimal, tuple[str, ...]] = {}
    truths: set[bool] = set()
    whole_types = {shape.family for shape in unique if shape in WHOLE_TYPES}
    kept: dict[Shape | type[Shape], Shape] = {}
    for shape in unique:
        if shape.family in whole_types and shape not in WHOLE_TYPES:
            continue
        if isinstance(shape, StringWords):
            words.update(dict.fromkeys(shape.words))
            kept[StringWords] = shape
        elif isinstance(shape, NumberWords):
            for value, spellings in shape.words:
                numbers[value] = tuple(dict.fromkeys(numbers.get(value, ()) + spellings))
            kept[NumberWords] = shape
        elif isinstance(shape, BooleanShape):
            truths.update(value for value, has in ((False, shape.has_false), (True, shape.has_true)) if has)
            kept[BooleanShape] = shape
        else:
            kept[shape] = shape
    if StringWords in kept:
        kept[StringWords] = StringWords(tuple(words))
    if NumberWords in kept:
        kept[NumberWords] = NumberWords(tuple(numbers.items()))
    if BooleanShape in kept:
        kept[BooleanShape] = BooleanShape(False in truths, True in truths)
    return tuple(kept.values())
