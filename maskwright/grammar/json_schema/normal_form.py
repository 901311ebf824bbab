"""The normal form: the union of shapes of any conjunction of terms, and which conjunctions some value satisfies.

`union_of(conjunction)` intersects the unions of its terms; a term's union is its own shapes, intersected with the
unions of the terms that it refers to. Both are memoised, and only what is asked for is computed, so a recursive schema
ends: below a shape stand conjunctions, not unions.

`is_productive(conjunction)`: does any value satisfy it? Least fixpoint over the conjunctions that a value must contain:
`{"required": ["next"], "properties": {"next": {"$ref": "#"}}}` needs itself, so no finite value satisfies it.
Cost: linear in the number of shapes visited. Both are exact, so `oneOf` is proved disjoint by asking whether the
intersection of two branches is productive.

Growth. Unions multiply under conjunction: at most `max_shapes` in one union and MAX_INTERSECTIONS in all.
"""

from __future__ import annotations

from itertools import combinations

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.json_schema.reader import SchemaReader
from maskwright.grammar.json_schema.shapes import (
    ANY_VALUE,
    EVERYTHING,
    NOTHING_AT_ALL,
    ArrayShape,
    Conjunction,
    ObjectShape,
    Shape,
    Union,
    array_shape,
    intersect,
    item_condition,
    member_condition,
    merge_alternatives,
)
from maskwright.grammar.json_schema.terms import terms_of

MAX_INTERSECTIONS = 500_000
"""The most pairs of shapes intersected for one schema: about two seconds."""

MAX_CONJUNCTIONS = 50_000
"""The most conjunctions of one schema: a schema can ask for exponentially many."""

MAX_REFERENCE_DEPTH = 100
"""The longest chain of `$ref`, `allOf`, `anyOf` and `oneOf` without a step into the value.  It takes three frames of
Python's stack a link, and the stack has a thousand."""


