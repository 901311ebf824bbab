"""From a grammar as it is written (GBNF, EBNF) to productions, over code points.

Repeated alternatives and references stay as written, and characters are characters: the search for ambiguity sees one
symbol where the intermediate form has up to four bytes. Differences and patterns are known by some of their texts.
"""

from __future__ import annotations

from collections.abc import Mapping

from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.lint.building import Building
from maskwright.grammar.lint.subject import Body, Notation, OneOf, Some, Subject, Word, whole_token
from maskwright.grammar.notation.regular import RegularParts
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
    references_of,
)

MAX_SAMPLES, MAX_STEPS = 4, 2_000
"""Texts of a language that are tried, and transitions that are followed to find them."""


def subject_of_written(
    grammar: WrittenGrammar,
    start: str,
    notation: Notation,
    text: str = "",
    definitions: Mapping[str, int] | None = None,
) -> Subject:
    """A written grammar as a subject; `definitions` says where in `text` each rule is defined."""
    made = Building()
    regular = RegularParts(grammar)
    for rule in grammar.rules:
        made.productions[rule.name] = tuple(_alternatives(rule.expression, rule.name, made, regular))
    return Subject(
        notation,
        start,
        made.productions,
        tuple(grammar.names),
        made.owners,
        made.loops,
        frozenset(made.cut),
        {rule.name: mentioned for rule in grammar.rules if (mentioned := _mentions(rule.expression))},
        text,
        definitions or {},
    )


def _alternatives(expression: Expression, owner: str, made: Building, regular: RegularParts) -> list[Body]:
    """The alternatives of an expression."""

    def combine(item: Expression, parts: list[list[Body]]) -> list[Body]:
        match item:
            case Text(characters):
                return [(Word(characters),)]
            case Characters(members):
                return [(OneOf(members),)]
            case Reference(name):
                return [(name,)]
            case Sequence():
                return [tuple(symbol for part in parts for symbol in made.choice(owner, part))]
            case Choice():
                return [body for part in parts for body in part]
            case Repetition(_, minimum, maximum):
                return [made.repetition(owner, made.choice(owner, parts[0]), minimum, maximum)]
            case SpecialToken(ids, names, negated):
                return [(whole_token(ids, names, negated),)]
            case Difference() | Pattern():
                language = regular.language(item)
                return [] if language.is_empty else [(Some(shortest_texts(language)),)]
        raise AssertionError(item)

    return folded(expression, combine)


def _mentions(expression: Expression) -> tuple[str, ...]:
    """The rules that an exclusion in the expression uses."""
    names: dict[str, None] = {}

    def note(item: Expression, _: list[None]) -> None:
        if isinstance(item, Difference):
            names.update(dict.fromkeys(references_of(item)))

    folded(expression, note)
    return tuple(names)


def shortest_texts(language: CharacterAutomaton) -> tuple[str, ...]:
    """Some shortest texts of a language that is not empty, one character for each class."""
    first_of = [ranges[0][0] for ranges in language.alphabet.ranges()]
    table = language.transitions.tolist()
    level = [("", 0)]
    found: list[str] = []
    for text, state in level:
        if language.accepting[state]:
            found.append(text)
            if len(found) == MAX_SAMPLES:
                break
        if len(level) < MAX_STEPS:
            level += [(text + chr(first_of[cls]), target) for cls, target in enumerate(table[state]) if target >= 0]
    return tuple(found)
