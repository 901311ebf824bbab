"""From nodes to *terms*: what a node says by itself as a union of shapes, beside the terms it refers to.

Nodes are taken from the last to the first, so that the parts of a node are done before it (a `$ref` to an earlier node
keeps that node's number). Equal terms get one number, which is how equal subschemas come to share a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from maskwright.errors import LimitExceeded
from maskwright.grammar.json_schema.schema_node import TRUE_NODE, SchemaNode
from maskwright.grammar.json_schema.shapes import (
    ANY_ARRAY,
    ANY_BOOLEAN,
    ANY_OBJECT,
    ANY_STRING,
    ANY_VALUE,
    ARRAY_FAMILY,
    EVERYTHING,
    NOTHING_AT_ALL,
    NULL,
    ArrayShape,
    BooleanShape,
    Conjunction,
    NumberWords,
    ObjectShape,
    Shape,
    StringWords,
    Union,
    array_shape,
    intersect,
    merge_alternatives,
    number_shape,
    object_shape,
    string_shape,
)
from maskwright.grammar.json_schema.values import exact, number_spellings
from maskwright.grammar.json_schema.vocabulary import ALL_TYPES, ARRAY, BOOLEAN, INTEGER, NUMBER, OBJECT, STRING
from maskwright.grammar.json_schema.vocabulary import NULL as NULL_TYPE


@dataclass(frozen=True, slots=True)
class Term:
    """The conjunction of alternatives in `own`, of those in `beside`, and of one branch of each choice.

    `beside` stands for the other assertions next to an `enum` of arrays or objects. Members come in the order in which
    the parts are intersected: `own` after the first `own_position` choices. A choice that `exclusive` lists stems from
    `oneOf`: it means what is said here only where no value satisfies two of its branches, which is proved later.
    """

    own: Union
    beside: Union = ANY_VALUE
    choices: tuple[tuple[Conjunction, ...], ...] = ()
    exclusive: tuple[int, ...] = ()
    own_position: int = 0

    @property
    def is_leaf(self) -> bool:
        """Does the term refer to no other?"""
        return not self.choices

    @property
    def is_flat(self) -> bool:
        """Is it a leaf that says nothing about items and members, so that intersecting it goes no deeper?"""
        return self.is_leaf and all(
            shape.family < ARRAY_FAMILY or shape in (ANY_ARRAY, ANY_OBJECT) for shape in self.own + self.beside
        )


def terms_of(nodes: list[SchemaNode], pointer: Callable[[int], str]) -> tuple[list[Term], list[Conjunction]]:
    """The term of each node, and the conjunction that stands for the node: () if it allows everything."""
    terms: list[Term] = [Term(())] * len(nodes)
    numbers: dict[Term, Conjunction] = {}
    stands_for: list[Conjunction] = [(number,) for number in range(len(nodes))]
    stands_for[TRUE_NODE] = EVERYTHING
    terms[TRUE_NODE] = Term(ANY_VALUE)
    for number in range(len(nodes) - 1, TRUE_NODE, -1):
        node = nodes[number]
        try:
            asserted = _asserted_union(node, stands_for)
        except LimitExceeded as error:
            raise LimitExceeded(error.stage, error.asked, error.allowed, pointer(number), error.remedy) from error
        own, beside = asserted, ANY_VALUE
        if node.values is not None and asserted:
            own = merge_alternatives(_value_shapes(node, stands_for))
            if node.value_nodes:
                beside = asserted
            elif asserted is not ANY_VALUE:
                own = _filter_scalars(own, asserted)
        term = Term(
            own,
            beside,
            tuple([tuple([stands_for[part] for part in branches]) for branches in node.choices]),
            node.exclusive,
            0 if node.values is not None else node.own_position,
        )
        terms[number] = term
        if not own:
            stands_for[number] = NOTHING_AT_ALL
        elif own is ANY_VALUE and term.is_leaf:
            stands_for[number] = EVERYTHING
        elif own is ANY_VALUE and len(term.choices) == 1 and len(term.choices[0]) == 1:
            stands_for[number] = term.choices[0][0]
        else:
            stands_for[number] = numbers.setdefault(term, (number,))
    return terms, stands_for


def _asserted_union(node: SchemaNode, stands_for: list[Conjunction]) -> Union:
    """The shapes that the node's own assertions allow, one per type; enumerated values are left out of account."""
    if node.is_false:
        return ()
    types = node.types
    shapes: list[Shape | None] = []
    is_plain = types == ALL_TYPES
    if types & NULL_TYPE:
        shapes.append(NULL)
    if types & BOOLEAN:
        shapes.append(ANY_BOOLEAN)
    if types & (NUMBER | INTEGER):
        is_integer = node.is_whole or not types & NUMBER
        shape = number_shape(is_integer, node.minimum, node.maximum, node.exclusive_minimum, node.exclusive_maximum)
        shapes.append(shape)
        is_plain = is_plain and node.minimum is None and node.maximum is None and not is_integer
    if types & STRING:
        if node.languages or node.min_length or node.max_length is not None:
            shapes.append(string_shape(node.languages, node.min_length, node.max_length))
            is_plain = False
        else:
            shapes.append(ANY_STRING)
    if types & ARRAY:
        shape_of_array = _array(node, stands_for)
        shapes.append(shape_of_array)
        is_plain = is_plain and shape_of_array == ANY_ARRAY
    if types & OBJECT:
        shape_of_object = _object(node, stands_for)
        shapes.append(shape_of_object)
        is_plain = is_plain and shape_of_object is ANY_OBJECT
    return ANY_VALUE if is_plain else tuple([shape for shape in shapes if shape is not None])


