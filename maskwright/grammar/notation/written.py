"""A grammar as it was written, free of notation: what GBNF, EBNF and Lark have in common.

    Text("ab")                          exactly these characters, never none
    Characters(set)                     one character of a set that is not empty
    Reference("name")                   a rule by its name
    Sequence((x, y, ...)), EMPTY        one after the other; EMPTY is the sequence of nothing
    Choice((x, y, ...))                 either of them
    Repetition(x, m, n)                 between m and n times x; n = None means without end
    SpecialToken(ids, names, negated)   one token of the vocabulary taken whole, or any but those
    Difference(x, y)                    what x has and y has not
    Pattern(pattern, flags)             a regular expression of Python, with letters such as "i"

The trees are in a normal form, kept by the functions `text`, `sequence` and `choice`: nothing nested in its own kind,
no sequence or choice of one part, neighbouring texts joined. Printers rely on it, and so does the law that a printed
grammar reads as the same tree. Comments, layout and redundant parentheses are gone; order and names are kept.

Trees may be as deep as their readers allow (500 groups), so nothing walks them by recursion: `folded` does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from typing import TypeVar

from maskwright.grammar.characters.character_set import CharacterSet

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Expression:
    """The base of the nine kinds of expression; never built itself."""


@dataclass(frozen=True, slots=True)
class Text(Expression):
    """Exactly these characters; never none, and no surrogates."""

    characters: str


@dataclass(frozen=True, slots=True)
class Characters(Expression):
    """One character of a set that is not empty."""

    members: CharacterSet


@dataclass(frozen=True, slots=True)
class Reference(Expression):
    """The rule with this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence(Expression):
    """The parts one after the other."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice(Expression):
    """Any one of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repetition(Expression):
    """At least `minimum` and at most `maximum` (None: any number of) times the body."""

    body: Expression
    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class SpecialToken(Expression):
    """One token of the vocabulary taken whole: one of those listed by id or name, or if negated any but those."""

    ids: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Difference(Expression):
    """The texts of `left` that are not texts of `right`; both must be regular."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Pattern(Expression):
    """The texts that a regular expression of Python matches as a whole, under flags such as "is"."""

    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A name and what stands for."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class WrittenGrammar:
    """Rules in the order in which they were written, with different names."""

    rules: tuple[WrittenRule, ...]

    @property
    def names(self) -> list[str]:
        """The names of the rules, in order."""
        return [rule.name for rule in self.rules]

    def mapped(self, change: Callable[[Expression], Expression]) -> WrittenGrammar:
        """The same rules with other right parts."""
        return WrittenGrammar(tuple(WrittenRule(rule.name, change(rule.expression)) for rule in self.rules))


EMPTY = Sequence(())
"""The empty text."""


def text(characters: str) -> Expression:
    """These characters; of none -> `EMPTY`."""
    return Text(characters) if characters else EMPTY


def sequence(parts: Iterable[Expression]) -> Expression:
    """The parts one after the other, flattened, neighbouring texts joined."""
    flat: list[Expression] = []
    for part in parts:
        for item in part.parts if isinstance(part, Sequence) else (part,):
            last = flat[-1] if flat else None
            if isinstance(item, Text) and isinstance(last, Text):
                flat[-1] = Text(last.characters + item.characters)
            else:
                flat.append(item)
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def choice(parts: Iterable[Expression]) -> Expression:
    """Any one of the parts, of which there is at least one, flattened."""
    flat: list[Expression] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Choice) else (part,))
    assert flat
    return flat[0] if len(flat) == 1 else Choice(tuple(flat))


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """The expressions right inside, in order."""
    match expression:
        case Sequence(parts) | Choice(parts):
            return parts
        case Repetition(body):
            return (body,)
        case Difference(left, right):
            return (left, right)
    return ()


def with_parts(expression: Expression, parts: SequenceOf[Expression]) -> Expression:
    """The expression with other parts inside, in normal form."""
    match expression:
        case Sequence():
            return sequence(parts)
        case Choice():
            return choice(parts)
        case Repetition(_, minimum, maximum):
            return Repetition(parts[0], minimum, maximum)
        case Difference():
            return Difference(*parts)
    return expression


def folded(expression: Expression, combine: Callable[[Expression, list[Result]], Result]) -> Result:
    """The result for an expression out of those for its parts, from the leaves up; without recursion."""
    results: list[Result] = []
    todo = [(expression, False)]
    while todo:
        item, is_ready = todo.pop()
        parts = parts_of(item)
        if is_ready or not parts:
            begin = len(results) - len(parts)
            inner = results[begin:]
            del results[begin:]
            results.append(combine(item, inner))
        else:
            todo.append((item, True))
            todo.extend((part, False) for part in reversed(parts))
    return results[0]


def references_of(expression: Expression) -> list[str]:
    """The names of the rules that an expression uses, in order, each once."""
    names: dict[str, None] = {}

    def note(item: Expression, _: list[None]) -> None:
        if isinstance(item, Reference):
            names[item.name] = None

    folded(expression, note)
    return list(names)
