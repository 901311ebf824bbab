"""The normal form: the union of shapes of any conjunction of terms.

`meaning_of(conjunction)` intersects the unions of its literals. A term's union is its own shapes, intersected with the
unions of its choices; the union of a negated term is what breaks one of these. All are memoised, and only what is asked
for is computed, so a recursive schema ends: below a shape stand conjunctions, not unions.

`oneOf` is a union of its branches as long as no two of them share a value; where two may, each is intersected with the
complement of the other. Whether they share one is known only after the unions are (see `productivity`), so `overlaps`
names the pairs of branches that do, and the caller asks again with a normal form that knows them.  Why not always
intersect with the complements: fifty branches would be fifty times fifty intersections, almost always for nothing.

`union_of` is what those ask who write texts: the same union, or what of it lies within budgets (see `budgets`).

Growth. Unions multiply under conjunction: at most `max_shapes` in one union and MAX_INTERSECTIONS in all.
"""

from __future__ import annotations

from collections.abc import Iterable

from maskwright.errors import LimitExceeded, SchemaTooComplex
from maskwright.grammar.json_schema.absorption import Absorption
from maskwright.grammar.json_schema.array_states import MAX_ARRAY_STATES, ArrayGraph
from maskwright.grammar.json_schema.budgets import Budgeting
from maskwright.grammar.json_schema.complement import CannotNegate, complement_union
from maskwright.grammar.json_schema.evaluation import NOT_EVALUATED, Evaluated, judged_items, judged_members
from maskwright.grammar.json_schema.intersection import intersect
from maskwright.grammar.json_schema.objects import ResolvedObject
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.schema_node import ChoiceKind
from maskwright.grammar.json_schema.shapes import (
    ANY_VALUE,
    ARRAY_FAMILY,
    EVERYTHING,
    NOTHING_AT_ALL,
    ArrayShape,
    Conjunction,
    ObjectShape,
    Shape,
    Union,
    merge_alternatives,
)
from maskwright.grammar.json_schema.terms import Choice, Terms

MAX_INTERSECTIONS = 500_000
"""The most pairs of shapes intersected for one schema: about two seconds."""

MAX_CONJUNCTIONS = 50_000
"""The most conjunctions of one schema: a schema can ask for exponentially many."""

Judged = tuple[tuple[Shape, Evaluated], ...]
"""A union whose alternatives say what their keywords have looked at."""

Overlap = tuple[int, int, int, int]
"""A term, the place of a `oneOf` among its choices, and two branches of it that some value satisfies together."""


