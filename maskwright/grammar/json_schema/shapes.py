"""Shapes: sets of values of one JSON type, the building blocks of the normal form.

A schema means a *union*, a tuple of shapes. Two shapes of one type intersect to at most one shape (`intersection`), the
complement of a shape is a union (`complement`), so every boolean combination of schemas is a union. What stands below a
shape (a member, an item) is a *conjunction*: a tuple of literals that must all hold, whose union is computed only when
it is asked for. Conjunctions of one schema are finitely many, which is why intersecting recursive schemas ends.

    ()          no condition: every value
    (FALSE,)    no value at all
    (3, ~8)     term 3 holds and term 8 does not; order matters only for the order of members

Source: Attouche et al., "Witness generation for JSON Schema", PVLDB 2022. Obligations ("some member is like this") are
theirs; counting items, evaluated members and languages as names of members are ours. Shapes are immutable and compare
by content, so that equal parts of a schema share one rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import ClassVar, TypeAlias

from maskwright.grammar.json_schema.strings import Language, bounded_language, conjunction_language
from maskwright.grammar.kept_hash import KeepsHash, record
from maskwright.grammar.number_sets import NumberSet

FALSE = 0
"""The term that no value satisfies."""

Conjunction: TypeAlias = tuple[int, ...]
EVERYTHING: Conjunction = ()
NOTHING_AT_ALL: Conjunction = (FALSE,)

NULL_FAMILY, BOOLEAN_FAMILY, NUMBER_FAMILY, STRING_FAMILY, ARRAY_FAMILY, OBJECT_FAMILY = range(6)
"""Shapes of different families have no value in common."""


@record
class NullShape(KeepsHash):
    """The value null."""

    family: ClassVar[int] = NULL_FAMILY


@record
class BooleanShape(KeepsHash):
    """One or both of the values true and false."""

    family: ClassVar[int] = BOOLEAN_FAMILY
    has_false: bool = True
    has_true: bool = True


@record
class NumberShape(KeepsHash):
    """The numbers of a set: a range, multiples of a number, not multiples of others.

    `is_integer`: the type `integer` is asked for, and not only multiples of a whole number; it matters for spellings.
    """

    family: ClassVar[int] = NUMBER_FAMILY
    numbers: NumberSet
    is_integer: bool = False


@record
class NumberWords(KeepsHash):
    """Finitely many numbers, each with its canonical spellings."""

    family: ClassVar[int] = NUMBER_FAMILY
    words: tuple[tuple[Decimal, tuple[str, ...]], ...]


Budgets: TypeAlias = frozenset[tuple[int, str]]
"""How long a string or array of a shape is written at most, each with the option that says so; see `budgets`.