def _filter_scalars(values: Union, asserted: Union) -> Union:
    """The values of shapes without parts that some asserted shape allows."""
    kept = (
        intersect(value, shape, _join_nothing) for value in values for shape in asserted if value.family == shape.family
    )
    return tuple(shape for shape in kept if shape is not None)


def _join_nothing(left: Conjunction, right: Conjunction) -> Conjunction:
    raise AssertionError(f"scalars have no parts to join: {left}, {right}")


def _array(node: SchemaNode, stands_for: list[Conjunction]) -> ArrayShape | None:
    prefix = tuple([stands_for[part] for part in node.prefix]) if node.prefix else ()
    return array_shape(prefix, stands_for[node.items], node.min_items, node.max_items)


def _object(node: SchemaNode, stands_for: list[Conjunction]) -> ObjectShape | None:
    if not node.properties and not node.required and node.additional == TRUE_NODE:
        return ANY_OBJECT
    properties = tuple([(name, stands_for[part]) for name, part in (node.properties or {}).items()])
    return object_shape(properties, node.required, stands_for[node.additional])


def _value_shapes(node: SchemaNode, stands_for: list[Conjunction]) -> Iterator[Shape]:
    """One shape per enumerated value; all strings together are one."""
    assert node.values is not None
    if strings := [value for value in node.values if isinstance(value, str)]:
        yield StringWords(tuple(dict.fromkeys(strings)))
    parts_of_values = iter(node.value_nodes)
    for value in node.values:
        if isinstance(value, str):
            continue
        if value is None:
            yield NULL
        elif isinstance(value, bool):
            yield BooleanShape(not value, value)
        elif isinstance(value, Mapping):
            conditions = [stands_for[part] for part in next(parts_of_values)]
            members: list[tuple[str, Conjunction]] = list(zip(value, conditions, strict=True))
            yield ObjectShape(tuple(members), tuple(value), NOTHING_AT_ALL)
        elif isinstance(value, list | tuple):
            conditions = [stands_for[part] for part in next(parts_of_values)]
            yield ArrayShape(tuple(conditions), NOTHING_AT_ALL, len(value), len(value))
        else:
            yield NumberWords(((exact(value), number_spellings(value)),))
