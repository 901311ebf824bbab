"""Reading a schema document into nodes: one per subschema that can be reached, by a worklist, never by recursion.

A subschema that is met twice (by two `$ref`s, or as a member and by `$ref`) is one node. What no keyword leads to, such
as a definition that nothing refers to, is not read, so it may contain anything. The meaning of each keyword is a
function in `keywords`, found in a table.

A node is a subschema at a place: under two dynamic scopes, or in two resources, one object is two nodes (see
`references`). Half the subschemas of a large schema say no more than a type or a `$ref`: all of one type are one node,
and a mere reference is the node that it leads to. They are only remembered for the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.errors import InvalidSchema, LimitExceeded, SpecificationError, UnsupportedSchema
from maskwright.grammar.json_schema.document import Draft, escape_step, type_name
from maskwright.grammar.json_schema.fields import with_fields
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.references import (
    Place,
    Reference,
    References,
    may_begin_resource,
)
from maskwright.grammar.json_schema.resources import is_mere_reference
from maskwright.grammar.json_schema.schema_node import FALSE_NODE, TRUE_NODE, SchemaNode
from maskwright.grammar.json_schema.shapes import NO_BUDGETS
from maskwright.grammar.json_schema.vocabulary import ANNOTATIONS, Dialect

if TYPE_CHECKING:
    from referencing import Registry

MAX_NODES = 200_000
"""The most subschemas and enumerated values read; a schema of 3 MB has about 60,000."""

_PLAIN_KEYWORDS = frozenset(("type", "$ref", "title", "description", "default"))
"""A type or a reference and what every draft takes for an annotation of it."""

NOT_A_KEYWORD = "is not a keyword of the schema's draft: an annotation"
"""Why a keyword asserts nothing where its draft or vocabularies do not have it."""


class SchemaReader:
    """The nodes read so far and what is still to be read (mutable; lives as long as one call of `read_schema`)."""

    def __init__(self, root: Any, options: JSONSchemaOptions, registry: Registry[Any] | None = None) -> None:
        root, self.fields = with_fields(root, dict(options.field_budgets))
        self.references = References(root, registry)
        self.document = self.references.document
        self.options = options
        outermost = self.references.outermost
        self.nodes = [SchemaNode(False, 0, "", outermost, is_false=True), SchemaNode(True, 0, "", outermost)]
        self.unread: list[int] = []
        self.node_of_object: dict[tuple[int, int], int] = {}
        self.node_of_reference: dict[tuple[int, str, str], int] = {}
        self.node_of_type: dict[tuple[int, str], int] = {}
        self.plain_ones: list[tuple[Mapping[str, Any], int, str | tuple[str, str]]] = []
        self.notes: list[tuple[int, str, str]] = []

    def child(self, schema: object, parent: int, step: str | tuple[str, str], keyword: str) -> int:
        """The node of a subschema of node `parent`, reached by one or two steps of a JSON pointer."""
        if schema is True:
            return TRUE_NODE
        if schema is False:
            return FALSE_NODE
        if not isinstance(schema, Mapping):
            pointer = self.pointer(parent)
            place = f"{pointer}{_spell(step)}"
            raise InvalidSchema(keyword, pointer, f"must hold schemas, but {place} is {type_name(schema)}")
        return self._read(schema, self.nodes[parent].place, parent, step)

    def _read(self, schema: Mapping[str, Any], around: Place, parent: int, step: str | tuple[str, str]) -> int:
        budgets = self.fields.get(id(schema), NO_BUDGETS)
        if not schema and not budgets:
            return TRUE_NODE
        is_plain = not budgets and _PLAIN_KEYWORDS.issuperset(schema)
        if parent and is_plain and (known := self._plain(schema, parent)) is not None:
            self.plain_ones.append((schema, parent, step))
            return known
        place = around
        if may_begin_resource(schema, around):
            place = self.references.enter(schema, around, _Pointer(self, parent, step))
        key = id(schema), id(place)
        known = self.node_of_object.get(key)
        if known is None:
            known = self.node_of_object[key] = self.add(SchemaNode(schema, parent, step, place, budgets=budgets))
            self.unread.append(known)
            if is_plain and "$ref" not in schema and isinstance(schema.get("type"), str):
                self.node_of_type[id(place), schema["type"]] = known
        return known

    def _plain(self, schema: Mapping[str, Any], parent: int) -> int | None:
        """The node that a subschema shares with others, if it is a mere type that was met before, or a reference."""
        place = self.nodes[parent].place
        if schema is place.resource.root or ("$ref" in schema and "type" in schema):
            return None
        text = schema.get("$ref")
        if text is None:
            name = schema.get("type")
            return self.node_of_type.get((id(place), name)) if isinstance(name, str) else None
        try:
            return self.referenced(parent, text) if isinstance(text, str) else None
        except SpecificationError:
            return None  # the node of its own will say so, in its turn and with its own pointer

    def add(self, node: SchemaNode) -> int:
        """Give a node its number."""
        number = len(self.nodes)
        if number >= MAX_NODES:
            raise LimitExceeded("number of subschemas", number + 1, MAX_NODES, self.pointer(node.parent))
        self.nodes.append(node)
        return number

    def referenced(self, node: int, text: str, keyword: str = "$ref") -> int:
        """The node that a reference inside `node` leads to; `keyword` is `$ref`, `$dynamicRef` or `$recursiveRef`."""
        place = self.nodes[node].place
        key = id(place), keyword, text
        known = self.node_of_reference.get(key)
        if known is None:
            reference = Reference(keyword, text, place, self.pointer(node))
            target = self.references.resolve(reference)
            schema = target.schema
            if isinstance(schema, bool):
                known = TRUE_NODE if schema else FALSE_NODE
            elif isinstance(schema, Mapping):
                known = self._read(schema, self.references.move(place, target.resource), 0, target.pointer)
            else:
                raise reference.invalid("which is not a schema")
            self.node_of_reference[key] = known
        return known

    def dialect(self, node: int) -> Dialect:
        """The draft and vocabularies that a node is written in."""
        return self.nodes[node].place.resource.dialect

    def draft(self, node: int) -> Draft:
        """The draft that a node is written in."""
        return self.dialect(node).draft

    def keep_known(self, number: int) -> None:
        """Strike the keywords from a node that mean nothing in its dialect, and note each."""
        node = self.nodes[number]
        schema, dialect = node.schema, self.dialect(number)
        if "$schema" in schema and not dialect.is_declared:
            self.note(number, "$schema", "names a metaschema that is not known: read as draft 2020-12")
        if is_mere_reference(schema, dialect):
            if any(keyword not in ANNOTATIONS and keyword != "$ref" for keyword in schema):
                self.note(number, "$ref", "the keywords beside it are ignored, as the schema's draft demands")
            node.schema = {"$ref": schema["$ref"]}
        elif not dialect.foreign.isdisjoint(schema):
            for keyword in schema:
                if keyword in dialect.foreign:
                    self.note(number, keyword, NOT_A_KEYWORD)
            node.schema = {keyword: value for keyword, value in schema.items() if keyword not in dialect.foreign}

    def pointer(self, node: int) -> str:
        """The JSON pointer of a node; a node without a parent carries its whole pointer."""
        steps: list[str] = []
        while True:
            read = self.nodes[node]
            if not read.parent:
                assert isinstance(read.step, str), "a whole pointer"
                return read.step + "".join(reversed(steps))
            steps.append(_spell(read.step))
            node = read.parent

    def pointer_below(self, parent: int, step: str | tuple[str, str]) -> str:
        """The JSON pointer of a subschema that is one step below a node; without a parent the step is all of it."""
        return self.pointer(parent) + _spell(step) if parent else str(step)

    def refuse(self, node: int, keyword: str, reason: str = "is not supported yet") -> UnsupportedSchema:
        """The error for a keyword of a node that cannot be enforced."""
        return UnsupportedSchema(keyword, self.pointer(node), reason)

    def invalid(self, node: int, keyword: str, reason: str) -> InvalidSchema:
        """The error for a keyword of a node whose value no draft allows."""
        return InvalidSchema(keyword, self.pointer(node), reason)

    def note(self, node: int, keyword: str, reason: str) -> None:
        """Remember for the report that a keyword of a node asserts nothing here, and why."""
        self.notes.append((node, keyword, reason))


def _spell(step: str | tuple[str, str]) -> str:
    return f"/{escape_step(step)}" if isinstance(step, str) else f"/{step[0]}/{escape_step(step[1])}"


@dataclass(frozen=True, slots=True)
class _Pointer:
    """The pointer of a node that is still to be made, spelled where somebody asks for it."""

    reader: SchemaReader
    parent: int
    step: str | tuple[str, str]

    def __str__(self) -> str:
        return self.reader.pointer_below(self.parent, self.step)
