"""Which parts of a JSON Schema a rule was made of: JSON pointers, for messages.

Rules that stem from a schema know it (`json_schema.lowering`); rules that hold others, as parts of a composed grammar,
pass the question on. Rules that were read from a file, or rewritten, know nothing, and their names must do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from maskwright.grammar.ir import Node


@runtime_checkable
class SchemaPlaces(Protocol):
    """Rules that know what they were made of."""

    def schema_pointers(self, rule: str, step: str | int | None) -> tuple[str, ...]:
        """The pointers of what a value of the rule satisfies; `step`: of what its member or item with it does."""

    def has_distinct_items(self, rule: str) -> bool:
        """Is it a rule of arrays whose items are all alike but must differ from each other?"""


def schema_pointers(rules: Mapping[str, Node], rule: str, step: str | int | None = None) -> tuple[str, ...]:
    """The same for any rules: none where they do not know. `""` is the whole schema."""
    return rules.schema_pointers(rule, step) if isinstance(rules, SchemaPlaces) else ()


def has_distinct_items(rules: Mapping[str, Node], rule: str) -> bool:
    """The same for any rules: False where they do not know."""
    return isinstance(rules, SchemaPlaces) and rules.has_distinct_items(rule)
