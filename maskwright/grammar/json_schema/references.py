"""Where a reference leads: base URIs, pointers, anchors, and the dynamic scope.

A *place* is a resource (see `resources`) as it was entered while a value is checked: with the dynamic scope.

Dynamic scope (2020-12 core, section 8.2.3.2; 2019-09 core, section 8.2.4.2): `$dynamicRef` leads to the outermost
resource on the way here that has a dynamic anchor of that name. So of all the ways to a resource only this counts: for
each name, the outermost anchor. A scope is that small mapping, as a tuple, without what the resource itself would give;
it is empty in a document without dynamic anchors, and in one with a single resource, so that these pay nothing. A
subschema under two scopes is two nodes. `$recursiveAnchor` is a dynamic anchor with the name RECURSIVE.

Cost. A pointer into the resource at hand is followed step by step. Only a reference by anchor or to another URI, and a
step from one resource of 2019-09 or later to another, make an index of the document: one pass over its subschemas.
Rejected: `referencing.Resolver`, which indexes every document before the first pointer, stops at malformed parts that
nothing refers to, and keeps the whole way in its scope, so that a recursive schema has no finite set of nodes. Its
`Registry` is what callers hand in.

Where the specifications leave the meaning open we refuse (two schemas with one URI or anchor in a document), but for
one case: a pointer may lead through keywords that hold no schemas. What it names is then a schema like any other, with
its own `$id`; the objects on the way are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote
from weakref import ref

from maskwright.errors import InvalidSchema, UnsupportedSchema
from maskwright.grammar.json_schema.document import Draft
from maskwright.grammar.json_schema.metaschemas import Library, Metaschemas, join
from maskwright.grammar.json_schema.resources import (
    RECURSIVE,
    Document,
    Index,
    Resource,
    Target,
    has_name,
    identifier_of,
    index_of,
    is_mere_reference,
    key_of,
)
from maskwright.grammar.json_schema.vocabulary import (
    DEFAULT_DIALECT,
    Dialect,
    dialect_of,
    holds_a_schema,
    holds_schemas,
)

if TYPE_CHECKING:
    from referencing import Registry
    from referencing import Resource as RegistryResource


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference: the keyword with its value, where it is used, and its pointer, for errors."""

    keyword: str
    text: str
    place: Place
    pointer: str

    def invalid(self, reason: str) -> InvalidSchema:
        """The error for a reference to nothing."""
        return InvalidSchema(self.keyword, self.pointer, f"refers to {self.text}, {reason}")

    def refused(self, reason: str) -> UnsupportedSchema:
        """The error for a reference that cannot be followed."""
        return UnsupportedSchema(self.keyword, self.pointer, f"refers to {self.text}, {reason}")


Scope: TypeAlias = tuple[tuple[str, Target], ...]
"""The outermost dynamic anchor of each name, in the order of the names."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A resource as it was entered. There is one object for each resource and scope."""

    resource: Resource
    scope: Scope


