"""One subschema as read: the checked values of its keywords, with its own subschemas replaced by node numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from maskwright.grammar.json_schema.references import Place
from maskwright.grammar.json_schema.shapes import NO_BUDGETS, Budgets
from maskwright.grammar.json_schema.strings import Language
from maskwright.grammar.json_schema.vocabulary import ALL_TYPES

FALSE_NODE, TRUE_NODE = 0, 1
"""The numbers of the boolean schemas, which every reading begins with."""


class ChoiceKind(Enum):
    """What holds of the branches of a choice."""

    ANY = "any"
    """At least one holds (`anyOf`; `allOf` and `$ref` have just one branch)."""
    ONE = "one"
    """Exactly one holds (`oneOf`)."""
    SPLIT = "split"
    """One holds, and by their nature no two do (`if` and not `if`)."""


@dataclass(frozen=True, slots=True)
class NodeChoice:
    """A choice between branches, each a tuple of node numbers that must all hold, `~number` if it must not."""

    branches: tuple[tuple[int, ...], ...]
    kind: ChoiceKind = ChoiceKind.ANY


@dataclass(slots=True)
class SchemaNode:
    """A subschema: where it stands, and what each keyword demands; a None or empty field demands nothing.

    `values` are those of `enum` or `const`, without the ones that a second such keyword excludes. `value_nodes` are,
    for each array or object among them, the nodes of its items or members. `choices` are in the order of the text;
    `own_position` says how many come before `properties`; that is the order of members. `budgets` are what the option
    `field_budgets` says of this place.
    """

    schema: Any
    parent: int
    step: str | tuple[str, str]
    place: Place
    is_false: bool = False
    budgets: Budgets = NO_BUDGETS
    types: int = ALL_TYPES
    values: list[Any] | None = None
    value_nodes: tuple[list[int], ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: Decimal | None = None
    languages: tuple[Language, ...] = ()
    min_length: int = 0
    max_length: int | None = None
    prefix: list[int] | None = None
    items: int = TRUE_NODE
    has_items: bool = False
    min_items: int = 0
    max_items: int | None = None
    is_unique: bool = False
    contains: int | None = None
    min_contains: int = 1
    max_contains: int | None = None
    contains_evaluates: bool = True
    properties: dict[str, int] | None = None
    patterns: tuple[tuple[Language, int], ...] = ()
    required: tuple[str, ...] = ()
    additional: int = TRUE_NODE
    has_additional: bool = False
    names: int = TRUE_NODE
    min_properties: int = 0
    max_properties: int | None = None
    unevaluated_items: int | None = None
    unevaluated_properties: int | None = None
    choices: tuple[NodeChoice, ...] = ()
    own_position: int = 0
