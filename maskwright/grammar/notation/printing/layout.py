"""What all notations share when a grammar is printed: parentheses where they are needed, and lines not too long.

A notation is a `Spelling`: how it writes each leaf, repetition and exclusion. A printed part carries its level, so that
whoever uses it knows whether it needs parentheses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from maskwright.grammar.characters.character_set import ANY_CHARACTER, SURROGATES, CharacterSet
from maskwright.grammar.notation.written import (
    Choice,
    Difference,
    Expression,
    Repetition,
    Sequence,
    WrittenRule,
    folded,
)

MAX_WIDTH = 100
"""Longer alternatives of a rule get a line each."""


class Level(IntEnum):
    """How tightly the parts of a printed expression hold together."""

    CHOICE = 0
    SEQUENCE = 1
    REPETITION = 2
    ITEM = 3


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed expression."""

    text: str
    level: Level = Level.ITEM

    def at(self, level: Level) -> str:
        """The text, in parentheses if it does not hold together that tightly."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(frozen=True, slots=True)
class Spelling:
    """One notation. leaf: texts, classes, references, tokens. repeated: a body with its counts. excluded: A - B."""

    leaf: Callable[[str, Expression], Printed]
    repeated: Callable[[str, Printed, int, int | None], Printed]
    excluded: Callable[[str, Printed, Printed], Printed]
    empty: str


def printed(rule: WrittenRule, spelling: Spelling) -> Printed:
    """The right part of a rule."""
    return folded(rule.expression, _combining(rule.name, spelling))


def alternatives(rule: WrittenRule, spelling: Spelling) -> list[str]:
    """The right part of a rule, as one line or, if that is too long, as one for each alternative."""
    whole = printed(rule, spelling).text
    if len(whole) <= MAX_WIDTH or not isinstance(rule.expression, Choice):
        return [whole]
    combine = _combining(rule.name, spelling)
    return [folded(part, combine).at(Level.SEQUENCE) for part in rule.expression.parts]


def _combining(name: str, spelling: Spelling) -> Callable[[Expression, list[Printed]], Printed]:
    def combine(item: Expression, parts: list[Printed]) -> Printed:
        match item:
            case Sequence():
                text = " ".join(part.at(Level.SEQUENCE) for part in parts)
                return Printed(text, Level.SEQUENCE) if parts else Printed(spelling.empty)
            case Choice():
                return Printed(" | ".join(part.at(Level.SEQUENCE) for part in parts), Level.CHOICE)
            case Repetition(_, minimum, maximum):
                return spelling.repeated(name, parts[0], minimum, maximum)
            case Difference():
                return spelling.excluded(name, *parts)
        return spelling.leaf(name, item)

    return combine


def signed(body: Printed, minimum: int, maximum: int | None) -> Printed | None:
    """A repetition that all notations write with a sign; None for other counts."""
    sign = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((minimum, maximum))
    return None if sign is None else Printed(body.at(Level.ITEM) + sign, Level.REPETITION)


def braced(body: Printed, minimum: int, maximum: int | None) -> Printed:
    """A repetition with a sign or with counts in braces."""
    counts = f"{minimum}" if maximum == minimum else f"{minimum},{'' if maximum is None else maximum}"
    return signed(body, minimum, maximum) or Printed(f"{body.at(Level.ITEM)}{{{counts}}}", Level.REPETITION)


Spelled = Callable[[int, str], str]
"""A character in a class, given what the class says before it."""


def class_body(members: CharacterSet, spelled: Spelled) -> str:
    """The inside of a character class, negated if that is shorter."""
    plain = _ranges(members, spelled)
    if members == ANY_CHARACTER:
        return plain
    negated = "^" + _ranges(~members, spelled)
    return min(plain, negated, key=len)


def _ranges(members: CharacterSet, spelled: Spelled) -> str:
    body = ""
    for low, high in _across_surrogates(members.ranges):
        body += spelled(low, body)
        if high > low:
            body += "-" if high > low + 1 else ""
            body += spelled(high, body)
    return body


def _across_surrogates(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges, with two that have only the surrogates between them as one."""
    joined: list[tuple[int, int]] = []
    for low, high in ranges:
        if joined and (joined[-1][1] + 1, low - 1) == SURROGATES:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def is_plain(code: int) -> bool:
    """Can the character be read on a screen as it is?"""
    return code == 0x20 or chr(code).isprintable()


def code_escape(code: int) -> str:
    r"""A character as \uHHHH or \UHHHHHHHH."""
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def rules_in_lines(rules: Iterable[tuple[str, list[str]]], define: str, comments: Iterable[str]) -> str:
    """All rules, their names padded to one width, with the alternatives of long ones below each other."""
    listed = list(rules)
    width = min(max((len(name) for name, _ in listed), default=0), 24)
    lines = list(comments)
    for name, parts in listed:
        head = f"{name:<{width}} {define} "
        lines.append(f" |\n{' ' * len(head)}".join([head + parts[0], *parts[1:]]).rstrip())
    return "\n".join(lines) + "\n"
