"""Regular expressions in Python's notation as grammars: `regex_grammar(pattern)` has the texts of `re.fullmatch`.

A pattern becomes one minimal automaton, spelled in UTF-8, where possible with a counter (`characters.counted`). One
that is too large for that (`.{1,100000}`) and has no conditions becomes nodes with counted repetition instead, which
cost nothing until they are visited.
The supported notation is in docs/regex.md. Sources: see `maskwright.grammar.characters`.
"""

from __future__ import annotations

from maskwright.errors import EmptyLanguage, LimitExceeded
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.counted import folded
from maskwright.grammar.characters.determinise import language_of
from maskwright.grammar.characters.dialect import PYTHON
from maskwright.grammar.characters.languages import match_language, whole, without_atomic
from maskwright.grammar.characters.parser import parse
from maskwright.grammar.characters.spelling import utf8_automaton
from maskwright.grammar.characters.syntax import (
    Alternation,
    Characters,
    Concatenation,
    Expression,
    Repetition,
    contains_look,
)
from maskwright.grammar.ir import Automaton, Grammar, Node, byte_class, choice, literal, repeat, sequence

SHOWN_CHARACTERS = 200
"""Of a pattern in an error."""
MAX_WRITTEN_LENGTH = 20_000
"""Characters of a pattern that becomes nodes: each of them is one, and every pass over the grammar looks at it."""


def regex_grammar(pattern: str) -> Grammar:
    r"""The grammar of the texts that the pattern matches as a whole.

    Raises `GrammarSyntaxError`, `UnsupportedPattern` (back-references, ...), `LimitExceeded`, `EmptyLanguage`.
    `regex_grammar(r"\d{3}-[a-f]+")` -> a grammar with the rule `root`.
    """
    try:
        return _of_automaton(match_language(pattern), pattern)
    except LimitExceeded:
        if len(pattern) > MAX_WRITTEN_LENGTH:
            raise
        node = whole(without_atomic(parse(pattern, PYTHON), pattern))
        if contains_look(node):
            raise
        return Grammar("root", {"root": _node_of(node)})


def _of_automaton(language: CharacterAutomaton, pattern: str) -> Grammar:
    """The grammar of one automaton."""
    if language.is_empty:
        raise EmptyLanguage(f"the pattern {pattern[:SHOWN_CHARACTERS]!r} matches no text")
    counted = folded(language)
    if counted is not None:
        loop, counter = counted
        return Grammar("root", {"root": Automaton(utf8_automaton(loop), 0, counter)})
    return Grammar("root", {"root": Automaton(utf8_automaton(language))})


def _node_of(node: Expression) -> Node:
    """The node as it is written, repetitions counted."""
    match node:
        case Characters():
            return _characters(node)
        case Concatenation(parts):
            return sequence(*map(_node_of, parts))
        case Alternation(parts):
            return choice(*map(_node_of, parts))
        case Repetition(body, minimum, maximum):
            return repeat(_node_of(body), minimum, maximum)
    raise AssertionError(node)


def _characters(node: Characters) -> Node:
    """One character: a byte, a byte class, or a small automaton."""
    ranges = node.members.ranges
    if ranges[-1][1] < 0x80:
        if node.members.size == 1:
            return literal(bytes([ranges[0][0]]))
        return byte_class(code for low, high in ranges for code in range(low, high + 1))
    return Automaton(utf8_automaton(language_of(node)))