class NormalForm:
    """Memoised unions of one schema (mutable: it grows by being asked)."""

    def __init__(self, reader: SchemaReader, max_shapes: int) -> None:
        self.reader = reader
        self.max_shapes = max_shapes
        self.terms, self.stands_for = terms_of(reader.nodes, reader.pointer)
        self.unions: dict[Conjunction, Union] = {EVERYTHING: ANY_VALUE, NOTHING_AT_ALL: ()}
        self.productive: dict[Conjunction, bool] = {EVERYTHING: True, NOTHING_AT_ALL: False}
        self.joined: dict[Conjunction, Conjunction] = {}
        self.open_terms: set[int] = set()
        self.unproved: list[int] = []
        self.n_intersections = 0

    def union_of(self, conjunction: Conjunction) -> Union:
        """The shapes of the values that satisfy all terms of the conjunction."""
        union = self.unions.get(conjunction)
        if union is None:
            if len(conjunction) == 1:
                union = self._union_of_term(conjunction[0])
            else:
                union = ANY_VALUE
                for number in conjunction:
                    union = self._intersect_unions(union, self.union_of((number,)), number)
            if len(self.unions) >= MAX_CONJUNCTIONS:
                pointer = self.pointer(conjunction)
                raise LimitExceeded("conjunctions of subschemas", len(self.unions) + 1, MAX_CONJUNCTIONS, pointer)
            self.unions[conjunction] = union
        return union

    def join(self, left: Conjunction, right: Conjunction) -> Conjunction:
        """The conjunction of two; NOTHING_AT_ALL where that shows without looking at items, members or references."""
        if not left or left == right:
            return right
        if not right:
            return left
        if NOTHING_AT_ALL in (left, right):
            return NOTHING_AT_ALL
        joined = left + tuple([number for number in right if number not in left])
        known = self.joined.get(joined)
        if known is None:
            known = joined
            if all(self.terms[number].is_flat for number in joined):
                union = ANY_VALUE
                for number in joined:
                    union = self._intersect_unions(union, self.union_of((number,)), number)
                if not union:
                    known = NOTHING_AT_ALL
            self.joined[joined] = known
        return known

    def pointer(self, conjunction: Conjunction) -> str:
        """Where the conjunction comes from: the JSON pointer of its first term."""
        return self.reader.pointer(conjunction[0]) if conjunction else ""

    def _union_of_term(self, number: int) -> Union:
        term = self.terms[number]
        own = term.own
        if term.beside is not ANY_VALUE:
            own = self._intersect_unions(own, term.beside, number)
        if term.is_leaf:
            return own
        if number in self.open_terms:
            raise self.reader.invalid(number, "$ref", "leads back to itself without a step into the value")
        if len(self.open_terms) >= MAX_REFERENCE_DEPTH:
            raise LimitExceeded(
                "chain of $ref, allOf, anyOf and oneOf",
                MAX_REFERENCE_DEPTH + 1,
                MAX_REFERENCE_DEPTH,
                self.reader.pointer(number),
            )
        self.open_terms.add(number)
        union = ANY_VALUE
        for position, branches in enumerate(term.choices):
            if position == term.own_position:
                union = self._intersect_unions(union, own, number)
            union = self._intersect_unions(union, self._union_of_any(branches), number)
        if term.own_position == len(term.choices):
            union = self._intersect_unions(union, own, number)
        if term.exclusive:
            self.unproved.append(number)
        self.open_terms.discard(number)
        return union

    def _union_of_any(self, branches: tuple[Conjunction, ...]) -> Union:
        if len(branches) == 1:
            return self.union_of(branches[0])
        shapes: list[Shape] = []
        for branch in branches:
            shapes += self.union_of(branch)
        return merge_alternatives(shapes)

    def _intersect_unions(self, left: Union, right: Union, number: int) -> Union:
        """All pairwise intersections; `number` is the term that asked."""
        if left is ANY_VALUE or left == right:
            return right
        if right is ANY_VALUE:
            return left
        self.n_intersections += len(left) * len(right)
        if self.n_intersections > MAX_INTERSECTIONS:
            raise LimitExceeded(
                "intersections of alternatives", self.n_intersections, MAX_INTERSECTIONS, self.reader.pointer(number)
            )
        shapes = []
        try:
            for one in left:
                for other in right:
                    if one.family == other.family:
                        shape = intersect(one, other, self.join)
                        if shape is not None:
                            shapes.append(shape)
        except LimitExceeded as error:
            where = error.where or self.reader.pointer(number)
            raise LimitExceeded(error.stage, error.asked, error.allowed, where, error.remedy) from error
        union = merge_alternatives(shapes)
        if len(union) > self.max_shapes:
            raise LimitExceeded("number of alternatives", len(union), self.max_shapes, self.reader.pointer(number))
        return union

    def expand(self, root: Conjunction) -> None:
        """Compute every union that a value of `root` can lead to, so that no error is left for later."""
        seen = {root}
        todo = [root]
        while todo:
            for shape in self.union_of(todo.pop()):
                for part in parts_of(shape):
                    if part not in seen:
                        seen.add(part)
                        todo.append(part)

    def prove_choices(self) -> None:
        """Show that no value satisfies two branches of any `oneOf` met so far, or refuse the schema."""
        while self.unproved:
            number = self.unproved.pop()
            term = self.terms[number]
            for exclusive in term.exclusive:
                around = term.own
                for position, branches in enumerate(term.choices):
                    if position != exclusive:
                        around = self._intersect_unions(around, self._union_of_any(branches), number)
                self._prove_disjoint(number, around, term.choices[exclusive])

    def _prove_disjoint(self, number: int, around: Union, branches: tuple[Conjunction, ...]) -> None:
        unions = [self._intersect_unions(around, self.union_of(branch), number) for branch in branches]
        for left, right in combinations(unions, 2):
            common = self._intersect_unions(left, right, number) if left and right else ()
            if any(self.is_productive_shape(shape) for shape in common):
                reason = "has branches that some value may satisfy together, which is not supported yet"
                raise self.reader.refuse(number, "oneOf", reason)

    def is_productive_shape(self, shape: Shape) -> bool:
        """Does any value have this shape?"""
        return all(self.is_productive(part) for part in needs_of(shape))

    def is_productive(self, conjunction: Conjunction) -> bool:
        """Does any finite value satisfy the conjunction?"""
        known = self.productive.get(conjunction)
        if known is not None:
            return known
        # Alternatives that wait for undecided conjunctions: how many they wait for, and whom they would decide.
        waiting: list[list[int]] = []
        owner: list[Conjunction] = []
        waits_on: dict[Conjunction, list[int]] = {}
        found: list[Conjunction] = []
        seen = {conjunction}
        todo = [conjunction]
        while todo:
            current = todo.pop()
            for shape in self.union_of(current):
                needs = [part for part in dict.fromkeys(needs_of(shape)) if not self.productive.get(part, False)]
                if any(self.productive.get(part) is False for part in needs):
                    continue
                if not needs:
                    found.append(current)
                    break
                for part in needs:
                    waits_on.setdefault(part, []).append(len(waiting))
                    if part not in seen:
                        seen.add(part)
                        todo.append(part)
                waiting.append([len(needs)])
                owner.append(current)
        while found:
            current = found.pop()
            if self.productive.get(current):
                continue
            self.productive[current] = True
            for alternative in waits_on.get(current, ()):
                waiting[alternative][0] -= 1
                if waiting[alternative][0] == 0:
                    found.append(owner[alternative])
        for part in seen:
            self.productive.setdefault(part, False)
        return self.productive[conjunction]


