"""What the normal form can say but the engine cannot keep: refused here, with the pointer, before any rule is written.

Walks over everything that a value of the root can contain, which also computes every union, so that no error is left
for the moment when a rule is first asked for.
"""

from __future__ import annotations

from maskwright.errors import LimitExceeded, SchemaTooComplex
from maskwright.grammar.json_schema.distinct import distinct_graph, is_placed, shares_a_value, values_of
from maskwright.grammar.json_schema.normal_form import NormalForm
from maskwright.grammar.json_schema.objects import ResolvedObject, is_free_name, is_simple, resolve
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.productivity import Productivity
from maskwright.grammar.json_schema.shapes import ArrayShape, Conjunction, NumberShape, ObjectShape, Shape, StringShape
from maskwright.grammar.json_schema.strings import MAX_SPELLED_STATES, bounded_language, spelled_size, string_node
from maskwright.grammar.numbers import numbers_automaton

MAX_NEEDS = 4
"""The most kinds of members that must be there at once: 15 combinations of them."""


def check_enforceable(form: NormalForm, productivity: Productivity, options: JSONSchemaOptions) -> None:
    """Raise UnsupportedSchema or SchemaTooComplex for the first shape reached that cannot be kept."""
    for shape, conjunction in productivity.reached.items():
        if _may_need_checking(shape):
            try:
                if productivity.is_productive_shape(shape):
                    _check(form, productivity, conjunction, shape, options)
            except LimitExceeded as error:
                raise form.located(error, conjunction) from error


def _may_need_checking(shape: Shape) -> bool:
    match shape:
        case ArrayShape():
            return shape.is_unique
        case ObjectShape():
            return bool(shape.classes) or not is_simple(shape)
        case StringShape(languages):
            return bool(languages)
    return isinstance(shape, NumberShape)


def _check(
    form: NormalForm, productivity: Productivity, conjunction: Conjunction, shape: Shape, options: JSONSchemaOptions
) -> None:
    if isinstance(shape, ArrayShape):
        _check_distinct(form, productivity, conjunction, shape, options)
    elif isinstance(shape, ObjectShape):
        for resolved in resolve(form, shape):
            _check_members(form, conjunction, resolved)
    elif isinstance(shape, NumberShape):
        _check_numbers(form, conjunction, shape, options)
    elif isinstance(shape, StringShape):
        automaton, counter = bounded_language(shape.languages, shape.min_length, shape.max_length)
        if automaton.n_states > options.max_states:
            pointer = form.pointer(conjunction)
            raise SchemaTooComplex("states of a string", automaton.n_states, options.max_states, pointer)
        if spelled_size(automaton) > MAX_SPELLED_STATES and not automaton.is_empty:
            string_node(automaton, counter, options.escapes)  # made now, since it may turn out too large


def _check_distinct(
    form: NormalForm,
    productivity: Productivity,
    conjunction: Conjunction,
    shape: ArrayShape,
    options: JSONSchemaOptions,
) -> None:
    if is_placed(shape):
        values = list(distinct_graph(form, shape, productivity.live, options.numbers).values.values())
    else:
        values = [values_of(form, shape.items, productivity.live, options.numbers)]
    if any(found.stuck for found in values) or any(
        shares_a_value(form, one, other) for one in values for other in values if one is not other
    ):
        reason = (
            "cannot be enforced here: some item can be begun in a way that leaves only finitely many values, "
            "all of which may have occurred"
        )
        if options.has_budgets:
            reason += " (strings that max_string or field_budgets bound are few)"
        raise form.terms.reader.refuse(form.terms.node_with(conjunction, "uniqueItems"), "uniqueItems", reason)


def _check_members(form: NormalForm, conjunction: Conjunction, resolved: ResolvedObject) -> None:
    if len(resolved.needs) > MAX_NEEDS:
        pointer = form.pointer(conjunction)
        raise SchemaTooComplex("kinds of members that must be there", len(resolved.needs), MAX_NEEDS, pointer)
    for extra in (*resolved.extras, *resolved.needs):
        if is_free_name(*bounded_language(extra.languages, 0, None)):
            continue
        reader = form.terms.reader
        if resolved.minimum > 1 or resolved.needs:
            number = form.terms.node_with(conjunction, "minProperties")
            reason = "counts members whose names may run out, which would have to be told apart"
            raise reader.refuse(number, "minProperties", reason)
        number = form.terms.node_with(conjunction, "patternProperties")
        reader.note(number, "patternProperties", "two members may have one name, which JSON leaves open")
        return


def _check_numbers(form: NormalForm, conjunction: Conjunction, shape: NumberShape, options: JSONSchemaOptions) -> None:
    numbers = shape.numbers
    if numbers.not_multiples_of or numbers.multiple_of not in (None, 1):
        try:
            numbers_automaton(numbers, options.numbers, with_points=not shape.is_integer)
        except LimitExceeded as error:
            number = form.terms.node_with(conjunction, "multipleOf")
            pointer = form.terms.reader.pointer(number)
            raise SchemaTooComplex(error.stage, error.asked, error.allowed, pointer, error.remedy) from error
