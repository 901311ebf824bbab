"""Exclusions (A - B) and patterns as languages over characters, where what they use is regular.

Idea. The rules that an exclusion uses are written into it, callees first; a rule that leads back to itself has no such
expression. Its two sides then become minimal automata, and the difference is taken there, exactly.
What stands in the way is said by `obstacle`, so that a reader can name the place; the languages themselves may still
exceed a limit.
Cost: the size of what is written in, at most MAX_SIZE, then that of the automata.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.grammar.characters import syntax
from maskwright.grammar.characters.automaton import CharacterAutomaton
from maskwright.grammar.characters.character_set import CharacterSet, characters_of
from maskwright.grammar.characters.determinise import language_of
from maskwright.grammar.characters.languages import match_language
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

MAX_SIZE = 20_000
"""Nodes of one side of an exclusion with its rules written in."""

MAX_DEPTH = 120
"""Of the same; the passes over characters recurse, two or three Python calls a level of 1,000 allowed."""


@dataclass(frozen=True, slots=True)
class _WrittenIn:
    """An expression without references, its size and depth; or what stands in the way of that."""

    node: syntax.Expression = syntax.EMPTY
    size: int = 1
    depth: int = 1
    obstacle: str = ""


class RegularParts:
    """What the exclusions and patterns of one grammar denote. The rules written in are kept."""

    def __init__(self, grammar: WrittenGrammar) -> None:
        self._expressions = {rule.name: rule.expression for rule in grammar.rules}
        self._written_in: dict[str, _WrittenIn] = {}

    def obstacle(self, difference: Difference) -> str:
        """Why the language of an exclusion cannot be found; nothing if it can."""
        return self._side(difference.left).obstacle or self._side(difference.right).obstacle

    def language(self, expression: Difference | Pattern) -> CharacterAutomaton:
        """The language of an exclusion without obstacle, or of a pattern. Raises LimitExceeded."""
        if isinstance(expression, Pattern):
            return match_language(with_flags(expression))
        where = "exclusion"
        left, right = self._side(expression.left), self._side(expression.right)
        return language_of(left.node, where) - language_of(right.node, where)

    def single_characters(self, difference: Difference) -> CharacterSet | None:
        """The characters of an exclusion whose sides are single characters; None for all others."""
        left, right = self._side(difference.left).node, self._side(difference.right).node
        if isinstance(left, syntax.Characters) and isinstance(right, syntax.Characters):
            return left.members - right.members
        return None

    def _side(self, expression: Expression) -> _WrittenIn:
        for name in references_of(expression):
            self._write_in(name)
        return folded(expression, self._combined)

    def _write_in(self, root: str) -> None:
        """Find the expression of a rule, after those of the rules that it uses; one that uses itself is an obstacle."""
        opened: set[str] = set()
        todo = [(root, False)]
        while todo:
            name, is_ready = todo.pop()
            if is_ready:
                opened.discard(name)
                self._written_in.setdefault(name, folded(self._expressions[name], self._combined))
            elif name in opened:
                self._written_in[name] = _WrittenIn(obstacle=f"rule '{name}' leads back to itself")
            elif name not in self._written_in:
                opened.add(name)
                todo.append((name, True))
                todo += [(callee, False) for callee in references_of(self._expressions[name])]

    def _combined(self, item: Expression, parts: list[_WrittenIn]) -> _WrittenIn:
        obstacle = next((part.obstacle for part in parts if part.obstacle), "")
        size = 1 + sum(part.size for part in parts)
        depth = 1 + max((part.depth for part in parts), default=0)
        if not obstacle and (size > MAX_SIZE or depth > MAX_DEPTH):
            obstacle = f"with its rules written in it has over {MAX_SIZE} parts, or over {MAX_DEPTH} inside each other"
        if obstacle:
            return _WrittenIn(obstacle=obstacle)
        nodes = [part.node for part in parts]
        match item:
            case Text(characters):
                each = (syntax.Characters(characters_of(character)) for character in characters)
                return _WrittenIn(syntax.concatenation(each), len(characters))
            case Characters(members):
                return _WrittenIn(syntax.Characters(members))
            case Reference(name):
                return self._written_in[name]
            case Sequence():
                return _WrittenIn(syntax.concatenation(nodes), size, depth)
            case Choice():
                return _WrittenIn(syntax.alternation(nodes), size, depth)
            case Repetition(_, minimum, maximum):
                return _WrittenIn(syntax.repetition(nodes[0], minimum, maximum), size, depth)
            case Difference():
                left, right = nodes
                if isinstance(left, syntax.Characters) and isinstance(right, syntax.Characters):
                    return _WrittenIn(syntax.characters(left.members - right.members))
                return _WrittenIn(obstacle="it holds another exclusion, of more than single characters")
            case SpecialToken():
                return _WrittenIn(obstacle="it holds a special token")
        raise AssertionError(item)


def with_flags(pattern: Pattern) -> str:
    """A pattern with its flags written at its beginning."""
    return f"(?{pattern.flags}){pattern.pattern}" if pattern.flags else pattern.pattern
