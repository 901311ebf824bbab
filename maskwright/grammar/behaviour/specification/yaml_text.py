"""YAML as documents, and plain values as YAML: positions kept, nothing executed, nothing fetched, sizes bounded.

The events of PyYAML's parser are read here instead of its constructed values: they carry positions, and so tags,
duplicate keys and aliases are under our control. Of YAML's many spellings of scalars only JSON's numbers and the words
true, false and null (and ~) have a meaning; everything else that is not quoted is a text, so `[yes, no]` are two words.
An alias may stand for what has been written before; its values count again (`document.MAX_NODES`), and as an anchor is
known only once its value is complete, no value contains itself.
Cost: about 10 µs a character (PyYAML's scanner). Rejected: `safe_load`, which knows no positions, keeps the last of two
equal keys, and resolves `no` to false.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

import yaml

from maskwright.errors import GrammarSyntaxError, LimitExceeded
from maskwright.grammar.behaviour.atoms import Scalar
from maskwright.grammar.behaviour.specification.document import Data, Node, Source, check_size, member_path

MAX_CHARACTERS = 500_000
"""Of one file."""
MAX_DIGITS = 300
"""Of one number."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None}
for _word, _value in (("null", None), ("true", True), ("false", False)):
    _WORDS |= dict.fromkeys((_word, _word.capitalize(), _word.upper()), _value)


def read_yaml(text: str, name: str) -> Node:
    """The document of a YAML text.

    Raises GrammarSyntaxError with line and column, LimitExceeded.
    `read_yaml("a: [1, yes]", "x.yaml").data()` -> `{"a": [1, "yes"]}`.
    """
    if len(text) > MAX_CHARACTERS:
        raise LimitExceeded("a YAML text", len(text), MAX_CHARACTERS, name, "split it or put long parts into files")
    source = Source(text, name)
    try:
        return _Reader(source).document()
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        context = f" {fault.context}" if fault.context else ""
        position = min(mark.index, len(text)) if mark is not None else 0
        raise GrammarSyntaxError(f"no YAML: {fault.problem}{context}", text, position, name) from fault
    except yaml.reader.ReaderError as fault:
        message = f"the character U+{ord(text[fault.position]):04X} is not allowed in YAML"
        raise GrammarSyntaxError(message, text, fault.position, name) from fault


