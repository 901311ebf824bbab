"""Where a text is: the rules that are open around it, and in a JSON document the value in progress.

    matcher.where()    # Where(pointer="/tags/1", rules=("root", "object /", "array /properties/tags"), ...)

The rules are read off the stacks of the configuration (`automata.rule_stacks`); the value in progress is found by
reading the text as JSON from where its document begins (`json_events`). Where the rules stem from a JSON Schema, the
two together say which parts of it speak of that value.

Nothing is kept while a text is written, so nothing has to be taken back. Cost: the text once, some microseconds per
hundred bytes, and the frames below one configuration. Who asks after every token keeps a `DocumentFollower`, which
goes on where it stopped as long as the text does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskwright.errors import NotJSON
from maskwright.grammar.schema_places import schema_pointers
from maskwright.matching.json_events import JSONReader, Path, pointer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskwright.grammar.ir import Node
    from maskwright.matching.compiled_grammar import CompiledGrammar
    from maskwright.matching.place import Trail

_CONTAINERS = ("object ", "array ", "any object", "any array")
"""How rules of JSON objects and arrays are called (`json_schema.lowering`)."""


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a text.

    rules: the open rules, the outermost first, without those that had nothing left to read when they called the next.
    stacks: all such ways to read the text, of which `rules` is the first; at most 16.
    pointer: in a JSON document, the JSON pointer of the value in progress, or of the object or array in which the next
    one is to come; "" is the whole document, None is outside of any.  is_at_name: it is the name of a member.
    schema: the JSON pointers of what a schema says of that value, "" for the whole schema; empty without a schema.
    schema_path: those of the objects and arrays around it, the outermost first.
    terminals: of a grammar with a lexer, those that the text may be in, or may begin.
    segment: in a trace of a behaviour specification, the segment in progress; "" is between two, None is no trace.
    """

    rules: tuple[str, ...] = ()
    stacks: tuple[tuple[str, ...], ...] = ()
    pointer: str | None = None
    is_at_name: bool = False
    schema: tuple[str, ...] = ()
    schema_path: tuple[str, ...] = ()
    terminals: tuple[str, ...] = ()
    segment: str | None = None

    @property
    def innermost(self) -> tuple[str, ...]:
        """The innermost rule of each way to read the text, without repeats."""
        return tuple(dict.fromkeys(stack[-1] for stack in self.stacks if stack))

    def __str__(self) -> str:
        if self.segment is not None:
            at = f" at {shown_pointer(self.pointer)}" if self.pointer is not None else ""
            return f"in segment '{self.segment}'{at}" if self.segment else "between two segments"
        if self.pointer is not None:
            return f"at {shown_pointer(self.pointer)}"
        return f"in {named_rules(self.innermost)}" if self.stacks else "behind the end"


def shown_pointer(pointer: str) -> str:
    """A JSON pointer of a document for a sentence."""
    return pointer or "the top level"


def named_rules(names: tuple[str, ...]) -> str:
    """`named_rules(("a", "b"))` -> "rules 'a' and 'b'"; rules that lark made of others only if there are none else."""
    quoted = [f"'{name}'" for name in names if not name.startswith("__")] or [f"'{name}'" for name in names]
    if len(quoted) == 1:
        return f"rule {quoted[0]}"
    return f"rules {', '.join(quoted[:-1])} and {quoted[-1]}"


class DocumentFollower:
    """Reads the document of a text that goes on, each byte once; anew if it went back (mutable)."""

    def __init__(self) -> None:
        self._reads: list[int | bytes] = []
        self._began = (0, 0)
        self._reader: JSONReader | None = JSONReader()

    def reader(self, trail: Trail, began: tuple[int, int], grammar: CompiledGrammar) -> JSONReader | None:
        """The document of a trail that begins behind so many bytes of a step; None if it nests too deep to be read."""
        n_known = len(self._reads)
        if self._began != began or trail.reads[:n_known] != self._reads:
            self._reads, self._began, self._reader, n_known = [], began, JSONReader(), 0
        if self._reader is None:
            return None
        text = document_text(grammar, trail, began, n_known)
        self._reads = trail.reads.copy()
        try:
            self._reader = self._reader.read(text)[0]
        except NotJSON:
            self._reader = None
        return self._reader


def document_text(grammar: CompiledGrammar, trail: Trail, began: tuple[int, int], n_known: int = 0) -> bytes:
    """The document of a trail that begins behind so many bytes of a step, without what the first steps read."""
    text_of = grammar.vocabulary.text_of
    step, n_before = began
    texts = [read if isinstance(read, bytes) else text_of(read) for read in trail.reads[max(n_known, step) :]]
    if n_known <= step:
        texts[:1] = [text[n_before:] for text in texts[:1]]
    return b"".join(texts)


def where_is(grammar: CompiledGrammar, trail: Trail, follower: DocumentFollower | None = None) -> Where:
    """The place at the end of a trail."""
    if trail.places[-1].is_end:
        return Where()
    rules, stacks, terminals, began = grammar.stacks_at(trail)
    reader = None
    if began is not None:
        reader = (follower or DocumentFollower()).reader(trail, began, grammar)
    if reader is None:
        schema_path = _around(rules, stacks[0])
        return Where(stacks[0], stacks, None, False, schema_path[-1:], schema_path, terminals)
    path, is_at_name = reader.path, reader.is_at_name
    schema = tuple(dict.fromkeys(one for stack in stacks for one in _of_value(rules, stack, path)))
    return Where(stacks[0], stacks, pointer_of(path), is_at_name, schema, _around(rules, stacks[0]), terminals)


def _around(rules: Mapping[str, Node], stack: tuple[str, ...]) -> tuple[str, ...]:
    """The pointers of the objects and arrays of a stack."""
    return tuple(pointer for rule in containers_of(stack) for pointer in schema_pointers(rules, rule)[:1])


def _of_value(rules: Mapping[str, Node], stack: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """What a schema says of the value at a path, or else of the nearest one around it of which it says something."""
    containers = containers_of(stack)
    if not containers:
        return schema_pointers(rules, stack[-1])
    innermost = len(containers) - 1
    told = schema_pointers(rules, containers[-1]) if innermost >= len(path) else ()
    for place in range(min(innermost, len(path) - 1), -1, -1):
        told = told or schema_pointers(rules, containers[place], path[place])
        if place == innermost:
            told = told or schema_pointers(rules, containers[place])
    return told


def containers_of(stack: tuple[str, ...]) -> list[str]:
    """The rules of JSON objects and arrays in a stack."""
    return [rule for rule in stack if rule.startswith(_CONTAINERS)]
