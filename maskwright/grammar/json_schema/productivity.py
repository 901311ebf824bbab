"""Which conjunctions some value satisfies, and which branches of a `oneOf` share a value.

`is_productive(conjunction)` is a least fixpoint over the conjunctions that a value must contain: the schema
`{"required": ["next"], "properties": {"next": {"$ref": "#"}}}` needs itself, so no finite value satisfies it. A shape
is asked again whenever one of its parts turns out to be productive. Cost: linear in the shapes visited and in their
parts; a shape that needs all of a few parts, which is nearly every one, only counts them down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.json_schema.array_states import array_graph, can_be_accepted
from maskwright.grammar.json_schema.distinct import Live, distinct_graph, is_placed, values_of
from maskwright.grammar.json_schema.normal_form import NormalForm, Overlap
from maskwright.grammar.json_schema.objects import ResolvedObject, is_simple, resolve
from maskwright.grammar.json_schema.schema_node import ChoiceKind
from maskwright.grammar.json_schema.shapes import (
    EVERYTHING,
    NOTHING_AT_ALL,
    ArrayShape,
    Conjunction,
    ObjectShape,
    Shape,
    StringWords,
    Union,
    item_condition,
    member_condition,
    other_condition,
)
from maskwright.grammar.numbers import NumberSpelling

IsLive = Callable[[Conjunction], bool]


class Productivity:
    """What is known of the conjunctions of a normal form (mutable: it grows by being asked)."""

    def __init__(self, form: NormalForm, spelling: NumberSpelling) -> None:
        self.form = form
        self.spelling = spelling
        self.known: dict[Conjunction, bool] = {EVERYTHING: True, NOTHING_AT_ALL: False}
        self.reached: dict[Shape, Conjunction] = {}
        self._open: set[Shape] = set()

    def is_productive(self, conjunction: Conjunction) -> bool:
        """Does any finite value satisfy the conjunction?"""
        answer = self.known.get(conjunction)
        return self._decide(conjunction) if answer is None else answer

    def is_productive_shape(self, shape: Shape) -> bool:
        """Does any finite value have this shape?"""
        return self._has_value(shape, self.is_productive)

    def _has_value(self, shape: Shape, is_live: IsLive) -> bool:
        needs = self._needs(shape)
        if needs is not None:
            return all(is_live(part) for part in needs)
        if shape in self._open:
            return False  # a shape whose values contain values of it: the smallest of them do not
        self._open.add(shape)
        try:
            return self._can_be(shape, is_live)
        finally:
            self._open.discard(shape)

    @property
    def live(self) -> Live:
        """What has values, as far as the arrays whose items differ ask for it."""
        return Live(self.is_productive, self.is_productive_shape)

    def _needs(self, shape: Shape) -> list[Conjunction] | None:
        """The conditions that every value of a shape has a part for, if satisfying these is all it takes."""
        if isinstance(shape, ObjectShape):
            if not is_simple(shape):
                return None
            declared = dict(shape.properties)
            return [declared[name] if name in declared else other_condition(shape, name) for name in shape.required]
        if isinstance(shape, ArrayShape):
            if shape.counted or (shape.is_unique and shape.min_items > 1):
                return None
            return [item_condition(shape, place) for place in range(min(shape.min_items, len(shape.prefix) + 1))]
        return []

    def _parts(self, shape: Shape) -> list[Conjunction]:
        """Every condition on a part that may matter to whether a value has the shape."""
        if isinstance(shape, ObjectShape):
            return [part for resolved in resolve(self.form, shape) for part in resolved.parts]
        if isinstance(shape, ArrayShape):
            if is_placed(shape):
                return array_graph(self.form, shape).conditions
            return [shape.items]
        return []

    def _can_be(self, shape: Shape, is_live: IsLive) -> bool:
        """Does any value have the shape, if its parts are as `is_live` says?"""
        if isinstance(shape, ObjectShape):
            return any(can_be_object(resolved, is_live) for resolved in resolve(self.form, shape))
        assert isinstance(shape, ArrayShape)
        if not shape.is_unique:
            return can_be_accepted(array_graph(self.form, shape), is_live)
        live = Live(is_live, lambda part: self._has_value(part, is_live))
        if is_placed(shape):
            graph = distinct_graph(self.form, shape, live, self.spelling)
            return not graph.accepting.isdisjoint({0, *(target for _, _, _, target in graph.edges)})
        if not is_live(shape.items):
            return shape.min_items == 0
        values = values_of(self.form, shape.items, live, self.spelling)
        return bool(values.free or values.stuck) or len(values.finite) >= shape.min_items

    def _decide(self, conjunction: Conjunction) -> bool:
        # What waits for undecided conjunctions: shapes that count down their needs, and shapes that are asked again.
        counting: list[int] = []
        owner: list[Conjunction] = []
        waits_on: dict[Conjunction, list[int]] = {}
        asking: dict[Conjunction, list[tuple[Shape, Conjunction]]] = {}
        found: list[Conjunction] = []
        # Arrays whose items differ depend on what lies anywhere inside the items: asked again when all else is done.
        differing: list[tuple[ArrayShape, Conjunction]] = []
        inside: set[Conjunction] = set()
        seen = {conjunction}
        todo = [conjunction]

        def is_known(part: Conjunction) -> bool:
            return self.known.get(part, False)

        while todo:
            current = todo.pop()
            try:
                for shape in self.form.union_of(current):
                    if current in inside or (isinstance(shape, ArrayShape) and shape.is_unique):
                        for part in self._all_parts(shape):
                            if part not in inside:
                                inside.add(part)
                                seen.add(part)
                                todo.append(part)
                    if isinstance(shape, ArrayShape) and shape.is_unique and shape.min_items > 1:
                        differing.append((shape, current))
                        continue
                    needs = self._needs(shape)
                    if needs is None:
                        parts = list(dict.fromkeys(self._parts(shape)))
                        if self._can_be(shape, is_known):
                            found.append(current)
                        else:
                            for part in parts:
                                asking.setdefault(part, []).append((shape, current))
                    else:
                        if any(self.known.get(part) is False for part in needs):
                            continue
                        parts = [part for part in dict.fromkeys(needs) if not is_known(part)]
                        if not parts:
                            found.append(current)
                            break
                        for part in parts:
                            waits_on.setdefault(part, []).append(len(counting))
                        counting.append(len(parts))
                        owner.append(current)
                    for part in parts:
                        if part not in self.known and part not in seen:
                            seen.add(part)
                            todo.append(part)
            except LimitExceeded as error:
                raise self.form.located(error, current) from error
        while found or differing:
            if not found:
                found = [whole for shape, whole in differing if not is_known(whole) and self._can_be(shape, is_known)]
                if not found:
                    break
            current = found.pop()
            if is_known(current):
                continue
            self.known[current] = True
            for waiting in waits_on.get(current, ()):
                counting[waiting] -= 1
                if counting[waiting] == 0:
                    found.append(owner[waiting])
            for shape, whole in asking.get(current, ()):
                if not is_known(whole) and self._can_be(shape, is_known):
                    found.append(whole)
        for part in seen:
            self.known.setdefault(part, False)
        return self.known[conjunction]

    def reach(self, root: Conjunction) -> None:
        """Note every shape that a value of `root` can contain, each with a conjunction that it belongs to."""
        seen = {root}
        todo = [root]
        while todo:
            current = todo.pop()
            for shape in self.form.union_of(current):
                if shape in self.reached:
                    continue
                self.reached[shape] = current
                try:
                    parts = self._all_parts(shape)
                except LimitExceeded as error:
                    raise self.form.located(error, current) from error
                for part in parts:
                    if part not in seen:
                        seen.add(part)
                        todo.append(part)

    def _all_parts(self, shape: Shape) -> list[Conjunction]:
        if isinstance(shape, ObjectShape):
            if is_simple(shape):
                classes = [condition for _, condition in shape.classes]
                return [condition for _, condition in shape.properties] + [*classes, shape.additional]
            return self._parts(shape)
        if isinstance(shape, ArrayShape):
            return self._parts(shape) if is_placed(shape) else [shape.items]
        return []

    def overlaps(self) -> set[Overlap]:
        """The pairs of branches, of any `oneOf` met so far, that some value satisfies together."""
        found: set[Overlap] = set()
        met = {key[0]: None for key in self.form.unions if len(key) == 1 and key[0] >= 0} | dict.fromkeys(
            self.form.judged
        )
        for number in met:
            term = self.form.terms.terms[number]
            for position, choice in enumerate(term.choices):
                if choice.kind is ChoiceKind.ONE:
                    around = term.own
                    for other, beside in enumerate(term.choices):
                        if other != position:
                            around = self.form.intersect_unions(
                                around, self.form.union_of_choice(number, other, beside), (number,)
                            )
                    pairs = self._shared_branches(number, around, choice.branches)
                    found.update((number, position, i, j) for i, j in pairs)
        return found - self.form.overlapping

    def _shared_branches(self, number: int, around: Union, branches: tuple[Conjunction, ...]) -> list[tuple[int, int]]:
        asked = (number,)
        unions = [self.form.intersect_unions(around, self.form.union_of(branch), asked) for branch in branches]
        shared = []
        for i, j in self._candidates(unions):
            common = self.form.intersect_unions(unions[i], unions[j], asked)
            if any(self.is_productive_shape(shape) for shape in common):
                shared.append((i, j))
        return shared

    def _candidates(self, unions: list[Union]) -> Iterable[tuple[int, int]]:
        """The pairs of unions that may share a value; where a member tells all of them apart, those it does not.

        Most a `oneOf` of many objects have such a member: it is required, and has other words in each branch.
        """
        filled = [number for number, union in enumerate(unions) if union]
        words = self._telling_words([unions[number] for number in filled])
        if words is None:
            return combinations(filled, 2)
        having: dict[str, list[int]] = {}
        for number, own in zip(filled, words, strict=True):
            for word in own:
                having.setdefault(word, []).append(number)
        return sorted({pair for numbers in having.values() for pair in combinations(numbers, 2)})

    def _telling_words(self, unions: list[Union]) -> list[tuple[str, ...]] | None:
        """What a member that all unions require may be in each of them, if these are words; None without such a one."""
        shapes = [union[0] for union in unions if len(union) == 1 and isinstance(union[0], ObjectShape)]
        if len(shapes) < len(unions) or len(shapes) < 3:
            return None
        objects = [shape for shape in shapes if isinstance(shape, ObjectShape)]
        members = [dict(shape.properties) for shape in objects]
        for name in objects[0].required:
            if all(name in shape.required and name in own for shape, own in zip(objects, members, strict=True)):
                values = [self.form.union_of(own[name]) for own in members]
                words = [union[0].words for union in values if len(union) == 1 and isinstance(union[0], StringWords)]
                if len(words) == len(unions):
                    return words
        return None


def can_be_object(resolved: ResolvedObject, is_live: IsLive) -> bool:
    """Is there an object like this?"""
    if not all(is_live(need.condition) for need in resolved.needs):
        return False
    if not all(is_live(condition) for name, condition in resolved.members if name in resolved.required):
        return False
    if not resolved.minimum or any(is_live(extra.condition) for extra in resolved.extras):
        return True
    return sum(is_live(condition) for _, condition in resolved.members) >= resolved.minimum


def explain_empty(form: NormalForm, productivity: Productivity, root: Conjunction) -> EmptyLanguage:
    """Why nothing satisfies `root`: the first part that is needed and cannot be had, and the conditions on it."""
    seen: set[Conjunction] = set()
    current = root
    path = ""
    while True:
        union = form.union_of(current)
        pointers = form.terms.pointers(current)
        where = pointers[0] if pointers else ""
        what = f"member {path} has" if path else "the schema has"
        others = f", among them those at {', '.join(repr(pointer) for pointer in pointers[1:])}" if pointers[1:] else ""
        seen.add(current)
        step, following = _blamed(productivity, union)
        if following is None:
            return EmptyLanguage(f"{what} conditions that exclude each other{others}", where)
        path += step
        if following in seen:
            return EmptyLanguage(f"the required member {path} contains itself without end", where)
        current = following


def _blamed(productivity: Productivity, union: Union) -> tuple[str, Conjunction | None]:
    """A part that some shape of the union needs and that no value satisfies, if there is just that to blame."""
    for shape in union:
        if isinstance(shape, ObjectShape):
            for name in shape.required:
                condition = member_condition(shape, name)
                if not productivity.is_productive(condition):
                    return f".{name}", condition
        elif isinstance(shape, ArrayShape) and not shape.counted:
            for place in range(min(shape.min_items, len(shape.prefix) + 1)):
                condition = item_condition(shape, place)
                if not productivity.is_productive(condition):
                    return f"[{place}]", condition
    return "", None
