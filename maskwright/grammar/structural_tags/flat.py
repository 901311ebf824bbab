"""A JSON Schema whose objects are written in a flat style: the way from the schema to the members of the call.

The schema is understood as for JSON (`json_schema.front_end`): a union of shapes, of which the objects count here, each
with its members, what they must satisfy and which of them there must be. A member's strings are written raw
(`raw_values`), its other values as JSON by the same rules as anywhere else (`json_schema.lowering`).

Strings within such JSON must not stop the reader either. JSON has no escapes for `<` here, so the language of an array
or an object is intersected with the texts that can be read (`regular_product`), which takes up to 0.1 s for each kind
of them. Refused, because the engine cannot keep them where names are no JSON: numbers of members (`minProperties`) that
undeclared names would have to make up, and members that must be there under some undeclared name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from maskwright.errors import EmptyLanguage
from maskwright.grammar.characters import utf8_automaton
from maskwright.grammar.composition import ComposedRules, Part, added, concatenation
from maskwright.grammar.ir import NOTHING, Automaton, Grammar, Node, choice, sequence
from maskwright.grammar.json_schema import PropertyOrder
from maskwright.grammar.json_schema.document import read_document
from maskwright.grammar.json_schema.enforceable import check_enforceable
from maskwright.grammar.json_schema.exactness import report_of
from maskwright.grammar.json_schema.front_end import understood
from maskwright.grammar.json_schema.layout import gap_of
from maskwright.grammar.json_schema.lowering import Lowering
from maskwright.grammar.json_schema.normal_form import NormalForm
from maskwright.grammar.json_schema.objects import Extra, ResolvedObject, resolve, undeclared_in
from maskwright.grammar.json_schema.productivity import Productivity, can_be_object
from maskwright.grammar.json_schema.shapes import (
    ANY_STRING,
    ARRAY_FAMILY,
    OBJECT_FAMILY,
    STRING_FAMILY,
    Conjunction,
    ObjectShape,
    Shape,
)
from maskwright.grammar.json_schema.strings import conjunction_language, known_language
from maskwright.grammar.regular_product import intersection
from maskwright.grammar.structural_tags.members import Member, Members
from maskwright.grammar.structural_tags.raw_values import not_like, raw_strings
from maskwright.grammar.structural_tags.request import COUNTS_OTHERS, Request
from maskwright.grammar.structural_tags.styles import Style


def flat_grammar(schema: Mapping[str, Any] | bool, style: Style, request: Request) -> Grammar:
    """The objects that satisfy a schema, in a flat style, with blanks before, between and after their members."""
    document = read_document(schema)
    reader, form, productivity, root = understood(document, request.options, None)
    check_enforceable(form, productivity, request.options)
    writer = _Writer(style, request, form, productivity, root)
    objects = [shape for shape in form.union_of(root) if isinstance(shape, ObjectShape)]
    ways = [
        way
        for shape in objects
        for resolved in resolve(form, shape)
        if can_be_object(resolved, productivity.is_productive) and (way := writer.object(resolved)) != NOTHING
    ]
    if not ways:
        raise EmptyLanguage("no object that can be written in this style satisfies the schema", "")
    rules: dict[str, Node] = {**writer.own, "members": sequence(choice(*ways), writer.gap)}
    return Grammar("members", ComposedRules(rules, writer.parts), report=report_of(reader))


class _JSONValue(Mapping[str, Node]):
    """The rules of some shapes as JSON: a rule for these, the others as they are lowered anywhere."""

    def __init__(self, lowering: _Lowered, shapes: tuple[Shape, ...], conjunction: Conjunction) -> None:
        self._lowering = lowering
        self._value = lowering.of_shapes(shapes, conjunction)

    def __getitem__(self, name: str) -> Node:
        return self._value if name == "value" else self._lowering[name]

    def __iter__(self) -> Iterator[str]:
        yield "value"
        yield from self._lowering

    def __len__(self) -> int:
        return len(self._lowering) + 1


class _Lowered(Lowering):
    """The rules of a schema, where some shapes of a union can be asked for."""

    def of_shapes(self, shapes: tuple[Shape, ...], conjunction: Conjunction) -> Node:
        """The JSON texts of these shapes, which the conjunction has."""
        return self._union(shapes, conjunction, 0)


class _Writer:
    """Writes the objects of one schema (mutable: `own` and `parts` are the rules that its nodes call)."""

    def __init__(
        self, style: Style, request: Request, form: NormalForm, productivity: Productivity, root: Conjunction
    ) -> None:
        self.request = request
        self.style = style
        self.form = form
        self.is_live = productivity.is_productive
        self.is_live_shape = productivity.is_productive_shape
        self.lowering = _Lowered(form, productivity, request.options, root)
        self.own: dict[str, Node] = {}
        self.parts: list[Part] = []
        self.values: dict[tuple[Shape, ...], Node] = {}
        self.gap = gap_of(request.options)
        self.readable = request.readable(style.unreadable)
        self.opening = sequence(self.gap, request.markers.node(self.style.opening))
        self.closing = request.markers.node(self.style.closing)

    def object(self, resolved: ResolvedObject) -> Node:
        """The members of one kind of object; `NOTHING` if one that must be there cannot be written."""
        others = choice(*[self._other(extra, resolved) for extra in resolved.extras if self.is_live(extra.condition)])
        if resolved.needs or (resolved.minimum and others != NOTHING):
            raise self.request.refusal(COUNTS_OTHERS)
        declared = []
        for name, condition in resolved.members:
            rest = self._rest(condition) if self.is_live(condition) else NOTHING
            is_required = name in resolved.required
            if rest != NOTHING:
                declared.append(Member(self._name(name), rest, is_required))
            elif is_required:
                return NOTHING
        members = Members(tuple(declared), others, resolved.minimum, resolved.maximum)
        if self.request.options.property_order is PropertyOrder.ANY:
            if resolved.minimum > len(declared):
                return NOTHING
            return members.in_any_order(self.opening)
        return members.in_order(self.opening)

    def _name(self, name: str) -> Node:
        allowed = (("pattern", self.style.names), self.readable)
        if not conjunction_language(allowed).accepts(name):
            raise self.request.refusal(f"a property cannot be called {name!r} in this style; rename it")
        return self.request.markers.node(self.style.escape(name))

    def _other(self, extra: Extra, resolved: ResolvedObject) -> Node:
        """A member with an undeclared name."""
        languages = undeclared_in((*extra.languages, ("pattern", self.style.names), self.readable), resolved.declared)
        names = conjunction_language(languages)
        rest = self._rest(extra.condition)
        if names.is_empty or rest == NOTHING:
            return NOTHING
        return sequence(Automaton(utf8_automaton(names)), rest)

    def _rest(self, condition: Conjunction) -> Node:
        """What stands behind a name: the value in all its ways, with what belongs before and after it."""
        union = tuple(shape for shape in self.form.union_of(condition) if self.is_live_shape(shape))
        strings = [shape for shape in union if shape.family == STRING_FAMILY]
        others = [shape for shape in union if shape.family != STRING_FAMILY]
        restrictions = () if self.style.says_type else not_like(others)
        raw = raw_strings(strings, (self.readable, *restrictions), self.style.line_ends)
        ways = [self._between(STRING_FAMILY, raw)]
        if ANY_STRING in strings and not (self.style.says_type or restrictions):
            others = []  # whatever their texts are, any text is a string
        for family in dict.fromkeys(shape.family for shape in others):
            of_family = tuple(shape for shape in others if shape.family == family)
            ways.append(self._between(family, self._json(of_family, condition)))
        return sequence(choice(*ways), self.closing)

    def _between(self, family: int, value: Node) -> Node:
        first, *later = map(self.request.markers.node, self.style.between[family])
        return sequence(first, *[part for text in later for part in (self.gap, text)], value)

    def _json(self, shapes: tuple[Shape, ...], condition: Conjunction) -> Node:
        """Values as JSON, none of which stops the reader."""
        rules = _JSONValue(self.lowering, shapes, condition)
        value = self.values.get(shapes)
        if value is None:
            grammar = Grammar("value", rules, is_prepared=True, is_document=True)
            if shapes[0].family in (ARRAY_FAMILY, OBJECT_FAMILY):
                grammar = intersection(concatenation([grammar]), known_language(self.readable))
            value = self.values[shapes] = added(grammar, self.parts, self.own)
        return sequence(self.gap, value, self.gap)
