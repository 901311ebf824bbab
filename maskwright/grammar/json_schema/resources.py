"""Resources of a document, the names in them, and an index of both.

A *resource* is a schema with a URI of its own (`$id`, in draft 4 `id`) and everything below it that has none. Pointers
in references start at its root, URIs are relative to its URI, and its `$schema` decides the draft. Anchors are names of
schemas inside one resource; some are dynamic (see `references`).

An index is made in one pass over the subschemas of a document, and only when a reference needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeGuard
from urllib.parse import unquote
from weakref import ReferenceType

from maskwright.grammar.json_schema.document import Draft, escape_step
from maskwright.grammar.json_schema.vocabulary import Dialect, subschemas

RECURSIVE = "#"
"""The name under which a scope keeps `$recursiveAnchor: true`; no anchor is called so."""


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """A part of a document that pointers start from. Compared by identity.

    `pointer` is that of `root`, for errors; in a document from the registry it begins with the document's URI. A
    `$schema` without `$id` changes the dialect alone: then `whole` is the resource where pointers start. `around` is
    the resource that this one is embedded in. `owner` does not keep the document: in a cycle with it the
    whole schema would wait for the garbage collector.
    """

    root: Any
    pointer: str
    uri: str
    dialect: Dialect
    owner: ReferenceType[Document]
    around: Resource | None = None
    whole: Resource | None = None

    @property
    def document(self) -> Document:
        """The document that the resource is a part of; whoever follows references keeps it."""
        document = self.owner()
        assert document is not None, "documents live as long as their schema is read"
        return document


@dataclass(slots=True, eq=False, weakref_slot=True)
class Document:
    """A whole document and, once it was needed, its index (mutable)."""

    root: Any
    resource: Resource = field(init=False)
    index: Index | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Where a reference leads: a schema, its pointer, and its resource. `anchor` is its name if that is dynamic."""

    schema: Any
    pointer: str
    resource: Resource
    anchor: str | None = None


@dataclass(slots=True, eq=False)
class Index:
    """The resources and anchors of a document; those that stand for more than one schema lead to None."""

    resources: dict[str, Target | None] = field(default_factory=dict)
    anchors: dict[tuple[int, str, str], Target | None] = field(default_factory=dict)
    dynamic: dict[tuple[int, str], dict[str, Target]] = field(default_factory=dict)


def index_of(document: Document, resource_of: Callable[[Mapping[str, Any], Resource, object], Resource]) -> Index:
    """One pass over the subschemas of a document; `resource_of` is that of `References`.

    Anything malformed is passed over: nothing may refer to it.
    """
    index = Index()
    todo: list[tuple[object, Resource, _Steps]] = [(document.root, document.resource, None)]
    seen: set[tuple[int, int]] = set()
    while todo:
        schema, around, steps = todo.pop()
        if not isinstance(schema, Mapping):
            continue
        pointer = _Pointer(document.resource.pointer, steps)
        resource = resource_of(schema, around, pointer)
        if (id(schema), id(resource)) in seen:
            continue
        seen.add((id(schema), id(resource)))
        if schema is resource.root and schema is not document.root:
            _add(index.resources, resource.uri, Target(schema, resource.pointer, resource))
        plain, dynamic = anchors_of(schema, resource)
        for name in plain:
            target = Target(schema, str(pointer), resource, name if name == dynamic else None)
            _add(index.anchors, (*key_of(resource), name), target)
        if dynamic is not None:
            target = Target(schema, str(pointer), resource, dynamic)
            if dynamic != RECURSIVE:
                target = index.anchors[(*key_of(resource), dynamic)] or target
            index.dynamic.setdefault(key_of(resource), {})[dynamic] = target
        for path, part in subschemas(schema, resource.dialect):
            todo.append((part, resource, (steps, path)))
    return index


_Steps: TypeAlias = "tuple[_Steps, tuple[str, ...]] | None"
"""The way from the root of a document, last steps first, shared between the places below it."""


@dataclass(frozen=True, slots=True)
class _Pointer:
    """A pointer that is only spelled where somebody asks for it."""

    start: str
    steps: _Steps

    def __str__(self) -> str:
        parts: list[str] = []
        steps = self.steps
        while steps is not None:
            steps, path = steps
            parts += [f"/{escape_step(step)}" for step in reversed(path)]
        return self.start + "".join(reversed(parts))


def _add(table: dict[Any, Target | None], key: object, target: Target) -> None:
    """Enter a target; if the key already stands for another schema, it now stands for none."""
    known = table.setdefault(key, target)
    if known is not target and (known is None or known.schema is not target.schema):
        table[key] = None


def key_of(resource: Resource) -> tuple[int, str]:
    """What anchors belong to: the root, and the URI, since one Python object may stand in two places."""
    return id(resource.root), resource.uri


def has_name(schema: Mapping[str, Any]) -> bool:
    """Might the schema begin a resource?  Nearly all do not, and this is quick."""
    return "$id" in schema or "id" in schema or "$schema" in schema


def is_mere_reference(schema: Mapping[str, Any], dialect: Dialect) -> bool:
    """Up to draft 7 a schema with `$ref` is nothing but a reference, whatever stands beside it."""
    return dialect.draft <= Draft.DRAFT_7 and "$ref" in schema


def identifier_of(schema: Mapping[str, Any], dialect: Dialect) -> tuple[str | None, str]:
    """The URI by which a schema begins a resource, and the anchor that up to draft 7 may follow it."""
    value = schema.get("$id" if dialect.draft > Draft.DRAFT_4 else "id")
    if not isinstance(value, str) or is_mere_reference(schema, dialect):
        return None, ""
    uri, _, fragment = value.partition("#")
    anchor = unquote(fragment) if dialect.draft <= Draft.DRAFT_7 else ""
    return uri or None, anchor


def anchors_of(schema: Mapping[str, Any], resource: Resource) -> tuple[set[str], str | None]:
    """The names of a schema in its resource, and the dynamic one."""
    dialect = resource.dialect
    if dialect.draft <= Draft.DRAFT_7:
        _, name = identifier_of(schema, dialect)
        return {name} if name else set(), None
    anchor = schema.get("$anchor")
    names: set[str] = {anchor} if is_anchor(anchor) else set()
    if dialect.draft >= Draft.DRAFT_2020_12:
        dynamic = schema.get("$dynamicAnchor")
        return (names | {dynamic}, dynamic) if is_anchor(dynamic) else (names, None)
    is_recursive = schema is resource.root and schema.get("$recursiveAnchor") is True
    return names, RECURSIVE if is_recursive else None


def is_anchor(name: object) -> TypeGuard[str]:
    """May an anchor be called so?  The specification is stricter, but this is what a reference could name."""
    return isinstance(name, str) and name != "" and not name.startswith("/") and "#" not in name