def parts_of(shape: Shape) -> list[Conjunction]:
    """Every condition on a part of the values of a shape."""
    if isinstance(shape, ObjectShape):
        return [condition for _, condition in shape.properties] + [shape.additional]
    if isinstance(shape, ArrayShape):
        return [*shape.prefix, shape.items]
    return []


def needs_of(shape: Shape) -> list[Conjunction]:
    """The conditions that every value of a shape has a part for."""
    if isinstance(shape, ObjectShape):
        if not shape.required:
            return []
        conditions = dict(shape.properties)
        return [conditions.get(name, shape.additional) for name in shape.required]
    if isinstance(shape, ArrayShape):
        return [item_condition(shape, position) for position in range(min(shape.min_items, len(shape.prefix) + 1))]
    return []


def live_shape(form: NormalForm, shape: Shape) -> Shape | None:
    """The shape without optional parts that no value satisfies; None if a needed part is one of them."""
    if isinstance(shape, ObjectShape):
        if not form.is_productive_shape(shape):
            return None
        properties = tuple(
            [(name, part if form.is_productive(part) else NOTHING_AT_ALL) for name, part in shape.properties]
        )
        additional = shape.additional if form.is_productive(shape.additional) else NOTHING_AT_ALL
        return ObjectShape(properties, shape.required, additional)
    if isinstance(shape, ArrayShape):
        prefix = tuple([part if form.is_productive(part) else NOTHING_AT_ALL for part in shape.prefix])
        items = shape.items if form.is_productive(shape.items) else NOTHING_AT_ALL
        return array_shape(prefix, items, shape.min_items, shape.max_items)
    return shape


def explain_empty(form: NormalForm, root: Conjunction) -> EmptyLanguage:
    """Why nothing satisfies `root`: the first part that is needed and cannot be had."""
    seen: set[Conjunction] = set()
    current = root
    path = ""
    while True:
        union = form.union_of(current)
        where = form.pointer(current)
        if not union:
            what = f"member {path} has" if path else "the schema has"
            return EmptyLanguage(f"{what} conditions that exclude each other", where)
        seen.add(current)
        for shape in union:
            if isinstance(shape, ObjectShape):
                blamed = next(name for name in shape.required if not form.is_productive(member_condition(shape, name)))
                following = member_condition(shape, blamed)
                step = f".{blamed}"
            else:
                assert isinstance(shape, ArrayShape)
                position = next(i for i, part in enumerate(needs_of(shape)) if not form.is_productive(part))
                following = item_condition(shape, position)
                step = f"[{position}]"
            if following not in seen:
                break
        path += step
        if following in seen:
            return EmptyLanguage(f"the required member {path} contains itself without end", where)
        current = following