class NormalForm:
    """Memoised unions of one schema (mutable: it grows by being asked)."""

    def __init__(self, terms: Terms, options: JSONSchemaOptions, overlapping: frozenset[Overlap] = frozenset()) -> None:
        self.terms = terms
        self.options = options
        self.max_shapes = options.max_shapes
        self.max_nesting = options.max_nesting
        self.max_states = min(options.max_states, MAX_ARRAY_STATES)
        self.overlapping = overlapping
        self.unions: dict[Conjunction, Union] = {EVERYTHING: ANY_VALUE, NOTHING_AT_ALL: ()}
        self.judged: dict[int, Judged] = {}
        self.joined: dict[Conjunction, Conjunction] = {}
        self.intersected: dict[tuple[Shape, Shape], Shape | None] = {}
        self.resolved: dict[ObjectShape, tuple[ResolvedObject, ...]] = {}
        self.array_graphs: dict[ArrayShape, ArrayGraph] = {}
        self.open_terms: set[int] = set()
        self.n_intersections = 0
        self.absorption = Absorption()
        self.budgeting: Budgeting | None = None

    def excluding(self, overlapping: frozenset[Overlap]) -> NormalForm:
        """The normal form in which these branches exclude each other too; what that does not concern is taken over."""
        form = NormalForm(self.terms, self.options, self.overlapping | overlapping)
        concerned = self.terms.choosing({overlap[0] for overlap in overlapping})
        for conjunction, union in self.unions.items():
            if concerned.isdisjoint([literal if literal >= 0 else ~literal for literal in conjunction]):
                form.unions[conjunction] = union
        form.judged = {number: judged for number, judged in self.judged.items() if number not in concerned}
        form.joined = self.joined
        form.intersected = self.intersected
        form.array_graphs = self.array_graphs
        form.absorption = self.absorption
        return form

    def within_budgets(self, budgeting: Budgeting) -> NormalForm:
        """The normal form whose unions hold what is written within budgets; what negations mean stays what it was."""
        form = self.excluding(frozenset())
        form.budgeting = budgeting
        return form

    def union_of(self, conjunction: Conjunction) -> Union:
        """The shapes of the values that satisfy the conjunction and that are written: all, or those within budgets."""
        union = self.meaning_of(conjunction)
        return union if self.budgeting is None else self.budgeting.within(union, conjunction)

    def meaning_of(self, conjunction: Conjunction) -> Union:
        """The shapes of the values that satisfy all literals of the conjunction."""
        union = self.unions.get(conjunction)
        if union is None:
            if len(conjunction) == 1:
                literal = conjunction[0]
                union = self._union_of_term(literal) if literal >= 0 else self._union_of_negation(~literal)
            else:
                union = ANY_VALUE
                for literal in conjunction:
                    union = self.intersect_unions(union, self.meaning_of((literal,)), conjunction)
            if len(self.unions) >= MAX_CONJUNCTIONS:
                pointer = self.pointer(conjunction)
                raise SchemaTooComplex("conjunctions of subschemas", len(self.unions) + 1, MAX_CONJUNCTIONS, pointer)
            self.unions[conjunction] = union
        return union

    def join(self, left: Conjunction, right: Conjunction) -> Conjunction:
        """The conjunction of two, simplified as far as shows without looking at items, members or references.

        It is NOTHING_AT_ALL if no value satisfies both, and one of the two if that implies the other.
        """
        joined = self.terms.join(left, right)
        if len(joined) < 2:
            return joined
        known = self.joined.get(joined)
        if known is None:
            known = joined
            if self._is_flat(joined):
                union = self.intersect_unions(self.meaning_of(left), self.meaning_of(right), joined)
                if not union:
                    known = NOTHING_AT_ALL
                elif union == self.meaning_of(left):
                    known = left
                elif union == self.meaning_of(right):
                    known = right
            self.joined[joined] = known
        return known

    def _is_flat(self, conjunction: Conjunction) -> bool:
        terms = self.terms.terms
        return all(terms[literal if literal >= 0 else ~literal].is_flat for literal in conjunction)

    def pointer(self, conjunction: Conjunction) -> str:
        """Where the conjunction comes from: the JSON pointer of its first term."""
        return self.terms.pointer(conjunction)

    def located(self, error: LimitExceeded, conjunction: Conjunction) -> LimitExceeded:
        """An error about a limit with the pointer of a conjunction, if it has none."""
        if error.where:
            return error
        where = self.pointer(conjunction)
        return SchemaTooComplex(error.stage, error.asked, error.allowed, where, error.remedy)

    def intersect_unions(self, left: Union, right: Union, conjunction: Conjunction) -> Union:
        """All pairwise intersections; `conjunction` is who asked, for errors."""
        if left is ANY_VALUE or left == right:
            return right
        if right is ANY_VALUE:
            return left
        shapes = []
        for one, other in self._pairs(left, right, conjunction):
            shape = self._intersect(one, other, conjunction)
            if shape is not None:
                shapes.append(shape)
        union = merge_alternatives(shapes)
        if len(left) > 1 and len(right) > 1:
            union = self.absorption.reduced(union)
        return self._bounded(union, conjunction)

    def _pairs(self, left: Union, right: Union, conjunction: Conjunction) -> Iterable[tuple[Shape, Shape]]:
        self._count(len(left) * len(right), conjunction)
        return ((one, other) for one in left for other in right if one.family == other.family)

    def _count(self, n: int, conjunction: Conjunction) -> None:
        self.n_intersections += n
        if self.n_intersections > MAX_INTERSECTIONS:
            pointer = self.pointer(conjunction)
            raise SchemaTooComplex("intersections of alternatives", self.n_intersections, MAX_INTERSECTIONS, pointer)

    def _intersect(self, one: Shape, other: Shape, conjunction: Conjunction) -> Shape | None:
        """The intersection of two shapes; of arrays and objects it is kept: negations ask for it again and again."""
        if one.family < ARRAY_FAMILY:
            return self._new_intersection(one, other, conjunction)
        pair = one, other
        if pair not in self.intersected:
            self.intersected[pair] = self._new_intersection(one, other, conjunction)
        return self.intersected[pair]

    def _new_intersection(self, one: Shape, other: Shape, conjunction: Conjunction) -> Shape | None:
        try:
            return intersect(one, other, self.join)
        except LimitExceeded as error:
            raise self.located(error, conjunction) from error

    def _bounded(self, union: Union, conjunction: Conjunction) -> Union:
        if len(union) > self.max_shapes:
            raise SchemaTooComplex("number of alternatives", len(union), self.max_shapes, self.pointer(conjunction))
        return union

    def _enter(self, number: int) -> None:
        if number in self.open_terms:
            raise self.terms.reader.invalid(
                self.terms.node_of(number), "$ref", "leads back to itself without a step into the value"
            )
        if len(self.open_terms) >= self.max_nesting:
            asked = len(self.open_terms) + 1
            pointer = self.pointer((number,))
            raise SchemaTooComplex("chain of $ref, allOf, anyOf and oneOf", asked, self.max_nesting, pointer)
        self.open_terms.add(number)

    def _union_of_term(self, number: int) -> Union:
        term = self.terms.terms[number]
        if term.judges_the_rest:
            return merge_alternatives(shape for shape, _ in self._judged_term(number))
        asked = (number,)
        own = term.own
        if term.beside is not ANY_VALUE:
            own = self.intersect_unions(own, term.beside, asked)
        if not term.choices:
            return own
        self._enter(number)
        union = ANY_VALUE
        for position, choice in enumerate(term.choices):
            if position == term.own_position:
                union = self.intersect_unions(union, own, asked)
            union = self.intersect_unions(union, self.union_of_choice(number, position, choice), asked)
        if term.own_position >= len(term.choices):
            union = self.intersect_unions(union, own, asked)
        self.open_terms.discard(number)
        return union

    def union_of_choice(self, number: int, position: int, choice: Choice) -> Union:
        """The union of the branches of a term's choice."""
        branches = self._branches(number, position, choice)
        if len(branches) == 1:
            return self.meaning_of(branches[0])
        shapes: list[Shape] = []
        for branch in branches:
            shapes += self.meaning_of(branch)
        return merge_alternatives(shapes)

    def _branches(self, number: int, position: int, choice: Choice) -> list[Conjunction]:
        """The branches of a choice; those of `oneOf` exclude the branches that they are known to overlap with."""
        if choice.kind is not ChoiceKind.ONE or not self.overlapping:
            return list(choice.branches)
        branches = []
        for i, branch in enumerate(choice.branches):
            for j, other in enumerate(choice.branches):
                if (number, position, min(i, j), max(i, j)) in self.overlapping and i != j:
                    branch = self.join(branch, self.terms.negate(other))
            branches.append(branch)
        return branches

    def _union_of_negation(self, number: int) -> Union:
        """What breaks the shapes of a term, or one of its choices."""
        term = self.terms.terms[number]
        asked = (~number,)
        if term.judges_the_rest:
            return self._complement(self.meaning_of((number,)), asked)
        self._enter(number)
        shapes = [*self._complement(term.own, asked)]
        if term.beside is not ANY_VALUE:
            shapes += self._complement(term.beside, asked)
        for choice in term.choices:
            none = ANY_VALUE
            for branch in choice.branches:
                none = self.intersect_unions(none, self.meaning_of(self.terms.negate(branch)), asked)
            shapes += none
            if choice.kind is ChoiceKind.ONE:
                for i, branch in enumerate(choice.branches):
                    for other in choice.branches[i + 1 :]:
                        shapes += self.meaning_of(self.join(branch, other))
        self.open_terms.discard(number)
        return self._bounded(self.absorption.reduced(merge_alternatives(shapes)), asked)

    def _complement(self, union: Union, asked: Conjunction) -> Union:
        if union is ANY_VALUE:
            return ()
        try:
            return complement_union(
                union, self.terms.negate, lambda left, right: self.intersect_unions(left, right, asked)
            )
        except LimitExceeded as error:
            raise self.located(error, asked) from error
        except CannotNegate as error:
            raise self.terms.reader.refuse(
                self.terms.node_of(~asked[0]), error.keyword, "stands under a negation, where it cannot be enforced"
            ) from error

    def _judged_conjunction(self, conjunction: Conjunction) -> Judged:
        result: Judged = tuple([(shape, NOT_EVALUATED) for shape in ANY_VALUE])
        for literal in conjunction:
            result = self._join_judged(result, self._judged_literal(literal), conjunction)
        return result

    def _judged_literal(self, literal: int) -> Judged:
        if literal < 0:
            return tuple([(shape, NOT_EVALUATED) for shape in self.meaning_of((literal,))])
        return self._judged_term(literal)

    def _judged_term(self, number: int) -> Judged:
        """The union of a term, each alternative with what was evaluated on the way to it."""
        known = self.judged.get(number)
        if known is not None:
            return known
        term = self.terms.terms[number]
        asked = (number,)
        self._enter(number)
        own = term.own if term.beside is ANY_VALUE else self.intersect_unions(term.own, term.beside, asked)
        ours: Judged = tuple([(shape, term.evaluated) for shape in own])
        result: Judged = tuple([(shape, NOT_EVALUATED) for shape in ANY_VALUE])
        for position, choice in enumerate(term.choices):
            if position == term.own_position:
                result = self._join_judged(result, ours, asked)
            result = self._join_judged(result, self._judged_choice(number, position, choice), asked)
        if term.own_position >= len(term.choices):
            result = self._join_judged(result, ours, asked)
        self.open_terms.discard(number)
        if term.unevaluated_members is not None:
            result = self._judge(result, term.unevaluated_members, asked, ObjectShape)
        if term.unevaluated_items is not None:
            result = self._judge(result, term.unevaluated_items, asked, ArrayShape)
        if term.is_silent:
            result = tuple([(shape, NOT_EVALUATED) for shape, _ in result])
        self.judged[number] = result
        return result

    def _judged_choice(self, number: int, position: int, choice: Choice) -> Judged:
        branches = [self._judged_conjunction(branch) for branch in self._branches(number, position, choice)]
        result: dict[tuple[Shape, Evaluated], None] = {}
        for branch in branches:
            together: Judged = ()
            if choice.kind is ChoiceKind.ANY and result:
                together = tuple(
                    [
                        (shape, evaluated)
                        for shape, evaluated in self._join_judged(tuple(result), branch, (number,))
                        if (shape, evaluated) not in result
                    ]
                )
            result.update(dict.fromkeys(branch))
            result.update(dict.fromkeys(together))
        return tuple(result)

    def _join_judged(self, left: Judged, right: Judged, asked: Conjunction) -> Judged:
        self._count(len(left) * len(right), asked)
        joined: dict[tuple[Shape, Evaluated], None] = {}
        for one, evaluated in left:
            for other, also in right:
                if one.family == other.family:
                    shape = self._intersect(one, other, asked)
                    if shape is not None:
                        joined[shape, evaluated | also] = None
        if len(joined) > self.max_shapes:
            raise SchemaTooComplex("number of alternatives", len(joined), self.max_shapes, self.pointer(asked))
        return tuple(joined)

    def _judge(self, judged: Judged, condition: Conjunction, asked: Conjunction, kind: type[Shape]) -> Judged:
        """Demand the condition of all that is not evaluated; then everything is."""
        result = []
        for shape, evaluated in judged:
            if isinstance(shape, kind):
                rest: Shape | None
                if kind is ObjectShape:
                    rest = judged_members(evaluated, condition)
                    evaluated = evaluated.with_all_members()
                else:
                    rest = judged_items(evaluated, condition, self.terms.any_of)
                    evaluated = evaluated.with_all_items()
                found = None if rest is None else self._intersect(shape, rest, asked)
                if found is None:
                    continue
                shape = found
            result.append((shape, evaluated))
        return tuple(result)
