"""One subschema as read: the checked values of its keywords, with its own subschemas replaced by node numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from maskwright.grammar.json_schema.document import Resource
from maskwright.grammar.json_schema.strings import Language
from maskwright.grammar.json_schema.vocabulary import ALL_TYPES

FALSE_NODE, TRUE_NODE = 0, 1
"""The numbers of the boolean schemas, which every reading begins with."""


@dataclass(slots=True)
class SchemaNode:
    """A subschema: where it stands, and what each keyword demands; a None or empty field demands nothing.

    `values` are those of `enum` or `const`, without the ones that a second such keyword excludes. `value_nodes` are,
    for each array or object among them, the nodes of its items or members. `choices` are in the order of the text: one
    branch for a `$ref` and for each part of `allOf`, several for `anyOf` and `oneOf`. `exclusive` says which of them
    stem from `oneOf`, and `own_position` how many come before `properties`; that is the order of members.
    """

    schema: Any
    parent: int
    step: str | tuple[str, str]
    resource: Resource
    is_false: bool = False
    types: int = ALL_TYPES
    values: list[Any] | None = None
    value_nodes: list[list[int]] = field(default_factory=list)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    is_whole: bool = False
    languages: tuple[Language, ...] = ()
    min_length: int = 0
    max_length: int | None = None
    prefix: list[int] | None = None
    items: int = TRUE_NODE
    min_items: int = 0
    max_items: int | None = None
    properties: dict[str, int] | None = None
    required: tuple[str, ...] = ()
    additional: int = TRUE_NODE
    choices: tuple[tuple[int, ...], ...] = ()
    exclusive: tuple[int, ...] = ()
    own_position: int = 0
