"""Which keywords exclude each other: the least part of an unsatisfiable schema that is still unsatisfiable.

Found by deletion, from the outside in: a keyword, a member of `properties` or a branch is left out for good if nothing
satisfies what remains; then the same inside those that were needed. What remains is minimal, though not the smallest.
Cost: a reading of the schema for each attempt, of which there are at most MAX_ATTEMPTS; only ever paid for an error.
Rejected: keeping track of causes in the normal form, which all satisfiable schemas would pay for.

Source: deletion filtering; Chinneck and Dravnieks, "Locating minimal infeasible constraint sets", 1991.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from maskwright.grammar.json_schema.document import escape_step

MAX_ATTEMPTS = 200
"""The most parts tried; beyond it what was not tried counts as needed."""

MAX_NAMED = 8
"""The most keywords named in an error."""

_HOLD_SCHEMAS = frozenset("properties patternProperties $defs definitions dependentSchemas dependencies".split())
_LEAD_ON = frozenset(
    "allOf anyOf oneOf not if then else items prefixItems additionalItems additionalProperties propertyNames contains "
    "unevaluatedItems unevaluatedProperties".split()
)


def conflicting_keywords(schema: Mapping[str, Any], is_empty: Callable[[Any], bool]) -> list[str]:
    """The pointers of keywords that together leave no value; `is_empty` says whether a schema has none.

    `{"type": "object", "title": "x", "required": ["a"], "properties": {"a": false}}` -> `/required`, `/properties/a`.
    """
    search = _Search(schema, is_empty)
    search.reduce(search.root, "")
    return list(search.needed)[:MAX_NAMED]


class _Search:
    """A copy of the schema that shrinks (mutable)."""

    def __init__(self, schema: Mapping[str, Any], is_empty: Callable[[Any], bool]) -> None:
        self.root = _copied(schema)
        self.is_empty = is_empty
        self.n_left = MAX_ATTEMPTS
        self.needed: dict[str, None] = {}

    def reduce(self, schema: Any, pointer: str) -> None:
        """Leave out of one subschema what is not needed, and note what is."""
        if not isinstance(schema, dict):
            self.needed[pointer] = None
            return
        for keyword in [name for name in schema if not name.startswith("$") or name == "$ref"]:
            value = schema.pop(keyword)
            if not self._still_empty():
                schema[keyword] = value
        for keyword, value in list(schema.items()):
            place = f"{pointer}/{escape_step(keyword)}"
            if keyword in _HOLD_SCHEMAS and isinstance(value, dict):
                self._reduce_parts(value, place)
            elif keyword in _LEAD_ON:
                if isinstance(value, list):
                    self._reduce_branches(value, place)
                else:
                    self.reduce(value, place)
                    if value == {}:
                        self.needed[place] = None
            elif not keyword.startswith("$") or keyword == "$ref":
                self.needed[place] = None

    def _reduce_parts(self, parts: dict[str, Any], pointer: str) -> None:
        for name in list(parts):
            part = parts.pop(name)
            if not self._still_empty():
                parts[name] = part
        for name, part in list(parts.items()):
            self.reduce(part, f"{pointer}/{escape_step(name)}")

    def _reduce_branches(self, branches: list[Any], pointer: str) -> None:
        for place, branch in enumerate(branches):
            branches[place] = True
            if not self._still_empty():
                branches[place] = branch
                self.reduce(branch, f"{pointer}/{place}")

    def _still_empty(self) -> bool:
        if self.n_left == 0:
            return False
        self.n_left -= 1
        return self.is_empty(self.root)


def _copied(value: Any) -> Any:
    """A deep copy of JSON, as dictionaries and lists."""
    if isinstance(value, Mapping):
        return {name: _copied(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(part) for part in value]
    return value
