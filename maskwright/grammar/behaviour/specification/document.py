"""Documents: plain values that know where they were written, so that every error can say where.

A specification is read from a tree of `Node`s, whether it was written in YAML (`yaml_file`, positions in the text) or
made by the builder (`node_of`, no text, paths such as `rules[2].never`). So there is one reader, and what a file may
say and what a program may say cannot differ. The methods of a node check and convert; they raise what `error` makes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from maskwright.errors import GrammarSyntaxError, LimitExceeded, SpecError, SpecificationError
from maskwright.grammar.behaviour.atoms import Scalar
from maskwright.grammar.behaviour.specification.names import unknown

Data = Scalar | list["Data"] | dict[str, "Data"]
"""What JSON can say."""

MAX_DEPTH = 60
"""Lists and mappings within each other: all readers call themselves for each."""
MAX_NODES = 50_000
"""Values in one document, those of an alias counted each time."""

RESERVED = frozenset([*"XNURWMFGYZSTOH", "true", "false", "null", "first", "last", "output"])
"""What formulas read as something else than the name of a segment."""

_NAME = re.compile(r"[A-Za-z_]\w*(?:-\w+)*", re.ASCII)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a document and its name for the reader."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a document. `begin` and `end` are positions in the source, if there is one."""

    value: Scalar | tuple[Node, ...] | dict[str, Node]
    path: str
    source: Source | None = None
    begin: int = 0
    end: int = 0
    key_positions: Mapping[str, int] = field(default_factory=dict)
    """Where the keys of a mapping stand."""

    def error(self, message: str, position: int | None = None) -> SpecificationError:
        """An error at this value, or at another position of its source."""
        if self.source is None:
            return SpecError(message, self.path or "the specification")
        return GrammarSyntaxError(
            message, self.source.text, self.begin if position is None else position, self.source.name
        )

    def inside(self, fault: GrammarSyntaxError) -> SpecificationError:
        """The error for a fault in the notation that this text is in, at its place in the document."""
        if self.source is None:
            return SpecError(f"{fault.message}, at {fault.source[fault.position :][:40]!r}", self.path)
        return self.error(fault.message, self.position_of(fault.position))

    def position_of(self, offset: int) -> int:
        """The position in the source of a character of this text.

        If the text was written with escapes or folded, it is not known where, and the text's beginning is taken.
        """
        assert self.source is not None
        assert isinstance(self.value, str)
        at = self.source.text.find(self.value, self.begin, self.end)
        return self.begin if at < 0 else at + offset

    def error_at_name(self, message: str, name: str) -> SpecificationError:
        """An error at a name within this text."""
        if self.source is None or not isinstance(self.value, str) or name not in self.value:
            return self.error(message)
        return self.error(message, self.position_of(self.value.index(name)))

    # What is expected here

    def members(self, known: Collection[str] | None = None, kind: str = "key") -> dict[str, Node]:
        """The members of a mapping; keys that are not `known` are errors."""
        if not isinstance(self.value, dict):
            raise self.error(f"a mapping was expected here, not {self.kind()}")
        for key in self.value:
            if known is not None and key not in known:
                raise self.error(unknown(kind, key, known), self.key_positions.get(key))
        return self.value

    def items(self) -> tuple[Node, ...]:
        """The items of a list."""
        if not isinstance(self.value, tuple):
            raise self.error(f"a list was expected here, not {self.kind()}")
        return self.value

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            raise self.error(f"a text was expected here, not {self.kind()}; put it in quotes if it is meant as one")
        return self.value

    def number(self, minimum: int) -> int:
        """A whole number from `minimum` on."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < minimum:
            raise self.error(f"a whole number from {minimum} on was expected here, not {self.kind()}")
        return self.value

    def truth(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.error(f"true or false was expected here, not {self.kind()}")
        return self.value

    def one_of(self, values: Mapping[str, Value]) -> Value:
        """One of these words."""
        word = self.text()
        if word not in values:
            raise self.error(unknown("choice", word, values))
        return values[word]

    def data(self) -> Data:
        """The value without its positions."""
        if isinstance(self.value, dict):
            return {key: part.data() for key, part in self.value.items()}
        if isinstance(self.value, tuple):
            return [part.data() for part in self.value]
        return self.value

    def kind(self) -> str:
        """What stands here, for messages."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return "true" if self.value else "false"
            case dict():
                return "a mapping"
            case tuple():
                return "a list"
            case str(text):
                return f"the text {text[:40]!r}"
        return str(self.value)[:40]


def check_identifier(name: str, what: str, node: Node, position: int | None = None) -> None:
    """Raise an error at the node if the name is none that formulas and flows can use."""
    if _NAME.fullmatch(name) is None or len(name) > 100:
        raise node.error(f"{name[:40]!r} is no name for {what}: letters, digits, _ and - make one, up to 100", position)
    if name in RESERVED:
        raise node.error(f"{name!r} is no name for {what}, as formulas use it for something else", position)


def member_path(path: str, key: str) -> str:
    """The path of a member: `"rules[2]"`, `"never"` -> `"rules[2].never"`."""
    return f"{path}.{key}" if path else key


def node_of(data: object, path: str = "") -> Node:
    """A document of plain values. Raises SpecError for what JSON cannot say, LimitExceeded for sizes beyond measure.

    `node_of({"flow": "a b"}).members()["flow"].path` -> `"flow"`.
    """
    return _Conversion().node(data, path, 0)


class _Conversion:
    """Counts the values that were converted."""

    def __init__(self) -> None:
        self.n_nodes = 0

    def node(self, data: object, path: str, depth: int) -> Node:
        """The node of a value."""
        self.n_nodes += 1
        check_size(self.n_nodes, depth, path)
        match data:
            case None | bool() | str() | int():
                return Node(data, path)
            case float() if math.isfinite(data):
                return Node(data, path)
            case Mapping():
                return Node(dict(self.members(data.items(), path, depth)), path)
            case list() | tuple():
                return Node(tuple(self.node(part, f"{path}[{i}]", depth + 1) for i, part in enumerate(data)), path)
        raise SpecError(f"{type(data).__name__} {data!r:.40} cannot be part of a specification", path or "the document")

    def members(self, pairs: Iterable[tuple[object, object]], path: str, depth: int) -> Iterable[tuple[str, Node]]:
        """The nodes of a mapping."""
        for key, part in pairs:
            if not isinstance(key, str):
                raise SpecError(f"the key {key!r:.40} is not a text", path or "the document")
            yield key, self.node(part, member_path(path, key), depth + 1)


def check_size(n_nodes: int, depth: int, where: str) -> None:
    """Raises LimitExceeded if a document has too many values, or too many within each other."""
    if depth > MAX_DEPTH:
        raise LimitExceeded("the nesting of a document", depth, MAX_DEPTH, where[:200], "nest it less")
    if n_nodes > MAX_NODES:
        raise LimitExceeded("a document", n_nodes, MAX_NODES, where[:200], "write a smaller one")
