"""Blanks between the tokens of a JSON text: which nodes stand in the gaps of arrays and objects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from maskwright.grammar.byte_automaton import BEGINS_UNIT, ByteAutomaton, automaton_of
from maskwright.grammar.ir import EPSILON, Automaton, Choice, Node, literal, sequence
from maskwright.grammar.json_schema.options import Indented, JSONSchemaOptions, Whitespace

_BLANK_EDGES = [(low, high, 1, BEGINS_UNIT) for low, high in ((0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20))]

WHITESPACE: ByteAutomaton = automaton_of([_BLANK_EDGES, _BLANK_EDGES], [False, True], is_shared=True)
"""One blank, tab, line feed or carriage return, or more of them; each is a unit."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands in the gaps of one array or object.

    after_open: before its first item. after_item: after each item, where a comma or the closing bracket follows.
    after_comma: before each other item. before_close: between `after_item` of the last item and the closing bracket.
    inside_empty: between the brackets when there is no item. colon: between a member's name and its value.
    """

    after_open: Node
    after_item: Node
    after_comma: Node
    before_close: Node
    inside_empty: Node
    colon: Node

    @property
    def closes_after_open(self) -> bool:
        """May the closing bracket follow `after_open` directly, with nothing else in between?"""
        return self.inside_empty == self.after_open


@lru_cache(maxsize=1024)
def layout_of(options: JSONSchemaOptions, depth: int) -> Layout:
    """The gaps of an array or object that lies inside `depth` others; only Indented texts depend on `depth`."""
    style = options.whitespace
    if isinstance(style, Indented):
        line = literal(b"\n" + b" " * (style.n_blanks * (depth + 1)))
        last_line = literal(b"\n" + b" " * (style.n_blanks * depth))
        return Layout(line, EPSILON, line, last_line, EPSILON, literal(b": "))
    gap = gap_of(options)
    return Layout(gap, gap, gap, EPSILON, gap, sequence(gap, literal(b":"), gap))


def gap_of(options: JSONSchemaOptions) -> Node:
    """The blanks that may stand anywhere between two tokens, where the style leaves a choice."""
    return outer_gap(options) if options.whitespace in (Whitespace.ANY, Whitespace.FLEXIBLE) else EPSILON


def outer_gap(options: JSONSchemaOptions) -> Node:
    """The blanks that may stand before and after the document, if any may."""
    if options.whitespace is Whitespace.ANY:
        return Choice((EPSILON, Automaton(WHITESPACE)))
    if options.max_whitespace:
        return Choice((EPSILON, Automaton(WHITESPACE, 0, (1, options.max_whitespace))))
    return EPSILON
