"""Kinds of text, read from documents and written back.

free                                          any text
{regex: "[a-z]+"}                             the texts that a pattern matches as a whole
{choice: [yes, no]}   {choice: tools}         one of these; the names of the tools
{json_schema: {...}}  {json_schema: a.json}   JSON of a schema
{cfg: {notation: lark, source: "..."}}        a grammar; `file` in place of `source`
{tools: tools}        {tools: tools.json}     a call of one of the tools, see `tools`
{parts: ["[a-z]*", {optional: {ref: L}}]}     one after the other; a text among parts is a pattern
{ref: L}                                      what a segment with `bind: L` said earlier
{all: [...]}                                  what belongs to every one of these
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from maskwright.errors import GrammarSyntaxError, UnsupportedPattern
from maskwright.grammar.behaviour.specification.document import Data, Node
from maskwright.grammar.behaviour.specification.files import Folder
from maskwright.grammar.behaviour.specification.names import unknown
from maskwright.grammar.behaviour.specification.spec import (
    AllOf,
    Free,
    GrammarText,
    JSONText,
    OneOf,
    Optional,
    Parts,
    Reference,
    Regex,
    Text,
    ToolCall,
)
from maskwright.grammar.behaviour.specification.tools import as_json, functions_of, tool_names
from maskwright.grammar.characters.dialect import PYTHON
from maskwright.grammar.characters.parser import parse

NOTATIONS = ("lark", "gbnf", "ebnf")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What texts can speak of: the tools of the specification and the files beside it."""

    tools: str
    folder: Folder


def text_of(node: Node, around: Surroundings) -> Text:
    """The kind of text that a document describes."""
    if node.value == "free":
        return Free()
    if isinstance(node.value, str):
        raise node.error(f"{unknown('kind of text', node.value, [*KINDS, 'free'])}; all but free take a value")
    members = node.members(KINDS, "kind of text")
    if len(members) != 1:
        raise node.error(f"one kind of text was expected, not {len(members)}; `all` takes several together")
    [(kind, value)] = members.items()
    return KINDS[kind](value, around)


def part_of(node: Node, around: Surroundings) -> Text:
    """A part among parts, where a text is a pattern."""
    return pattern_of(node) if isinstance(node.value, str) else text_of(node, around)


def pattern_of(node: Node) -> Regex:
    """The pattern that a text spells."""
    pattern = node.text()
    fault = pattern_fault(pattern)
    if fault is not None:
        raise node.inside(fault) from fault
    return Regex(pattern)


def pattern_fault(pattern: str) -> GrammarSyntaxError | None:
    """What is wrong with a pattern, if anything."""
    try:
        parse(pattern, PYTHON)
    except GrammarSyntaxError as fault:
        return fault
    except UnsupportedPattern as fault:
        message = f"{fault.construct} cannot be enforced exactly: {fault.advice}"
        return GrammarSyntaxError(message, fault.source, fault.position)
    return None


def texts_of(node: Node) -> tuple[str, ...]:
    """A list of texts: at least one, none twice, none empty."""
    texts = tuple(item.text() for item in node.items())
    if not texts or "" in texts or len(set(texts)) < len(texts):
        raise node.error("at least one text was expected here, none of them empty, none twice")
    return texts


def _choice(node: Node, around: Surroundings) -> Text:
    if node.value == "tools":
        return OneOf(_declared(node, around))
    texts = tuple(item.text() for item in node.items())
    if not texts or len(set(texts)) < len(texts):
        raise node.error("at least one text was expected here, none of them twice")
    return OneOf(texts)


def _declared(node: Node, around: Surroundings) -> tuple[str, ...]:
    names = tool_names(around.tools)
    if not names:
        raise node.error("the specification declares no tools; write `tools:` at its top")
    return names


def _json_schema(node: Node, around: Surroundings) -> Text:
    schema = around.folder.document(node) if isinstance(node.value, str) else node
    if not isinstance(schema.value, bool):
        schema.members()
    return JSONText(as_json(schema.data()))


def _cfg(node: Node, around: Surroundings) -> Text:
    members = node.members(("notation", "source", "file", "start"))
    if "notation" not in members or ("source" in members) == ("file" in members):
        raise node.error("a grammar has a `notation` and either `source` or `file`")
    notation = members["notation"].one_of({name: name for name in NOTATIONS})
    source = members["source"].text() if "source" in members else around.folder.text(members["file"])
    return GrammarText(notation, source, members["start"].text() if "start" in members else None)


def _tools(node: Node, around: Surroundings) -> Text:
    if node.value == "tools":
        _declared(node, around)
        return ToolCall(around.tools)
    return ToolCall(functions_of(node, around.folder))


def _parts(node: Node, around: Surroundings) -> Text:
    if not node.items():
        raise node.error("at least one part was expected here")
    return Parts(tuple(part_of(part, around) for part in node.items()))


def _all(node: Node, around: Surroundings) -> Text:
    if not node.items():
        raise node.error("at least one kind of text was expected here")
    return AllOf(tuple(text_of(part, around) for part in node.items()))


KINDS: dict[str, Callable[[Node, Surroundings], Text]] = {
    "regex": lambda node, _: pattern_of(node),
    "choice": _choice,
    "json_schema": _json_schema,
    "cfg": _cfg,
    "tools": _tools,
    "parts": _parts,
    "optional": lambda node, around: Optional(part_of(node, around)),
    "ref": lambda node, _: Reference(node.text()),
    "all": _all,
}
"""How the value of each kind is read."""


def data_of(text: Text) -> Data:
    """The document of a kind of text: `text_of` reads it back. Files and `tools` are written out."""
    match text:
        case Free():
            return "free"
        case Regex(pattern):
            return {"regex": pattern}
        case OneOf(texts):
            return {"choice": list(texts)}
        case JSONText(schema):
            return {"json_schema": json.loads(schema)}
        case GrammarText(notation, source, start):
            cfg: dict[str, Data] = {"notation": notation, "source": source}
            return {"cfg": cfg if start is None else {**cfg, "start": start}}
        case ToolCall(functions):
            return {"tools": json.loads(functions)}
        case Parts(parts):
            return {"parts": [_part_data(part) for part in parts]}
        case Optional(part):
            return {"optional": _part_data(part)}
        case Reference(name):
            return {"ref": name}
        case AllOf(texts):
            return {"all": [data_of(one) for one in texts]}
    raise AssertionError(f"no segment has this text: {text!r}")


def _part_data(part: Text) -> Data:
    return part.pattern if isinstance(part, Regex) else data_of(part)


def references(text: Text) -> tuple[tuple[str, bool], ...]:
    """The names that a text refers to, each with whether every text of this kind does."""
    match text:
        case Reference(name):
            return ((name, True),)
        case Optional(part):
            return tuple((name, False) for name, _ in references(part))
        case Parts(parts):
            return tuple(found for part in parts for found in references(part))
        case AllOf(texts):
            return tuple(found for one in texts for found in references(one))
    return ()