They are no part of what the shape means: intersections collect them, and complements know nothing of them.
"""
NO_BUDGETS: Budgets = frozenset()


@record
class StringShape(KeepsHash):
    """The strings that belong to all languages and whose length in characters lies in a range."""

    family: ClassVar[int] = STRING_FAMILY
    languages: tuple[Language, ...] = ()
    min_length: int = 0
    max_length: int | None = None
    budgets: Budgets = NO_BUDGETS


@record
class StringWords(KeepsHash):
    """Finitely many strings, in the order given."""

    family: ClassVar[int] = STRING_FAMILY
    words: tuple[str, ...]


@record
class Counted(KeepsHash):
    """A demand on an array: between `minimum` and `maximum` items from place `start` on satisfy `condition`."""

    condition: Conjunction
    start: int = 0
    minimum: int = 1
    maximum: int | None = None


@record
class ArrayShape(KeepsHash):
    """Arrays: conditions on the first items one by one, on all others together, on their number, counts of items that
    satisfy a condition, and whether all items differ."""

    family: ClassVar[int] = ARRAY_FAMILY
    prefix: tuple[Conjunction, ...] = ()
    items: Conjunction = EVERYTHING
    min_items: int = 0
    max_items: int | None = None
    counted: tuple[Counted, ...] = ()
    is_unique: bool = False
    budgets: Budgets = NO_BUDGETS


@record
class Obligation(KeepsHash):
    """A demand on an object: some member has a name of all `languages` that satisfies `names`, and a value that
    satisfies `condition`."""

    languages: tuple[Language, ...]
    condition: Conjunction
    names: Conjunction = EVERYTHING


@record
class ObjectShape(KeepsHash):
    """Objects: what their members satisfy, and which members there are.

    properties: conditions by name, in order. classes: conditions on members with any other name, by the languages that
    the name belongs to; no name belongs to two classes. additional: the condition on members whose name is in none.
    required: names that must be there. names: what every name, as a string, must satisfy.
    """

    family: ClassVar[int] = OBJECT_FAMILY
    properties: tuple[tuple[str, Conjunction], ...] = ()
    required: tuple[str, ...] = ()
    additional: Conjunction = EVERYTHING
    classes: tuple[tuple[tuple[Language, ...], Conjunction], ...] = ()
    min_properties: int = 0
    max_properties: int | None = None
    names: Conjunction = EVERYTHING
    obligations: tuple[Obligation, ...] = ()


Shape: TypeAlias = (
    NullShape | BooleanShape | NumberShape | NumberWords | StringShape | StringWords | ArrayShape | ObjectShape
)
Union: TypeAlias = tuple[Shape, ...]
Join: TypeAlias = Callable[[Conjunction, Conjunction], Conjunction]

NULL = NullShape()
ANY_BOOLEAN = BooleanShape()
ANY_NUMBER = NumberShape(NumberSet())
ANY_STRING = StringShape()
ANY_ARRAY = ArrayShape()
ANY_OBJECT = ObjectShape()
ANY_VALUE: Union = (NULL, ANY_BOOLEAN, ANY_NUMBER, ANY_STRING, ANY_ARRAY, ANY_OBJECT)
"""Every value; at index f the whole family f."""
WHOLE_TYPES = frozenset((ANY_NUMBER, ANY_STRING, ANY_ARRAY, ANY_OBJECT))


def string_shape(
    languages: Iterable[Language], min_length: int, max_length: int | None, budgets: Budgets = NO_BUDGETS
) -> StringShape | None:
    """The strings of all languages with a length in the range, or None if there are none."""
    if max_length is not None and min_length > max_length:
        return None
    unique = tuple(sorted(set(languages), key=str))
    if unique and bounded_language(unique, min_length, max_length)[0].is_empty:
        return None
    return StringShape(unique, min_length, max_length, budgets)


def array_shape(
    prefix: tuple[Conjunction, ...],
    items: Conjunction,
    min_items: int,
    max_items: int | None,
    counted: Iterable[Counted] = (),
    is_unique: bool = False,
    budgets: Budgets = NO_BUDGETS,
) -> ArrayShape | None:
    """Arrays with these conditions, or None if they visibly exclude each other."""
    kept = []
    for count in counted:
        if count.maximum is not None and count.minimum > count.maximum:
            return None
        if count.condition == NOTHING_AT_ALL:
            if count.minimum:
                return None
        elif count.condition == EVERYTHING:
            if count.minimum:
                min_items = max(min_items, count.start + count.minimum)
            if count.maximum is not None:
                most = count.start + count.maximum
                max_items = most if max_items is None else min(max_items, most)
        elif count.minimum or count.maximum is not None:
            kept.append(count)
            if count.minimum:
                min_items = max(min_items, count.start + count.minimum)
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
    is_unique = is_unique and max_items not in (0, 1)
    return ArrayShape(prefix, items, min_items, max_items, tuple(kept), is_unique, budgets)


def item_condition(shape: ArrayShape, position: int) -> Conjunction:
    """What the item at a position must satisfy."""
    return shape.prefix[position] if position < len(shape.prefix) else shape.items


def object_shape(
    properties: tuple[tuple[str, Conjunction], ...],
    required: tuple[str, ...],
    additional: Conjunction,
    classes: Iterable[tuple[tuple[Language, ...], Conjunction]] = (),
    min_properties: int = 0,
    max_properties: int | None = None,
    names: Conjunction = EVERYTHING,
    obligations: tuple[Obligation, ...] = (),
) -> ObjectShape | None:
    """Objects with these conditions, or None if a required member or a number of members visibly cannot be had."""
    if max_properties is not None and max(min_properties, len(required)) > max_properties:
        return None
    if min_properties <= len(required):
        min_properties = 0
    if any(NOTHING_AT_ALL in (obligation.condition, obligation.names) for obligation in obligations):
        return None
    kept = tuple([(languages, condition) for languages, condition in classes if condition != additional])
    shape = ObjectShape(
        properties, required, additional, kept, min_properties, max_properties, names, tuple(dict.fromkeys(obligations))
    )
    if required:
        conditions = dict(properties)
        for name in required:
            condition = conditions.get(name)
            if condition is None:
                condition = other_condition(shape, name) if kept else additional
            if condition == NOTHING_AT_ALL:
                return None
    return shape


def member_condition(shape: ObjectShape, name: str) -> Conjunction:
    """What the member of a name must satisfy where it is present."""
    for known, condition in shape.properties:
        if known == name:
            return condition
    return other_condition(shape, name)


def other_condition(shape: ObjectShape, name: str) -> Conjunction:
    """What the member of a name must satisfy that is not among the `properties`."""
    for languages, condition in shape.classes:
        if conjunction_language(languages).accepts(name):
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
        if shape.family in whole_types and shape not in WHOLE_TYPES and not getattr(shape, "budgets", NO_BUDGETS):
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
