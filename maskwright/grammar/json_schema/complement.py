"""The complement of a shape among the values of its type: a union of shapes, exact, for nearly every shape.

    not (items 0.. satisfy A)        some item, from place 0 on, does not: counted at least once
    not (member a satisfies A)       a is there and does not satisfy A
    not (other members satisfy A)    an obligation: some member with such a name does not
    not (a is required)              a is not there
    not (m to n of something)        fewer than m, or more than n

The alternatives may overlap, which a nondeterministic grammar does not mind. The exceptions: an array that must *not*
have different items cannot be told by what the engine remembers, and of some formats only a part is known; negating
`uniqueItems` and these formats is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from maskwright.grammar.characters import PARTIAL_FORMATS
from maskwright.grammar.json_schema.intersection import rest_of
from maskwright.grammar.json_schema.shapes import (
    ANY_VALUE,
    EVERYTHING,
    NOTHING_AT_ALL,
    ArrayShape,
    BooleanShape,
    Conjunction,
    Counted,
    NullShape,
    NumberShape,
    NumberWords,
    ObjectShape,
    Obligation,
    Shape,
    StringShape,
    StringWords,
    Union,
    array_shape,
    object_shape,
    string_shape,
)
from maskwright.grammar.json_schema.strings import negated, words_language
from maskwright.grammar.number_sets import NumberSet, complement_numbers

Negate = Callable[[Conjunction], Conjunction]


class CannotNegate(Exception):
    """The keyword of a shape whose complement no shape describes."""

    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


def complement(shape: Shape, negate: Negate) -> Union:
    """The values of the shape's type that do not have the shape; `negate` forms conditions below."""
    return tuple([alternative for alternative in _alternatives(shape, negate) if alternative is not None])


def _alternatives(shape: Shape, negate: Negate) -> Iterator[Shape | None]:
    match shape:
        case NullShape():
            return
        case BooleanShape(has_false, has_true):
            if not (has_false and has_true):
                yield BooleanShape(not has_false, not has_true)
        case NumberShape(numbers):
            yield from (NumberShape(other) for other in complement_numbers(numbers))
        case NumberWords(words):
            yield from _between(words)
        case StringShape(languages, minimum, maximum):
            if any(kind == "format" and name in PARTIAL_FORMATS for kind, name in languages):
                raise CannotNegate("format")  # less than the whole format, so its complement would be too much
            yield from (string_shape((negated(language),), 0, None) for language in languages)
            if minimum:
                yield string_shape((), 0, minimum - 1)
            if maximum is not None:
                yield string_shape((), maximum + 1, None)
        case StringWords(words):
            yield string_shape((negated(words_language(words)),), 0, None)
        case ArrayShape():
            yield from _other_arrays(shape, negate)
        case ObjectShape():
            yield from _other_objects(shape, negate)


def _between(words: Iterable[tuple[Decimal, tuple[str, ...]]]) -> Iterator[Shape]:
    """The numbers before, between and after finitely many."""
    below: Decimal | None = None
    for value in sorted(value for value, _ in words):
        yield NumberShape(NumberSet(below, value, below is not None, True))
        below = value
    yield NumberShape(NumberSet(below, None, below is not None, False))


def _other_arrays(shape: ArrayShape, negate: Negate) -> Iterator[Shape | None]:
    if shape.is_unique:
        raise CannotNegate("uniqueItems")
    for place, condition in enumerate(shape.prefix):
        if condition != EVERYTHING:
            yield array_shape((EVERYTHING,) * place + (negate(condition),), EVERYTHING, place + 1, None)
    n = len(shape.prefix)
    if shape.items != EVERYTHING:
        yield array_shape((), EVERYTHING, n + 1, None, (Counted(negate(shape.items), n),))
    if shape.min_items:
        yield array_shape((), EVERYTHING, 0, shape.min_items - 1)
    if shape.max_items is not None:
        yield array_shape((), EVERYTHING, shape.max_items + 1, None)
    for count in shape.counted:
        if count.minimum:
            fewer = Counted(count.condition, count.start, 0, count.minimum - 1)
            yield array_shape((), EVERYTHING, 0, None, (fewer,))
        if count.maximum is not None:
            more = Counted(count.condition, count.start, count.maximum + 1)
            yield array_shape((), EVERYTHING, 0, None, (more,))


def _other_objects(shape: ObjectShape, negate: Negate) -> Iterator[Shape | None]:
    if shape.names != EVERYTHING:
        yield _obliged(Obligation((), EVERYTHING, negate(shape.names)))
    for name, condition in shape.properties:
        if condition != EVERYTHING:
            yield object_shape(((name, negate(condition)),), (name,), EVERYTHING)
    undeclared = (negated(words_language(name for name, _ in shape.properties)),) if shape.properties else ()
    for languages, condition in shape.classes:
        if condition != EVERYTHING:
            yield _obliged(Obligation(languages + undeclared, negate(condition)))
    if shape.additional != EVERYTHING:
        yield _obliged(Obligation(rest_of(shape) + undeclared, negate(shape.additional)))
    for name in shape.required:
        yield object_shape(((name, NOTHING_AT_ALL),), (), EVERYTHING)
    if shape.min_properties:
        yield object_shape((), (), EVERYTHING, (), 0, shape.min_properties - 1)
    if shape.max_properties is not None:
        yield object_shape((), (), EVERYTHING, (), shape.max_properties + 1)
    for obligation in shape.obligations:
        yield from _without(obligation, negate)


def _obliged(obligation: Obligation) -> Shape | None:
    return object_shape((), (), EVERYTHING, obligations=(obligation,))


def _without(obligation: Obligation, negate: Negate) -> Iterator[Shape | None]:
    """Objects none of whose members fulfils the obligation."""
    if obligation.names != EVERYTHING:
        if obligation.languages or obligation.condition != EVERYTHING:
            raise CannotNegate("propertyNames")
        yield object_shape((), (), EVERYTHING, names=negate(obligation.names))
    elif obligation.languages:
        yield object_shape((), (), EVERYTHING, ((obligation.languages, negate(obligation.condition)),))
    else:
        yield object_shape((), (), negate(obligation.condition))


def complement_union(union: Union, negate: Negate, intersect: Callable[[Union, Union], Union]) -> Union:
    """Every value that has none of the shapes."""
    result: list[Shape] = []
    for family, everything in enumerate(ANY_VALUE):
        rest: Union = (everything,)
        for shape in union:
            if shape.family == family:
                rest = intersect(rest, complement(shape, negate))
        result += rest
    return tuple(result)