class _Reader:
    """The events of one text, and the anchors in it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.events: Iterator[yaml.Event] = iter(yaml.parse(source.text, Loader=yaml.SafeLoader))
        self.anchored: dict[str, tuple[Node, int]] = {}
        self.n_nodes = 0

    def fail(self, event: yaml.Event, message: str) -> NoReturn:
        raise GrammarSyntaxError(message, self.source.text, event.start_mark.index, self.source.name)

    def document(self) -> Node:
        """The only document of the text."""
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            self.fail(event, "nothing is written here; a mapping with `segments` and `flow` was expected")
        node = self.node(next(self.events), "", 0)
        next(self.events)
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self.fail(event, "a second document begins; one file is one specification")
        return node

    def node(self, event: yaml.Event, path: str, depth: int) -> Node:
        """The node that begins with this event."""
        before = self.n_nodes
        self.n_nodes += 1
        check_size(self.n_nodes, depth, path)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path, depth)
        if event.tag is not None:
            self.fail(event, f"the tag {event.tag[:60]!r} has no meaning here; leave it out")
        match event:
            case yaml.ScalarEvent():
                node = self.placed(self.scalar(event), path, event, event)
            case yaml.SequenceStartEvent():
                node = self.list(event, path, depth)
            case _:
                node = self.mapping(event, path, depth)
        if event.anchor is not None:
            self.anchored[event.anchor] = node, self.n_nodes - before
        return node

    def placed(
        self,
        value: Scalar | tuple[Node, ...] | dict[str, Node],
        path: str,
        begin: yaml.Event,
        end: yaml.Event,
        key_positions: dict[str, int] | None = None,
    ) -> Node:
        return Node(value, path, self.source, begin.start_mark.index, end.end_mark.index, key_positions or {})

    def alias(self, event: yaml.AliasEvent, path: str, depth: int) -> Node:
        """What the anchor stands at, counted again."""
        if event.anchor not in self.anchored:
            self.fail(event, f"nothing complete before this has the anchor {event.anchor[:60]!r}")
        node, size = self.anchored[event.anchor]
        self.n_nodes += size
        check_size(self.n_nodes, depth + _height(node), path)
        return node

    def scalar(self, event: yaml.ScalarEvent) -> Scalar:
        """The value of a scalar: quoted and block scalars are texts."""
        if event.style is not None:
            return str(event.value)
        try:
            return plain_scalar(event.value)
        except ValueError as fault:
            self.fail(event, str(fault))

    def list(self, begin: yaml.Event, path: str, depth: int) -> Node:
        parts: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            parts.append(self.node(event, f"{path}[{len(parts)}]", depth + 1))
        return self.placed(tuple(parts), path, begin, event)

    def mapping(self, begin: yaml.Event, path: str, depth: int) -> Node:
        parts: dict[str, Node] = {}
        positions: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self.fail(event, "a key must be a text")
            key = str(event.value)
            if key in parts:
                self.fail(event, f"the key {key[:60]!r} occurs twice in this mapping")
            positions[key] = event.start_mark.index
            parts[key] = self.node(next(self.events), member_path(path, key), depth + 1)
        return self.placed(parts, path, begin, event, positions)


def _height(node: Node) -> int:
    """How many values lie within each other below this one."""
    match node.value:
        case dict(members):
            return 1 + max(map(_height, members.values()), default=0)
        case tuple(items):
            return 1 + max(map(_height, items), default=0)
    return 0


def plain_scalar(text: str) -> Scalar:
    """What a scalar without quotes means; raises ValueError for numbers beyond measure."""
    if text in _WORDS:
        return _WORDS[text]
    if _FLOAT.fullmatch(text) is None:
        return text
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of more than {MAX_DIGITS} digits")
    if _INTEGER.fullmatch(text):
        return int(text)
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is too large for a number")
    return number


def write_yaml(data: Mapping[str, Data]) -> str:
    """A mapping as YAML: its members and theirs in lines of their own, what lies deeper in one line each.

    `read_yaml(write_yaml(data), "").data()` is `data`, if that is not empty.
    """
    lines = []
    for key, part in data.items():
        if part and isinstance(part, dict):
            lines += [
                f"{in_one_line(key)}:",
                *(f"  {in_one_line(inner)}: {in_one_line(part[inner])}" for inner in part),
            ]
        elif part and isinstance(part, list):
            lines += [f"{in_one_line(key)}:", *(f"  - {in_one_line(one)}" for one in part)]
        else:
            lines.append(f"{in_one_line(key)}: {in_one_line(part)}")
    return "\n".join(lines) + "\n"


def in_one_line(data: Data) -> str:
    """A plain value as YAML without line breaks: `in_one_line({"n": [1, "yes", "1"]})` -> `"{n: [1, yes, '1']}"`."""
    match data:
        case dict():
            return "{" + ", ".join(f"{in_one_line(key)}: {in_one_line(part)}" for key, part in data.items()) + "}"
        case list():
            return "[" + ", ".join(map(in_one_line, data)) + "]"
        case str():
            return _written_text(data)
    return json.dumps(data)


_PLAIN = re.compile(r"[A-Za-z_<(](?:[\w.()<>/=+*;\"$!&|-]| (?=[^ ]))*", re.ASCII)
"""Texts that need no quotes, far from all of them."""
_ESCAPED = re.compile('["\\\\\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')
"""What double quotes need an escape for: themselves, and what is not printable or breaks lines."""
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def _written_text(text: str) -> str:
    if _PLAIN.fullmatch(text) and plain_scalar(text) == text:
        return text
    if set(_ESCAPED.findall(text)) <= {'"', "\\"}:
        return "'" + text.replace("'", "''") + "'"
    return '"' + _ESCAPED.sub(lambda found: _SHORT_ESCAPES.get(found[0], f"\\U{ord(found[0]):08X}"), text) + '"'
