"""What `$schema` means: the draft and the vocabularies of the metaschema that it names.

A standard metaschema is known by its URI. One of somebody's own is looked for in the registry, then inside the
document that is being read; the metaschema's own `$schema` leads on to a standard draft, and its `$vocabulary` (2019-09
and later) says which keywords apply (core specification 2020-12, section 8.1.2). A vocabulary that it requires and that
we do not know is refused; one that it merely mentions is not. A schema whose metaschema cannot be found is read as
draft 2020-12, and the report says so: many name one that never was published.

A registry is the caller's. We ask it, and what its own `retrieve` function does is the caller's choice; without one
nothing is ever fetched. The standard metaschemas are always in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from maskwright.errors import LimitExceeded, UnsupportedSchema
from maskwright.grammar.json_schema.document import DRAFT_OF_URI, Draft
from maskwright.grammar.json_schema.vocabulary import (
    DEFAULT_DIALECT,
    VOCABULARIES,
    Dialect,
    dialect_of,
    dialect_with,
)

if TYPE_CHECKING:
    from referencing import Registry, Resource

MAX_METASCHEMAS = 50
"""The most metaschemas of one's own that one schema may use; each may be described by the next."""


class Library:
    """The documents of a registry, found by URI (mutable: the registry learns while it is asked)."""

    def __init__(self, registry: Registry[Any] | None) -> None:
        self.registry = registry
        self.has_metaschemas = False

    def find(self, uri: str) -> Resource[Any] | None:
        """The document with a URI, or one embedded in another document; None where the registry has none.

        Whatever goes wrong inside the registry means that it has none: `referencing` looks through all its documents
        for embedded ones, and stumbles over malformed ones with errors of any kind.
        """
        from referencing.exceptions import CannotDetermineSpecification, NoSuchResource, Unretrievable

        registry = self._with_metaschemas()
        try:
            retrieved = registry.get_or_retrieve(uri)
        except (NoSuchResource, Unretrievable, CannotDetermineSpecification):
            return None
        except (AttributeError, LookupError, TypeError, ValueError):
            return registry.get(uri)
        self.registry = retrieved.registry
        return retrieved.value

    def _with_metaschemas(self) -> Registry[Any]:
        """The registry; loading the metaschemas takes 30 ms, which only schemas that ask for a document pay."""
        if self.registry is None or not self.has_metaschemas:
            from jsonschema_specifications import REGISTRY

            self.registry = REGISTRY if self.registry is None else REGISTRY.combine(self.registry)
            self.has_metaschemas = True
        return self.registry

    def base_uri(self, uri: str, contents: object, identifier: str | None) -> str:
        """What URIs inside a document are relative to: its own identifier, or where it was found.

        A relative identifier of an embedded document was joined already when the registry found it.
        """
        if identifier is None:
            return uri
        joined = join(uri, identifier).partition("#")[0]
        if join("", identifier) == joined:  # absolute
            return joined
        known = self._with_metaschemas().get(joined)
        return joined if known is not None and known.contents is contents else uri


def join(base: str, reference: str) -> str:
    """A reference relative to a base URI (RFC 3986, section 5); one that is no URI at all stays as it is."""
    if reference.startswith("#"):
        return base + reference
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


class Metaschemas:
    """The dialects that were asked for (mutable)."""

    def __init__(self, root: object, library: Library) -> None:
        self.root = root
        self.library = library
        self.dialects: dict[str, Dialect] = {}

    def dialect(self, uri: str, pointer: str) -> Dialect:
        """What the `$schema` at `pointer` means."""
        draft = standard_draft(uri)
        if draft is not None:
            return dialect_of(draft)
        known = self.dialects.get(uri)
        if known is None:
            if len(self.dialects) >= MAX_METASCHEMAS:
                raise LimitExceeded("number of metaschemas", len(self.dialects) + 1, MAX_METASCHEMAS, pointer)
            self.dialects[uri] = DEFAULT_DIALECT  # for a metaschema that describes itself
            known = self.dialects[uri] = self._read(uri, pointer)
        return known

    def _read(self, uri: str, pointer: str) -> Dialect:
        home = uri.rstrip("#")
        found = self.library.find(home)
        metaschema = embedded(self.root, home) if found is None else found.contents
        if not isinstance(metaschema, Mapping):
            return DEFAULT_DIALECT
        parent = metaschema.get("$schema")
        draft = self.dialect(parent, pointer).draft if isinstance(parent, str) else DEFAULT_DIALECT.draft
        vocabularies = metaschema.get("$vocabulary")
        if draft < Draft.DRAFT_2019_09 or not isinstance(vocabularies, Mapping):
            return dialect_of(draft)
        drafts = {VOCABULARIES[name][0] for name in vocabularies if name in VOCABULARIES}
        unknown = [name for name, required in vocabularies.items() if required and name not in VOCABULARIES]
        if unknown:
            raise UnsupportedSchema(
                "$schema", pointer, f"names {uri}, which requires the unknown vocabulary {unknown[0]}"
            )
        if len(drafts) > 1:
            raise UnsupportedSchema("$schema", pointer, f"names {uri}, which mixes vocabularies of several drafts")
        return dialect_with(drafts.pop() if drafts else draft, vocabularies)


def standard_draft(uri: str) -> Draft | None:
    """The draft whose metaschema has this URI, with `http` or `https`."""
    return DRAFT_OF_URI.get(uri.removeprefix("https://").removeprefix("http://").rstrip("#").rstrip("/"))


def embedded(root: object, uri: str) -> object:
    """The object in a document, anywhere, that says to have this URI; None if there is none."""
    todo: list[tuple[object, str]] = [(root, "")]
    seen: set[int] = set()
    while todo:
        value, base = todo.pop()
        if id(value) in seen:
            continue
        if isinstance(value, Mapping):
            seen.add(id(value))
            identifier = value.get("$id")
            if isinstance(identifier, str) and identifier:
                base = join(base, identifier).partition("#")[0]
                if base == uri:
                    return value
            todo += [(part, base) for part in value.values()]
        elif isinstance(value, list | tuple):
            seen.add(id(value))
            todo += [(part, base) for part in value]
    return None
