"""From nodes to *terms*: what a node says by itself as a union of shapes, beside the terms it refers to.

Nodes are taken from the last to the first, so that the parts of a node are done before it (a `$ref` to an earlier node
keeps that node's number). Equal terms get one number, which is how equal subschemas come to share a rule. Negations of
conjunctions, and unions that no schema wrote down, are terms made on demand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from maskwright.errors import LimitExceeded
from maskwright.grammar.json_schema.evaluation import NOT_EVALUATED, Evaluated
from maskwright.grammar.json_schema.intersection import Class, classes_of_patterns, intersect
from maskwright.grammar.json_schema.schema_node import TRUE_NODE, ChoiceKind, NodeChoice, SchemaNode
from maskwright.grammar.json_schema.shapes import (
    ANY_ARRAY,
    ANY_BOOLEAN,
    ANY_NUMBER,
    ANY_OBJECT,
    ANY_STRING,
    ANY_VALUE,
    ARRAY_FAMILY,
    EVERYTHING,
    FALSE,
    NOTHING_AT_ALL,
    NULL,
    ArrayShape,
    BooleanShape,
    Conjunction,
    Counted,
    NumberShape,
    NumberWords,
    ObjectShape,
    Shape,
    StringWords,
    Union,
    array_shape,
    merge_alternatives,
    object_shape,
    string_shape,
)
from maskwright.grammar.json_schema.strings import conjunction_language
from maskwright.grammar.json_schema.values import exact, number_spellings
from maskwright.grammar.json_schema.vocabulary import ARRAY, BOOLEAN, INTEGER, NUMBER, OBJECT, STRING
from maskwright.grammar.json_schema.vocabulary import NULL as NULL_TYPE
from maskwright.grammar.kept_hash import KeepsHash, record
from maskwright.grammar.number_sets import NumberSet, intersect_numbers, number_set

if TYPE_CHECKING:
    from maskwright.grammar.json_schema.reader import SchemaReader

INTEGERS = NumberSet(multiple_of=exact(1))
ANY_INTEGER = NumberShape(INTEGERS, is_integer=True)


@record
class Choice(KeepsHash):
    """A choice between conjunctions; of kind ONE it means exactly one of them."""

    branches: tuple[Conjunction, ...]
    kind: ChoiceKind = ChoiceKind.ANY


@record
class Term(KeepsHash):
    """The conjunction of alternatives in `own`, of those in `beside`, and of each choice.

    `beside` stands for the other assertions next to an `enum` of arrays or objects. Members come in the order in which
    the parts are intersected: `own` after the first `own_position` choices. `evaluated` is what the node's own keywords
    look at; what no part looks at must satisfy `unevaluated_members` or `unevaluated_items`, where these are given. A
    silent term evaluates nothing, whatever its parts do.
    """

    own: Union
    beside: Union = ANY_VALUE
    choices: tuple[Choice, ...] = ()
    own_position: int = 0
    evaluated: Evaluated = NOT_EVALUATED
    unevaluated_members: Conjunction | None = None
    unevaluated_items: Conjunction | None = None
    is_silent: bool = False

    @property
    def is_leaf(self) -> bool:
        """Does the term refer to no other?"""
        return not self.choices and not self.judges_the_rest

    @property
    def judges_the_rest(self) -> bool:
        """Does it say something about what is not evaluated?"""
        return self.unevaluated_members is not None or self.unevaluated_items is not None

    @property
    def is_flat(self) -> bool:
        """Is it a leaf that says nothing about items and members, so that intersecting it goes no deeper?"""
        return self.is_leaf and all(
            shape.family < ARRAY_FAMILY or shape in (ANY_ARRAY, ANY_OBJECT) for shape in self.own + self.beside
        )


class Terms:
    """All terms of one schema (mutable: negations and unions are added on demand).

    stands_for: for each node the conjunction that means the same; () if it allows everything.
    """

    def __init__(self, reader: SchemaReader) -> None:
        self.reader = reader
        nodes = reader.nodes
        self.uses_evaluation = any(
            node.unevaluated_items is not None or node.unevaluated_properties is not None for node in nodes
        )
        self.terms: list[Term] = [Term(())] * len(nodes)
        self.terms[TRUE_NODE] = Term(ANY_VALUE)
        self.stands_for: list[Conjunction] = [(number,) for number in range(len(nodes))]
        self.stands_for[TRUE_NODE] = EVERYTHING
        self._origins: dict[int, int] = {}
        self._numbers: dict[Term, Conjunction] = {}
        for number in range(len(nodes) - 1, TRUE_NODE, -1):
            try:
                self._define(number, nodes[number])
            except LimitExceeded as error:
                where = error.where or reader.pointer(number)
                raise type(error)(error.stage, error.asked, error.allowed, where, error.remedy) from error

    def pointer(self, conjunction: Conjunction) -> str:
        """The JSON pointer of the conjunction's first term."""
        if not conjunction:
            return ""
        return self.reader.pointer(self.node_of(conjunction[0] if conjunction[0] >= 0 else ~conjunction[0]))

    def node_of(self, number: int) -> int:
        """The node that a term stems from."""
        return self._origins.get(number, number)

    def pointers(self, conjunction: Conjunction) -> list[str]:
        """The JSON pointers of all terms of the conjunction, without repeats."""
        return list(dict.fromkeys(self.pointer((literal,)) for literal in conjunction))

    def node_with(self, conjunction: Conjunction, keyword: str) -> int:
        """The first node with the keyword in the terms and what they choose from; of the first term where none has."""
        seen = dict.fromkeys(literal if literal >= 0 else ~literal for literal in conjunction)
        todo = list(seen)
        for number in todo:  # grows while it is read
            node = self.node_of(number)
            schema = self.reader.nodes[node].schema
            if isinstance(schema, Mapping) and keyword in schema:
                return node
            for choice in self.terms[number].choices:
                for literal in (literal for branch in choice.branches for literal in branch):
                    following = literal if literal >= 0 else ~literal
                    if following not in seen:
                        seen[following] = None
                        todo.append(following)
        return self.node_of(todo[0]) if todo else TRUE_NODE

    def choosing(self, numbers: set[int]) -> set[int]:
        """The terms whose union depends on that of one of these terms, by their choices; these among them."""
        choosers: dict[int, list[int]] = {}
        for number, term in enumerate(self.terms):
            for choice in term.choices:
                for branch in choice.branches:
                    for literal in branch:
                        choosers.setdefault(literal if literal >= 0 else ~literal, []).append(number)
        found = set(numbers)
        todo = list(numbers)
        while todo:
            for number in choosers.get(todo.pop(), ()):
                if number not in found:
                    found.add(number)
                    todo.append(number)
        return found

    def join(self, left: Conjunction, right: Conjunction) -> Conjunction:
        """Both conjunctions hold; NOTHING_AT_ALL if one says the contrary of the other."""
        if not left or left == right:
            return right
        if not right:
            return left
        if FALSE in left or FALSE in right:
            return NOTHING_AT_ALL
        joined = left + tuple([literal for literal in right if literal not in left])
        if min(joined) < 0 and any(~literal in joined for literal in joined):
            return NOTHING_AT_ALL
        return joined

    def negate(self, conjunction: Conjunction) -> Conjunction:
        """The conjunction does not hold."""
        if conjunction == EVERYTHING:
            return NOTHING_AT_ALL
        if conjunction == NOTHING_AT_ALL:
            return EVERYTHING
        if len(conjunction) == 1:
            return (~conjunction[0],)
        return self.any_of(tuple([(~literal,) for literal in conjunction]))

    def any_of(self, branches: tuple[Conjunction, ...]) -> Conjunction:
        """At least one of the conjunctions holds."""
        branches = tuple(dict.fromkeys(branch for branch in branches if branch != NOTHING_AT_ALL))
        if EVERYTHING in branches:
            return EVERYTHING
        if len(branches) <= 1:
            return branches[0] if branches else NOTHING_AT_ALL
        return self._synthetic(Term(ANY_VALUE, choices=(Choice(branches),)), branches[0])

    def _synthetic(self, term: Term, origin: Conjunction) -> Conjunction:
        """A term that no node is; errors name the node of `origin`."""
        known = self._numbers.get(term)
        if known is None:
            number = len(self.terms)
            self.terms.append(term)
            literal = origin[0] if origin[0] >= 0 else ~origin[0]
            self._origins[number] = self.node_of(literal)
            known = self._numbers[term] = (number,)
        return known

    def _define(self, number: int, node: SchemaNode) -> None:
        asserted = self._asserted_union(node)
        own, beside = asserted, ANY_VALUE
        if node.values is not None and asserted:
            own = merge_alternatives(self._value_shapes(node))
            if node.value_nodes:
                beside = asserted
            elif asserted is not ANY_VALUE:
                own = _filter_scalars(own, asserted)
        term = Term(
            own,
            beside,
            self._choices(node),
            0 if node.values is not None else node.own_position,
            self._evaluated(node) if self.uses_evaluation else NOT_EVALUATED,
            None if node.unevaluated_properties is None else self.stands_for[node.unevaluated_properties],
            None if node.unevaluated_items is None else self.stands_for[node.unevaluated_items],
        )
        self.terms[number] = term
        if not own:
            self.stands_for[number] = NOTHING_AT_ALL
        elif own is ANY_VALUE and term.is_leaf and (term.evaluated is NOT_EVALUATED or not self.uses_evaluation):
            self.stands_for[number] = EVERYTHING
        elif (
            own is ANY_VALUE
            and len(term.choices) == 1
            and len(term.choices[0].branches) == 1
            and (not term.judges_the_rest and term.evaluated is NOT_EVALUATED)
        ):
            self.stands_for[number] = term.choices[0].branches[0]
        else:
            self.stands_for[number] = self._numbers.setdefault(term, (number,))

    def _choices(self, node: SchemaNode) -> tuple[Choice, ...]:
        choices = []
        for choice in node.choices:
            if self._is_idle(choice):
                continue
            branches = []
            for literals in choice.branches:
                branch = EVERYTHING
                for literal in literals:
                    if literal >= 0:
                        part = self.stands_for[literal]
                    else:
                        part = self._silenced(self.negate(self.stands_for[~literal]))
                    branch = self.join(branch, part)
                branches.append(branch)
            choices.append(Choice(tuple(branches), choice.kind))
        return tuple(choices)

    def _silenced(self, conjunction: Conjunction) -> Conjunction:
        """The same condition, which evaluates nothing: what stands under `not`, even twice, does not."""
        if not self.uses_evaluation or all(literal < 0 for literal in conjunction):
            return conjunction
        return self._synthetic(Term(ANY_VALUE, choices=(Choice((conjunction,)),), is_silent=True), conjunction)

    def _is_idle(self, choice: NodeChoice) -> bool:
        """Is it an `if` without `then` and `else`, which matters only for what it evaluates?"""
        condition = choice.branches[0][0]
        return not self.uses_evaluation and choice.branches == ((condition,), (~condition,))

    def _evaluated(self, node: SchemaNode) -> Evaluated:
        evaluated = Evaluated(
            frozenset(node.properties or ()),
            frozenset(language for language, _ in node.patterns),
            node.has_additional,
            len(node.prefix or ()),
            node.has_items,
            frozenset((self.stands_for[node.contains],))
            if node.contains is not None and node.contains_evaluates
            else frozenset(),
        )
        return NOT_EVALUATED if evaluated == NOT_EVALUATED else evaluated

    def _asserted_union(self, node: SchemaNode) -> Union:
        """The shapes that the node's own assertions allow, one per type; enumerated values are left out of account."""
        if node.is_false:
            return ()
        types = node.types
        shapes: list[Shape | None] = []
        if types & NULL_TYPE:
            shapes.append(NULL)
        if types & BOOLEAN:
            shapes.append(ANY_BOOLEAN)
        if types & (NUMBER | INTEGER):
            shapes.append(_number(node))
        if types & STRING:
            if node.languages or node.min_length or node.max_length is not None or node.budgets:
                shapes.append(string_shape(node.languages, node.min_length, node.max_length, node.budgets))
            else:
                shapes.append(ANY_STRING)
        if types & ARRAY:
            shapes.append(self._array(node))
        if types & OBJECT:
            shapes.append(self._object(node))
        union = tuple([shape for shape in shapes if shape is not None])
        return ANY_VALUE if union == ANY_VALUE else union

    def _array(self, node: SchemaNode) -> ArrayShape | None:
        if not (node.prefix or node.has_items or node.min_items or node.is_unique) and (
            node.contains is None and node.max_items is None and not node.budgets
        ):
            return ANY_ARRAY
        prefix = tuple([self.stands_for[part] for part in node.prefix]) if node.prefix else ()
        counted: tuple[Counted, ...] = ()
        if node.contains is not None:
            counted = (Counted(self.stands_for[node.contains], 0, node.min_contains, node.max_contains),)
        items = self.stands_for[node.items]
        return array_shape(prefix, items, node.min_items, node.max_items, counted, node.is_unique, node.budgets)

    def _object(self, node: SchemaNode) -> ObjectShape | None:
        if not (node.properties or node.patterns or node.required or node.has_additional or node.min_properties) and (
            node.names == TRUE_NODE and node.max_properties is None
        ):
            return ANY_OBJECT
        named = [(name, self.stands_for[part]) for name, part in (node.properties or {}).items()]
        classes: list[Class] = []
        if node.patterns:
            patterns = [(language, self.stands_for[part]) for language, part in node.patterns]
            classes = classes_of_patterns(patterns, self.join)
            named = [(name, self.join(condition, class_condition(classes, name))) for name, condition in named]
        return object_shape(
            tuple(named),
            node.required,
            self.stands_for[node.additional],
            classes,
            node.min_properties,
            node.max_properties,
            self.stands_for[node.names],
        )

    def _value_shapes(self, node: SchemaNode) -> Iterator[Shape]:
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
                conditions = [self.stands_for[part] for part in next(parts_of_values)]
                members: list[tuple[str, Conjunction]] = list(zip(value, conditions, strict=True))
                yield ObjectShape(tuple(members), tuple(value), NOTHING_AT_ALL)
            elif isinstance(value, list | tuple):
                conditions = [self.stands_for[part] for part in next(parts_of_values)]
                yield ArrayShape(tuple(conditions), EVERYTHING, len(value), len(value))
            else:
                yield NumberWords(((exact(value), number_spellings(value)),))


def class_condition(classes: list[Class], name: str) -> Conjunction:
    """What the class that a name belongs to demands, if there is one."""
    for languages, condition in classes:
        if conjunction_language(languages).accepts(name):
            return condition
    return EVERYTHING


def _number(node: SchemaNode) -> NumberShape | None:
    if node.minimum is None and node.maximum is None and node.multiple_of is None:
        return ANY_NUMBER if node.types & NUMBER else ANY_INTEGER
    numbers = number_set(node.minimum, node.maximum, node.exclusive_minimum, node.exclusive_maximum, node.multiple_of)
    is_integer = not node.types & NUMBER
    if numbers is not None and is_integer:
        numbers = intersect_numbers(numbers, INTEGERS)
    return None if numbers is None else NumberShape(numbers, is_integer)


def _filter_scalars(values: Union, asserted: Union) -> Union:
    """The values of shapes without parts that some asserted shape allows."""
    kept = (
        intersect(value, shape, _join_nothing) for value in values for shape in asserted if value.family == shape.family
    )
    return tuple(shape for shape in kept if shape is not None)


def _join_nothing(left: Conjunction, right: Conjunction) -> Conjunction:
    raise AssertionError(f"scalars have no parts to join: {left}, {right}")
