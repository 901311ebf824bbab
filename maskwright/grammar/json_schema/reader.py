"""Reading a schema document into nodes: one per subschema that can be reached, by a worklist, never by recursion.

A subschema that is met twice (by two `$ref`s, or as a member and by `$ref`) is one node. What no keyword leads to, such
as a definition that nothing refers to, is not read, so it may contain anything. The meaning of each keyword is a
function in `keywords`, found in a table.
"""

from __future__ import annotations

from collections.abc import Mapping

from maskwright.errors import InvalidSchema, LimitExceeded, UnsupportedSchema
from maskwright.grammar.json_schema.document import (
    Document,
    Resource,
    escape_step,
    resolve,
    resource_uri,
    type_name,
)
from maskwright.grammar.json_schema.options import JSONSchemaOptions
from maskwright.grammar.json_schema.schema_node import FALSE_NODE, TRUE_NODE, SchemaNode

MAX_NODES = 200_000
"""The most subschemas and enumerated values read; a schema of 3 MB has about 60,000."""


class SchemaReader:
    """The nodes read so far and what is still to be read (mutable; lives as long as one call of `read_schema`)."""

    def __init__(self, document: Document, options: JSONSchemaOptions) -> None:
        self.document = document
        self.options = options
        self.nodes = [
            SchemaNode(False, 0, "", document.resource, is_false=True),
            SchemaNode(True, 0, "", document.resource),
        ]
        self.unread: list[int] = []
        self.node_of_object: dict[int, int] = {}
        self.node_of_reference: dict[tuple[int, str], int] = {}
        self.notes: list[tuple[int, str, str]] = []

    def child(self, schema: object, parent: int, step: str | tuple[str, str], keyword: str) -> int:
        """The node of a subschema of node `parent`, reached by one or two steps of a JSON pointer."""
        if schema is True:
            return TRUE_NODE
        if schema is False:
            return FALSE_NODE
        if not isinstance(schema, Mapping):
            pointer = self.pointer(parent)
            place = escape_step(step) if isinstance(step, str) else f"{step[0]}/{escape_step(step[1])}"
            raise InvalidSchema(keyword, pointer, f"must hold schemas, but {pointer}/{place} is {type_name(schema)}")
        if not schema:
            return TRUE_NODE
        known = self.node_of_object.get(id(schema))
        if known is not None:
            return known
        resource = self.nodes[parent].resource
        if (uri := resource_uri(schema, self.document.draft)) is not None and schema is not self.document.root:
            node = self.add(SchemaNode(schema, parent, step, resource))
            self.nodes[node].resource = Resource(schema, self.pointer(node), uri)
        else:
            node = self.add(SchemaNode(schema, parent, step, resource))
        self.node_of_object[id(schema)] = node
        self.unread.append(node)
        return node

    def add(self, node: SchemaNode) -> int:
        """Give a node its number."""
        number = len(self.nodes)
        if number >= MAX_NODES:
            raise LimitExceeded("number of subschemas", number + 1, MAX_NODES, self.pointer(node.parent))
        self.nodes.append(node)
        return number

    def referenced(self, node: int, reference: str) -> int:
        """The node that a `$ref` inside `node` names."""
        resource = self.nodes[node].resource
        key = (id(resource.root), reference)
        known = self.node_of_reference.get(key)
        if known is None:
            target, path, inner = resolve(self.document, resource, reference, self.pointer(node))
            if not isinstance(target, Mapping | bool):
                raise InvalidSchema("$ref", self.pointer(node), f"refers to {reference}, which is not a schema")
            if isinstance(target, Mapping) and target and id(target) not in self.node_of_object:
                known = self.add(SchemaNode(target, 0, path, inner))
                self.node_of_object[id(target)] = known
                self.unread.append(known)
            else:
                known = self.child(target, node, "$ref", "$ref")
            self.node_of_reference[key] = known
        return known

    def pointer(self, node: int) -> str:
        """The JSON pointer of a node; a node without a parent carries its whole pointer."""
        steps: list[str] = []
        while True:
            read = self.nodes[node]
            step = read.step
            if isinstance(step, tuple):
                steps.append(f"{step[0]}/{escape_step(step[1])}")
            elif read.parent:
                steps.append(escape_step(step))
            if not read.parent:
                return "/".join([step if isinstance(step, str) else "", *reversed(steps)])
            node = read.parent

    def refuse(self, node: int, keyword: str, reason: str = "is not supported yet") -> UnsupportedSchema:
        """The error for a keyword of a node that cannot be enforced."""
        return UnsupportedSchema(keyword, self.pointer(node), reason)

    def invalid(self, node: int, keyword: str, reason: str) -> InvalidSchema:
        """The error for a keyword of a node whose value no draft allows."""
        return InvalidSchema(keyword, self.pointer(node), reason)

    def note(self, node: int, keyword: str, reason: str) -> None:
        """Remember for the report that a keyword of a node asserts nothing here, and why."""
        self.notes.append((node, keyword, reason))
