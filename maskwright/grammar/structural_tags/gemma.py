"""Gemma's way to write arguments: JSON with bare names, and strings between marks of their own.

    {city:<|"|>Rome<|"|>,days:3,tags:[<|"|>a<|"|>]}

A string is anything without the mark. A reader (vLLM's `gemma4`) takes a name up to the colon and a number up to the
next comma, and knows no line end of Windows there, so no blanks stand between the parts, as in the template of the
model, unless the options ask for some. As names are no JSON, undeclared ones may be repeated; the last value counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from maskwright.errors import EmptyLanguage
from maskwright.grammar.characters import utf8_automaton
from maskwright.grammar.ir import NOTHING, Automaton, Grammar, Node, sequence
from maskwright.grammar.json_schema import PropertyOrder, Whitespace
from maskwright.grammar.json_schema.containers import Member, Others, object_in_any_order, object_in_order
from maskwright.grammar.json_schema.layout import layout_of
from maskwright.grammar.json_schema.objects import Extra, ResolvedObject, undeclared_in
from maskwright.grammar.json_schema.strings import conjunction_language
from maskwright.grammar.structural_tags.request import COUNTS_OTHERS, Request
from maskwright.grammar.structural_tags.spelled_rules import SpelledRules, Understood

MARK: Final = '<|"|>'
UNREADABLE: Final = r'<\|"\|>'
NAMES: Final = r'^[^\s:,{}\[\]<>"]+$'


def gemma_grammar(schema: Mapping[str, Any] | bool, request: Request) -> Grammar:
    """The values of a schema as Gemma writes them."""
    options = request.options
    if options.whitespace is Whitespace.FLEXIBLE:
        options = replace(options, whitespace=Whitespace.COMPACT)
    known = Understood.of(schema, options)
    if not known.productivity.is_productive(known.root):
        raise EmptyLanguage("no value satisfies the schema")
    rules = _GemmaRules(known, options, request, request.readable(UNREADABLE))
    return Grammar("root", rules.completed(rules.value(known.root, 0)), report=known.report)


class _GemmaRules(SpelledRules):
    """JSON but for its strings and its names."""

    def string(self, raw: Node) -> Node:
        mark = self.request.markers.node(MARK)
        return sequence(mark, raw, mark)

    def _resolved(self, resolved: ResolvedObject, depth: int) -> Node:
        extras = [extra for extra in resolved.extras if self.is_live(extra.condition)]
        if resolved.needs or (resolved.minimum and extras):
            raise self.request.refusal(COUNTS_OTHERS)
        inner = depth + self.depth_step
        members = [
            Member(self._bare(name), self.value(condition, inner), name in resolved.required)
            for name, condition in resolved.members
            if self.is_live(condition)
        ]
        plain = [(self._other_name(extra, resolved), self.value(extra.condition, inner)) for extra in extras]
        others = Others(tuple((name, value) for name, value in plain if name != NOTHING))
        write = object_in_any_order
        if self.options.property_order is not PropertyOrder.ANY:
            self.counts.add(len(members), bool(others.plain), resolved.minimum, resolved.maximum)
            write = object_in_order
        return write(members, others, resolved.minimum, resolved.maximum, layout_of(self.options, depth))

    def _bare(self, name: str) -> Node:
        if not conjunction_language((("pattern", NAMES), self.readable)).accepts(name):
            raise self.request.refusal(f"a property cannot be called {name!r} in this style; rename it")
        return self.request.markers.node(name)

    def _other_name(self, extra: Extra, resolved: ResolvedObject) -> Node:
        languages = undeclared_in((*extra.languages, ("pattern", NAMES), self.readable), resolved.declared)
        names = conjunction_language(languages)
        return NOTHING if names.is_empty else Automaton(utf8_automaton(names))
