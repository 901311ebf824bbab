"""The schema as it was given: reading it from text, JSON pointers into it, and where a `$ref` leads.

Numbers that are not integers become `Decimal`, so that no bound is rounded: a text is read with `parse_float=Decimal`,
and a `float` in a dictionary stands for its shortest decimal form, which is what its author wrote.

References (RFC 6901 pointers in a URI fragment, RFC 3986) stay inside the document: `#`, `#/...`, and the same behind
the document's own `$id`. A subschema with an `$id` begins a resource of its own, and pointers inside it start there.
Others are refused. Rejected: resolving through `referencing` here; it needs the whole document crawled first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Any, NoReturn
from urllib.parse import unquote

from maskwright.errors import GrammarSyntaxError, InvalidSchema, LimitExceeded, UnsupportedSchema

MAX_TEXT_NESTING = 1_000
"""Python's own reader recurses, so a text nested deeper ends there; asked for only in the error's words."""


class Draft(IntEnum):
    """The versions of JSON Schema, in order of time."""

    DRAFT_3 = 3
    DRAFT_4 = 4
    DRAFT_6 = 6
    DRAFT_7 = 7
    DRAFT_2019_09 = 8
    DRAFT_2020_12 = 9


DRAFT_OF_URI = {
    "json-schema.org/draft-03/schema": Draft.DRAFT_3,
    "json-schema.org/draft-04/schema": Draft.DRAFT_4,
    "json-schema.org/draft-06/schema": Draft.DRAFT_6,
    "json-schema.org/draft-07/schema": Draft.DRAFT_7,
    "json-schema.org/draft/2019-09/schema": Draft.DRAFT_2019_09,
    "json-schema.org/draft/2020-12/schema": Draft.DRAFT_2020_12,
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A part of the document that pointers start from: its root schema, that schema's pointer, and its own URI."""

    root: Any
    pointer: str
    uri: str


@dataclass(frozen=True, slots=True)
class Document:
    """A schema document with its draft and outermost resource."""

    root: Any
    draft: Draft
    resource: Resource


def read_document(schema: object) -> Document:
    """Take a schema as a dictionary, a boolean, JSON text or a class with `model_json_schema()`."""
    if isinstance(schema, str):
        schema = read_text(schema)
    elif isinstance(schema, type) and callable(model_json_schema := getattr(schema, "model_json_schema", None)):
        schema = model_json_schema()
    if not isinstance(schema, Mapping | bool):
        raise InvalidSchema("(root)", "", f"must be an object or a boolean, not {type_name(schema)}")
    draft = draft_of(schema)
    return Document(schema, draft, Resource(schema, "", resource_uri(schema, draft) or ""))


def read_text(text: str) -> object:
    """Parse JSON text without rounding numbers."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise GrammarSyntaxError(f"this is not JSON: {error.msg}", text, error.pos, "JSON Schema") from error
    except RecursionError as error:
        raise LimitExceeded("nesting of the schema's text", MAX_TEXT_NESTING + 1, MAX_TEXT_NESTING) from error
    except ValueError as error:
        raise GrammarSyntaxError(str(error), text, 0, "JSON Schema") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def draft_of(schema: Mapping[str, Any] | bool) -> Draft:
    """The draft that `$schema` names; 2020-12 where it names none that we know."""
    uri = schema.get("$schema") if isinstance(schema, Mapping) else None
    if not isinstance(uri, str):
        return Draft.DRAFT_2020_12
    key = uri.removeprefix("https://").removeprefix("http://").rstrip("#").rstrip("/")
    return DRAFT_OF_URI.get(key, Draft.DRAFT_2020_12)


def resource_uri(schema: object, draft: Draft) -> str | None:
    """The `$id` (draft 4: `id`) of a schema if it begins a resource; a mere fragment is an anchor and does not."""
    if not isinstance(schema, Mapping):
        return None
    uri = schema.get("$id" if draft > Draft.DRAFT_4 else "id")
    if not isinstance(uri, str) or uri.startswith("#") or not uri:
        return None
    if draft <= Draft.DRAFT_7 and "$ref" in schema:
        return None
    return uri.rstrip("#")


def resolve(document: Document, resource: Resource, reference: str, pointer: str) -> tuple[Any, str, Resource]:
    """The schema that a reference inside `resource` names, its pointer, and the resource that it lies in.

    `pointer` is where the reference stands, for errors.
    """
    uri, _, fragment = reference.partition("#")
    if uri and uri != resource.uri:
        if uri != document.resource.uri:
            raise UnsupportedSchema("$ref", pointer, f"refers to another document ({reference}), which is not fetched")
        resource = document.resource
    if fragment and not fragment.startswith("/"):
        raise UnsupportedSchema("$ref", pointer, f"refers to the anchor {fragment!r}; only JSON pointers are supported")
    target = resource.root
    path = resource.pointer
    for step in unquote(fragment).split("/")[1:]:
        path = f"{path}/{step}"
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, Mapping) and step in target:
            target = target[step]
        elif isinstance(target, list) and step.isascii() and step.isdigit() and int(step) < len(target):
            target = target[int(step)]
        else:
            raise InvalidSchema("$ref", pointer, f"refers to {reference}, which does not exist")
        if (inner_uri := resource_uri(target, document.draft)) is not None:
            resource = Resource(target, path, inner_uri)
    return target, path, resource


def escape_step(name: str) -> str:
    """One step of a JSON pointer: `escape_step("a/b")` -> `"a~1b"`."""
    return name.replace("~", "~0").replace("/", "~1")


def type_name(value: object) -> str:
    """What JSON calls the type of a value, for errors."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list | tuple):
        return "an array"
    return "an object" if isinstance(value, Mapping) else type(value).__name__
