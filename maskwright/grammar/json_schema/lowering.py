"""From shapes to grammar rules, each when it is first asked for.

Arrays and objects are rules, one per shape (and, in indented texts, per depth); scalars stand in place. A union of many
alternatives is a rule too, so that it is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache

from maskwright.grammar.byte_automaton import ByteAutomaton
from maskwright.grammar.characters import (
    Escapes,
    any_json_string,
    json_spelling,
    json_string_automaton,
    json_string_except,
    json_string_words,
)
from maskwright.grammar.ir import Automaton, Call, Literal, Node, choice
from maskwright.grammar.json_schema.containers import Member, array_node, object_in_any_order, object_node
from maskwright.grammar.json_schema.layout import layout_of
from maskwright.grammar.json_schema.normal_form import NormalForm, live_shape
from maskwright.grammar.json_schema.options import Indented, JSONSchemaOptions, PropertyOrder
from maskwright.grammar.json_schema.shapes import (
    NOTHING_AT_ALL,
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
    Union,
)
from maskwright.grammar.json_schema.strings import bounded_language
from maskwright.grammar.numbers import integer_automaton, number_automaton

MAX_INLINE_ALTERNATIVES = 4
"""Unions of more alternatives than this become rules of their own."""


class LazyRules(Mapping[str, Node]):
    """Rules of a grammar, computed on first access; iterating yields the names met so far.

    Not safe for threads: the engine that reads it holds a lock.
    """

    def __init__(self) -> None:
        self._pending: dict[str, Callable[[], Node]] = {}
        self._rules: dict[str, Node] = {}
        self._names: dict[str, None] = {}
        self._repeats: dict[str, int] = {}

    def define(self, name: str, compute: Callable[[], Node]) -> str:
        """Add a rule under `name`, or under a name made from it when that one is taken; returns the name."""
        unique = name
        while unique in self._names:
            self._repeats[name] = n = self._repeats.get(name, 1) + 1
            unique = f"{name} ({n})"
        self._names[unique] = None
        self._pending[unique] = compute
        return unique

    def __getitem__(self, name: str) -> Node:
        rule = self._rules.get(name)
        if rule is None:
            rule = self._rules[name] = self._pending[name]()
            del self._pending[name]
        return rule

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._names))

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


class Lowering:
    """Turns conjunctions of one schema into nodes, memoised (mutable: it grows as rules are asked for)."""

    def __init__(self, form: NormalForm, options: JSONSchemaOptions) -> None:
        self.form = form
        self.options = options
        self.rules = LazyRules()
        self.depth_step = 1 if isinstance(options.whitespace, Indented) else 0
        self._values: dict[tuple[Conjunction, int], Node] = {}
        self._containers: dict[tuple[Shape, int], Node | None] = {}
        self._scalars: dict[Shape, Node] = {}
        self._unions: dict[tuple[Union, int], Node] = {}

    def value(self, conjunction: Conjunction, depth: int) -> Node:
        """The values that satisfy a conjunction, in a text where they lie inside `depth` arrays and objects."""
        known = self._values.get((conjunction, depth))
        if known is None:
            union = self.form.union_of(conjunction)
            known = self._unions.get((union, depth))
            if known is None:
                known = self._union(union, conjunction, depth)
                self._unions[union, depth] = known
            self._values[conjunction, depth] = known
        return known

    def _union(self, union: Union, conjunction: Conjunction, depth: int) -> Node:
        alternatives: dict[Node, None] = {}
        for shape in union:
            if isinstance(shape, ArrayShape | ObjectShape):
                node = self._container(shape, conjunction, depth)
            else:
                node = self._scalars.get(shape)
                if node is None:
                    node = self._scalars[shape] = self._scalar(shape)
            if node is not None:
                alternatives[node] = None
        assert alternatives, "only productive conjunctions are lowered"
        if len(alternatives) == 1:
            return next(iter(alternatives))
        whole = choice(*alternatives)
        if len(alternatives) <= MAX_INLINE_ALTERNATIVES:
            return whole
        return Call(self.rules.define(self._name("value", conjunction, depth), lambda: whole))

    def _name(self, kind: str, conjunction: Conjunction, depth: int) -> str:
        name = f"{kind} {self.form.pointer(conjunction) or '/'}" if conjunction else f"any {kind}"
        return f"{name} @{depth}" if self.depth_step else name

    def _container(self, shape: ArrayShape | ObjectShape, conjunction: Conjunction, depth: int) -> Node | None:
        key = (shape, depth)
        if key not in self._containers:
            live = live_shape(self.form, shape)
            if isinstance(live, ObjectShape):
                object_shape = live
                name = self._name("object", conjunction, depth)
                self._containers[key] = Call(self.rules.define(name, lambda: self._object(object_shape, depth)))
            elif isinstance(live, ArrayShape):
                array_shape = live
                name = self._name("array", conjunction, depth)
                self._containers[key] = Call(self.rules.define(name, lambda: self._array(array_shape, depth)))
            else:
                self._containers[key] = None
        return self._containers[key]

    def _object(self, shape: ObjectShape, depth: int) -> Node:
        escapes = self.options.escapes
        inner = depth + self.depth_step
        declared = dict(shape.properties)
        names = [*declared, *(name for name in shape.required if name not in declared)]
        required = frozenset(shape.required)
        members = [
            Member(_spelled(name, escapes), self.value(condition, inner), name in required)
            for name in names
            if (condition := declared.get(name, shape.additional)) != NOTHING_AT_ALL
        ]
        extra = None
        if shape.additional != NOTHING_AT_ALL:
            any_name = json_string_except(names, escapes) if names else any_json_string(escapes)
            extra = (Automaton(any_name), self.value(shape.additional, inner))
        write = object_in_any_order if self.options.property_order is PropertyOrder.ANY else object_node
        return write(members, extra, layout_of(self.options, depth))

    def _array(self, shape: ArrayShape, depth: int) -> Node:
        inner = depth + self.depth_step
        prefix = [self.value(part, inner) for part in shape.prefix]
        has_items = shape.items != NOTHING_AT_ALL and (shape.max_items is None or shape.max_items > len(shape.prefix))
        items = self.value(shape.items, inner) if has_items else None
        return array_node(prefix, items, shape.min_items, shape.max_items, layout_of(self.options, depth))

    def _scalar(self, shape: Shape) -> Node:
        escapes = self.options.escapes
        match shape:
            case NullShape():
                return Literal(b"null")
            case BooleanShape(has_false, has_true):
                words = [Literal(word) for word, has in ((b"true", has_true), (b"false", has_false)) if has]
                return choice(*words)
            case NumberShape():
                return Automaton(number_range(shape))
            case NumberWords(words):
                return choice(*[Literal(word.encode()) for _, spellings in words for word in spellings])
            case StringWords(words):
                return json_string_words(words, escapes)
            case StringShape(languages, minimum, maximum):
                if not languages:
                    counter = (minimum, maximum) if minimum or maximum is not None else None
                    return Automaton(any_json_string(escapes), 0, counter)
                language, counter = bounded_language(languages, minimum, maximum)
                return Automaton(json_string_automaton(language, escapes), 0, counter)
        raise AssertionError(shape)


@lru_cache(maxsize=1 << 14)
def _spelled(name: str, escapes: Escapes) -> Node:
    return json_spelling(name, escapes)


def number_range(shape: NumberShape) -> ByteAutomaton:
    """The spellings of the numbers of a shape."""
    if shape.is_integer:
        return integer_automaton(_whole(shape.minimum), _whole(shape.maximum))
    return number_automaton(shape.minimum, shape.maximum, shape.exclusive_minimum, shape.exclusive_maximum)


def _whole(bound: Decimal | None) -> int | None:
    return None if bound is None else int(bound)
