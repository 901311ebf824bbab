"""Atoms: what a rule can say of one finished segment.

    name                                a segment of that name has just ended: `answer`
    name.contains("t")                  its text contains t; also starts, ends, equals, mentions, matches(/re/)
    name == "t"                         the same as name.equals("t")
    name.length <= 80                   its text has so many characters
    name.path.to.field == value         a field of its JSON text
    call(tool, arg=value, other=$x)     it is a call of that tool with these arguments
    output.contains("t")                any segment that the model wrote contains t

A value may be a variable, `$x`: the rule then holds for every value by itself. Atoms are values, compared by content;
`str(atom)` is what the parser reads (`logic.parser`).

A variable stands for the value at a *hole*: one argument of a call, one field, or a whole text. `skeleton` is what is
left of an atom when it is not asked which value stands there.
"""

from __future__ import annotations

import json
from dataclasses import replace
from enum import Enum

from maskwright.grammar.kept_hash import KeepsHash, record

Scalar = str | int | float | bool | None
"""A JSON value without parts."""

Path = tuple[str | int, ...]
"""Where in a JSON value: names of members and places in arrays."""


@record
class Variable(KeepsHash):
    """A value that a rule speaks of without naming it: `$id`."""

    name: str

    def __str__(self) -> str:
        return f"${self.name}"


class TextTest(Enum):
    """What can be asked of a text."""

    CONTAINS = "contains"
    MATCHES = "matches"
    STARTS = "starts"
    ENDS = "ends"
    EQUALS = "equals"
    MENTIONS = "mentions"
    """Contains it as whole words, upper and lower case alike."""


class Atom(KeepsHash):
    """The base of all kinds of atom; never built itself."""

    __slots__ = ()


@record
class Proposition(Atom):
    """A segment of this name; in a formula without a specification, any proposition."""

    name: str

    def __str__(self) -> str:
        return self.name


@record
class TextAtom(Atom):
    """A property of the text of a segment; `segment` "output" means any segment that the model wrote."""

    segment: str
    test: TextTest
    text: str | Variable

    def __str__(self) -> str:
        if self.test is TextTest.MATCHES:
            return f"{self.segment}.matches(/{str(self.text).replace('/', chr(92) + '/')}/)"
        return f"{self.segment}.{self.test.value}({_spelled(self.text)})"


@record
class LengthAtom(Atom):
    """The text of a segment has between `minimum` and `maximum` characters (None: no end)."""

    segment: str
    minimum: int
    maximum: int | None

    def __str__(self) -> str:
        if self.maximum is None:
            return f"{self.segment}.length >= {self.minimum}"
        if self.minimum == self.maximum:
            return f"{self.segment}.length == {self.minimum}"
        assert self.minimum == 0, "the parser makes conjunctions of two-sided bounds"
        return f"{self.segment}.length <= {self.maximum}"


class Comparison(Enum):
    """How a field is compared."""

    EQUAL = "=="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@record
class FieldAtom(Atom):
    """A field of the JSON text of a segment exists and compares with a value."""

    segment: str
    path: Path
    comparison: Comparison
    value: Scalar | Variable

    def __eq__(self, other: object) -> bool:  # as JSON compares: 1 is not true
        return isinstance(other, FieldAtom) and str(self) == str(other)

    __hash__ = Atom.__hash__

    def __str__(self) -> str:
        return f"{self.segment}{_path(self.path)} {self.comparison.value} {_spelled(self.value)}"


@record
class CallAtom(Atom):
    """A segment is a call of a tool in which these arguments have these values; `segment` "": any that has calls."""

    tool: str
    arguments: tuple[tuple[str, Scalar | Variable], ...] = ()
    segment: str = ""

    def __eq__(self, other: object) -> bool:  # as JSON compares: 1 is not true
        return isinstance(other, CallAtom) and str(self) == str(other)

    __hash__ = Atom.__hash__

    def __str__(self) -> str:
        arguments = "".join(f", {name}={_spelled(value)}" for name, value in self.arguments)
        begin = f"{self.segment}." if self.segment else ""
        return f"{begin}call({self.tool}{arguments})"


@record
class Hole(KeepsHash):
    """Where a value stands that variables speak of: in a segment, for one tool if `tool` is not None, at a path."""

    segment: str
    tool: str | None
    path: Path


def holes_of(atom: Atom) -> tuple[tuple[Hole, Variable], ...]:
    """The holes of an atom, each with the variable that stands there."""
    match atom:
        case TextAtom(segment, TextTest.EQUALS, Variable() as variable):
            return ((Hole(segment, None, ()), variable),)
        case FieldAtom(segment, path, Comparison.EQUAL, Variable() as variable):
            return ((Hole(segment, None, path), variable),)
        case CallAtom(tool, arguments, segment):
            return tuple((Hole(segment, tool, (name,)), v) for name, v in arguments if isinstance(v, Variable))
    return ()


def skeleton(atom: Atom) -> Atom:
    """The atom without its variables: what must hold of a segment so that it matters which values stand there."""
    match atom:
        case TextAtom(segment, _, Variable()) | FieldAtom(segment, _, _, Variable()):
            return Proposition(segment)
        case CallAtom(_, arguments, _):
            return replace(atom, arguments=tuple(pair for pair in arguments if not isinstance(pair[1], Variable)))
    return atom


def _spelled(value: Scalar | Variable) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, Variable) else json.dumps(value, ensure_ascii=False)


def _is_plain(name: str) -> bool:
    """May a member be written behind a dot? Not if that would say something else."""
    return name.isidentifier() and name != "length"


def _path(path: Path) -> str:
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if _is_plain(step) else f"[{json.dumps(step)}]"
        for step in path
    )
