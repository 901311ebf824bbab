"""From shapes to grammar rules, each when it is first asked for.

Arrays and objects are rules, one per shape (and, in indented texts, per depth); scalars stand in place. A union of many
alternatives is a rule too, so that it is written once.

What is still to be computed is kept as data, not as functions: these would hold the whole schema in a cycle, which only
the garbage collector frees, by a pause in the middle of somebody's mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import combinations

from maskwright.grammar.characters import (
    Escapes,
    any_json_string,
    json_spelling,
    json_string_except,
    json_string_words,
)
from maskwright.grammar.ir import NOTHING, Automaton, Call, Distinct, Literal, Node, choice, sequence
from maskwright.grammar.json_schema.array_states import array_graph, live_edges
from maskwright.grammar.json_schema.containers import (
    Member,
    Others,
    array_node,
    distinct_array,
    graph_node,
    object_in_any_order,
    object_in_order,
)
from maskwright.grammar.json_schema.distinct import distinct_graph, is_placed, values_of
from maskwright.grammar.json_schema.intersection import is_inhabited
from maskwright.grammar.json_schema.layout import layout_of, outer_gap
from maskwright.grammar.json_schema.normal_form import NormalForm
from maskwright.grammar.json_schema.objects import ResolvedObject, is_free_name, resolve, together, undeclared_in
from maskwright.grammar.json_schema.options import Indented, JSONSchemaOptions, PropertyOrder
from maskwright.grammar.json_schema.places import condition_of
from maskwright.grammar.json_schema.productivity import Productivity, can_be_object
from maskwright.grammar.json_schema.shapes import (
    EVERYTHING,
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
    array_shape,
)
from maskwright.grammar.json_schema.strings import Language, bounded_language, string_node
from maskwright.grammar.numbers import NumberSpelling, exact_words, numbers_automaton
from maskwright.grammar.undivided import Undivided

MAX_INLINE_ALTERNATIVES = 4
"""Unions of more alternatives than this become rules of their own."""


class Lowering(Mapping[str, Node]):
    """The rules of one schema's grammar, from "root" on; iterating yields the names met so far.

    Mutable: it grows as rules are asked for. Not safe for threads: the engine that reads it holds a lock.
    """

    def __init__(
        self, form: NormalForm, productivity: Productivity, options: JSONSchemaOptions, root: Conjunction
    ) -> None:
        self.form = form
        self.productivity = productivity
        self.is_live = productivity.is_productive
        self.options = options
        self.depth_step = 1 if isinstance(options.whitespace, Indented) else 0
        self._values: dict[tuple[Conjunction, int], Node] = {}
        self._containers: dict[tuple[Shape, int], Node | None] = {}
        self._scalars: dict[Shape, Node] = {}
        self._unions: dict[tuple[Union, int], Node] = {}
        self._rules: dict[str, Node] = {}
        self._pending: dict[str, tuple[ArrayShape | ObjectShape, int]] = {}
        self._made_of: dict[str, tuple[ArrayShape | ObjectShape | None, Conjunction]] = {}
        self._names: dict[str, None] = {"root": None}
        self._repeats: dict[str, int] = {}
        self._making = Undivided()
        self._whole = root

    def __getitem__(self, name: str) -> Node:
        rule = self._rules.get(name)
        if rule is None:
            pending = None if name == "root" else self._pending[name]
            with self._making:
                rule = self._rules[name] = self._root() if pending is None else self._container_rule(*pending)
                self._pending.pop(name, None)
        return rule

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._names))

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def _unique(self, name: str) -> str:
        """The name, or one made from it when that one is taken."""
        unique = name
        while unique in self._names:
            self._repeats[name] = n = self._repeats.get(name, 1) + 1
            unique = f"{name} ({n})"
        self._names[unique] = None
        return unique

    def schema_pointers(self, rule: str, step: str | int | None) -> tuple[str, ...]:
        """Where the schema speaks of a rule's values, or of their member or item `step`: see `SchemaPlaces`."""
        shape, conjunction = self._made_of.get(rule, (None, self._whole))
        if step is not None:
            conjunction = EVERYTHING if shape is None else condition_of(self.form, shape, step)
        return tuple(self.form.terms.pointers(conjunction))

    def has_distinct_items(self, rule: str) -> bool:
        """Is it a rule of arrays with `uniqueItems` and nothing that tells their places apart?"""
        shape, _ = self._made_of.get(rule, (None, EVERYTHING))
        return isinstance(shape, ArrayShape) and shape.is_unique and not is_placed(shape)

    def _root(self) -> Node:
        """The whole text."""
        document = self.value(self._whole, 0)
        if not self.options.outer_whitespace:
            return document
        gap = outer_gap(self.options)
        return sequence(gap, document, gap)

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
            node = self._shape(shape, conjunction, depth)
            if node is not None:
                alternatives[node] = None
        assert alternatives, "only productive conjunctions are lowered"
        if len(alternatives) == 1:
            return next(iter(alternatives))
        whole = choice(*alternatives)
        if len(alternatives) <= MAX_INLINE_ALTERNATIVES:
            return whole
        name = self._name("value", conjunction, depth)
        self._made_of[name] = None, conjunction
        self._rules[name] = whole
        return Call(name)

    def _name(self, kind: str, conjunction: Conjunction, depth: int) -> str:
        name = f"{kind} {self.form.pointer(conjunction) or '/'}" if conjunction else f"any {kind}"
        return self._unique(f"{name} @{depth}" if self.depth_step else name)

    def _shape(self, shape: Shape, conjunction: Conjunction, depth: int) -> Node | None:
        if isinstance(shape, ArrayShape | ObjectShape):
            return self._container(shape, conjunction, depth)
        node = self._scalars.get(shape)
        if node is None:
            node = self._scalars[shape] = self._scalar(shape)
        return node

    def _container(self, shape: ArrayShape | ObjectShape, conjunction: Conjunction, depth: int) -> Node | None:
        key = (shape, depth)
        if key not in self._containers:
            self._containers[key] = None
            if self.productivity.is_productive_shape(shape):
                name = self._name("object" if isinstance(shape, ObjectShape) else "array", conjunction, depth)
                self._pending[name] = shape, depth
                self._made_of[name] = shape, conjunction
                self._containers[key] = Call(name)
        return self._containers[key]

    def _container_rule(self, shape: ArrayShape | ObjectShape, depth: int) -> Node:
        if isinstance(shape, ObjectShape):
            return self._object(shape, depth)
        return self._array(self._live_array(shape), depth)

    def _live_array(self, shape: ArrayShape) -> ArrayShape:
        """The array without items that no value satisfies."""
        prefix = tuple([part if self.is_live(part) else NOTHING_AT_ALL for part in shape.prefix])
        items = shape.items if self.is_live(shape.items) else NOTHING_AT_ALL
        live = array_shape(prefix, items, shape.min_items, shape.max_items, shape.counted, shape.is_unique)
        assert live is not None, "a productive shape"
        return live

    def _object(self, shape: ObjectShape, depth: int) -> Node:
        alternatives = [
            self._resolved(resolved, depth)
            for resolved in resolve(self.form, shape)
            if can_be_object(resolved, self.is_live)
        ]
        return choice(*alternatives)

    def _resolved(self, resolved: ResolvedObject, depth: int) -> Node:
        escapes = self.options.escapes
        inner = depth + self.depth_step
        members = [
            Member(_spelled(name, escapes), self.value(condition, inner), name in resolved.required)
            for name, condition in resolved.members
            if self.is_live(condition)
        ]
        plain = [
            (self._extra_name(extra.languages, resolved.declared), self.value(extra.condition, inner))
            for extra in resolved.extras
            if self.is_live(extra.condition)
        ]
        markers = []
        n_at_once = len(resolved.needs) if resolved.maximum is None else 1
        for needs in subsets(range(len(resolved.needs)), n_at_once):
            languages, condition = together(self.form, [resolved.needs[need] for need in needs])
            if self.is_live(condition) and is_inhabited(languages):
                name = self._extra_name(languages, resolved.declared)
                markers.append((name, self.value(condition, inner), needs))
        others = Others(tuple(plain), tuple(markers), len(resolved.needs))
        write = object_in_any_order if self.options.property_order is PropertyOrder.ANY else object_in_order
        return write(members, others, resolved.minimum, resolved.maximum, layout_of(self.options, depth))

    def _extra_name(self, languages: tuple[Language, ...], declared: tuple[str, ...]) -> Node:
        """An undeclared name; where the names are free, one that no other member has."""
        escapes = self.options.escapes
        if not languages:
            any_name = json_string_except(declared, escapes) if declared else any_json_string(escapes)
            return Distinct(Automaton(any_name))
        language, counter = bounded_language(undeclared_in(languages, declared), 0, None)
        name = string_node(language, counter, escapes)
        return Distinct(name) if is_free_name(language, counter) else name

    def _array(self, shape: ArrayShape, depth: int) -> Node:
        layout = layout_of(self.options, depth)
        inner = depth + self.depth_step
        if shape.is_unique:
            return self._distinct_array(shape, depth)
        if shape.counted:
            graph = array_graph(self.form, shape)
            edges = [
                (source, self.value(condition, inner), target)
                for source, condition, target in live_edges(graph, self.is_live)
            ]
            return graph_node(edges, graph.accepting, {0}, layout)
        prefix = [self.value(part, inner) for part in shape.prefix]
        has_items = shape.items != NOTHING_AT_ALL and (shape.max_items is None or shape.max_items > len(shape.prefix))
        items = self.value(shape.items, inner) if has_items else None
        return array_node(prefix, items, shape.min_items, shape.max_items, layout)

    def _distinct_array(self, shape: ArrayShape, depth: int) -> Node:
        layout = layout_of(self.options, depth)
        if not is_placed(shape):
            if not self.is_live(shape.items):
                return distinct_array((), NOTHING, 0, 0, layout)
            values = values_of(self.form, shape.items, self.productivity.live, self.options.numbers)
            single = [self._part(one, shape.items, depth) for one in values.finite.values()]
            others = choice(*[self._part(one, shape.items, depth) for one in values.free])
            maximum = shape.max_items
            if not values.free:
                maximum = len(single) if maximum is None else min(maximum, len(single))
            return distinct_array(single, _distinct(others), shape.min_items, maximum, layout)
        graph = distinct_graph(self.form, shape, self.productivity.live, self.options.numbers)
        free = {
            condition: _distinct(choice(*[self._part(one, condition, depth) for one in values.free]))
            for condition, values in graph.values.items()
        }
        edges = [
            (source, free[condition] if one is None else self._part(one, condition, depth), target)
            for source, condition, one, target in graph.edges
        ]
        return graph_node(edges, graph.accepting, graph.first, layout)

    def _part(self, shape: Shape, conjunction: Conjunction, depth: int) -> Node:
        """An item of one shape."""
        node = self._shape(shape, conjunction, depth + self.depth_step)
        assert node is not None, "only values that exist are items"
        return node

    def _scalar(self, shape: Shape) -> Node:
        escapes = self.options.escapes
        match shape:
            case NullShape():
                return Literal(b"null")
            case BooleanShape(has_false, has_true):
                words = [Literal(word) for word, has in ((b"true", has_true), (b"false", has_false)) if has]
                return choice(*words)
            case NumberShape(numbers, is_integer):
                return Automaton(numbers_automaton(numbers, self.options.numbers, with_points=not is_integer))
            case NumberWords(words):
                if self.options.numbers is NumberSpelling.EXACT:
                    return Automaton(exact_words(tuple([value for value, _ in words])))
                return choice(*[Literal(word.encode()) for _, spellings in words for word in spellings])
            case StringWords(words):
                return json_string_words(words, escapes)
            case StringShape(languages, minimum, maximum):
                if not languages:
                    counter = (minimum, maximum) if minimum or maximum is not None else None
                    return Automaton(any_json_string(escapes), 0, counter)
                language, counter = bounded_language(languages, minimum, maximum)
                return string_node(language, counter, escapes)
        raise AssertionError(shape)


@lru_cache(maxsize=1 << 14)
def _spelled(name: str, escapes: Escapes) -> Node:
    return json_spelling(name, escapes)


def _distinct(node: Node) -> Node:
    return node if node == NOTHING else Distinct(node)


def subsets(numbers: range, n_at_once: int) -> Iterator[tuple[int, ...]]:
    """All subsets with at least one and at most so many members."""
    for size in range(1, n_at_once + 1):
        yield from combinations(numbers, size)
