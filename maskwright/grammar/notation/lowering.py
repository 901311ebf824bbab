"""From a written grammar to the intermediate form: characters become bytes, whatever notation they came from.

Where expressions nest more than MAX_DEPTH deep, the inner node becomes a rule of its own (with a name that no notation
can spell), so that later passes may recurse over nodes. Exclusions and patterns become automata (`regular`).
Cost: linear in the grammar, apart from those automata.
"""

from __future__ import annotations

from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.spelling import utf8_automaton
from maskwright.grammar.free_text import share_free_text
from maskwright.grammar.ir import (
    EPSILON,
    NOTHING,
    Automaton,
    Call,
    Grammar,
    Node,
    TokenSet,
    choice,
    literal,
    repeat,
    sequence,
)
from maskwright.grammar.notation.regular import RegularParts
from maskwright.grammar.notation.utf8 import utf8_node
from maskwright.grammar.notation.written import (
    Characters,
    Choice,
    Difference,
    Expression,
    Pattern,
    Reference,
    Repetition,
    Sequence,
    SpecialToken,
    Text,
    WrittenGrammar,
    folded,
)

MAX_DEPTH = 16
"""Recursion depth that later passes may spend on one rule."""


def lowered(grammar: WrittenGrammar, start: str) -> Grammar:
    """The grammar of bytes, with what is like free text as shared automata; all names must be defined."""
    return share_free_text(plainly_lowered(grammar, start))


def plainly_lowered(grammar: WrittenGrammar, start: str) -> Grammar:
    """The grammar of bytes as it was written."""
    lowering = _Lowering(RegularParts(grammar))
    for rule in grammar.rules:
        lowering.rules[rule.name] = lowering.node(rule.name, rule.expression)
    return Grammar(start, lowering.rules)


class _Lowering:
    """`rules`: what was lowered so far, with the rules that were made on the way."""

    def __init__(self, regular: RegularParts) -> None:
        self.rules: dict[str, Node] = {}
        self._regular = regular

    def node(self, rule: str, expression: Expression) -> Node:
        """The node of an expression in a rule."""

        def combine(item: Expression, parts: list[tuple[Node, int]]) -> tuple[Node, int]:
            node = self._combined(item, [part for part, _ in parts])
            depth = 1 + max((depth for _, depth in parts), default=-1)
            if depth < MAX_DEPTH:
                return node, depth
            name = f"{rule} ({len(self.rules)})"
            self.rules[name] = node
            return Call(name), 0

        return folded(expression, combine)[0]

    def _combined(self, item: Expression, parts: list[Node]) -> Node:
        match item:
            case Text(characters):
                return literal(characters.encode())
            case Characters(members):
                return utf8_node(members)
            case Reference(name):
                return Call(name)
            case Sequence():
                return sequence(*parts)
            case Choice():
                return choice(*parts)
            case Repetition(_, minimum, maximum):
                return repeat(parts[0], minimum, maximum)
            case SpecialToken(ids, names, negated):
                return TokenSet(ids, names, negated)
            case Difference() if (single := self._regular.single_characters(item)) is not None:
                return utf8_node(single)
            case Difference() | Pattern():
                return _automaton(self._regular.language(item))
        raise AssertionError(item)


def _automaton(language: CharacterAutomaton) -> Node:
    if language.is_empty:
        return NOTHING
    return EPSILON if language.members(1) == [""] else Automaton(utf8_automaton(language))
