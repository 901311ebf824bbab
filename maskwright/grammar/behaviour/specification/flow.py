"""Flow: a regular expression over names of segments, which says what an agent's loop is.

    question (thought action input observation){0,5} final answer

Names follow each other with blanks between, `|` chooses, parentheses group, and `?`, `*`, `+`, `{n}`, `{m,n}`, `{m,}`
repeat what stands before them. A flow is a value, compared by content; `str(flow)` is what `parse_flow` reads.

Counts are kept as they are written, here and in the automaton (`flow_automaton`), so they cost nothing until they are
met. Reading is by recursive descent, linear in the text. Rejected: lark, for a grammar of four rules whose errors are
better said by hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.kept_hash import KeepsHash, record

MAX_NESTING = 50
"""Parentheses within parentheses; the reader and the printer call themselves for each."""
MAX_COUNT = 10_000
"""The greatest count in a repetition: each step of a counter is a state."""
MAX_NAMES = 5_000
"""Names and operators in one flow."""


class Flow(KeepsHash):
    """The base of all kinds of flow; never built itself."""

    __slots__ = ()


@record
class Name(Flow):
    """One segment of this name."""

    name: str

    def __str__(self) -> str:
        return self.name


@record
class Chain(Flow):
    """The parts one after the other; at least two, none of them a chain."""

    parts: tuple[Flow, ...]

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Choice) else str(part) for part in self.parts)


@record
class Choice(Flow):
    """One of the parts; at least two, none of them a choice, none twice."""

    parts: tuple[Flow, ...]

    def __str__(self) -> str:
        return " | ".join(map(str, self.parts))


@record
class Repeat(Flow):
    """The part between `minimum` and `maximum` times (None: no end)."""

    part: Flow
    minimum: int
    maximum: int | None

    def __str__(self) -> str:
        body = str(self.part) if isinstance(self.part, Name) else f"({self.part})"
        match self.minimum, self.maximum:
            case 0, 1:
                return f"{body}?"
            case 0 | 1, None:
                return f"{body}{'+' if self.minimum else '*'}"
            case minimum, maximum if minimum == maximum:
                return f"{body}{{{minimum}}}"
        return f"{body}{{{self.minimum},{'' if self.maximum is None else self.maximum}}}"


def chain(parts: Sequence[Flow]) -> Flow:
    """The parts one after the other; `parts` is not empty."""
    flat = tuple(one for part in parts for one in (part.parts if isinstance(part, Chain) else (part,)))
    return flat[0] if len(flat) == 1 else Chain(flat)


def choice(parts: Sequence[Flow]) -> Flow:
    """One of the parts; `parts` is not empty."""
    flat = tuple(dict.fromkeys(one for part in parts for one in (part.parts if isinstance(part, Choice) else (part,))))
    return flat[0] if len(flat) == 1 else Choice(flat)


def repeat(part: Flow, minimum: int, maximum: int | None) -> Flow:
    """The part between `minimum` and `maximum` times (None: no end); `maximum` is not 0."""
    return part if (minimum, maximum) == (1, 1) else Repeat(part, minimum, maximum)


def segments_of(flow: Flow) -> tuple[str, ...]:
    """The names in a flow, each once, in order of their first place.

    `segments_of(parse_flow("a (b a)*"))` -> `("a", "b")`.
    """
    found: dict[str, None] = {}
    waiting = [flow]
    while waiting:
        match waiting.pop():
            case Name(name):
                found[name] = None
            case Chain(parts) | Choice(parts):
                waiting.extend(reversed(parts))
            case Repeat(part):
                waiting.append(part)
    return tuple(found)


_LEXEME = re.compile(
    r"\s*(?:([A-Za-z_]\w*(?:-\w+)*)|([()|?*+])|\{\s*(\d{1,18})\s*(?:(,)\s*(\d{1,18})?\s*)?\})", re.ASCII
)
"""A name, a sign, or a count: two numbers and the comma between."""


def parse_flow(text: str, source_name: str = "flow") -> Flow:
    """Read a flow.

    Raises GrammarSyntaxError with the position of the fault, LimitExceeded for counts and sizes beyond measure.
    `str(parse_flow("q(a|b){0,}"))` -> `"q (a | b)*"`.
    """
    reader = _Reader(text, source_name)
    flow = reader.choice(0)
    if reader.at < len(reader.lexemes):
        reader.fail("this parenthesis was never opened")
    return flow


class _Reader:
    """Where one is in the lexemes of a flow."""

    def __init__(self, text: str, source_name: str) -> None:
        self.text = text
        self.source_name = source_name
        self.at = 0
        self.lexemes: list[re.Match[str]] = []
        end = len(text.rstrip())
        position = 0
        while position < end:
            found = _LEXEME.match(text, position)
            if found is None:
                position += len(text[position:]) - len(text[position:].lstrip())
                message = (
                    f"{text[position]!r} has no meaning here; a flow has names, ( ) | ? * + and counts like {{0,5}}"
                )
                raise GrammarSyntaxError(message, text, position, source_name)
            self.lexemes.append(found)
            position = found.end()
            if len(self.lexemes) > MAX_NAMES:
                raise LimitExceeded("a flow", len(self.lexemes), MAX_NAMES, source_name, "write a shorter flow")

    def fail(self, message: str) -> NoReturn:
        """Raise an error at the present lexeme, or at the end."""
        position = len(self.text)
        if self.at < len(self.lexemes):
            found = self.lexemes[self.at]
            position = found.end() - len(found.group().lstrip())
        raise GrammarSyntaxError(message, self.text, position, self.source_name)

    def sign(self) -> str:
        """The sign at the present place; "" if something else stands there."""
        return self.lexemes[self.at][2] or "" if self.at < len(self.lexemes) else ""

    def choice(self, depth: int) -> Flow:
        """Sequences with `|` between."""
        parts = [self.sequence(depth)]
        while self.sign() == "|":
            self.at += 1
            parts.append(self.sequence(depth))
        return choice(parts)

    def sequence(self, depth: int) -> Flow:
        """Repetitions one after the other, up to a `|`, a `)` or the end."""
        parts: list[Flow] = []
        while self.at < len(self.lexemes) and self.sign() not in ("|", ")"):
            parts.append(self.repetition(depth))
        if not parts:
            self.fail("the name of a segment or a parenthesis was expected; what may be left out is written with ?")
        return chain(parts)

    def repetition(self, depth: int) -> Flow:
        """A name or a group, and the signs and counts behind it."""
        if depth >= MAX_NESTING:
            raise LimitExceeded("parentheses in a flow", depth + 1, MAX_NESTING, self.source_name, "nest them less")
        lexeme = self.lexemes[self.at]
        if lexeme[1]:
            self.at += 1
            flow: Flow = Name(lexeme[1])
        elif lexeme[2] == "(":
            self.at += 1
            flow = self.choice(depth + 1)
            if self.sign() != ")":
                self.fail("a parenthesis is not closed; ) was expected")
            self.at += 1
        else:
            self.fail("there is nothing to repeat before this")
        bounds = self.bounds()
        if bounds is not None and self.bounds() is not None:
            self.at -= 1
            self.fail("one sign or count for each name or group; put what is repeated twice in parentheses")
        return flow if bounds is None else repeat(flow, *bounds)

    def bounds(self) -> tuple[int, int | None] | None:
        """What a sign or a count at the present place says; None if there is none."""
        if self.at == len(self.lexemes):
            return None
        lexeme = self.lexemes[self.at]
        if lexeme[3] is None:
            bounds = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(lexeme[2])
            self.at += bounds is not None
            return bounds
        minimum = int(lexeme[3])
        maximum = (int(lexeme[5]) if lexeme[5] else None) if lexeme[4] else minimum
        if (greatest := max(minimum, maximum or 0)) > MAX_COUNT:
            raise LimitExceeded("a count in a flow", greatest, MAX_COUNT, self.source_name, "use * or a smaller count")
        if maximum == 0 or (maximum is not None and maximum < minimum):
            self.fail("the second number of a count is the greatest: at least 1 and not below the first")
        self.at += 1
        return minimum, maximum
