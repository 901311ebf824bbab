"""The intersection of two shapes of one type: at most one shape again."""

from __future__ import annotations

from functools import lru_cache

from maskwright.errors import SchemaTooComplex
from maskwright.grammar.characters import have_common_member
from maskwright.grammar.json_schema.shapes import (
    NOTHING_AT_ALL,
    ArrayShape,
    BooleanShape,
    Conjunction,
    Counted,
    Join,
    NumberShape,
    NumberWords,
    ObjectShape,
    Shape,
    StringShape,
    StringWords,
    array_shape,
    item_condition,
    object_shape,
    other_condition,
    string_shape,
)
from maskwright.grammar.json_schema.strings import Language, all_of, conjunction_language, negated
from maskwright.grammar.number_sets import contains, intersect_numbers

MAX_CLASSES = 256
"""The most classes of names in one schema: k patterns that overlap in every way make 2**k."""

Class = tuple[tuple[Language, ...], Conjunction]


def intersect(left: Shape, right: Shape, join: Join) -> Shape | None:
    """The values that belong to both shapes, or None if there are visibly none; `join` forms conjunctions below."""
    if left == right:
        return left
    match left, right:
        case BooleanShape(), BooleanShape():
            both = BooleanShape(left.has_false and right.has_false, left.has_true and right.has_true)
            return both if both.has_false or both.has_true else None
        case NumberShape(), NumberShape():
            numbers = intersect_numbers(left.numbers, right.numbers)
            return None if numbers is None else NumberShape(numbers, left.is_integer or right.is_integer)
        case NumberWords(), _:
            return _filter_numbers(left, right)
        case _, NumberWords():
            return _filter_numbers(right, left)
        case StringShape(), StringShape():
            return string_shape(
                left.languages + right.languages,
                max(left.min_length, right.min_length),
                least(left.max_length, right.max_length),
                left.budgets | right.budgets,
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


def least(left: int | None, right: int | None) -> int | None:
    """The smaller of two upper bounds, where None is none at all."""
    if left is None or right is None:
        return right if left is None else left
    return min(left, right)


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
            if contains(right.numbers, value)
        )
    return NumberWords(kept) if kept else None


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
        least(left.max_items, right.max_items),
        _join_counted(left.counted, right.counted),
        left.is_unique or right.is_unique,
        left.budgets | right.budgets,
    )


def _join_counted(left: tuple[Counted, ...], right: tuple[Counted, ...]) -> tuple[Counted, ...]:
    """Both demands; counts of the same items are one."""
    if not left or not right:
        return left or right
    joined = {(count.condition, count.start): count for count in left}
    for count in right:
        key = (count.condition, count.start)
        other = joined.get(key)
        if other is not None:
            count = Counted(*key, max(count.minimum, other.minimum), least(count.maximum, other.maximum))
        joined[key] = count
    return tuple(joined.values())


def _intersect_objects(left: ObjectShape, right: ObjectShape, join: Join) -> ObjectShape | None:
    right_properties = dict(right.properties)
    if left.required and right.required:
        # What both require tells objects apart most often; this is said by `object_shape` too, after all other joins.
        left_properties = dict(left.properties)
        for name in left.required:
            if (
                name in right.required
                and name in left_properties
                and name in right_properties
                and join(left_properties[name], right_properties[name]) == NOTHING_AT_ALL
            ):
                return None
    properties = []
    for name, condition in left.properties:
        other = right_properties.pop(name, None)
        if other is None:
            other = other_condition(right, name) if right.classes else right.additional
        properties.append((name, join(condition, other)))
    for name, condition in right_properties.items():
        other = other_condition(left, name) if left.classes else left.additional
        properties.append((name, join(other, condition)))
    required = left.required + tuple([name for name in right.required if name not in left.required])
    return object_shape(
        tuple(properties),
        required,
        join(left.additional, right.additional),
        _intersect_classes(left, right, join),
        max(left.min_properties, right.min_properties),
        least(left.max_properties, right.max_properties),
        join(left.names, right.names),
        left.obligations + right.obligations,
    )


def _intersect_classes(left: ObjectShape, right: ObjectShape, join: Join) -> list[Class]:
    """All pairs of classes, the rest of each side being one of them, that some name belongs to."""
    if not left.classes and not right.classes:
        return []
    if not right.classes:
        return [(languages, join(condition, right.additional)) for languages, condition in left.classes]
    if not left.classes:
        return [(languages, join(left.additional, condition)) for languages, condition in right.classes]
    ours = [*left.classes, (rest_of(left), left.additional)]
    theirs = [*right.classes, (rest_of(right), right.additional)]
    classes: list[Class] = []
    for i, (languages, condition) in enumerate(ours):
        for j, (others, other) in enumerate(theirs):
            is_rest_of_both = i == len(left.classes) and j == len(right.classes)  # which `additional` speaks of
            if not is_rest_of_both and share_a_name(languages, others):
                both = tuple(dict.fromkeys(languages + others))
                classes.append((both, join(condition, other)))
    return classes


def rest_of(shape: ObjectShape) -> tuple[Language, ...]:
    """The names that belong to no class of an object."""
    return tuple([negated(all_of(languages)) for languages, _ in shape.classes])


def is_inhabited(languages: tuple[Language, ...]) -> bool:
    """Does any string belong to all of the languages?"""
    return not conjunction_language(languages).is_empty


def classes_of_patterns(patterns: list[tuple[Language, Conjunction]], join: Join) -> list[Class]:
    """Disjoint classes of names from patterns that may overlap: a name must satisfy the conditions of all it matches.

    Names that match none of the patterns are in no class. Patterns that share no name, which is the usual case, cost
    one look at each pair of automata; only where two overlap are new languages made.
    """
    classes: list[Class] = []
    for language, condition in patterns:
        split: list[Class] = []
        met: list[Language] = []
        for languages, known in classes:
            if share_a_name(languages, (language,)):
                met.append(all_of(languages))
                split.append(((*languages, language), join(known, condition)))
                outside = (*languages, negated(language))
                if is_inhabited(outside):
                    split.append((outside, known))
            else:
                split.append((languages, known))
        alone = (language, *map(negated, met))
        if is_inhabited(alone):
            split.append((alone, condition))
        classes = split
        if len(classes) > MAX_CLASSES:
            raise SchemaTooComplex("classes of names that patterns tell apart", len(classes), MAX_CLASSES)
    return classes


@lru_cache(maxsize=1 << 14)
def share_a_name(left: tuple[Language, ...], right: tuple[Language, ...]) -> bool:
    """Does any string belong to all languages of both?"""
    return have_common_member(conjunction_language(left), conjunction_language(right))
