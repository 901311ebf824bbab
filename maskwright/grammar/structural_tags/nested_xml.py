"""The styles in which arrays and objects are elements too, not JSON: MiniMax M3 and Cohere.

    minimax_m3_xml   ]<]minimax[>[<tags>]<]minimax[>[<item>a]<]minimax[>[</item>]<]minimax[>[</tags>
    cohere_xml       <cofl:value name="tags" type="list"><cofl:value type="raw">a</cofl:value></cofl:value>

Blanks may stand between elements. Cohere says the type of a value (`raw` for strings, `json` for other scalars, `dict`,
`list`), so everything can be written. MiniMax says no type, and closes an element with its name:

    an undeclared name    cannot be closed by a grammar, for it would have to be remembered: members that the schema
                          does not declare are left out, and refused where the schema says something about them
    a string or a list    cannot always be told apart by the reader (vLLM's `minimax_m3`), which goes by the schema: a
                          value of any type is a text, and strings beside arrays or objects are refused otherwise
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from maskwright.errors import EmptyLanguage
from maskwright.grammar.characters import utf8_automaton
from maskwright.grammar.ir import EPSILON, NOTHING, Automaton, Grammar, Node, choice, repeat, sequence
from maskwright.grammar.json_schema import PropertyOrder
from maskwright.grammar.json_schema.layout import gap_of
from maskwright.grammar.json_schema.objects import Extra, ResolvedObject, undeclared_in
from maskwright.grammar.json_schema.shapes import (
    ANY_STRING,
    ANY_VALUE,
    ARRAY_FAMILY,
    EVERYTHING,
    NOTHING_AT_ALL,
    OBJECT_FAMILY,
    STRING_FAMILY,
    ArrayShape,
    Conjunction,
    ObjectShape,
    Shape,
)
from maskwright.grammar.json_schema.strings import conjunction_language
from maskwright.grammar.structural_tags.members import Member, Members
from maskwright.grammar.structural_tags.raw_values import not_like, raw_strings
from maskwright.grammar.structural_tags.request import COUNTS_OTHERS, Request
from maskwright.grammar.structural_tags.spelled_rules import SpelledRules, Understood
from maskwright.grammar.structural_tags.styles import LineEnds

CONTAINERS: Final = (ARRAY_FAMILY, OBJECT_FAMILY)


@dataclass(frozen=True, slots=True)
class NestedStyle:
    """opening: before a member's name. typed: between the name and a value, with {type}; None: nothing says the type.

    closing: behind a value, with {name}. item: before an item of an array, with {type}.
    """

    opening: str
    typed: str
    closing: str
    item: str
    item_closing: str
    unreadable: str
    names: str
    says_type: bool
    keeps_names: bool
    """Does the closing repeat the name?"""


NESTED_STYLES: Final[Mapping[str, NestedStyle]] = {
    "minimax_m3_xml": NestedStyle(
        opening="]<]minimax[>[<",
        typed=">",
        closing="]<]minimax[>[</{name}>",
        item="]<]minimax[>[<item>",
        item_closing="]<]minimax[>[</item>",
        unreadable=r"\]<\]minimax\[>\[",
        names=r"^[^\s/<>]([^<>]*[^\s<>])?$",
        says_type=False,
        keeps_names=True,
    ),
    "cohere_xml": NestedStyle(
        opening='<cofl:value name="',
        typed='" type="{type}">',
        closing="</cofl:value>",
        item='<cofl:value type="{type}">',
        item_closing="</cofl:value>",
        unreadable="</?cofl:",
        names="^[^\\x00]+$",
        says_type=True,
        keeps_names=False,
    ),
}


def nested_grammar(schema: Mapping[str, Any] | bool, style: NestedStyle, request: Request) -> Grammar:
    """The objects of a schema in a nested style, with blanks before, between and after their members."""
    known = Understood.of(schema, request.options)
    rules = _NestedRules(known, request, style)
    objects = tuple(
        shape
        for shape in known.form.union_of(known.root)
        if isinstance(shape, ObjectShape) and known.productivity.is_productive_shape(shape)
    )
    if not objects:
        raise EmptyLanguage("no object satisfies the schema, and this style writes objects")
    return Grammar("root", rules.completed(rules.of_shapes(objects, known.root)), report=known.report)


class _NestedRules(SpelledRules):
    """Objects and arrays as elements (mutable, as `Lowering` is)."""

    def __init__(self, known: Understood, request: Request, style: NestedStyle) -> None:
        super().__init__(known, request.options, request, request.readable(style.unreadable))
        self.style = style
        self.gap = gap_of(request.options)
        self.opening = request.markers.node(style.opening)

    def of_shapes(self, shapes: tuple[Shape, ...], conjunction: Conjunction) -> Node:
        """The texts of these shapes, which the conjunction has."""
        return self._union(shapes, conjunction, 0)

    def _resolved(self, resolved: ResolvedObject, depth: int) -> Node:
        del depth  # blanks do not depend on it
        extras = [extra for extra in resolved.extras if self.is_live(extra.condition)]
        if resolved.needs or (resolved.minimum and extras):
            raise self.request.refusal(COUNTS_OTHERS)
        declared = []
        for name, condition in resolved.members:
            is_required = name in resolved.required
            rest = self._rest(condition, self._attribute(name)) if self.is_live(condition) else NOTHING
            if rest != NOTHING:
                declared.append(Member(self.request.markers.node(self._attribute(name)), rest, is_required))
            elif is_required:
                return NOTHING
        if self.style.keeps_names:
            self._refuse_described(extras, resolved)
            extras = []
        others = choice(*[self._other(extra, resolved) for extra in extras])
        members = Members(tuple(declared), others, resolved.minimum, resolved.maximum)
        if self.options.property_order is PropertyOrder.ANY:
            if resolved.minimum > len(declared):
                return NOTHING
            inner = members.in_any_order(self.opening)
        else:
            self.counts.add(len(declared), others != NOTHING, resolved.minimum, resolved.maximum)
            inner = members.in_order(self.opening)
        return sequence(self.gap, inner)

    def _refuse_described(self, extras: list[Extra], resolved: ResolvedObject) -> None:
        """Undeclared members are left out where the schema says nothing of them and something is declared."""
        if any(extra.condition != EVERYTHING or extra.languages for extra in extras):
            raise self.request.refusal(
                "undeclared members cannot be written in this style, where a name has to be repeated; declare them in "
                '"properties", and say "additionalProperties": false'
            )
        if extras and not resolved.members:
            raise self.request.refusal('an object that declares no members cannot be written; declare "properties"')

    def _attribute(self, name: str) -> str:
        if not conjunction_language((("pattern", self.style.names), self.readable)).accepts(name):
            raise self.request.refusal(f"a property cannot be called {name!r} in this style; rename it")
        return name if self.style.keeps_names else _with_entities(name)

    def _other(self, extra: Extra, resolved: ResolvedObject) -> Node:
        """A member of an undeclared name, one without entities."""
        plain = ("pattern", '^[^\\x00"&<>]+$')
        names = conjunction_language(undeclared_in((*extra.languages, plain, self.readable), resolved.declared))
        rest = self._rest(extra.condition, "")
        return NOTHING if names.is_empty or rest == NOTHING else sequence(Automaton(utf8_automaton(names)), rest)

    def _rest(self, condition: Conjunction, name: str) -> Node:
        """What stands behind the name of a member, up to the next one."""
        return sequence(self._element(condition, self.style.typed, self.style.closing.format(name=name)), self.gap)

    def _element(self, condition: Conjunction, before: str, behind: str) -> Node:
        """A value with what stands before it, which may say its type, and behind it."""
        closing = self.request.markers.node(behind)
        union = tuple(shape for shape in self.form.union_of(condition) if self.productivity.is_productive_shape(shape))
        if not self.style.says_type:
            return sequence(self.request.markers.node(before), self._untyped(union, condition), closing)
        ways = []
        for kind, families in (("raw", (STRING_FAMILY,)), ("dict", (OBJECT_FAMILY,)), ("list", (ARRAY_FAMILY,))):
            ways.append(self._typed(before, kind, tuple(s for s in union if s.family in families), condition))
        scalars = tuple(s for s in union if s.family not in (STRING_FAMILY, *CONTAINERS))
        if scalars:
            value = sequence(self.gap, self.of_shapes(scalars, condition), self.gap)
            ways.append(sequence(self.request.markers.node(before.format(type="json")), value))
        return sequence(choice(*ways), closing)

    def _typed(self, before: str, kind: str, shapes: tuple[Shape, ...], condition: Conjunction) -> Node:
        if not shapes:
            return NOTHING
        return sequence(self.request.markers.node(before.format(type=kind)), self.of_shapes(shapes, condition))

    def _untyped(self, union: tuple[Shape, ...], condition: Conjunction) -> Node:
        """A value whose type the reader knows from the schema."""
        families = {shape.family for shape in union}
        if union == ANY_VALUE:
            return self.raw(ANY_STRING)
        if len(families & {STRING_FAMILY, *CONTAINERS}) > 1:
            raise self.request.refusal(
                "a value cannot be of two of the types string, array and object in this style; choose one of them"
            )
        strings = tuple(shape for shape in union if shape.family == STRING_FAMILY)
        others = tuple(shape for shape in union if shape.family != STRING_FAMILY)
        raw = raw_strings(strings, (self.readable, *not_like(others)), LineEnds.KEPT)
        return choice(raw, self.of_shapes(others, condition)) if others else raw

    def _array(self, shape: ArrayShape, depth: int) -> Node:
        if shape.is_unique or shape.counted:
            raise self.request.refusal('"uniqueItems" and "contains" cannot be kept in this style; leave them out')
        del depth  # as above
        before, behind = self.style.item, self.style.item_closing
        items: Node = NOTHING
        if shape.items != NOTHING_AT_ALL and (shape.max_items is None or shape.max_items > len(shape.prefix)):
            items = sequence(self._element(shape.items, before, behind), self.gap)
        n = len(shape.prefix)
        most = None if shape.max_items is None else max(shape.max_items - n, 0)
        node = repeat(items, max(shape.min_items - n, 0), most)
        for place in range(n - 1, -1, -1):
            node = sequence(self._element(shape.prefix[place], before, behind), self.gap, node)
            if place >= shape.min_items:
                node = choice(EPSILON, node)
        return sequence(self.gap, node)


def _with_entities(name: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        name = name.replace(character, entity)
    return name
