"""Flow: a regular expression over names of segments, which says what an agent's loop is.

    question (thought action input observation){0,5} final answer

Names follow each other with blanks between, `|` chooses, parentheses group, and `?`, `*`, `+`, `{n}`, `{m,n}`, `{m,}`
repeat what stands before them. A flow is a value, compared by content; `str(flow)` is what `parse_flow` reads.

`flow_dfa` takes partial derivatives (Antimirov 1996): what can be left of a flow after one segment is a set of lists of
flows to go through, and a counter is just a smaller counter inside such a list. So counts are never unrolled while a
flow is parsed, and the automaton has a state for each set of lists that is reached: linear for flows in which the next
segment always tells where one is. Rejected: unrolling counts into a syntax tree, which takes memory for parts that the
determinisation merges again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.behaviour.letters import Letter
from maskwright.grammar.behaviour.logic.dfa import DFA, minimised
from maskwright.grammar.kept_hash import KeepsHash, record

MAX_NESTING = 50
"""Parentheses within parentheses; the reader and the printer call themselves for each."""
MAX_COUNT = 10_000
"""The greatest count in a repetition: each step of a counter is a state."""
MAX_NAMES = 5_000
"""Names and operators in one flow."""
MAX_STATES = 20_000
"""States of the automaton of one flow."""
MAX_LISTS = 200_000
"""Lists of flows in all sets of lists together, for flows whose states are large sets."""


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


# Reading

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


# The automaton

_Todo = tuple[Flow, ...]
"""Flows to go through one after the other; () is the end."""


def flow_dfa(flow: Flow, letters: Sequence[Letter]) -> DFA:
    """The minimal automaton of a flow over letters, of which only the names of the segments count.

    Raises LimitExceeded. `flow_dfa(parse_flow("a b?"), (Letter("a"), Letter("b"))).accepts([0])` -> `True`.
    """
    names = tuple(dict.fromkeys(letter.segment for letter in letters))
    successors = _Derivatives()
    start: frozenset[_Todo] = frozenset({(flow,)})
    numbers = {start: 0}
    waiting = [start]
    rows: list[list[int]] = []
    n_lists = 0
    for todo_lists in waiting:  # grows while it is gone through
        row = []
        for name in names:
            after = frozenset(rest for todo in todo_lists for rest in successors.after(todo, name))
            if after not in numbers:
                numbers[after] = len(waiting)
                waiting.append(after)
                n_lists += len(after)
            row.append(numbers[after])
        rows.append(row)
        if len(waiting) > MAX_STATES:
            raise LimitExceeded("the automaton of a flow", len(waiting), MAX_STATES, remedy="use * or smaller counts")
        if n_lists > MAX_LISTS:
            raise LimitExceeded("the automaton of a flow", n_lists, MAX_LISTS, remedy="tell what is next by its name")
    column = {name: index for index, name in enumerate(names)}
    table = np.array(rows, np.int32).reshape(len(rows), len(names))
    return minimised(
        DFA(
            tuple(letters),
            np.ascontiguousarray(table[:, [column[letter.segment] for letter in letters]]),
            np.array([any(map(_all_nullable, todo_lists)) for todo_lists in waiting], np.bool_),
        )
    )


class _Derivatives:
    """What is left of lists of flows after a segment; found once for each list and name."""

    def __init__(self) -> None:
        self.known: dict[tuple[_Todo, str], frozenset[_Todo]] = {}

    def after(self, todo: _Todo, name: str) -> frozenset[_Todo]:
        """The lists that can be left of `todo` when a segment `name` is read."""
        if (todo, name) not in self.known:
            found: set[_Todo] = set()
            for place, flow in enumerate(todo):
                rest = todo[place + 1 :]
                found.update(left + rest for left in self.after_first(flow, name))
                if not _is_nullable(flow):
                    break
            self.known[todo, name] = frozenset(found)
        return self.known[todo, name]

    def after_first(self, flow: Flow, name: str) -> frozenset[_Todo]:
        """The lists that can be left of one flow."""
        match flow:
            case Name(found):
                return frozenset({()} if found == name else ())
            case Choice(parts):
                return frozenset(rest for part in parts for rest in self.after((part,), name))
            case Chain(parts):
                return self.after(parts, name)
            case Repeat(part, minimum, maximum):
                again = () if maximum == 1 else (_counted_down(part, minimum, maximum),)
                return frozenset(rest + again for rest in self.after((part,), name))
        raise AssertionError(f"unknown kind of flow: {flow!r}")


def _counted_down(part: Flow, minimum: int, maximum: int | None) -> Flow:
    """What is left of a repetition after one round. A part that may be empty can always be taken fewer times."""
    least = 0 if _is_nullable(part) else max(minimum - 1, 0)
    return Repeat(part, least, None if maximum is None else maximum - 1)


def _all_nullable(todo: _Todo) -> bool:
    return all(map(_is_nullable, todo))


def _is_nullable(flow: Flow) -> bool:
    """Can it be gone through without a segment?"""
    match flow:
        case Choice(parts):
            return any(map(_is_nullable, parts))
        case Chain(parts):
            return all(map(_is_nullable, parts))
        case Repeat(part, minimum):
            return minimum == 0 or _is_nullable(part)
    return False
