"""A JSON Schema whose objects are written in a flat style: the way from the schema to the members of the call.

The schema is understood as for JSON (`json_schema.front_end`): a union of shapes, of which the objects count here, each
with its members, what they must satisfy and which of them there must be. A member's strings are written raw
(`raw_values`), its other values as JSON by the same rules as anywhere else (`json_schema.lowering`).

Strings within such JSON must not stop the reader either (`readable_json`).

Refused, because the engine cannot keep them where names are no JSON: numbers of members (`minProperties`) that
undeclared names would have to make up, and members that must be there under some undeclared name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskwright.errors import EmptyLanguage
from maskwright.grammar.characters import utf8_automaton
from maskwright.grammar.composition import ComposedRules, Part, added, concatenation
from maskwright.grammar.ir import NOTHING, Automaton, Grammar, Node, choice, sequence
from maskwright.grammar.json_schema import PropertyOrder
from maskwright.grammar.json_schema.layout import gap_of
from maskwright.grammar.json_schema.objects import Extra, ResolvedObject, resolve, undeclared_in
from maskwright.grammar.json_schema.productivity import can_be_object
from maskwright.grammar.json_schema.shapes import (
    ANY_STRING,
    ARRAY_FAMILY,
    OBJECT_FAMILY,
    STRING_FAMILY,
    Conjunction,
    ObjectShape,
    Shape,
)
from maskwright.grammar.json_schema.strings import conjunction_language
from maskwright.grammar.regular_product import intersection
from maskwright.grammar.structural_tags.members import Counts, Member, Members
from maskwright.grammar.structural_tags.raw_values import not_like, raw_strings, without
from maskwright.grammar.structural_tags.readable_json import ReadableJSON, ReadableValue
from maskwright.grammar.structural_tags.request import COUNTS_OTHERS, Request
from maskwright.grammar.structural_tags.spelled_rules import Understood
from maskwright.grammar.structural_tags.styles import Style
from maskwright.grammar.text_search import text_without


def flat_grammar(schema: Mapping[str, Any] | bool, style: Style, request: Request) -> Grammar:
    """The objects that satisfy a schema, in a flat style, with blanks before, between and after their members."""
    known = Understood.of(schema, request.options)
    writer = _Writer(style, request, known)
    objects = [shape for shape in known.form.union_of(known.root) if isinstance(shape, ObjectShape)]
    ways = [
        way
        for shape in objects
        for resolved in resolve(known.form, shape)
        if can_be_object(resolved, known.productivity.is_productive) and (way := writer.object(resolved)) != NOTHING
    ]
    if not ways:
        raise EmptyLanguage("no object that can be written in this style satisfies the schema", "")
    rules: dict[str, Node] = {**writer.own, "members": sequence(choice(*ways), writer.gap)}
    return Grammar("members", ComposedRules(rules, writer.parts), report=known.report)


class _Writer:
    """Writes the objects of one schema (mutable: `own` and `parts` are the rules that its nodes call)."""

    def __init__(self, style: Style, request: Request, known: Understood) -> None:
        self.request = request
        self.style = style
        self.form = known.form
        self.is_live = known.productivity.is_productive
        self.is_live_shape = known.productivity.is_productive_shape
        self.own: dict[str, Node] = {}
        self.parts: list[Part] = []
        self.counts = Counts()
        self.values: dict[tuple[Shape, ...], Node] = {}
        self.gap = gap_of(request.options)
        self.readable = request.readable(style.unreadable)
        self.json = ReadableJSON(known, request, without(style.unreadable))
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
        self.counts.add(len(declared), others != NOTHING, resolved.minimum, resolved.maximum)
        return members.in_order(self.opening)

    def _name(self, name: str) -> Node:
        allowed = (("pattern", self.style.names), self.readable)
        if not conjunction_language(allowed).accepts(name):
            raise self.request.refusal(f"a property cannot be called {name!r} in this style; rename it")
        return self.request.markers.node(self.style.escape(name))

    def _other(self, extra: Extra, resolved: ResolvedObject) -> Node:
        """A member with an undeclared name."""
        plain = without(f"[{self.style.escaped}]") if self.style.escaped else self.readable
        asked = (*extra.languages, ("pattern", self.style.names), self.readable, plain)
        names = conjunction_language(undeclared_in(asked, resolved.declared))
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
        value = self.values.get(shapes)
        if value is None:
            rules = ReadableValue(self.json, shapes, condition)
            grammar = Grammar("value", rules, is_prepared=True, is_document=True)
            if self.request.excluded and shapes[0].family in (ARRAY_FAMILY, OBJECT_FAMILY):
                # These count as they are written, escapes and all, so they are no matter of the strings' languages.
                grammar = intersection(concatenation([grammar]), text_without(self.request.excluded))
            value = self.values[shapes] = added(grammar, self.parts, self.own)
        return sequence(self.gap, value, self.gap)