class References:
    """All that was found out about the resources of one schema and of the documents it refers to (mutable)."""

    def __init__(self, root: Any, registry: Registry[Any] | None) -> None:
        self.library = Library(registry)
        self.metaschemas = Metaschemas(root, self.library)
        self.documents: dict[str, Document | None] = {}
        self.inner: dict[tuple[int, int], Resource] = {}
        self.variants: dict[tuple[int, Dialect], Resource] = {}
        self.places: dict[tuple[int, Scope], Place] = {}
        self.moves: dict[tuple[int, int], Place] = {}
        self.document = self._document(root, "", "", DEFAULT_DIALECT)
        self.outermost = self._place(self.document.resource, ())

    # Entering resources.

    def enter(self, schema: Mapping[str, Any], place: Place, pointer: object) -> Place:
        """The place of a subschema that is reached from a schema at `place`; the same unless a resource begins.

        `pointer` is that of the subschema, or something whose `str` it is.
        """
        return self.move(place, self.resource_of(schema, place.resource, pointer))

    def move(self, place: Place, resource: Resource) -> Place:
        """Go on in a resource; what the one at hand adds to the dynamic scope is added as it is left."""
        if resource is place.resource:
            return place
        key = id(place), id(resource)
        known = self.moves.get(key)
        if known is None:
            scope = place.scope
            if key_of(resource) != key_of(place.resource):
                outermost = self.dynamic_anchors(place.resource) | dict(scope)
                if outermost:
                    own = self.dynamic_anchors(resource)
                    outermost = {name: target for name, target in outermost.items() if own.get(name) is not target}
                scope = tuple(sorted(outermost.items(), key=itemgetter(0)))
            known = self.moves[key] = self._place(resource, scope)
        return known

    def _place(self, resource: Resource, scope: Scope) -> Place:
        return self.places.setdefault((id(resource), scope), Place(resource, scope))

    def resource_of(self, schema: Mapping[str, Any], around: Resource, pointer: object) -> Resource:
        """The resource that a subschema lies in: `around`, or its own if it begins one."""
        if schema is around.root:
            return around.whole or around
        if not has_name(schema):
            return around
        key = id(schema), id(around)
        known = self.inner.get(key)
        if known is None:
            known = self.inner[key] = self._begin(schema, around, pointer)
        return known

    def _begin(self, schema: Mapping[str, Any], around: Resource, pointer: object) -> Resource:
        dialect = around.dialect
        if isinstance(schema.get("$schema"), str) and not is_mere_reference(schema, dialect):
            dialect = self.metaschemas.dialect(schema["$schema"], str(pointer))
        identifier, anchor = identifier_of(schema, dialect)
        uri = join(around.uri, identifier or "")
        if identifier is None or (anchor and uri == around.uri):
            whole = around.whole or around
            if dialect in (around.dialect, whole.dialect):
                return around if dialect == around.dialect else whole
            variant = Resource(whole.root, whole.pointer, whole.uri, dialect, whole.owner, whole, whole)
            return self.variants.setdefault((id(whole), dialect), variant)
        outer: Resource | None = around
        while outer is not None:
            if outer.root is schema:
                raise InvalidSchema("$id", str(pointer), "stands in a dictionary that contains itself")
            outer = outer.around
        return Resource(schema, str(pointer), uri, dialect, around.owner, around)

    # Following references.

    def resolve(self, reference: Reference) -> Target:
        """Where a reference leads: `$dynamicRef` and `$recursiveRef` start like `$ref`, and may lead further out."""
        place = reference.place
        uri, _, fragment = join(place.resource.uri, reference.text).partition("#")
        target = self._in_resource(self._lookup(uri, reference), unquote(fragment), reference)
        if reference.keyword == "$dynamicRef" and target.anchor is not None:
            return self._outermost(target.anchor, target, reference)
        if reference.keyword == "$recursiveRef" and RECURSIVE in self.dynamic_anchors(target.resource):
            return self._outermost(RECURSIVE, target, reference)
        return target

    def _in_resource(self, resource: Resource, fragment: str, reference: Reference) -> Target:
        if not fragment:
            return Target(resource.root, resource.pointer, resource)
        if fragment.startswith("/"):
            return self._walk(resource, fragment, reference)
        anchors = self._index(resource.document).anchors
        key = (*key_of(resource), fragment)
        if key not in anchors:
            raise reference.invalid("which does not exist")
        target = anchors[key]
        if target is None:
            raise reference.refused("which several schemas are called")
        return target

    def _outermost(self, name: str, otherwise: Target, reference: Reference) -> Target:
        in_scope = self.dynamic_anchors(reference.place.resource) | dict(reference.place.scope)
        target = in_scope.get(name, otherwise)
        if (
            name != RECURSIVE
            and self._index(target.resource.document).anchors[(*key_of(target.resource), name)] is None
        ):
            raise reference.refused(f"which several schemas of the same resource are called ({target.pointer})")
        return target

    def dynamic_anchors(self, resource: Resource) -> dict[str, Target]:
        """The dynamic anchors of a resource; drafts before 2019-09 have none, and need no index."""
        if resource.dialect.draft < Draft.DRAFT_2019_09:
            return {}
        return self._index(resource.document).dynamic.get(key_of(resource), {})

    def _lookup(self, uri: str, reference: Reference) -> Resource:
        """The resource with a URI: the one at hand, in its document, in the document we began with, in the registry."""
        resource = reference.place.resource
        if uri == resource.uri:
            return resource.whole or resource
        for document in (resource.document, self.document):
            if uri == document.resource.uri:
                return document.resource
            embedded = self._index(document).resources
            if uri in embedded:
                target = embedded[uri]
                if target is None:
                    raise reference.refused("a URI that several schemas have")
                return target.resource
        if uri not in self.documents:
            self.documents[uri] = self._load(uri)
        loaded = self.documents[uri]
        if loaded is None:
            what = "which" if reference.text.startswith(uri) else f"that is {uri}, which"
            raise reference.refused(f"{what} is neither in the document nor in the registry")
        return loaded.resource

    def _walk(self, resource: Resource, fragment: str, reference: Reference) -> Target:
        """Follow a JSON pointer (RFC 6901), taking notice of the resources that begin on the way."""
        value = resource.root
        path = resource.pointer
        is_schema, holds_schema = True, False
        for step in fragment.split("/")[1:]:
            path = f"{path}/{step}"
            step = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, Mapping) and step in value:
                part = value[step]
            elif isinstance(value, list | tuple) and _is_index(step) and int(step) < len(value):
                part = value[int(step)]
            else:
                raise reference.invalid("which does not exist")
            is_schema, holds_schema = (
                holds_schema or (is_schema and holds_a_schema(step, part, resource.dialect)),
                is_schema and holds_schemas(step, part, resource.dialect),
            )
            value = part
            if is_schema and isinstance(value, Mapping):
                resource = self.resource_of(value, resource, path)
        return Target(value, path, resource)

    # Documents and their indexes.

    def _document(self, root: Any, uri: str, prefix: str, default: Dialect) -> Document:
        dialect = default
        identifier = None
        if isinstance(root, Mapping):
            if isinstance(root.get("$schema"), str):
                dialect = self.metaschemas.dialect(root["$schema"], prefix)
            identifier, _ = identifier_of(root, dialect)
        document = Document(root)
        base = self.library.base_uri(uri, root, identifier) if uri else identifier or ""
        document.resource = Resource(root, prefix, base, dialect, ref(document))
        return document

    def _load(self, uri: str) -> Document | None:
        found = self.library.find(uri)
        if found is None or not isinstance(found.contents, Mapping | bool):
            return None
        return self._document(found.contents, uri, f"{uri}#", self._declared(found))

    def _declared(self, found: RegistryResource[Any]) -> Dialect:
        """The dialect that the caller gave to a document of the registry; else that of the schema itself."""
        from referencing.jsonschema import DRAFT4, DRAFT6, DRAFT7, DRAFT201909, DRAFT202012

        for specification, draft in (
            (DRAFT202012, Draft.DRAFT_2020_12),
            (DRAFT201909, Draft.DRAFT_2019_09),
            (DRAFT7, Draft.DRAFT_7),
            (DRAFT6, Draft.DRAFT_6),
            (DRAFT4, Draft.DRAFT_4),
        ):
            if specification.create_resource(found.contents) == found:
                return dialect_of(draft)
        return self.document.resource.dialect

    def _index(self, document: Document) -> Index:
        if document.index is None:
            document.index = index_of(document, self.resource_of)
        return document.index


def may_begin_resource(schema: Mapping[str, Any], place: Place) -> bool:
    """Is `References.enter` worth asking?"""
    return schema is place.resource.root or has_name(schema)


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdigit() and (step == "0" or not step.startswith("0"))
